"""The service behind a socket, where answers come piece by piece, and a worker beside it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from api.settings import Settings
from api.solving.job import Job
from api.store import events, solves
from api.store.database import Database


@contextmanager
def living(app: FastAPI) -> Iterator[str]:
    """Serve an application that has been started; yield its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def working(settings: Settings, relay: Database) -> Iterator[None]:
    """Solve what waits, beside the test, in the order in which it came; place events in theirs."""
    ended = threading.Event()

    def work() -> None:
        database = Database(settings.worker_database_url, size=2)
        while not ended.wait(0.02):
            with relay.transaction() as (connection, _):
                events.fan_out(connection)
                row: Any = solves.take(connection, "test")
            if row is not None:
                Job(database, row.tenant_id, row.uid, "test").run()
        database.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

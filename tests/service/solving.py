"""Runs queued solves in the test's own process, as a worker would in one of their own."""

from __future__ import annotations

from typing import Any

from service.conftest import Asker
from sqlalchemy import text

from api.settings import Settings
from api.solving.job import Job
from api.store import solves
from api.store.database import Database


def work(settings: Settings) -> int:
    """Run the solves that wait, of all tenants; return how many there were."""
    relay = Database(settings.relay_database_url, size=1)
    worker = Database(settings.worker_database_url, size=2)
    count = 0
    try:
        while True:
            with relay.transaction() as (connection, _):
                row = solves.take(connection, "test")
            if row is None:
                return count
            Job(worker, row.tenant_id, row.uid, "test").run()
            count += 1
    finally:
        relay.close()
        worker.close()


def alone(settings: Settings) -> None:
    """Let nothing wait that other tests have asked for."""
    relay = Database(settings.relay_database_url, size=1)
    try:
        with relay.transaction() as (connection, _):
            connection.execute(
                text(
                    "UPDATE solve SET state = 'cancelled', ended_at = now()"
                    " WHERE state IN ('queued', 'running')"
                )
            )
    finally:
        relay.close()


def solved(settings: Settings, asks: Asker, solve: str) -> dict[str, Any]:
    """Run what waits, and return what came of a solve."""
    work(settings)
    found: dict[str, Any] = asks.get(f"/v1/solves/{solve}").json()
    assert found["state"] in ("solved", "published"), found
    return found

"""The runner: takes solves from the queue, and gives each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import structlog

from api.lifetime import with_parent
from api.store import solves
from api.store.database import Database

LOG = structlog.get_logger("allocator.runner")


class Runner:
    """Runs solves, so many at once.

    Parameters
    ----------
    database
        The relay's: it sees the queue of all tenants.
    most
        Solves at once.
    """

    def __init__(self, database: Database, most: int = 1) -> None:
        self._database = database
        self._most = most
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._running: dict[tuple[int, int, str], subprocess.Popen[bytes]] = {}
        self._taken = 0

    def tend(self) -> None:
        """Look after the processes that run, and start one where there is room and work."""
        for key, process in list(self._running.items()):
            if process.poll() is None:
                continue
            del self._running[key]
            if process.returncode:
                LOG.warning("died", action="solve.died", code=process.returncode)
        while len(self._running) < self._most:
            self._taken += 1
            worker = f"{self._name}:{self._taken}"
            with self._database.transaction() as (connection, _):
                row = solves.take(connection, worker)
            if row is None:
                return
            if row.state != "running" and not (row.publish and row.state in solves.TO_PUBLISH):
                LOG.error("failed", action="solve.failed", solve=str(row.uid))
                continue
            command = [sys.executable, "-m", "api.solving.job"]
            self._running[row.tenant_id, row.id, worker] = subprocess.Popen(
                [*command, str(row.tenant_id), str(row.uid), worker],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                preexec_fn=with_parent(signal.SIGTERM),
            )

    def stop(self) -> None:
        """Stop all processes, and give their solves back: others take them up at once."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait()
        for tenant, solve, worker in self._running:
            with self._database.transaction() as (connection, _):
                solves.give_back(connection, tenant, solve, worker)
        self._running.clear()

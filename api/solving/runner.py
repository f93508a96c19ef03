"""The runner: takes solves from the queue, and gives each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import structlog

from api.lifetime import with_parent
from api.store import solves
from api.store.database import Database

LOG = structlog.get_logger("allocator.runner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A solve that was taken, as its row was then, and its process."""

    row: Any
    process: subprocess.Popen[bytes]


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
        self._running: list[Running] = []
        self._taken = 0

    def tend(self) -> None:
        """Look after the processes that run, and start one where there is room and work."""
        over = [one for one in self._running if one.process.poll() is not None]
        self._running = [one for one in self._running if one not in over]
        for one in over:
            if code := one.process.returncode:
                LOG.warning("died", action="solve.died", solve=str(one.row.uid), code=code)
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
            process = subprocess.Popen(
                [*command, str(row.tenant_id), str(row.uid), worker],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                preexec_fn=with_parent(signal.SIGTERM),
            )
            self._running.append(Running(row=row, process=process))

    def stop(self) -> None:
        """Stop all processes, and give their solves back: others take them up at once."""
        over, self._running = self._running, []
        for one in over:
            one.process.terminate()
        for one in over:
            one.process.wait()
            with self._database.transaction() as (connection, _):
                solves.give_back(connection, one.row)

"""``python crashing_backfill.py RELAY WORKER``: a backfiller that SIGKILL hits at a point.

Each line on stdin is a number: a process looks twice, and does not get beyond that many statements
that write, and points before, on the way and after each commit. What was the last is told on
stdout, or that there was none.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from api import logs
from api.backfill.backfiller import Backfiller
from api.store.database import Database

#: How many more points there are before the last.
left: list[int] = []


def come_by(point: str) -> None:
    """Come by a point, and no further where it is the last."""
    left[0] -= 1
    if left[0] == 0:
        os.write(sys.stdout.fileno(), f"{point}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def statement(
    connection: Any, cursor: Any, text: str, values: Any, context: Any, many: bool
) -> None:
    if text.split()[0] in ("INSERT", "UPDATE", "DELETE", "WITH"):
        come_by(" ".join(text.split()))


def commit(dialect: Any, connection: Any) -> None:
    come_by("commit")
    if left[0] == 1:
        connection.pgconn.send_query(b"COMMIT")
    come_by("commit sent")
    connection.commit()
    come_by("committed")


def main(relay: str, worker: str) -> None:
    """Look as often as asked, each time in a process of its own."""
    logs.configure("ERROR")
    event.listen(Engine, "before_cursor_execute", statement)
    PGDialect_psycopg.do_commit = commit  # type: ignore[method-assign]
    for line in sys.stdin:
        child = os.fork()
        if not child:
            left[:] = [int(line)]
            backfiller = Backfiller(Database(relay, size=1), Database(worker, size=1))
            for _ in range(2):
                backfiller.look()
            os.write(sys.stdout.fileno(), b"none\n")
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])

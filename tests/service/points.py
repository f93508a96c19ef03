"""Points at which SIGKILL hits a process: statements, commits, and whatever else names one.

Statements that only read are none: whoever dies before one leaves what the point before it left.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

#: How many more points the process comes by before the last; none for ever.
left: list[int] = []


def arm(points: int | None) -> None:
    """Have the process end at the point so many points on; at none where None."""
    left[:] = [] if points is None else [points]


def come_by(point: str) -> None:
    """Come by a point; end there, as nothing hears it, where it is the last."""
    if last():
        die(point)


def last() -> bool:
    """Come by a point; say whether it is the last."""
    if left:
        left[0] -= 1
    return left == [0]


def die(point: str) -> None:
    """Tell the point on stdout, and die as nothing hears it."""
    os.write(sys.stdout.fileno(), f"{point}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


def before_statement(
    connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
) -> None:
    told = " ".join(statement.split())
    if not told.startswith("SELECT") or "FOR UPDATE" in told:
        come_by(told)


def commit(dialect: Any, connection: Any) -> None:
    """Commit, with a point before, one on the way and one after."""
    come_by("commit")
    if last():
        connection.pgconn.send_query(b"COMMIT")
        die("commit sent")
    connection.commit()
    come_by("committed")


def watch() -> None:
    """Have every statement and commit of the process be points."""
    event.listen(Engine, "before_cursor_execute", before_statement)
    PGDialect_psycopg.do_commit = commit  # type: ignore[method-assign]

"""``python crashing.py FD``: the API, which SIGKILL hits at a point that a call names.

A call with the header ``Crash-At: 7`` does not get beyond the seventh point that it comes by:
before each statement and commit, after a commit was sent, after it is done, and before each part of
the answer is sent. The first is where its idempotency key is written; who asks is known then. The
point is told on stdout. The process is replaced at once by another.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from starlette.types import Message, Receive, Scope, Send

from api import app, serving
from api.middleware import Envelope
from api.store import migrate

#: How many more points a call comes by before the last; none for ever.
left: list[int] = []
#: How many there will be, once its key is written.
asked: list[int] = []


def last() -> bool:
    """Come by a point; say whether it is the last."""
    if left:
        left[0] -= 1
    return left == [0]


def die(point: str) -> None:
    """Die as nothing hears it."""
    os.write(sys.stdout.fileno(), f"{point}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


def before_statement(
    connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
) -> None:
    if statement.startswith("INSERT INTO idempotency"):
        left[:] = asked
    if last():
        die(" ".join(statement.split()))


def commit(dialect: Any, connection: Any) -> None:
    """Commit, with a point before, one on the way and one after."""
    if last():
        die("commit")
    if last():
        connection.pgconn.send_query(b"COMMIT")
        die("commit sent")
    connection.commit()
    if last():
        die("committed")


def answering(envelope: Any) -> Any:
    """Have a call say at which point it ends, and its answer come by points."""

    async def call(self: Envelope, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if last():
                die(message["type"])
            await send(message)

        named = dict(scope.get("headers", ())).get(b"crash-at")
        asked[:], left[:] = [] if named is None else [int(named)], []
        await envelope(self, scope, receive, sent)

    return call


def main(descriptor: int) -> None:
    """Serve from one process after another, each as the supervisor starts it."""
    event.listen(Engine, "before_cursor_execute", before_statement)
    PGDialect_psycopg.do_commit = commit  # type: ignore[method-assign]
    Envelope.__call__ = answering(Envelope.__call__)  # type: ignore[method-assign]
    made = app.application()  # once: it has no connections yet, and processes follow quickly
    migrate.newest()
    app.application = lambda: made  # type: ignore[assignment]
    while True:
        child = os.fork()
        if not child:
            serving.main(descriptor)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            break


if __name__ == "__main__":
    main(int(sys.argv[1]))

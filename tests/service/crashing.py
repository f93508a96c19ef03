"""``python crashing.py FD``: the API, which SIGKILL hits at a point that a call names.

A call with the header ``Crash-At: 7`` does not get beyond the seventh point that it comes by:
before each statement that writes or locks and each commit, after a commit was sent, after it is
done, and before each part of the answer is sent. The first is the statement that begins as
``Crash-From`` says, or else where its idempotency key is written; who asks is known then. The point
is told on stdout. The process is replaced at once by another.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from service import points
from sqlalchemy import Engine, event
from starlette.types import Message, Receive, Scope, Send

from api import app, serving
from api.middleware import Envelope
from api.store import migrate

#: With which statement a call's points begin, and how many there will be.
asked: list[tuple[str, int]] = []


def before_statement(
    connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
) -> None:
    if asked and statement.strip().startswith(asked[0][0]):
        points.arm(asked.pop()[1])


def answering(envelope: Any) -> Any:
    """Have a call say at which point it ends, and its answer come by points."""

    async def call(self: Envelope, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            points.come_by(message["type"])
            await send(message)

        headers = dict(scope.get("headers", ()))
        begin = headers.get(b"crash-from", b"INSERT INTO idempotency").decode()
        at = headers.get(b"crash-at")
        asked[:] = [] if at is None else [(begin, int(at))]
        points.arm(None)
        await envelope(self, scope, receive, sent)

    return call


def main(descriptor: int) -> None:
    """Serve from one process after another, each as the supervisor starts it."""
    event.listen(Engine, "before_cursor_execute", before_statement)
    points.watch()
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

"""``python dying.py``: a relay for each line on stdin, which SIGKILL hits at the point it numbers.

Points are before each statement that writes or locks and each commit, after a commit was sent and
after it is done, before a message is signed, once it is sent, and once its answer is there. The
point is told on stdout; a relay that has looked often enough ends and tells ``done``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import aiohttp
from service import points

from api import relay
from api.relay import Relay
from api.settings import Settings
from api.store.database import Database

#: How often it looks: one event of an object is sent a look, and the next look writes that down.
LOOKS = 6


def at_point(point: str, does: Any) -> Any:
    """Have something be done after a point."""

    def done(*words: Any, **named: Any) -> Any:
        points.come_by(point)
        return does(*words, **named)

    return done


async def work(database: Database, settings: Settings) -> None:
    """Look, send, look again."""
    working = Relay(database, settings.seal, private=True)
    async with working.session() as session:
        for _ in range(LOOKS):
            await working.turn(session)
            await working.settle()
        await working.end()


def main() -> None:
    """Start a relay for each line, one after the other."""
    settings = Settings()
    points.watch()
    relay.signed = at_point("signing", relay.signed)
    relay.Outcome = at_point("answered", relay.Outcome)  # type: ignore[assignment, misc]
    response: Any = aiohttp.ClientResponse
    response.start = at_point("sent", response.start)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            database = Database(settings.relay_database_url, size=1)
            points.arm(int(line))
            asyncio.run(work(database, settings))
            points.die("done")
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()

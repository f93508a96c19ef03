"""Events: listed, and heard as they come."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.concurrency import run_in_threadpool

from api.call import Answer, Call, Calling
from api.routes.documents import answer_of
from api.routes.paging import MOST, Paged, cursor_of, place_of
from api.routes.streams import Events, stream_of
from api.sign_in import KnownRoute
from api.store.events import document
from api.usecases import events
from api.usecases.tx import Tx

routes = APIRouter(prefix="/v1/events", tags=["events"], route_class=KnownRoute)
#: Seconds between two looks, and those after which whoever listens is told that somebody is there.
LOOK, ALIVE = 0.5, 10.0

Type = Annotated[
    str | None, Query(max_length=50, description="A type, a family (`booking.*`), or `*`.")
]
Object = Annotated[str | None, Query(max_length=36, description="UUID of what changed.")]


@routes.get("", operation_id="list_events", responses={200: answer_of("EventList")})
def pages(call: Calling, page: Paged, type: Type = None, object: Object = None) -> Response:
    """List events, in the order in which they came to pass."""
    rows = call.read(
        lambda tx: events.page(tx, type=type, object=object, after=page.after, limit=page.limit + 1)
    )
    return Answer(page.of(rows, lambda shown: [document(row) for row in shown]))


@routes.get(
    "/stream",
    operation_id="follow_events",
    summary="Follow events",
    response_class=Events,
    responses={200: stream_of("What comes to pass; each has an `Event` as its data.")},
)
async def follow(
    call: Calling,
    type: Type = None,
    object: Object = None,
    last_event_id: Annotated[
        str | None, Header(max_length=100, description="Where the last stream ended.")
    ] = None,
) -> Response:
    """Hear events as server-sent events: those after the last one heard, or what is new."""
    after, _ = place_of(last_event_id)
    if last_event_id is None:
        after = await run_in_threadpool(lambda: call.read(events.last))

    async def look(after: int) -> tuple[Any, int]:
        return await run_in_threadpool(_after, call, type, object, after)

    stream = _stream(look, after, await look(after), call.service.settings.stream_seconds)
    return Events(stream)


def _after(call: Call, type: str | None, object: str | None, after: int) -> tuple[Any, int]:
    """Return what comes after a position, and the position up to which nothing else is there."""

    def look(tx: Tx) -> tuple[Any, int]:
        last = events.last(tx)  # first: whatever is placed later is found by the next look
        rows = events.page(tx, type=type, object=object, after=after, limit=MOST)
        return rows, after if len(rows) == MOST else last

    return call.read(look)


async def _stream(
    look: Callable[[int], Awaitable[tuple[Any, int]]],
    after: int,
    found: tuple[Any, int],
    seconds: float,
) -> AsyncIterator[str]:
    """Yield events, for a while: whoever listens comes again, and shows their key again.

    First where the stream begins, so that whoever hears nothing meanwhile misses nothing later;
    and now and then how far it has come without an event, so that nobody looks through that again.
    """
    yield f"id: {cursor_of(after)}\n\n"
    began, said = time.monotonic(), after
    told = began
    while True:
        rows, last = found
        for row in rows:
            data = json.dumps(document(row), separators=(",", ":"))
            yield f"id: {cursor_of(row.id)}\nevent: {row.type}\ndata: {data}\n\n"
            after = said = row.id
            told = time.monotonic()
        after = max(after, last)
        if len(rows) < MOST:
            if time.monotonic() >= began + seconds:
                return
            if time.monotonic() >= told + ALIVE:
                yield ": still here\n\n" if after == said else f"id: {cursor_of(after)}\n\n"
                said, told = after, time.monotonic()
            await asyncio.sleep(LOOK)
        found = await look(after)

"""Events: listed, and heard as they come."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
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
    rows = await run_in_threadpool(_after, call, type, object, after)
    return Events(_stream(call, type, object, after, rows), headers={"Cache-Control": "no-store"})


def _after(call: Call, type: str | None, object: str | None, after: int) -> Any:
    return call.read(lambda tx: events.page(tx, type=type, object=object, after=after, limit=MOST))


async def _stream(
    call: Call, type: str | None, object: str | None, after: int, rows: Any
) -> AsyncIterator[str]:
    """Yield events, for a while: whoever listens comes again, and shows their key again.

    First where the stream begins, so that whoever hears nothing meanwhile misses nothing later.
    """
    yield f"id: {cursor_of(after)}\n\n"
    told = time.monotonic()
    ends = told + call.service.settings.stream_seconds
    while True:
        for row in rows:
            data = json.dumps(document(row), separators=(",", ":"))
            yield f"id: {cursor_of(row.id)}\nevent: {row.type}\ndata: {data}\n\n"
            after, told = row.id, time.monotonic()
        if len(rows) < MOST:
            if time.monotonic() >= ends:
                return
            if time.monotonic() >= told + ALIVE:
                yield ": still here\n\n"
                told = time.monotonic()
            await asyncio.sleep(LOOK)
        rows = await run_in_threadpool(_after, call, type, object, after)

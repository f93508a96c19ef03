"""Solves: asked for, looked at, followed, published, cancelled."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api import views
from api.call import Answer, Call, Calling, Raw
from api.problems import NotFound
from api.routes.documents import answer_of, body_of
from api.routes.paging import Paged
from api.routes.streams import Events, stream_of
from api.schemas.bodies import Body
from api.schemas.documents import one
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.solving import checking, discretion, handed_out, queue
from api.solving.asked import DAYS
from api.solving.publishing import Publisher
from api.store.ids import as_uid
from api.usecases.tx import Tx

routes = APIRouter(prefix="/v1/solves", tags=["solves"], route_class=KnownRoute)
#: Seconds between two looks at a solve that is followed.
LOOK = 0.5
ENDED = ("solved", "publishing", "published", "cancelled", "failed")


class PublishIn(Body):
    """What of a solve to publish."""

    only: list[Name] = Field(
        default_factory=list,
        max_length=100_000,
        description="Requests, bookings and group sessions; empty is everything.",
    )


@routes.post(
    "",
    status_code=202,
    operation_id="create_solve",
    summary="Ask for a solve",
    openapi_extra=body_of("NewSolve"),
    responses={
        200: answer_of("DryRun", "A dry run: what it would look at."),
        202: answer_of("Solve", "Queued; `Location` says where it is."),
    },
)
def create(call: Calling, body: Raw) -> Response:
    """Ask for the pending requests to be placed; a worker does it."""
    asked = dict(one(body)) if body.strip() else {}
    publish, dry = queue.said(asked, "publish"), queue.said(asked, "dry_run")
    if dry:
        return Answer(call.read(lambda tx: queue.count(tx, asked)))

    def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
        row = queue.ask(tx, asked, publish=publish)
        return 202, views.solve(row), {"Location": f"/v1/solves/{row.uid}"}

    return call.once(body, work)


@routes.post(
    "/check",
    operation_id="check_schedule",
    summary="Check a schedule of your own",
    openapi_extra=body_of("Proposal"),
    responses={200: answer_of("CheckedSchedule", description="What it breaks, and its cost.")},
)
def check(call: Calling, body: Raw) -> Response:
    """Check and score a schedule of the pending requests, beside what is booked."""
    given = one(body)
    return Answer(call.read(lambda tx: checking.check(tx, given)))


@routes.get(
    "/problem",
    operation_id="export_problem",
    summary="Take the problem away",
    responses={200: answer_of("ProblemDocument", description="A problem, as files have it.")},
)
def problem(
    call: Calling,
    first: Annotated[date | None, Query(description="Today by default.")] = None,
    days: Annotated[int, Query(ge=1, le=366)] = DAYS,
    may_move: Annotated[bool, Query(description="Whether bookings may move.")] = False,
    people: Annotated[bool, Query(description="Whether people have their names.")] = False,
) -> Response:
    """Take away the problem that a solve would get, to try scenarios of it elsewhere."""
    asked = {"days": days, "may_move": may_move} | ({"first": first.isoformat()} if first else {})
    text = call.read(lambda tx: handed_out.problem(tx, asked, people=people))
    return Response(text, media_type=Answer.media_type)


@routes.get("", operation_id="list_solves", responses={200: answer_of("SolveList")})
def pages(
    call: Calling,
    page: Paged,
    state: Annotated[
        str | None,
        Query(pattern="^(queued|running|solved|publishing|published|cancelled|failed)$"),
    ] = None,
) -> Response:
    """List solves."""
    rows = call.read(lambda tx: queue.page(tx, state=state, after=page.after, limit=page.limit + 1))
    return Answer(page.of(rows, lambda shown: [views.solve(row) for row in shown]))


@routes.get("/{name}", operation_id="read_solve", responses={200: answer_of("SolveWithResult")})
def read(call: Calling, name: str) -> Response:
    """Read a solve, with what came of it where you work."""

    def work(tx: Tx) -> dict[str, Any]:
        row = queue.read(tx, name, "result")
        return {**views.solve(row), "result": discretion.seen(tx, row.result)}

    return Answer(call.read(work))


@routes.get(
    "/{name}/events",
    operation_id="follow_solve",
    summary="Follow a solve",
    response_class=Events,
    responses={200: stream_of("Its states, as events; each has a `Solve` as its data.")},
)
async def follow(call: Calling, name: str) -> Response:
    """Hear how a solve stands, as server-sent events, until it has ended or for a while."""
    await run_in_threadpool(lambda: call.read(lambda tx: queue.read(tx, name)))
    return Events(_events(call, name))


async def _events(call: Call, name: str) -> AsyncIterator[str]:
    """Yield an event a look, so that whoever listens knows that somebody is there.

    For a while: whoever listens comes again, and shows their key again.
    """
    ends = time.monotonic() + call.service.settings.stream_seconds
    while True:
        row = await run_in_threadpool(lambda: call.read(lambda tx: queue.read(tx, name)))
        news = json.dumps(views.solve(row), separators=(",", ":"))
        yield f"event: {row.state}\ndata: {news}\n\n"
        if row.state in ENDED or time.monotonic() > ends:
            return
        await asyncio.sleep(LOOK)


@routes.post(
    "/{name}/publish", operation_id="publish_solve", responses={200: answer_of("Publication")}
)
def publish(call: Calling, name: str, body: PublishIn | None = None) -> Response:
    """Publish a solve, or part of it: what lost a race is told, and waits for the next batch."""
    uid = as_uid(name)
    if uid is None:
        raise NotFound(f"There is no solve {name!r}.")
    service = call.service
    found = Publisher(service.database, service.worlds, call.principal).publish(
        uid, body.only if body else ()
    )
    return Answer(
        {"booked": list(found.booked), "moved": list(found.moved), "lost": list(found.lost)}
    )


@routes.post("/{name}/cancel", operation_id="cancel_solve", responses={200: answer_of("Solve")})
def cancel(call: Calling, name: str, raw: Raw) -> Response:
    """Stop a solve: one that runs ends with the best that it has."""
    return call.once(raw, lambda tx: (200, views.solve(queue.cancel(tx, name)), {}))

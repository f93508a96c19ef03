"""The waitlist: joined, read, left; what is offered is accepted or declined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.backfill.views import entry
from api.call import Answer, Calling, Raw
from api.routes.documents import LOST, answer_of, links
from api.routes.paging import Paged
from api.schemas.bodies import WaitlistIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.suggesting.alternatives import offered, waiting
from api.usecases import joining, waitlist
from api.usecases.tx import Tx
from api.views import etag

routes = APIRouter(prefix="/v1/waitlist", tags=["waitlist"], route_class=KnownRoute)
ENTRY: dict[int | str, dict[str, Any]] = {200: answer_of("WaitlistEntry")}


@routes.post(
    "",
    status_code=201,
    operation_id="join_waitlist",
    summary="Join the waitlist",
    responses={
        201: answer_of("WaitlistEntry", description="Waits.")
        | links("read_waitlist_entry", "leave_waitlist", "accept_offer", "decline_offer")
    },
)
def join(call: Calling, body: WaitlistIn, raw: Raw) -> Response:
    """Wait for a visit or a seat, with a request, or for an earlier time for a booking."""

    def work(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = joining.join(tx, body.asked())
        return 201, entry(tx, row), {"Location": f"/v1/waitlist/{row.uid}", **etag(row.version)}

    return call.once(raw, work)


@routes.get("", operation_id="list_waitlist", responses={200: answer_of("WaitlistEntryList")})
def pages(
    call: Calling,
    page: Paged,
    state: Annotated[
        str | None, Query(pattern="^(waiting|offered|booked|expired|withdrawn)$")
    ] = None,
) -> Response:
    """List those who wait or have waited; clients see themselves."""
    return Answer(
        call.read(
            lambda tx: page.of(
                waitlist.page(tx, state=state, after=page.after, limit=page.limit + 1),
                lambda rows: [entry(tx, row) for row in rows],
            )
        )
    )


@routes.get("/{name}", operation_id="read_waitlist_entry", responses=ENTRY)
def read(call: Calling, name: Name) -> Response:
    """Read an entry, with what it is offered."""

    def work(tx: Tx) -> tuple[Any, int]:
        row = waitlist.read(tx, name)
        return entry(tx, row), row.version

    content, version = call.read(work)
    return Answer(content, headers=etag(version))


@routes.delete(
    "/{name}", operation_id="leave_waitlist", summary="Leave the waitlist", responses=ENTRY
)
def withdraw(call: Calling, name: Name, raw: Raw) -> Response:
    """Wait no more; what is offered is free for others."""
    return _changed(call, raw, lambda tx: waitlist.withdraw(tx, name, call.version))


@routes.post("/{name}/accept", operation_id="accept_offer", responses=ENTRY | LOST)
def accept(call: Calling, name: Name, raw: Raw) -> Response:
    """Take the place that is offered; a booking that would come earlier moves there."""
    with offered(call, lambda tx: waiting(tx, name)):
        return _changed(call, raw, lambda tx: waitlist.accept(tx, name, call.version))


@routes.post("/{name}/decline", operation_id="decline_offer", responses=ENTRY)
def decline(call: Calling, name: Name, raw: Raw) -> Response:
    """Leave the place that is offered to others, and wait on."""
    return _changed(call, raw, lambda tx: waitlist.decline(tx, name, call.version))


def _changed(call: Calling, body: bytes, work: Callable[[Tx], Any]) -> Response:
    """Answer with an entry that is changed."""

    def change(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = work(tx)
        return 200, entry(tx, row), etag(row.version)

    return call.once(body, change)

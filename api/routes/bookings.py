"""Bookings: read, listed, moved, attended, approved, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import views
from api.call import Answer, Call, Calling, Raw
from api.problems import Invalid
from api.routes.documents import LOST, answer_of, links
from api.routes.paging import Paged
from api.schemas.bodies import AddIn, BookIn, CancelIn, MoveIn, ReasonIn, ReassignIn, VisitOf
from api.schemas.texts import AnyInstant, Name
from api.sign_in import KnownRoute
from api.suggesting import holding as suggested
from api.suggesting.alternatives import beside, offered
from api.suggesting.asking import Asked
from api.suggesting.suggester import Suggester
from api.suggesting.tickets import Ticket
from api.usecases import attending, bookings, cancelling, confirming, listing, moving
from api.usecases.tx import Tx

routes = APIRouter(prefix="/v1/bookings", tags=["bookings"], route_class=KnownRoute)
BOOKING: dict[int | str, dict[str, Any]] = {200: answer_of("Booking")}


@routes.get("", operation_id="list_bookings", responses={200: answer_of("BookingList")})
def pages(
    call: Calling,
    page: Paged,
    state: Annotated[
        str | None,
        Query(pattern="^(held|pending_approval|booked|rejected|cancelled|expired)$"),
    ] = None,
    person: Annotated[Name | None, Query()] = None,
    resource: Annotated[Name | None, Query()] = None,
    since: Annotated[AnyInstant | None, Query(alias="from")] = None,
    until: Annotated[AnyInstant | None, Query(alias="to")] = None,
) -> Response:
    """List bookings, by state, person and resource; by time, those with visits that start then."""
    asked = listing.Asked(state=state, person=person, resource=resource, since=since, until=until)
    return Answer(
        call.read(
            lambda tx: page.of(
                listing.bookings(
                    tx, asked, after=page.after, starting=page.starting, limit=page.limit + 1
                ),
                lambda rows: [views.booking(tx, row) for row in rows],
                by_start=asked.by_start,
            )
        )
    )


@routes.post(
    "",
    status_code=201,
    operation_id="create_booking",
    summary="Book a suggestion",
    responses={
        201: answer_of("Booking", description="Booked, or waiting for a reviewer.")
        | links("read_booking", "cancel_booking", "create_link"),
        **LOST,
    },
)
def book(call: Calling, body: BookIn, raw: Raw) -> Response:
    """Hold a suggestion and confirm it, at once."""
    suggester = call.service.suggester

    def work(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = suggested.book(tx, suggester.ticket(tx, body.token, "bookings.hold"))
        headers = {"Location": f"/v1/bookings/{row.uid}", **views.etag(row.version)}
        return 201, views.booking(tx, row), headers

    with offered(
        call, lambda tx: suggested.again(suggester.ticket(tx, body.token, "suggestions.read"))
    ):
        return call.once(raw, work)


@routes.get("/{name}", operation_id="read_booking", responses=BOOKING)
def read(call: Calling, name: Name) -> Response:
    """Read a booking."""
    return views.answer(call, lambda tx: bookings.read(tx, name))


@routes.post("/{name}/cancel", operation_id="cancel_booking", responses=BOOKING)
def cancel(call: Calling, name: Name, raw: Raw, body: CancelIn | None = None) -> Response:
    """Cancel a booking, or visits of a series; their time is free at once."""
    what = body or CancelIn(reason="", visit=None, scope="this")
    return views.changed(
        call,
        raw,
        lambda tx: cancelling.cancel(
            tx, name, call.version, what.reason, visit=what.visit, scope=what.scope
        ),
    )


@routes.post("/{name}/reschedule", operation_id="reschedule_booking", responses=BOOKING | LOST)
def reschedule(call: Calling, name: Name, body: MoveIn, raw: Raw) -> Response:
    """Move visits, to a suggestion or elsewhere; their old places count as free."""
    moves, scope = [visit.wanted() for visit in body.visits], body.scope
    return _placed(
        call,
        name,
        body,
        raw,
        suggested.move,
        lambda tx: moving.reschedule(tx, name, moves, version=call.version, scope=scope),
    )


def _placed(
    call: Call,
    name: str,
    body: MoveIn | AddIn,
    raw: bytes,
    suggestion: Callable[[Tx, str, Ticket, int | None], Any],
    elsewhere: Callable[[Tx], Any],
) -> Response:
    """Answer with a booking of which visits are placed, at a suggestion or elsewhere."""
    suggester = call.service.suggester

    def change(tx: Tx) -> Any:
        if body.token is None:
            return elsewhere(tx)
        ticket = suggester.ticket(tx, body.token, "bookings.reschedule")
        return suggestion(tx, name, ticket, call.version)

    _demand_one(body)
    with offered(call, lambda tx: _again(suggester, tx, name, body)):
        return views.changed(call, raw, change)


def _demand_one(body: MoveIn | AddIn) -> None:
    if (body.token is not None) == bool(body.visits):
        raise Invalid("Send either the token of a suggestion, or visits.")


def _again(suggester: Suggester, tx: Tx, name: str, body: MoveIn | AddIn) -> Asked:
    """Return what alternatives are for, where the place is lost."""
    if body.token is not None:
        return suggested.again(suggester.ticket(tx, body.token, "suggestions.read"))
    first = body.visits[0]
    named = tuple((visit.occurrence, visit.step) for visit in body.visits)
    more = isinstance(body, MoveIn) and body.scope != "this"
    return Asked(
        booking=name,
        visits=() if more else named,
        wanted=first.start,
        preferred=first.resources,
    )


@routes.post("/{name}/reassign", operation_id="reassign_booking", responses=BOOKING | LOST)
def reassign(call: Calling, name: Name, body: ReassignIn, raw: Raw) -> Response:
    """Give visits other resources at the same time."""
    resources = {role: tuple(names) for role, names in body.resources.items()}
    which = [(at.occurrence, at.step) for at in body.visits]
    with offered(call, lambda tx: beside(tx, name, which, resources)):
        return views.changed(
            call, raw, lambda tx: moving.reassign(tx, name, resources, which, version=call.version)
        )


@routes.post("/{name}/visits", operation_id="add_visits", responses=BOOKING | LOST)
def add(call: Calling, name: Name, body: AddIn, raw: Raw) -> Response:
    """Add visits of a series that could not be placed before, at a suggestion or elsewhere."""
    wanted = [visit.wanted() for visit in body.visits]
    return _placed(
        call,
        name,
        body,
        raw,
        suggested.add,
        lambda tx: moving.add_visits(tx, name, wanted, version=call.version),
    )


@routes.post("/{name}/check-in", operation_id="check_in", responses=BOOKING)
def check_in(call: Calling, name: Name, raw: Raw, body: VisitOf | None = None) -> Response:
    """Write down that somebody came."""
    visit = body.visit if body else None
    return views.changed(
        call, raw, lambda tx: attending.attend(tx, name, "check_in", visit, call.version)
    )


@routes.post("/{name}/fulfil", operation_id="fulfil", responses=BOOKING)
def fulfil(call: Calling, name: Name, raw: Raw, body: VisitOf | None = None) -> Response:
    """Write down that a visit took place."""
    visit = body.visit if body else None
    return views.changed(
        call, raw, lambda tx: attending.attend(tx, name, "fulfil", visit, call.version)
    )


@routes.post("/{name}/no-show", operation_id="no_show", responses=BOOKING)
def no_show(call: Calling, name: Name, raw: Raw, body: VisitOf | None = None) -> Response:
    """Write down that somebody stayed away."""
    visit = body.visit if body else None
    return views.changed(
        call, raw, lambda tx: attending.attend(tx, name, "no_show", visit, call.version)
    )


@routes.post("/{name}/approve", operation_id="approve_booking", responses=BOOKING)
def approve(call: Calling, name: Name, raw: Raw) -> Response:
    """Approve what waits for a reviewer."""
    return views.changed(call, raw, lambda tx: confirming.approve(tx, name, call.version))


@routes.post("/{name}/decline", operation_id="decline_booking", responses=BOOKING)
def decline(call: Calling, name: Name, raw: Raw, body: ReasonIn | None = None) -> Response:
    """Decline what waits for a reviewer."""
    reason = body.reason if body else ""
    return views.changed(call, raw, lambda tx: confirming.decline(tx, name, call.version, reason))

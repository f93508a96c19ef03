"""Holds: a place is kept for some minutes, and then confirmed or given back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from allocator.domain.request import Request
from api import views
from api.call import Calling, Raw
from api.problems import Invalid
from api.routes.documents import LOST, answer_of, links
from api.schemas.bodies import HoldIn, VisitIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.store.world import decoded
from api.suggesting import holding as suggested
from api.suggesting.alternatives import again, offered
from api.suggesting.asking import Asked
from api.suggesting.suggester import Suggester
from api.usecases import bookings, cancelling, confirming, holding, things
from api.usecases.holding import Partly
from api.usecases.tx import Tx

routes = APIRouter(prefix="/v1/holds", tags=["holds"], route_class=KnownRoute)


@routes.post(
    "",
    status_code=201,
    summary="Hold a place",
    operation_id="create_hold",
    responses={
        200: answer_of(
            "PartlyPossible",
            description="Not all visits can be had: what can, and why the others cannot.",
        ),
        201: answer_of("Booking", description="Held.")
        | links("confirm_hold", "read_hold", "release_hold", "cancel_booking", "create_link"),
        **LOST,
    },
)
def hold(call: Calling, body: HoldIn, raw: Raw) -> Response:
    """Hold a suggestion, or a service or a request at a start, with resources."""
    suggester = call.service.suggester

    def work(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        if body.token is not None:
            ticket = suggester.ticket(tx, _alone(body, body.token), "bookings.hold")
            return held(tx, suggested.hold(tx, ticket, body.hold_minutes))
        request, visits, stored = _asked(tx, body)
        found = holding.hold(
            tx,
            request,
            [visit.wanted() for visit in visits],
            stored=stored,
            hold_minutes=body.hold_minutes,
            urgent=body.urgent,
            partial=body.partial.value,
        )
        return (200, views.partly(found), {}) if isinstance(found, Partly) else held(tx, found)

    with offered(call, lambda tx: _again(suggester, tx, body)):
        return call.once(raw, work, keeps=(201,))


def held(tx: Tx, row: Any) -> tuple[int, Any, dict[str, str]]:
    """Return what is told of a new booking."""
    headers = {"Location": f"/v1/holds/{row.uid}", **views.etag(row.version)}
    return 201, views.booking(tx, row), headers


def _alone(body: HoldIn, token: str) -> str:
    """Return a token; it says everything but how long it is held."""
    more = sorted(body.model_fields_set - {"token", "hold_minutes", "partial"})
    if more:
        raise Invalid(f"The token says what is held and where; it does not go with {more[0]}.")
    return token


def _again(suggester: Suggester, tx: Tx, body: HoldIn) -> Asked | None:
    """Return what alternatives are for, where the place is lost."""
    if body.token is not None:
        return suggested.again(suggester.ticket(tx, body.token, "suggestions.read"))
    first = body.visits[0] if body.visits else None
    return Asked(
        service=body.service,
        session=body.session if body.session or first is None else first.session,
        attendees=tuple(body.attendees),
        request=body.request,
        wanted=body.start if first is None else first.start,
        preferred=body.resources if first is None else first.resources,
        urgent=body.urgent,
    )


def _asked(tx: Tx, body: HoldIn) -> tuple[Request, list[VisitIn], Any]:
    """Return what a hold is for, and where."""
    single = body.start is not None
    if (body.request is not None) == (body.service is not None or body.session is not None):
        raise Invalid("Name either a request, or a service or group session.")
    if single == bool(body.visits):
        raise Invalid("Send either a start, or visits.")
    visits = list(body.visits)
    if body.start is not None:
        visits = [
            VisitIn(
                occurrence=1,
                step=1,
                start=body.start,
                resources=body.resources,
                session=body.session,
            )
        ]
    if body.request is None:
        if body.service is not None and body.session is not None:
            raise Invalid("Name a service or a group session; both are named.")
        request = holding.simple(body.service or "", body.attendees, body.session)
        return request, visits, None
    row = things.found(tx, things.KINDS["requests"], body.request, for_update=True)
    return decoded(Request, row.spec, row.ref), visits, row


@routes.get("/{name}", operation_id="read_hold", responses={200: answer_of("Booking")})
def read(call: Calling, name: Name) -> Response:
    """Read a hold."""
    return views.answer(call, lambda tx: bookings.read(tx, name))


@routes.post(
    "/{name}/confirm",
    operation_id="confirm_hold",
    responses={200: answer_of("Booking"), **LOST},
)
def confirm(call: Calling, name: Name, raw: Raw) -> Response:
    """Confirm a hold; it is booked then, or waits for a reviewer."""
    with offered(call, lambda tx: again(tx, name)):
        return views.changed(call, raw, lambda tx: confirming.confirm(tx, name, call.version))


@routes.delete("/{name}", operation_id="release_hold", responses={200: answer_of("Booking")})
def release(call: Calling, name: Name, raw: Raw) -> Response:
    """Give a hold back."""
    return views.changed(call, raw, lambda tx: cancelling.release(tx, name))

"""Suggestions: when something could be placed, the best places first."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.call import Answer, Calling
from api.looking import LookingRoute
from api.routes.documents import answer_of
from api.schemas.bodies import SuggestionsIn
from api.schemas.texts import Name
from api.suggesting import views
from api.suggesting.asking import Asked

routes = APIRouter(prefix="/v1/suggestions", tags=["suggestions"], route_class=LookingRoute)


@routes.post(
    "",
    operation_id="suggest",
    summary="Suggest places",
    responses={200: answer_of("Suggestions", description="What is free now, or why nothing is.")},
)
def suggest(call: Calling, body: SuggestionsIn) -> Response:
    """Suggest places for a service, a request, or a booking that moves; tokens hold them."""
    suggester, asked = call.service.suggester, body.asked()
    known = suggester.indexes.in_step(call.service.database, call.principal.tenant, call.looked)
    index, now = known or (None, None)
    return Answer(
        call.read(lambda tx: views.suggestions(tx, suggester.suggest(tx, asked, index)), now=now)
    )


@routes.get(
    "/days",
    operation_id="suggest_days",
    summary="Days with places",
    responses={200: answer_of("SuggestedDays", description="Days with starts, and months.")},
)
def days(
    call: Calling,
    service: Annotated[Name | None, Query()] = None,
    session: Annotated[Name | None, Query()] = None,
    place: Annotated[
        Name | None, Query(description="A group session that is to get its place.")
    ] = None,
    request: Annotated[Name | None, Query(description="A request that is kept.")] = None,
    booking: Annotated[Name | None, Query(description="A booking that moves.")] = None,
    attendee: Annotated[
        list[Name] | None, Query(max_length=100, description="Who comes; may be repeated.")
    ] = None,
    first: Annotated[date | None, Query(alias="from", description="A local date.")] = None,
    count: Annotated[int, Query(alias="days", ge=1, le=366, description="How many.")] = 31,
) -> Response:
    """Say on which days something could begin, for a page with a calendar."""
    asked = Asked(
        service=service,
        session=session,
        place=place,
        request=request,
        booking=booking,
        attendees=tuple(attendee or ()),
    )
    suggester = call.service.suggester
    return Answer(call.read(lambda tx: views.days(suggester.days(tx, asked, first, count))))

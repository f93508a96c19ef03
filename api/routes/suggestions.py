"""Suggestions: when something could be placed, the best places first."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.call import Answer, Calling
from api.routes.documents import answer_of
from api.schemas.bodies import SuggestionsIn
from api.sign_in import KnownRoute
from api.suggesting import views

routes = APIRouter(prefix="/v1/suggestions", tags=["suggestions"], route_class=KnownRoute)


@routes.post(
    "",
    operation_id="suggest",
    summary="Suggest places",
    responses={200: answer_of("Suggestions", description="What is free now, or why nothing is.")},
)
def suggest(call: Calling, body: SuggestionsIn) -> Response:
    """Suggest places for a service, a request, or a booking that moves; tokens hold them."""
    suggester = call.service.suggester
    return Answer(call.read(lambda tx: views.suggestions(tx, suggester.suggest(tx, body.asked()))))

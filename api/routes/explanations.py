"""Explanations: why a request is not placed, why a slot cannot be had."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.call import Answer, Calling
from api.routes.documents import answer_of
from api.schemas.bodies import ExplanationIn
from api.sign_in import KnownRoute
from api.solving import explaining

routes = APIRouter(prefix="/v1/explanations", tags=["explanations"], route_class=KnownRoute)


@routes.post(
    "",
    operation_id="explain",
    summary="Explain why a request is not placed",
    responses={200: answer_of("Explanation", description="Why, as things stand.")},
)
def explain(call: Calling, body: ExplanationIn) -> Response:
    """Say why a request is not placed; with a start, also why that slot cannot be had."""
    return Answer(call.read(lambda tx: explaining.explain(tx, **dict(body))))

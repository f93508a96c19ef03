"""Popular hours: how busy a usual week is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.call import Answer, Calling
from api.routes.documents import answer_of
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.suggesting import hours

routes = APIRouter(prefix="/v1/popular-hours", tags=["suggestions"], route_class=KnownRoute)


@routes.get(
    "",
    operation_id="popular_hours",
    summary="Popular hours",
    responses={200: answer_of("PopularHours", description="As they were learnt last.")},
)
def popular(
    call: Calling, kind: Annotated[Name | None, Query(description="Of resources.")] = None
) -> Response:
    """Tell how busy each hour of a usual week is, by kind of resource."""
    return Answer(call.read(lambda tx: hours.popular(tx, kind)))

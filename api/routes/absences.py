"""Absences: marked, looked at, taken back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api import views
from api.call import Answer, Calling, Raw
from api.routes.documents import answer_of
from api.routes.paging import Paged
from api.schemas.bodies import AbsenceIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.solving import absences

routes = APIRouter(prefix="/v1/absences", tags=["absences"], route_class=KnownRoute)


@routes.post(
    "",
    status_code=202,
    operation_id="create_absence",
    summary="Mark a resource as absent",
    responses={
        202: answer_of(
            "AbsenceWithHits",
            description="Marked; `solve` proposes what to do, where somebody is hit.",
        )
    },
)
def create(call: Calling, raw: Raw, body: AbsenceIn) -> Response:
    """Mark a resource as absent, find who is hit, and ask for the least change."""

    def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
        found = absences.mark(tx, **dict(body))
        where = f"/v1/absences/{found.absence.uid}"
        return 202, views.absence_with_hits(found.absence, found.hits), {"Location": where}

    return call.once(raw, work)


@routes.get("", operation_id="list_absences", responses={200: answer_of("AbsenceList")})
def pages(call: Calling, page: Paged) -> Response:
    """List absences."""
    rows = call.read(lambda tx: absences.page(tx, after=page.after, limit=page.limit + 1))
    return Answer(page.of(rows, lambda shown: [views.absence(row) for row in shown]))


@routes.get("/{name}", operation_id="read_absence", responses={200: answer_of("AbsenceWithHits")})
def read(call: Calling, name: Name) -> Response:
    """Read an absence, with whom it hits as things lie now."""
    return Answer(views.absence_with_hits(*call.read(lambda tx: absences.read(tx, name))))


@routes.delete(
    "/{name}", status_code=204, operation_id="delete_absence", summary="Take an absence back"
)
def delete(call: Calling, name: Name) -> Response:
    """Take an absence back; what was moved because of it stays where it is."""
    call.read(lambda tx: absences.take_back(tx, name))
    return Response(status_code=204)

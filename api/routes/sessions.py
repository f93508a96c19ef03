"""Where group sessions are held."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api import views
from api.call import Answer, Calling, Raw
from api.routes.documents import answer_of
from api.schemas.bodies import PlaceIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.usecases import sessions

routes = APIRouter(prefix="/v1/sessions/{name}/place", tags=["sessions"], route_class=KnownRoute)


@routes.post(
    "",
    status_code=201,
    operation_id="place_session",
    responses={201: answer_of("SessionPlace", description="Placed.")},
)
def place(call: Calling, name: Name, body: PlaceIn, raw: Raw) -> Response:
    """Claim staff and room of a group session, once for all who will take part."""
    resources = {role: tuple(names) for role, names in body.resources.items()}
    return call.once(
        raw, lambda tx: (201, views.place(sessions.place(tx, name, body.start, resources)), {})
    )


@routes.get("", operation_id="read_session_place", responses={200: answer_of("SessionPlace")})
def read(call: Calling, name: Name) -> Response:
    """Read where a group session is held, and how many have a seat."""
    return Answer(views.place(call.read(lambda tx: sessions.read(tx, name))))


@routes.delete("", status_code=204, operation_id="unplace_session")
def unplace(call: Calling, name: Name) -> Response:
    """Take the place back; nobody may have a seat any more."""
    call.read(lambda tx: sessions.unplace(tx, name))
    return Response(status_code=204)

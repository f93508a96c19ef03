"""Where group sessions are held."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api import views
from api.call import Answer, Calling, Raw
from api.routes.documents import LOST, answer_of
from api.schemas.bodies import PlaceIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.suggesting import holding as suggested
from api.suggesting.alternatives import offered
from api.suggesting.asking import Asked
from api.usecases import sessions
from api.usecases.sessions import Held
from api.usecases.tx import Tx

routes = APIRouter(prefix="/v1/sessions/{name}/place", tags=["sessions"], route_class=KnownRoute)


@routes.post(
    "",
    status_code=201,
    operation_id="place_session",
    responses={201: answer_of("SessionPlace", description="Placed."), **LOST},
)
def place(call: Calling, name: Name, body: PlaceIn, raw: Raw) -> Response:
    """Claim staff and room of a group session, once for all who will take part."""
    suggester, where = call.service.suggester, body.where()

    def work(tx: Tx) -> Held:
        if isinstance(where, str):
            return suggested.place(tx, name, suggester.ticket(tx, where, "sessions.place"))
        return sessions.place(tx, name, *where)

    def again(tx: Tx) -> Asked:
        if isinstance(where, str):
            return suggested.again(suggester.ticket(tx, where, "suggestions.read"))
        return Asked(place=name, wanted=where[0], preferred=where[1])

    with offered(call, again):
        return call.once(raw, lambda tx: (201, views.place(work(tx)), {}))


@routes.get("", operation_id="read_session_place", responses={200: answer_of("SessionPlace")})
def read(call: Calling, name: Name) -> Response:
    """Read where a group session is held, and how many have a seat."""
    return Answer(views.place(call.read(lambda tx: sessions.read(tx, name))))


@routes.delete("", status_code=204, operation_id="unplace_session")
def unplace(call: Calling, name: Name) -> Response:
    """Take the place back; nobody may have a seat any more."""
    call.read(lambda tx: sessions.unplace(tx, name))
    return Response(status_code=204)

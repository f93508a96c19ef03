"""People."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import views
from api.call import Answer, Calling, Raw
from api.routes.documents import answer_of, links
from api.routes.paging import Paged
from api.schemas.bodies import PersonChange, PersonIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.usecases import people
from api.usecases.tx import Tx

routes = APIRouter(prefix="/v1/people", tags=["people"], route_class=KnownRoute)


@routes.post(
    "",
    status_code=201,
    operation_id="create_person",
    responses={201: answer_of("Person") | links("read_person", "change_person", "erase_person")},
)
def create(call: Calling, body: PersonIn, raw: Raw) -> Response:
    """Add somebody, with the resource whose time their visits take."""

    def work(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = people.create(
            tx,
            name=body.name,
            email=body.email,
            phone=body.phone,
            ref=body.id,
            resource=body.resource,
        )
        headers = {"Location": f"/v1/people/{row.uid}", **views.etag(row.version)}
        return 201, views.person(row), headers

    return call.once(raw, work)


@routes.get("", operation_id="list_people", responses={200: answer_of("PersonList")})
def pages(
    call: Calling,
    page: Paged,
    name: Annotated[Name | None, Query(description="Some part of it.")] = None,
    email: Annotated[Name | None, Query()] = None,
    phone: Annotated[Name | None, Query()] = None,
) -> Response:
    """List people, by name, e-mail address and telephone."""
    asked = {"name": name, "email": email, "phone": phone}
    rows = call.read(lambda tx: people.page(tx, **asked, after=page.after, limit=page.limit + 1))
    return Answer(page.of(rows, lambda shown: [views.person(row) for row in shown]))


@routes.get("/{name}", operation_id="read_person", responses={200: answer_of("Person")})
def read(call: Calling, name: Name) -> Response:
    """Read somebody."""
    row = call.read(lambda tx: people.read(tx, name))
    return Answer(views.person(row), headers=views.etag(row.version))


@routes.put("/{name}", operation_id="change_person", responses={200: answer_of("Person")})
def change(call: Calling, name: Name, body: PersonChange, raw: Raw) -> Response:
    """Write what is known of somebody."""

    def work(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = people.change(
            tx, name, call.version, full_name=body.name, email=body.email, phone=body.phone
        )
        return 200, views.person(row), views.etag(row.version)

    return call.once(raw, work)


@routes.post("/{name}/erase", status_code=204, operation_id="erase_person")
def erase(call: Calling, name: Name) -> Response:
    """Blank everything that tells who somebody is."""
    call.read(lambda tx: people.erase(tx, name))
    return Response(status_code=204)

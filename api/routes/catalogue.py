"""Locations, calendars, resources, services, sessions and requests: the same paths for each."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import views
from api.call import Answer, Calling, Raw
from api.problems import TooLarge
from api.routes.documents import answer_of, body_of
from api.routes.paging import Paged
from api.schemas import domain
from api.schemas.documents import one, some
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.usecases import things
from api.usecases.things import Kind

#: Things that may be sent at once; more go through an import.
MOST = 1000
MORE: dict[str, dict[str, Any]] = {
    "request": {
        "state": {"type": "string", "enum": ["requested", "scheduled", "withdrawn"]},
    },
    "resource": {},
}


def router(kind: Kind, schemas: dict[str, dict[str, Any]]) -> APIRouter:
    """Return the paths of a kind, and add its schemas."""
    sent = domain.sent(kind.cls, schemas)
    got = domain.got(kind.cls, schemas, MORE.get(kind.name, {}))
    listed = f"{got}List"
    schemas[listed] = {
        "type": "object",
        "title": listed,
        "properties": {
            "items": {"type": "array", "items": {"$ref": domain.REF + got}},
            "next": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["items", "next"],
    }
    routes = APIRouter(prefix=f"/v1/{kind.plural}", tags=[kind.plural], route_class=KnownRoute)
    path = "/{name}"

    def view(row: Any) -> dict[str, Any]:
        more = {"state": row.state} if kind.name == "request" else {}
        return views.thing(row, **more)

    @routes.post(
        "",
        status_code=201,
        summary=f"Create {kind.plural}",
        openapi_extra=body_of(sent, many=True),
        responses={
            201: answer_of(got, listed, description="Created; a list where a list was sent.")
        },
        operation_id=f"create_{kind.plural}",
    )
    def create(call: Calling, body: Raw) -> Response:
        bodies = some(body)
        if len(bodies) > MOST:
            raise TooLarge(f"At most {MOST} {kind.plural} are taken at once; {len(bodies)} came.")

        def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
            made = [view(row) for row in things.create(tx, kind, bodies)]
            if body.lstrip().startswith(b"["):
                return 201, {"items": made, "next": None}, {}
            where = f"/v1/{kind.plural}/{made[0]['uid']}"
            return 201, made[0], {"Location": where, **views.etag(made[0]["version"])}

        return call.once(body, work)

    @routes.get(
        path,
        summary=f"Read a {kind.name}",
        responses={200: answer_of(got)},
        operation_id=f"read_{kind.name}",
    )
    def read(call: Calling, name: Name) -> Response:
        row = call.read(lambda tx: things.read(tx, kind, name))
        return Answer(view(row), headers=views.etag(row.version))

    @routes.put(
        path,
        summary=f"Change a {kind.name}",
        openapi_extra=body_of(sent),
        responses={200: answer_of(got)},
        operation_id=f"change_{kind.name}",
    )
    def change(call: Calling, name: Name, body: Raw) -> Response:
        given = one(body)

        def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
            row = things.change(tx, kind, name, given, call.version)
            return 200, view(row), views.etag(row.version)

        return call.once(body, work)

    @routes.delete(
        path,
        status_code=204,
        summary=f"Delete a {kind.name}",
        operation_id=f"delete_{kind.name}",
    )
    def delete(call: Calling, name: Name) -> Response:
        call.read(lambda tx: things.remove(tx, kind, name, call.version))
        return Response(status_code=204)

    def pages(call: Calling, page: Paged, filters: dict[str, str | None]) -> Response:
        def work(tx: Any) -> dict[str, Any]:
            rows = things.page(tx, kind, after=page.after, limit=page.limit + 1, filters=filters)
            return page.of(rows, lambda shown: [view(row) for row in shown])

        return Answer(call.read(work))

    told: dict[str, Any] = {
        "summary": f"List {kind.plural}",
        "responses": {200: answer_of(listed, description="A page.")},
        "operation_id": f"list_{kind.plural}",
    }
    if kind.name == "resource":

        @routes.get("", **told)
        def resources(
            call: Calling,
            page: Paged,
            kind_: Annotated[Name | None, Query(alias="kind")] = None,
            location: Annotated[Name | None, Query()] = None,
        ) -> Response:
            return pages(call, page, {"kind": kind_, "location": location})

    elif kind.name == "request":

        @routes.get("", **told)
        def requests(
            call: Calling,
            page: Paged,
            state: Annotated[str | None, Query(pattern="^(requested|scheduled|withdrawn)$")] = None,
        ) -> Response:
            return pages(call, page, {"state": state})

    else:

        @routes.get("", **told)
        def everything(call: Calling, page: Paged) -> Response:
            return pages(call, page, {})

    return routes

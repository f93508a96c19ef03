"""Imports and exports: everything of a kind at once, as JSON, JSON lines or CSV."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from api import views
from api.auth.permissions import demand
from api.bulk import media, reading, writing
from api.bulk.media import Media
from api.bulk.writing import Form
from api.call import Calling, Raw
from api.routes.documents import answer_of
from api.schemas import domain
from api.sign_in import KnownRoute
from api.usecases import claimed, imports, listing, people, things
from api.usecases.claimed import Claimed
from api.usecases.imports import Placed
from api.usecases.things import KINDS, Kind
from api.usecases.tx import Tx

Accept = Annotated[str, Header(max_length=500, include_in_schema=False)]


def router() -> APIRouter:
    """Return the paths; they go before those with names in them."""
    routes = APIRouter(route_class=KnownRoute)
    for kind in KINDS.values():
        _import(
            routes,
            kind.plural,
            f"{kind.action}.write",
            f"New{kind.cls.__name__}",
            partial(reading.things_in, kind),
            partial(imports.bring_in, kind),
        )
        _export(routes, kind.plural, f"New{kind.cls.__name__}", writing.of_kind(kind), _page(kind))
    _import(
        routes, "people", "people.write", "PersonIn", reading.people_in, imports.bring_in_people
    )
    _export(
        routes,
        "people",
        "PersonIn",
        writing.PEOPLE,
        lambda tx, after, limit: people.export(tx, after=after, limit=limit),
    )
    _export(
        routes,
        "bookings",
        "Booking",
        Form(
            name="bookings",
            view=views.booking,
            header=reading.BOOKING_HEADER,
            cells=writing.booking_cells,
        ),
        lambda tx, after, limit: listing.bookings(tx, listing.Asked(), after=after, limit=limit),
    )
    _import(
        routes,
        "bookings",
        "bookings.import",
        "BookingIn",
        reading.bookings_in,
        imports.bring_in_bookings,
    )
    _export(
        routes,
        "claims",
        "Claim",
        Form(
            name="claims",
            view=lambda tx, row: views.claim(row),
            header=writing.CLAIM_HEADER,
            cells=writing.claim_cells,
        ),
        lambda tx, after, limit: claimed.page(tx, Claimed(), after=after, limit=limit),
    )
    return routes


def _page(kind: Kind) -> Callable[[Tx, int, int], Any]:
    """Return what reads a part; resources that are people come and go with the people."""
    return lambda tx, after, limit: things.page(
        tx, kind, after=after, limit=limit, filters={}, people=False
    )


def _import(
    routes: APIRouter,
    plural: str,
    action: str,
    schema: str,
    read: Callable[[bytes, Media], list[Placed]],
    write: Callable[[Tx, list[Placed]], int],
) -> None:
    @routes.post(
        f"/v1/{plural}/import",
        status_code=201,
        tags=[plural],
        summary=f"Import {plural}",
        description="All or none; every fault is told with its row.",
        operation_id=f"import_{plural}",
        responses={201: answer_of("Imported", description="All are written.")},
        openapi_extra={"requestBody": {"required": True, "content": _content(schema)}},
    )
    def bring_in(call: Calling, body: Raw) -> Response:
        demand(call.principal, action)
        rows = read(body, media.sent(call.request.headers.get("content-type", "")))
        return call.once(body, lambda tx: (201, {"imported": write(tx, rows)}, {}))


def _export(
    routes: APIRouter,
    plural: str,
    schema: str,
    form: Form,
    page: Callable[[Tx, int, int], Any],
) -> None:
    @routes.get(
        f"/v1/{plural}/export",
        tags=[plural],
        summary=f"Export {plural}",
        description="Everything that you may read, in the form that `Accept` asks for.",
        operation_id=f"export_{plural}",
        responses={200: {"description": "A stream.", "content": _content(schema)}},
    )
    def export(call: Calling, accept: Accept = "*/*") -> Response:
        return writing.stream(call, media.accepted(accept), form, page)


def _content(schema: str) -> dict[str, Any]:
    listed = {"type": "array", "items": {"$ref": domain.REF + schema}}
    text = {"type": "string"}
    return {
        Media.JSON.value: {"schema": listed},
        Media.LINES.value: {"schema": text},
        Media.CSV.value: {"schema": text},
    }

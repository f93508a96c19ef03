"""From a body to things, each with its row, and with every fault on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.request import ATTENDEE
from allocator.frames.alone import read_alone
from allocator.frames.cells import FILLED, TEXT
from allocator.frames.notation import CellError
from allocator.frames.sheets import broken, close, decode, sheet_from_text
from api.bulk.media import Media
from api.problems import Invalid
from api.schemas.bodies import BookingIn, PersonIn
from api.schemas.documents import parsed
from api.schemas.texts import demand_kept
from api.usecases import things
from api.usecases.imports import Brought, Placed
from api.usecases.rules import faults as told
from api.usecases.things import Kind

#: Columns of people in CSV.
PERSON_COLUMNS = ("id", "name", "email", "phone")
#: Columns of bookings in CSV, a row for each visit.
VISIT = ("occurrence", "step", "session", "start", "end")
BOOKING = ("id", "state", "request", "person", "service", "location")
BOOKING_HEADER = (*BOOKING, "visit", *VISIT, "visit_state", "resources")
#: Those that are read.
IN_VISIT = ("occurrence", "step", "session", "start")
IN_BOOKING = ("state", "request", "service")


def things_in(kind: Kind, body: bytes, media: Media) -> list[Placed]:
    """Read things of a kind.

    Raises
    ------
    Invalid
        With every fault, each with its row.
    """
    if media is Media.CSV:
        faults: list[Fault] = []
        text = decode(body, f"{kind.plural}.csv", faults)
        found = [] if text is None else read_alone(kind.plural, text, faults)
        for place, thing in found:
            faults += things.lengths(kind, _names(thing), place)
        return _demand_none(found, faults)
    rows = _objects(body, media)
    made = things.parse(kind, [row for _, row in rows], [place for place, _ in rows])
    return [(place, thing) for (place, _), thing in zip(rows, made, strict=True)]


def _names(thing: Any) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in ("id", "kind") if hasattr(thing, name)}


def people_in(body: bytes, media: Media) -> list[Placed]:
    """Read people, as dictionaries with what is kept of each.

    Raises
    ------
    Invalid
        With every fault, each with its row.
    """
    faults: list[Fault] = []
    csv = media is Media.CSV
    rows = _table("people", PERSON_COLUMNS, body, faults) if csv else _objects(body, media)
    found: list[Placed] = []
    for place, row in rows:
        try:
            found.append((place, PersonIn.model_validate(row).model_dump()))
        except ValidationError as error:
            faults += [_fault(place, "person", one) for one in error.errors()]
    return _demand_none(found, faults)


def bookings_in(body: bytes, media: Media) -> list[Placed]:
    """Read bookings that were agreed upon elsewhere, as an export has them.

    Raises
    ------
    Invalid
        With every fault, each with its row.
    """
    faults: list[Fault] = []
    rows = _bookings(body, faults) if media is Media.CSV else _objects(body, media)
    found: list[Placed] = []
    for place, row in rows:
        try:
            found.append((place, _brought(BookingIn.model_validate(row))))
        except ValidationError as error:
            faults += [_fault(place, "booking", one) for one in error.errors()]
    return _demand_none(found, faults)


def _brought(given: BookingIn) -> Brought:
    """Return what is brought in; who attends may stand among the resources."""
    visits = [(visit.wanted(), visit) for visit in given.visits]
    attendees = {
        name: None
        for wanted, _ in visits
        for role, names in wanted.resources.items()
        if role.startswith(ATTENDEE)
        for name in names
    }
    _, first = visits[0]
    return Brought(
        request=given.request,
        service="" if first.session else given.service or first.service or "",
        session=first.session,
        attendees=tuple({**dict.fromkeys(given.attendees), **attendees}),
        visits=tuple(
            replace(
                wanted,
                resources={
                    role: names
                    for role, names in wanted.resources.items()
                    if not role.startswith(ATTENDEE)
                },
            )
            for wanted, _ in visits
        ),
    )


def _demand_none(found: list[Placed], faults: Sequence[Fault]) -> list[Placed]:
    if faults:
        raise Invalid(str(faults[0]), faults=told(faults))
    if not found:
        raise Invalid("Nothing was sent; at least 1 row is expected.")
    return found


def _fault(place: str, kind: str, error: Mapping[str, Any]) -> Fault:
    name = ".".join(str(part) for part in error["loc"])
    return Fault(FaultCode.WRONG_TYPE, kind, "", f"{name}: {error['msg']}.", place)


def _objects(body: bytes, media: Media) -> list[tuple[str, dict[str, Any]]]:
    """Return the objects of a JSON list, or of lines of JSON."""
    faults: list[Fault] = []
    found: list[tuple[str, dict[str, Any]]] = []
    for place, row in _lines(body, faults) if media is Media.LINES else _items(body):
        if isinstance(row, dict):
            found.append((place, row))
        else:
            faults.append(broken(place, "An object is expected.", FaultCode.WRONG_TYPE))
    if faults:
        raise Invalid(str(faults[0]), faults=told(faults))
    if not found:
        raise Invalid("Nothing was sent; at least 1 row is expected.")
    return found


def _items(body: bytes) -> Iterator[tuple[str, Any]]:
    given = parsed(body)
    if not isinstance(given, list):
        raise Invalid("A list of objects is expected.")
    for number, item in enumerate(given, 1):
        yield f"row {number}", item


def _lines(body: bytes, faults: list[Fault]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(body.splitlines(), 1):
        if line.strip():
            try:
                row = demand_kept(json.loads(line))
            except (ValueError, RecursionError) as error:
                faults.append(broken(f"row {number}", f"This is not JSON: {error}."))
            else:
                yield f"row {number}", row


def _bookings(body: bytes, faults: list[Fault]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the bookings of a table that has a row for each visit."""
    found: dict[Any, tuple[str, dict[str, Any]]] = {}
    for place, row in _table("bookings", BOOKING_HEADER, body, faults):
        visit = {name: row[name] for name in IN_VISIT if name in row}
        visit |= {"state": row["visit_state"]} if "visit_state" in row else {}
        try:
            visit["resources"] = dict(FILLED.read(row.get("resources", "")))
        except CellError as error:
            faults.append(broken(place, f"resources {error.said}", error.code))
            continue
        own = {name: row[name] for name in IN_BOOKING if name in row}
        _, booking = found.setdefault(row.get("id") or place, (place, {**own, "visits": []}))
        booking["visits"].append(visit)
    yield from found.values()


def _table(
    plural: str, columns: Sequence[str], body: bytes, faults: list[Fault]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a table."""
    source = f"{plural}.csv"
    text = decode(body, source, faults)
    sheet = None if text is None else sheet_from_text(text, source, faults)
    if sheet is None:
        return
    for name in sheet.header:
        if name not in columns:
            said = f"The column {name!r} is unknown{close(name, columns)}"
            faults.append(broken(sheet.source, said, FaultCode.UNKNOWN_NAME))
    for at, row in enumerate(sheet.rows):
        cells = zip(sheet.header, row, strict=True)
        yield sheet.where(at), {name: TEXT.read(cell) for name, cell in cells if cell}

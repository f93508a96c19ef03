"""From a body to things, each with its row, and with every fault on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from allocator.domain.faults import Fault, FaultCode
from allocator.frames.alone import read_alone
from allocator.frames.cells import TEXT
from allocator.frames.sheets import broken, close, decode, sheet_from_text
from api.bulk.media import Media
from api.problems import Invalid
from api.schemas.bodies import PersonIn
from api.schemas.documents import parsed
from api.schemas.texts import demand_kept
from api.usecases import things
from api.usecases.imports import Placed
from api.usecases.rules import faults as told
from api.usecases.things import Kind

#: Columns of people in CSV.
PERSON_COLUMNS = ("id", "name", "email", "phone")


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
    rows = _table(body, faults) if media is Media.CSV else _objects(body, media)
    found: list[Placed] = []
    for place, row in rows:
        try:
            found.append((place, PersonIn.model_validate(row).model_dump()))
        except ValidationError as error:
            faults += [_fault(place, one) for one in error.errors()]
    return _demand_none(found, faults)


def _demand_none(found: list[Placed], faults: Sequence[Fault]) -> list[Placed]:
    if faults:
        raise Invalid(str(faults[0]), faults=told(faults))
    if not found:
        raise Invalid("Nothing was sent; at least 1 row is expected.")
    return found


def _fault(place: str, error: Mapping[str, Any]) -> Fault:
    name = ".".join(str(part) for part in error["loc"])
    return Fault(FaultCode.WRONG_TYPE, "person", "", f"{name}: {error['msg']}.", place)


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


def _table(body: bytes, faults: list[Fault]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a table of people."""
    text = decode(body, "people.csv", faults)
    sheet = None if text is None else sheet_from_text(text, "people.csv", faults)
    if sheet is None:
        return
    for name in sheet.header:
        if name not in PERSON_COLUMNS:
            said = f"The column {name!r} is unknown{close(name, PERSON_COLUMNS)}"
            faults.append(broken(sheet.source, said, FaultCode.UNKNOWN_NAME))
    for at, row in enumerate(sheet.rows):
        cells = zip(sheet.header, row, strict=True)
        yield sheet.where(at), {name: TEXT.read(cell) for name, cell in cells if cell}

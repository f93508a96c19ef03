"""Streams of everything there is, some at a time: no transaction lasts longer than a part."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from allocator.frames.alone import header_alone, rows_alone
from allocator.frames.cells import FILLED, TEXT
from allocator.frames.sheets import write_csv
from api.bulk.media import Media
from api.bulk.reading import BOOKING, PERSON_COLUMNS, VISIT
from api.call import Call
from api.store.world import decoded
from api.usecases.things import Kind
from api.usecases.tx import Tx

#: Things of one part.
PART = 1000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How things are written.

    Attributes
    ----------
    name
        Stem of the file that a browser keeps.
    view
        A row of the database as JSON has it.
    header, cells
        The columns of CSV, and the rows that one thing has.
    """

    name: str
    view: Callable[[Tx, Any], Json]
    header: Sequence[str]
    cells: Callable[[Json], Sequence[Sequence[str]]]


def stream(call: Call, media: Media, form: Form, page: Callable[[Tx, int, int], Any]) -> Response:
    """Answer with everything, part by part.

    The first part is read before anything is sent, so that a refusal is a problem document. Where
    a later one fails, the connection is cut, and whoever reads sees that the end is missing.

    Parameters
    ----------
    page
        Returns so many rows after a number.
    """

    def part(after: int) -> tuple[list[Json], int | None]:
        def work(tx: Tx) -> tuple[list[Json], int | None]:
            rows = page(tx, after, PART)
            return [form.view(tx, row) for row in rows], rows[-1].id if rows else None

        return call.read(work)

    first = part(0)

    def parts() -> Iterator[list[Json]]:
        items, last = first
        while items:
            yield items
            if len(items) < PART or last is None:
                return
            items, last = part(last)

    written = {Media.JSON: _json, Media.LINES: _lines, Media.CSV: _csv}[media](form, parts())
    suffix = {Media.JSON: "json", Media.LINES: "ndjson", Media.CSV: "csv"}[media]
    return StreamingResponse(
        written,
        media_type=media.value,
        headers={"Content-Disposition": f'attachment; filename="{form.name}.{suffix}"'},
    )


def _dumped(item: Json) -> str:
    return json.dumps(item, separators=(",", ":"))


def _json(form: Form, parts: Iterator[list[Json]]) -> Iterator[bytes]:
    yield b"["
    begun = False
    for items in parts:
        yield ((",\n" if begun else "\n") + ",\n".join(map(_dumped, items))).encode()
        begun = True
    yield b"\n]\n"


def _lines(form: Form, parts: Iterator[list[Json]]) -> Iterator[bytes]:
    for items in parts:
        yield "".join(_dumped(item) + "\n" for item in items).encode()


def _csv(form: Form, parts: Iterator[list[Json]]) -> Iterator[bytes]:
    yield write_csv(form.header, [])
    for items in parts:
        rows = [row for item in items for row in form.cells(item)]
        yield write_csv(rows[0], rows[1:]) if rows else b""


def of_kind(kind: Kind) -> Form:
    """Return how things of a kind are written: as an import reads them."""

    def cells(item: Json) -> Sequence[Sequence[str]]:
        ref = item["id"]
        return list(rows_alone(kind.plural, [decoded(kind.cls, item, ref)]))

    return Form(
        name=kind.plural,
        view=lambda tx, row: {"id": row.ref, **row.spec},
        header=header_alone(kind.plural),
        cells=cells,
    )


def _text(value: str | None) -> str:
    return "" if value is None else TEXT.write(value, UTC)


PEOPLE = Form(
    name="people",
    view=lambda tx, row: {
        "id": row.ref,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "resource": row.spec,
    },
    header=PERSON_COLUMNS,
    cells=lambda item: [[_text(item[name]) for name in PERSON_COLUMNS]],
)

CLAIM_HEADER = (
    "id",
    "resource",
    "role",
    "lane",
    "state",
    "start",
    "end",
    "expires_at",
    "visit",
    "booking",
    "session",
)


def claim_cells(item: Json) -> Sequence[Sequence[str]]:
    """Return the row of a claim."""
    return [[_text(None if item[n] is None else str(item[n])) for n in CLAIM_HEADER]]


def booking_cells(item: Json) -> Sequence[Sequence[str]]:
    """Return the rows of a booking: one for each visit."""
    own = [_text(item[name]) for name in BOOKING]
    return [
        [
            *own,
            visit["id"],
            *(_text(None if visit[name] is None else str(visit[name])) for name in VISIT),
            visit["state"],
            FILLED.write(tuple((r, tuple(n)) for r, n in sorted(visit["resources"].items())), UTC),
        ]
        for visit in item["visits"]
    ]

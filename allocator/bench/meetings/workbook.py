"""The example's workbooks as published: an instance from an ``.xlsx`` file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from allocator.bench.meetings.instance import Instance, Meeting

GRAIN, LUNCH = 15, 60

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
#: How a workbook names the file of a sheet.
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
LINKS = "{http://schemas.openxmlformats.org/package/2006/relationships}"

Row = Mapping[str, str]


def read_workbook(path: Path) -> Instance:
    """Read an instance from a workbook.

    Raises
    ------
    KeyError, ValueError, zipfile.BadZipFile, xml.etree.ElementTree.ParseError
        When the file has another form.
    """
    with zipfile.ZipFile(path) as book:
        sheets = _sheets(book)
        strings = ["".join(one.itertext()) for one in _root(book, "xl/sharedStrings.xml")]
        days, rooms, persons, meetings = (
            list(_rows(_root(book, sheets[name]), strings))
            for name in ("Days", "Rooms", "Persons", "Meetings")
        )
    numbers = {row["Full name"]: number for number, row in enumerate(persons)}

    def attending(row: Row, what: str) -> tuple[int, ...]:
        names = row.get(f"{what} attendance list", "").split(", ")
        return tuple(numbers[name] for name in names if name)

    return Instance(
        name=path.stem,
        day_of=tuple(day for day, row in enumerate(days) for _ in range(_grains(row))),
        rooms=tuple(int(float(row["Capacity"])) for row in rooms),
        persons=len(persons),
        meetings=tuple(
            Meeting(
                row["Topic"],
                int(float(row["Duration"])) // GRAIN,
                attending(row, "Required"),
                attending(row, "Preferred"),
            )
            for row in meetings
        ),
    )


def _grains(row: Row) -> int:
    """Return how many grains a day has: those that start in the lunch hour are left out."""
    start, end, lunch = (_minute(row[what]) for what in ("Start", "End", "Lunch hour start time"))
    return sum(not lunch <= minute < lunch + LUNCH for minute in range(start, end, GRAIN))


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return 60 * int(hours) + int(minutes)


def _root(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(name))


def _sheets(book: zipfile.ZipFile) -> dict[str, str]:
    """Return the file of each sheet by its name."""
    links = _root(book, "xl/_rels/workbook.xml.rels").iter(f"{LINKS}Relationship")
    targets = {link.get("Id", ""): f"xl/{link.get('Target')}" for link in links}
    sheets = _root(book, "xl/workbook.xml").iter(f"{MAIN}sheet")
    return {sheet.get("name", ""): targets[sheet.get(LINK, "")] for sheet in sheets}


def _rows(sheet: ElementTree.Element, strings: list[str]) -> Iterator[Row]:
    """Yield the rows below the first, by what stands in that."""
    head: dict[str, str] = {}
    for row in sheet.iter(f"{MAIN}row"):
        cells = {}
        for cell in row.iter(f"{MAIN}c"):
            value = cell.findtext(f"{MAIN}v", "")
            text = strings[int(value)] if cell.get("t") == "s" else value
            cells[cell.get("r", "").rstrip("0123456789")] = text
        if not head:
            head = cells
        elif any(cells.values()):
            yield {head.get(column, ""): text for column, text in cells.items()}

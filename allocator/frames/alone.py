"""One table by itself: the columns of a folder's file, without the folder round it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.frames.assemble import Assembly
from allocator.frames.columns import Table, defaults
from allocator.frames.flatten import cell_text, own_rows
from allocator.frames.sheets import Sheet, broken, sheet_from_text
from allocator.frames.tables import BY_NAME
from allocator.goals import GOALS
from allocator.rules import RULES

#: The last column: fields that an object has and its row cannot hold, for want of other tables.
LEFT_OUT = "left_out"


def read_alone(name: str, text: str, faults: list[Fault]) -> list[tuple[str, Any]]:
    """Read the objects of one table from CSV, each with where it stands.

    Parameters
    ----------
    name
        Name of a table that has no parent, such as ``requests``.
    text
        Its file.
    faults
        Gets every fault, with its row; what is returned counts only where there is none.
    """
    table = BY_NAME[name]
    sheet = sheet_from_text(text, table.file, faults)
    if sheet is None:
        return []
    sheet = _without_left_out(sheet, faults)
    assembly = Assembly(table.file, (RULES, GOALS))
    made = assembly.alone(table, sheet)
    faults += assembly.faults
    return [] if faults else [(sheet.where(at), item) for at, item in enumerate(made)]


def _without_left_out(sheet: Sheet, faults: list[Fault]) -> Sheet:
    """Refuse rows that lack something, and drop the column that says so."""
    if LEFT_OUT not in sheet.header:
        return sheet
    at = sheet.header.index(LEFT_OUT)
    for number, row in enumerate(sheet.rows):
        if row[at]:
            message = f"The row has no room for: {row[at]}; bring it in as JSON."
            faults.append(broken(sheet.where(number), message, FaultCode.MISSING))
    header = [*sheet.header[:at], *sheet.header[at + 1 :]]
    rows = [[*row[:at], *row[at + 1 :]] for row in sheet.rows]
    return Sheet(sheet.source, header, rows, sheet.numbers)


def header_alone(name: str) -> list[str]:
    """Return the header of a table by itself."""
    return [*(column.name for column in BY_NAME[name].columns), LEFT_OUT]


def rows_alone(name: str, items: Iterable[Any]) -> Iterator[list[str]]:
    """Yield a row for each object, as CSV has it; instants are in UTC.

    Parameters
    ----------
    name
        Name of a table that has no parent, and whose rows gather nothing.
    """
    table = BY_NAME[name]
    for item in items:
        (row,) = own_rows(table, item)
        cells = [cell_text(table, c, row.get(c.name), UTC) for c in table.columns]
        yield [*cells, ";".join(_left_out(table, item))]


def _left_out(table: Table, item: Any) -> list[str]:
    """Return the fields of an object that its own row has no room for."""
    covered = {column.target.partition(".")[0] for column in table.columns}
    elsewhere = [
        name
        for name, default in defaults(table.makes).items()
        if name not in covered and getattr(item, name) != default
    ]
    too_long = [
        form.field for form in table.inline if form.write(getattr(item, form.field)) is None
    ]
    return sorted([*elsewhere, *too_long])


def frame_alone(name: str, items: Iterable[Any]) -> pd.DataFrame:
    """Return objects as a data frame, with the columns of their file as text.

    Parameters
    ----------
    name
        Name of a table that has no parent, and whose rows gather nothing.
    """
    return pd.DataFrame(list(rows_alone(name, items)), columns=header_alone(name), dtype="str")


def things_of_frame(name: str, frame: pd.DataFrame) -> list[Any]:
    """Return the objects of a data frame with the columns of one table.

    Raises
    ------
    InvalidProblem
        With every fault, and its row.
    """
    faults: list[Fault] = []
    found = read_alone(name, frame.to_csv(index=False), faults)
    if faults:
        raise InvalidProblem(faults)
    return [item for _, item in found]

"""Sheets: cells with their file and row, out of CSV or a DataFrame."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allocator.domain.faults import Fault, FaultCode

MAX_BYTES = 500_000_000
MAX_ROWS = 1_000_000


@dataclass(slots=True)
class Sheet:
    """Cells of one table; an empty cell is ``""``.

    Attributes
    ----------
    source
        What messages call it: a file's name, or the frame's.
    header
        Names of the columns; ``""`` where one has none.
    rows
        Cells without outer spaces, as many in each row as in the header.
    numbers
        Each row's number, as a spreadsheet shows it (a frame's: its index label).
    row_of
        Rows of single columns, where a table was turned on its side.
    """

    source: str
    header: list[str]
    rows: list[list[Any]]
    numbers: Sequence[object]
    row_of: Mapping[str, object] = field(default_factory=dict)

    def where(self, row: int, column: str = "") -> str:
        """Say where a cell or a row stands."""
        number = self.row_of.get(column, self.numbers[row])
        return f"{self.source} row {number}" if number != "" else self.source


def broken(where: str, message: str, code: FaultCode = FaultCode.BROKEN_FILE) -> Fault:
    """Make a fault of a file rather than of an object."""
    return Fault(code, "file", "", message, where)


def close(name: str, known: Sequence[str] | Iterator[str]) -> str:
    """Suggest a known name, as the end of a sentence."""
    words = list(known)
    found = get_close_matches(name, words, n=1, cutoff=0.6) or [
        word for word in words if word.startswith(name) and name
    ]
    return f"; did you mean {found[0]}?" if found else "."


def read_bytes(path: Path, faults: list[Fault]) -> bytes | None:
    """Read a file whole, unless it is too large or cannot be read."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            faults.append(
                broken(
                    path.name,
                    f"The file has {size} bytes; at most {MAX_BYTES} are read.",
                    FaultCode.TOO_LARGE,
                )
            )
            return None
        return path.read_bytes()
    except OSError as error:
        faults.append(broken(path.name, f"The file cannot be read: {error.strerror}."))
        return None


def decode(data: bytes, source: str, faults: list[Fault]) -> str | None:
    """Turn bytes into text; a byte order mark is dropped."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        faults.append(
            broken(
                f"{source} row {row}",
                f"The byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8.",
            )
        )
        return None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        faults.append(
            broken(f"{source} row {row}", "There is a null character: save the file as UTF-8.")
        )
        return None
    return text


def sheet_from_csv(path: Path, faults: list[Fault]) -> Sheet | None:
    """Read one CSV file; None where nothing can be made of it."""
    data = read_bytes(path, faults)
    text = None if data is None else decode(data, path.name, faults)
    if text is None:
        return None
    return sheet_from_text(text, path.name, faults)


def sheet_from_text(text: str, source: str, faults: list[Fault]) -> Sheet | None:
    """Read the text of a CSV file; None where nothing can be made of it."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    lines: list[list[Any]] = []
    numbers: list[int] = []
    number = 0
    try:
        for number, line in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
        ):
            cells = [cell.strip() for cell in line]
            if any(cells):
                lines.append(cells)
                numbers.append(number)
            if number > MAX_ROWS:
                faults.append(
                    broken(source, f"It has more than {MAX_ROWS} rows.", FaultCode.TOO_LARGE)
                )
                return None
    except csv.Error as error:
        faults.append(
            broken(f"{source} row {number + 1}", f"The row cannot be read: {_quoting(error)}.")
        )
        return None
    if not lines:
        faults.append(broken(source, "The file is empty; its first row names its columns."))
        return None
    return _squared(Sheet(source, lines[0], lines[1:], numbers[1:]), numbers[0], faults)


def _quoting(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quotation mark is not closed"
    if "expected after" in text:
        return "a quotation mark ends before the cell does"
    if "field larger" in text:
        return f"a cell has more than {csv.field_size_limit()} characters"
    return text


def _squared(sheet: Sheet, header_row: int, faults: list[Fault]) -> Sheet:
    """Give each row as many cells as the header has."""
    width = len(sheet.header)
    where = f"{sheet.source} row {header_row}"
    seen: set[str] = set()
    for name in sheet.header:
        if name and name in seen:
            faults.append(broken(where, f"The column {name} stands twice.", FaultCode.DUPLICATE))
        seen.add(name)
    for index, row in enumerate(sheet.rows):
        if len(row) < width:
            row.extend([""] * (width - len(row)))
        elif len(row) > width:
            if any(row[width:]):
                faults.append(
                    broken(
                        sheet.where(index),
                        f"The row has {len(row)} cells; the header has {width}.",
                    )
                )
            del row[width:]
    for at, name in enumerate(sheet.header):
        if not name:
            filled = next((i for i, row in enumerate(sheet.rows) if row[at] != ""), None)
            if filled is not None:
                faults.append(
                    broken(
                        sheet.where(filled),
                        f"Cell {at + 1} is {sheet.rows[filled][at]!r}; its column has no name.",
                    )
                )
    return sheet


def sheet_from_frame(
    name: str, frame: pd.DataFrame, faults: list[Fault], strip: bool = True
) -> Sheet:
    """Take the cells out of a DataFrame; NaN, NaT and None are empty."""
    columns: list[list[Any]] = []
    header = [str(c).strip() if strip else str(c) for c in frame.columns]
    for at in range(frame.shape[1]):
        series = frame.iloc[:, at]
        missing = series.isna().to_numpy()
        values = series.astype(object).tolist()
        columns.append(
            [
                ""
                if gone
                else value.strip()
                if isinstance(value, str) and strip
                else value.item()
                if isinstance(value, np.generic)
                else value.tolist()
                if isinstance(value, np.ndarray)
                else value
                for gone, value in zip(missing, values, strict=True)
            ]
        )
    labels = frame.index.tolist()
    rows = [list(row) for row in zip(*columns, strict=True)]
    kept = [i for i, row in enumerate(rows) if any(_filled(cell) for cell in row)]
    sheet = Sheet(f"frame {name}", header, [rows[i] for i in kept], [labels[i] for i in kept])
    where = f"frame {name}"
    for column in sorted({c for c in header if header.count(c) > 1}):
        faults.append(broken(where, f"The column {column} stands twice.", FaultCode.DUPLICATE))
    return sheet


def _filled(cell: object) -> bool:
    return not (isinstance(cell, str) and cell == "")


def write_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Write cells as CSV: UTF-8, commas, one row a line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()

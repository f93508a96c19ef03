"""Tables that stand on their side: a row for each key."""

from __future__ import annotations

from typing import Any

from allocator.domain.faults import Fault, FaultCode
from allocator.frames.sheets import Sheet, broken, close


def turned(sheet: Sheet, faults: list[Fault]) -> Sheet:
    """Turn a table of keys and values on its side: one row, a column for each key."""
    missing = [name for name in ("key", "value") if name not in sheet.header]
    unknown = [name for name in sheet.header if name and name not in ("key", "value")]
    for name in missing:
        faults.append(broken(sheet.source, f"The column {name} is missing.", FaultCode.MISSING))
    for name in unknown:
        faults.append(
            broken(
                sheet.source,
                f"The column {name!r} is unknown{close(name, ['key', 'value'])}",
                FaultCode.UNKNOWN_NAME,
            )
        )
    if missing:
        return Sheet(sheet.source, [], [], [])
    key, value = sheet.header.index("key"), sheet.header.index("value")
    cells: dict[str, Any] = {}
    row_of: dict[str, object] = {}
    for index, row in enumerate(sheet.rows):
        name = str(row[key])
        if name in cells:
            faults.append(
                broken(
                    sheet.where(index),
                    f"The key {name} stands in row {row_of[name]} already.",
                    FaultCode.DUPLICATE,
                )
            )
            continue
        cells[name] = row[value]
        row_of[name] = sheet.numbers[index]
    return Sheet(sheet.source, list(cells), [list(cells.values())], [""], row_of)

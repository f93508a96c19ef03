"""Cells: how one value is written in a table, and how it is read back.

The same notation serves CSV and DataFrames; a DataFrame may hold native values instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import Enum
from typing import Any

from allocator.domain.calendar import wall
from allocator.domain.faults import FaultCode
from allocator.domain.time import write_instant
from allocator.frames.cell_times import (
    read_date,
    read_hours,
    read_instant,
    read_wall,
    read_weekdays,
    write_hours,
    write_weekdays,
)
from allocator.frames.notation import (
    CellError,
    expected,
    read_list,
    read_pairs,
    read_text,
    shown,
    write_element,
    write_text,
)

LARGEST = 10**9

_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(?:\.0+)?")
_YES = frozenset(("yes", "true", "1", "y"))
_NO = frozenset(("no", "false", "0", "n"))


@dataclass(frozen=True, slots=True)
class CellType:
    """How one kind of value is written.

    Attributes
    ----------
    name
        What the documentation calls it.
    meaning
        How it is written, in one sentence.
    example
        One cell.
    read
        Turns a cell (text without outer spaces, or a native value) into a value.
    write
        Turns a value that is neither None nor empty into text.
    dtype
        Type of its column in a DataFrame.
    stand_in
        A value that takes the place of one that cannot be read, so that reading goes on.
    """

    name: str
    meaning: str
    example: str
    read: Callable[[Any], Any]
    write: Callable[[Any, tzinfo], str]
    dtype: str = "str"
    stand_in: Any = ""


def _write_list(items: Iterable[str], zone: tzinfo) -> str:
    return ";".join(write_element(item) for item in items)


def _write_names(items: Iterable[str], zone: tzinfo) -> str:
    return ";".join(write_element(item) for item in sorted(items))


def read_integer(cell: Any) -> int:
    """Read a whole number."""
    if isinstance(cell, str):
        match = _INTEGER.fullmatch(cell)
        if match is None:
            if re.fullmatch(r"[+-]?[0-9]{19,}", cell):
                raise CellError(
                    f"is {shown(cell)}; at most {LARGEST} is possible", FaultCode.WRONG_NUMBER
                )
            raise expected(cell, "a whole number")
        number = int(match[1])
    elif isinstance(cell, int) and not isinstance(cell, bool):
        number = cell
    elif isinstance(cell, float) and cell.is_integer():
        number = int(cell)
    else:
        raise expected(cell, "a whole number")
    if abs(number) > LARGEST:
        raise CellError(f"is {number}; at most {LARGEST} is possible", FaultCode.WRONG_NUMBER)
    return number


def read_flag(cell: Any) -> bool:
    """Read yes or no."""
    if isinstance(cell, bool):
        return cell
    text = str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        text = str(int(cell))
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise expected(cell, "yes or no")


def _read_numbers(cell: Any) -> frozenset[int]:
    if isinstance(cell, str):
        return frozenset(read_integer(part) for part in read_list(cell))
    items = cell if isinstance(cell, list | tuple | set | frozenset) else (cell,)
    return frozenset(read_integer(item) for item in items)


def _write_numbers(numbers: frozenset[int], zone: tzinfo) -> str:
    return ";".join(str(number) for number in sorted(numbers))


def _read_roles(cell: Any) -> tuple[tuple[str, str], ...]:
    found = read_pairs(cell)
    if any(len(values) != 1 for _, values in found):
        raise expected(cell, "one resource for each role, as in practitioner=T1;room=A")
    return tuple((role, values[0]) for role, values in found)


def _write_roles(pairs: tuple[tuple[str, str], ...], zone: tzinfo) -> str:
    return ";".join(f"{write_element(role)}={write_element(id)}" for role, id in pairs)


def _read_filled(cell: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((role, tuple(ids)) for role, ids in read_pairs(cell))


def _write_filled(pairs: tuple[tuple[str, tuple[str, ...]], ...], zone: tzinfo) -> str:
    return ";".join(
        f"{write_element(role)}={','.join(write_element(id) for id in ids)}" for role, ids in pairs
    )


def _read_amounts(cell: Any) -> tuple[tuple[str, int], ...]:
    return tuple((name, read_integer(number)) for name, number in _read_roles(cell))


def _write_amounts(pairs: tuple[tuple[str, int], ...], zone: tzinfo) -> str:
    return ";".join(f"{write_element(name)}={number}" for name, number in pairs)


def _read_prices(cell: Any) -> tuple[tuple[int, int], ...]:
    return tuple((read_integer(share), price) for share, price in _read_amounts(cell))


def _write_prices(pairs: tuple[tuple[int, int], ...], zone: tzinfo) -> str:
    return ";".join(f"{share}={price}" for share, price in pairs)


def choice(name: str, options: type[Enum] | tuple[str, ...]) -> CellType:
    """Make the type of a cell that holds one of a few words."""
    values: dict[str, Any] = (
        {word: word for word in options}
        if isinstance(options, tuple)
        else {str(member.value): member for member in options}
    )
    words = " or ".join(values)

    def read(cell: Any) -> Any:
        if isinstance(cell, Enum) and cell in values.values():
            return cell
        if isinstance(cell, str) and cell.lower() in values:
            return values[cell.lower()]
        raise expected(cell, words)

    def write(value: Any, zone: tzinfo) -> str:
        return str(value.value) if isinstance(value, Enum) else str(value)

    first, stand_in = next(iter(values.items()))
    return CellType(name, f"One of: {', '.join(values)}.", first, read, write, "str", stand_in)


TEXT = CellType(
    "text",
    "Text; quoted like a JSON string where it starts with one of = + - @ or has spaces round it.",
    "Anna",
    read_text,
    write_text,
)
INTEGER = CellType(
    "number", "A whole number.", "15", read_integer, lambda n, zone: str(n), "Int64", 1
)
FLAG = CellType(
    "yes or no",
    "yes, true or 1; no, false or 0.",
    "yes",
    read_flag,
    lambda flag, zone: "yes" if flag else "no",
    "boolean",
    False,
)
DATE = CellType(
    "date",
    "A local date, year first.",
    "2026-03-02",
    read_date,
    lambda day, zone: day.isoformat(),
    "datetime64[us]",
    date(2000, 1, 1),
)
INSTANT = CellType(
    "time",
    "A date and a time with the offset from UTC.",
    "2026-03-02T09:00+01:00",
    read_instant,
    write_instant,
    "datetime64[us, UTC]",
    datetime(2000, 1, 1, tzinfo=UTC),
)
WALL = CellType(
    "wall time",
    "Hours and minutes on the local clock, 00:00 to 24:00.",
    "08:30",
    read_wall,
    lambda minute, zone: wall(minute),
    stand_in=0,
)
HOURS = CellType(
    "hours",
    "Wall times from and to, several with semicolons.",
    "08:00-12:00;13:00-17:00",
    read_hours,
    write_hours,
    stand_in=(),
)
WEEKDAYS_CELL = CellType(
    "weekdays",
    "mon tue wed thu fri sat sun, as a range or with semicolons.",
    "mon-fri",
    read_weekdays,
    write_weekdays,
    stand_in=frozenset(range(7)),
)
LIST = CellType(
    "list",
    "Names in order, with semicolons; none is the empty list.",
    "R1;R2",
    read_list,
    _write_list,
    stand_in=(),
)
NAMES = CellType(
    "names",
    "Names in any order, with semicolons; none is the empty set.",
    "hand;neuro",
    lambda cell: frozenset(read_list(cell)),
    _write_names,
    stand_in=frozenset(),
)
NUMBERS = CellType(
    "numbers",
    "Whole numbers in any order, with semicolons.",
    "1;3",
    _read_numbers,
    _write_numbers,
    stand_in=frozenset(),
)
ROLES = CellType(
    "resources by role",
    "A role and a resource, several with semicolons.",
    "practitioner=T1;room=A",
    _read_roles,
    _write_roles,
    stand_in=(),
)
FILLED = CellType(
    "roles filled",
    "A role and the resources that fill it; resources with commas, roles with semicolons.",
    "practitioner=T1;room=A,B",
    _read_filled,
    _write_filled,
    stand_in=(),
)
AMOUNTS = CellType(
    "amounts",
    "A name and a whole number, several with semicolons.",
    "opening_hours=12;attendees=0",
    _read_amounts,
    _write_amounts,
    stand_in=(),
)
PRICES = CellType(
    "steps of a price",
    "A percentage and a price, several with semicolons.",
    "60=1;85=2",
    _read_prices,
    _write_prices,
    stand_in=(),
)

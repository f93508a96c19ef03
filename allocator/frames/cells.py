"""Cells: how one value is written in a table, and how it is read back.

The same notation serves CSV and DataFrames; a DataFrame may hold native values instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import Enum
from typing import Any

from allocator.domain.calendar import WEEKDAYS, DailySpan, wall
from allocator.domain.faults import FaultCode
from allocator.domain.time import write_instant

LARGEST = 10**9
NONE = "none"

_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(?:\.0+)?")
_WALL = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?")
_DATE_LIKE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RISKY = re.compile(r'^["=+\-@]|[\x00-\x1f\x7f\ud800-\udfff]')
_LONE = re.compile(r"[\ud800-\udfff]")
_DECODER = json.JSONDecoder()
_YES = frozenset(("yes", "true", "1", "y"))
_NO = frozenset(("no", "false", "0", "n"))
_DAYS = {name: number for number, name in enumerate(WEEKDAYS)} | {
    name: number
    for number, name in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    )
}


class CellError(Exception):
    """A cell that cannot be read; ``said`` goes on after the name of its column."""

    def __init__(self, said: str, code: FaultCode = FaultCode.WRONG_TYPE) -> None:
        super().__init__(said)
        self.said = said
        self.code = code


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


def shown(cell: object) -> str:
    """Quote a cell for a message, shortened where it is long."""
    text = repr(cell) if isinstance(cell, str) else str(cell)
    return text if len(text) <= 60 else text[:57] + "..."


def expected(cell: object, what: str, verb: str = "is") -> CellError:
    """Say what should stand in place of a cell."""
    return CellError(f"is {shown(cell)}; {what} {verb} expected")


def quoted(text: str) -> str:
    """Write text as a JSON string."""
    return json.dumps(text, ensure_ascii=_LONE.search(text) is not None)


def write_text(text: str, zone: tzinfo | None = None) -> str:
    """Write text; quoted where a spreadsheet would take it for a formula, or trim it."""
    return quoted(text) if _RISKY.search(text) or text != text.strip() else text


def read_text(cell: Any) -> str:
    """Read text; one that is a whole JSON string is what that string says."""
    if isinstance(cell, str):
        if cell.startswith('"'):
            try:
                value = json.loads(cell)
            except ValueError:
                return cell
            return value if isinstance(value, str) else cell
        return cell
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    raise expected(cell, "text")


def _write_element(text: str) -> str:
    if not text or text == NONE or any(mark in text for mark in ';=,"'):
        return quoted(text)
    return write_text(text)


def _tokens(cell: str, marks: str) -> list[tuple[bool, str]]:
    """Cut a cell into pieces (False, text) and separators (True, mark)."""
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(cell):
        if cell[at].isspace():
            at += 1
        elif cell[at] in marks:
            found.append((True, cell[at]))
            at += 1
        elif cell[at] == '"':
            try:
                text, at = _DECODER.raw_decode(cell, at)
            except ValueError as error:
                raise CellError(f"is {shown(cell)}; a quotation mark is not closed") from error
            found.append((False, text))
        else:
            end = at
            while end < len(cell) and cell[end] not in marks:
                end += 1
            found.append((False, cell[at:end].strip()))
            at = end
    return found


def read_list(cell: Any) -> tuple[str, ...]:
    """Read a list of names."""
    if isinstance(cell, str):
        if cell == NONE:
            return ()
        if '"' not in cell:
            return tuple(part for part in map(str.strip, cell.split(";")) if part)
        found = []
        separated = True
        for is_mark, text in _tokens(cell, ";"):
            if not is_mark and not separated:
                raise expected(cell, "a list such as a;b")
            if not is_mark:
                found.append(text)
            separated = is_mark
        return tuple(found)
    if isinstance(cell, list | tuple | set | frozenset):
        items = sorted(cell) if isinstance(cell, set | frozenset) else cell
        return tuple(item if isinstance(item, str) else read_text(item) for item in items)
    return (read_text(cell),)


def _read_pairs(cell: Any) -> list[tuple[str, list[str]]]:
    """Read ``a=x,y;b=z``."""
    if not isinstance(cell, str):
        raise expected(cell, "text such as a=x;b=y")
    if cell == NONE:
        return []
    found: list[tuple[str, list[str]]] = []
    name: str | None = None
    values: list[str] = []
    seen_equals = fresh = False
    for is_mark, text in [*_tokens(cell, ";=,"), (True, ";")]:
        if is_mark and text == ";":
            if name is not None:
                if not seen_equals:
                    raise expected(cell, "text such as a=x;b=y")
                found.append((name, values))
            name, values, seen_equals, fresh = None, [], False, False
        elif is_mark and text == "=":
            if name is None or seen_equals:
                raise expected(cell, "text such as a=x;b=y")
            seen_equals = fresh = True
        elif is_mark:
            if not seen_equals or fresh:
                raise expected(cell, "text such as a=x;b=y")
            fresh = True
        elif name is None:
            name = text
        elif seen_equals and fresh:
            values.append(text)
            fresh = False
        else:
            raise expected(cell, "text such as a=x;b=y")
    return found


def _write_list(items: Iterable[str], zone: tzinfo) -> str:
    return ";".join(_write_element(item) for item in items)


def _write_names(items: Iterable[str], zone: tzinfo) -> str:
    return ";".join(_write_element(item) for item in sorted(items))


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


def _impossible(cell: str) -> CellError | None:
    if _DATE_LIKE.match(cell):
        try:
            date.fromisoformat(cell[:10])
        except ValueError:
            return CellError(f"is {cell}, a date that does not exist")
    return None


def read_date(cell: Any) -> date:
    """Read a local date."""
    if isinstance(cell, str):
        try:
            return date.fromisoformat(cell)
        except ValueError:
            raise _impossible(cell) or expected(cell, "a date such as 2026-03-02") from None
    if isinstance(cell, datetime):
        if cell.time() == time():
            return cell.date()
    elif isinstance(cell, date):
        return cell
    raise expected(cell, "a date such as 2026-03-02")


def read_instant(cell: Any) -> datetime:
    """Read an instant, which names its offset, into UTC."""
    if isinstance(cell, str):
        try:
            instant = datetime.fromisoformat(cell)
        except ValueError:
            what = "a time such as 2026-03-02T09:00+01:00"
            raise _impossible(cell) or expected(cell, what) from None
    elif isinstance(cell, datetime):
        instant = cell
        if getattr(cell, "nanosecond", 0):
            raise expected(cell, "a time in whole microseconds")
    else:
        raise expected(cell, "a time such as 2026-03-02T09:00+01:00")
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise CellError(f"is {cell}, which has no zone or offset", FaultCode.NAIVE_TIME)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise expected(cell, "a time between the years 1 and 9999") from None


def read_wall(cell: Any) -> int:
    """Read a wall time as minutes after midnight."""
    if isinstance(cell, time):
        cell = cell.isoformat()
    if isinstance(cell, str):
        match = _WALL.fullmatch(cell)
        if match:
            hours, minutes = int(match[1]), int(match[2])
            if minutes < 60 and hours * 60 + minutes <= 1440:
                return hours * 60 + minutes
    raise expected(cell, "a wall time from 00:00 to 24:00")


def read_hours(cell: Any) -> tuple[DailySpan, ...]:
    """Read wall times such as ``08:00-12:00;13:00-17:00``."""
    found = []
    for part in read_list(cell):
        ends = [end.strip() for end in re.split("[-–]", part)]
        if len(ends) != 2:
            raise expected(cell, "hours such as 08:00-12:00;13:00-17:00", "are")
        found.append(DailySpan(start_minute=read_wall(ends[0]), end_minute=read_wall(ends[1])))
    return tuple(found)


def _write_hours(hours: tuple[DailySpan, ...], zone: tzinfo) -> str:
    return ";".join(f"{wall(span.start_minute)}-{wall(span.end_minute)}" for span in hours)


def read_weekdays(cell: Any) -> frozenset[int]:
    """Read weekdays such as ``mon-fri`` or ``mon;wed``."""
    if not isinstance(cell, str):
        cell = ";".join(read_list(cell))
    found: set[int] = set()
    if cell.lower() == NONE:
        return frozenset()
    for part in re.split("[;,]", cell.lower()):
        ends = [end.strip() for end in re.split("[-–]", part)]
        if ends == [""]:
            continue
        if len(ends) > 2 or any(end not in _DAYS for end in ends):
            raise expected(cell, "weekdays such as mon-fri or mon;wed", "are")
        first, last = _DAYS[ends[0]], _DAYS[ends[-1]]
        found |= {day % 7 for day in range(first, (last if last >= first else last + 7) + 1)}
    return frozenset(found)


def _write_weekdays(days: frozenset[int], zone: tzinfo) -> str:
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ";".join(
        f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}"
        if len(run) > 2
        else ";".join(WEEKDAYS[day] for day in run)
        for run in runs
    )


def _read_numbers(cell: Any) -> frozenset[int]:
    if isinstance(cell, str):
        return frozenset(read_integer(part) for part in read_list(cell))
    items = cell if isinstance(cell, list | tuple | set | frozenset) else (cell,)
    return frozenset(read_integer(item) for item in items)


def _write_numbers(numbers: frozenset[int], zone: tzinfo) -> str:
    return ";".join(str(number) for number in sorted(numbers))


def _read_roles(cell: Any) -> tuple[tuple[str, str], ...]:
    found = _read_pairs(cell)
    if any(len(values) != 1 for _, values in found):
        raise expected(cell, "one resource for each role, as in practitioner=T1;room=A")
    return tuple((role, values[0]) for role, values in found)


def _write_roles(pairs: tuple[tuple[str, str], ...], zone: tzinfo) -> str:
    return ";".join(f"{_write_element(role)}={_write_element(id)}" for role, id in pairs)


def _read_filled(cell: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((role, tuple(ids)) for role, ids in _read_pairs(cell))


def _write_filled(pairs: tuple[tuple[str, tuple[str, ...]], ...], zone: tzinfo) -> str:
    return ";".join(
        f"{_write_element(role)}={','.join(_write_element(id) for id in ids)}"
        for role, ids in pairs
    )


def _read_amounts(cell: Any) -> tuple[tuple[str, int], ...]:
    return tuple((name, read_integer(number)) for name, number in _read_roles(cell))


def _write_amounts(pairs: tuple[tuple[str, int], ...], zone: tzinfo) -> str:
    return ";".join(f"{_write_element(name)}={number}" for name, number in pairs)


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
    _write_hours,
    stand_in=(),
)
WEEKDAYS_CELL = CellType(
    "weekdays",
    "mon tue wed thu fri sat sun, as a range or with semicolons.",
    "mon-fri",
    read_weekdays,
    _write_weekdays,
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

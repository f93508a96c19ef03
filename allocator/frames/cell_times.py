"""Times in a cell: dates, instants, hours and weekdays."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from allocator.domain.calendar import WEEKDAYS, DailySpan, wall
from allocator.domain.faults import FaultCode
from allocator.frames.notation import NONE, CellError, expected, read_list

_WALL = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?")
_DATE_LIKE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = {name: number for number, name in enumerate(WEEKDAYS)} | {
    name: number
    for number, name in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    )
}


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


def write_hours(hours: tuple[DailySpan, ...], zone: tzinfo) -> str:
    """Write wall times from and to."""
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


def write_weekdays(days: frozenset[int], zone: tzinfo) -> str:
    """Write weekdays, those in a row as a range."""
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


def _impossible(cell: str) -> CellError | None:
    """Return what to say of a date that does not exist; None for what is no such date."""
    if _DATE_LIKE.match(cell):
        try:
            date.fromisoformat(cell[:10])
        except ValueError:
            return CellError(f"is {cell}, a date that does not exist")
    return None

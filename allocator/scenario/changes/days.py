"""Days and hours that a change speaks of, and how it says them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from allocator.domain.calendar import WEEKDAYS, wall
from allocator.domain.faults import FaultCode
from allocator.domain.time import MINUTES_PER_DAY, Horizon
from allocator.scenario.changes.change import refuse


def dates(
    horizon: Horizon, weekdays: frozenset[int], first: date | None, last: date | None
) -> Iterator[date]:
    """Yield the dates of a horizon on these weekdays, between two dates (inclusive)."""
    for number in range(horizon.days):
        day = horizon.first + timedelta(days=number)
        if (
            day.weekday() in weekdays
            and (first is None or day >= first)
            and (last is None or day <= last)
        ):
            yield day


def refuse_hours(weekdays: frozenset[int], start_minute: int, end_minute: int) -> None:
    """Refuse weekdays and minutes that no day has."""
    for day in sorted(weekdays):
        if not 0 <= day < len(WEEKDAYS):
            said = f"Weekday {day}; 0 (Monday) to 6 (Sunday) exist."
            raise refuse(FaultCode.WRONG_NUMBER, "change", "weekdays", said)
    for name, minute in (("start_minute", start_minute), ("end_minute", end_minute)):
        if not 0 <= minute <= MINUTES_PER_DAY:
            said = f"{name} is {minute}; a day has 0 to {MINUTES_PER_DAY} minutes after midnight."
            raise refuse(FaultCode.WRONG_NUMBER, "change", name, said)


def in_words(
    weekdays: frozenset[int],
    first: date | None,
    last: date | None,
    start_minute: int = 0,
    end_minute: int = MINUTES_PER_DAY,
) -> str:
    """Say the days and hours, as in "on fri from 17:00 to 20:00 from 2026-03-02 on"."""
    parts = []
    if first is not None and first == last:
        parts.append(f"on {WEEKDAYS[first.weekday()]} {first}")
    elif len(weekdays) < 7:
        names = [WEEKDAYS[day] if day in range(7) else f"weekday {day}" for day in sorted(weekdays)]
        parts.append(f"on {', '.join(names) or 'no day'}")
    if (start_minute, end_minute) != (0, MINUTES_PER_DAY):
        parts.append(f"from {wall(start_minute)} to {wall(end_minute)}")
    if first != last:
        if first is not None:
            parts.append(f"from {first}" + (f" to {last}" if last else " on"))
        else:
            parts.append(f"until {last}")
    return " ".join(parts) or "throughout"

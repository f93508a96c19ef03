"""Days and hours that a change speaks of, and how it says them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from allocator.domain.calendar import WEEKDAYS, wall
from allocator.domain.time import MINUTES_PER_DAY, Horizon


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
        parts.append("on " + ", ".join(WEEKDAYS[day] for day in sorted(weekdays)))
    if (start_minute, end_minute) != (0, MINUTES_PER_DAY):
        parts.append(f"from {wall(start_minute)} to {wall(end_minute)}")
    if first != last:
        if first is not None:
            parts.append(f"from {first}" + (f" to {last}" if last else " on"))
        else:
            parts.append(f"until {last}")
    return " ".join(parts) or "throughout"

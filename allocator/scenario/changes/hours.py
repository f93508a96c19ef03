"""Weekly rules for hours that hold on some dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from allocator.domain.calendar import DailySpan, WeeklyRule


def weekly(
    pieces: Iterable[tuple[date, int, int]], days: Iterable[date], *, overtime: bool
) -> Iterator[WeeklyRule]:
    """Yield rules for stretches of single dates: for as many dates at once as are alike.

    Parameters
    ----------
    pieces
        Dates with first and last minute.
    days
        All dates that are looked at: a rule may hold on no other.
    overtime
        Of the rules.
    """
    found: dict[tuple[int, int, int], set[date]] = {}
    for day, start, end in pieces:
        found.setdefault((day.weekday(), start, end), set()).add(day)
    looked_at = sorted(days)
    for (weekday, start, end), there in found.items():
        hours = DailySpan(start_minute=start, end_minute=end)
        for first, last in _runs(there, [day for day in looked_at if day.weekday() == weekday]):
            yield WeeklyRule(
                weekdays=frozenset({weekday}),
                hours=hours,
                overtime=overtime,
                first=first,
                last=last,
            )


def _runs(there: set[date], days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and last of each stretch of dates that follow each other among others."""
    run: list[date] = []
    for day in days:
        if day in there:
            run.append(day)
        elif run:
            yield run[0], run[-1]
            run = []
    if run:
        yield run[0], run[-1]

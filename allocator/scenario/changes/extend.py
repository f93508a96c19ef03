"""Longer days: so many minutes more at the end of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from allocator.domain.calendar import Calendar
from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.time import MINUTES_PER_DAY
from allocator.scenario.changes.change import (
    EVERY_DAY,
    chosen,
    refuse,
    refuse_always_open,
    whose,
    with_calendars,
)
from allocator.scenario.changes.days import dates
from allocator.scenario.changes.hours import weekly


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Resources that are open for longer at the end of each day on which they are open.

    Days end at midnight at the latest. Dates that have hours of their own, and holidays, keep them.

    Attributes
    ----------
    minutes
        More at the end of a day.
    resources, kind
        Ids, or all of a kind.
    overtime
        Whether these are overtime.
    """

    minutes: int
    resources: tuple[str, ...] = ()
    kind: str = ""
    overtime: bool = False

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with longer days."""
        some = chosen(problem, self.resources, self.kind)
        refuse_always_open(some)
        if not 1 <= self.minutes < MINUTES_PER_DAY:
            raise refuse(
                FaultCode.WRONG_NUMBER,
                "change",
                "",
                f"Days of {whose(self.resources, self.kind)} are longer by {self.minutes} minutes;"
                f" 1 to {MINUTES_PER_DAY - 1} make sense.",
            )
        days = list(dates(problem.horizon, EVERY_DAY, None, None))

        def longer(calendar: Calendar, _: str) -> Calendar:
            new = weekly(self._pieces(calendar, days), days, overtime=self.overtime)
            return replace(calendar, weekly=(*calendar.weekly, *new))

        return with_calendars(problem, some, longer)

    def _pieces(self, calendar: Calendar, days: Sequence[date]) -> Iterator[tuple[date, int, int]]:
        """Yield what is added to each date."""
        for day in days:
            end = max((r.hours.end_minute for r in calendar.weekly if r.holds_on(day)), default=0)
            if 0 < end < MINUTES_PER_DAY:
                yield day, end, min(end + self.minutes, MINUTES_PER_DAY)

    def text(self) -> str:
        """Say whose days are longer."""
        how = " of overtime" if self.overtime else ""
        return f"{whose(self.resources, self.kind)} open {self.minutes} minutes{how} longer"

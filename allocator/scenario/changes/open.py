"""Longer hours: open until 20:00, on Saturdays as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from allocator.domain.calendar import Calendar
from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.scenario.changes.change import (
    EVERY_DAY,
    chosen,
    refuse,
    refuse_always_open,
    whose,
    with_calendars,
)
from allocator.scenario.changes.days import dates, in_words, refuse_hours
from allocator.scenario.changes.hours import weekly


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Resources that are open for longer; what is open already stays as it is.

    Dates that have hours of their own, and holidays, keep them.

    Attributes
    ----------
    resources, kind
        Ids, or all of a kind.
    start_minute, end_minute
        Local wall time between which they are open, in minutes after midnight.
    weekdays
        0 is Monday; by default every day.
    first, last
        Dates (inclusive); None is the horizon's end on that side.
    overtime
        Whether the hours that this adds are overtime.
    """

    start_minute: int
    end_minute: int
    resources: tuple[str, ...] = ()
    kind: str = ""
    weekdays: frozenset[int] = EVERY_DAY
    first: date | None = None
    last: date | None = None
    overtime: bool = False

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these hours open."""
        some = chosen(problem, self.resources, self.kind)
        refuse_always_open(some)
        refuse_hours(self.weekdays, self.start_minute, self.end_minute)
        days = list(dates(problem.horizon, self.weekdays, self.first, self.last))
        if not days or self.start_minute >= self.end_minute:
            raise refuse(
                FaultCode.EMPTY_SPAN,
                "change",
                "",
                f"Opening {whose(self.resources, self.kind)} {self._when()} adds nothing to the"
                f" {problem.horizon.days} days from {problem.horizon.first} on.",
            )

        def opened(calendar: Calendar, _: str) -> Calendar:
            missing = ((day, *piece) for day in days for piece in self._missing(calendar, day))
            new = weekly(missing, days, overtime=self.overtime)
            return replace(calendar, weekly=(*calendar.weekly, *new))

        return with_calendars(problem, some, opened)

    def _missing(self, calendar: Calendar, day: date) -> Iterator[tuple[int, int]]:
        """Yield the stretches of the new hours in which no weekly rule is open on a date."""
        at = self.start_minute
        for rule in sorted(calendar.weekly, key=lambda rule: rule.hours.start_minute):
            if rule.holds_on(day):
                if at < rule.hours.start_minute < self.end_minute:
                    yield at, rule.hours.start_minute
                at = max(at, rule.hours.end_minute)
        if at < self.end_minute:
            yield at, self.end_minute

    def _when(self) -> str:
        return in_words(self.weekdays, self.first, self.last, self.start_minute, self.end_minute)

    def text(self) -> str:
        """Say what is open when."""
        how = ", as overtime" if self.overtime else ""
        return f"open {whose(self.resources, self.kind)} {self._when()}{how}"

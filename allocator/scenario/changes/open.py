"""Longer hours: open until 20:00, on Saturdays as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.time import MINUTES_PER_DAY
from allocator.scenario.changes.change import EVERY_DAY, chosen, refuse, whose, with_calendars
from allocator.scenario.changes.days import dates, in_words


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
        for resource in some:
            if resource.calendar is None:
                raise refuse(
                    FaultCode.CONTRADICTION,
                    "resource",
                    resource.id,
                    f"Resource {resource.id} has no calendar: it is always open, and cannot be"
                    " open for longer.",
                )
        days = list(dates(problem.horizon, self.weekdays, self.first, self.last))
        if not days or not 0 <= self.start_minute < self.end_minute <= MINUTES_PER_DAY:
            raise refuse(
                FaultCode.EMPTY_SPAN,
                "change",
                "",
                f"Opening {whose(self.resources, self.kind)} {self._when()} adds nothing to the"
                f" {problem.horizon.days} days from {problem.horizon.first} on.",
            )

        def opened(calendar: Calendar, _: str) -> Calendar:
            return replace(calendar, weekly=(*calendar.weekly, *self._rules(calendar, days)))

        return with_calendars(problem, some, opened)

    def _rules(self, calendar: Calendar, days: list[date]) -> Iterator[WeeklyRule]:
        """Yield rules for what is not open yet: for as many dates at once as are alike."""
        pieces: dict[tuple[int, int, int], list[date]] = defaultdict(list)
        dated: dict[int, list[date]] = defaultdict(list)
        for day in days:
            dated[day.weekday()].append(day)
            for start, end in self._missing(calendar, day):
                pieces[day.weekday(), start, end].append(day)
        for (weekday, start, end), found in pieces.items():
            hours = DailySpan(start_minute=start, end_minute=end)
            for first, last in _runs(found, dated[weekday]):
                yield WeeklyRule(
                    weekdays=frozenset({weekday}),
                    hours=hours,
                    overtime=self.overtime,
                    first=first,
                    last=last,
                )

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


def _runs(found: list[date], of: list[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and last of each stretch of dates that follow each other among others."""
    there = set(found)
    run: list[date] = []
    for day in of:
        if day in there:
            run.append(day)
        elif run:
            yield run[0], run[-1]
            run = []
    if run:
        yield run[0], run[-1]

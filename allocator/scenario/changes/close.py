"""Time taken out: a gym closed on Fridays, a therapist's Thursday, an evening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from allocator.domain.calendar import Block, Calendar
from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.resource import Resource
from allocator.domain.time import MINUTES_PER_DAY, Span, wall_to_instant
from allocator.scenario.changes.change import (
    EVERY_DAY,
    chosen,
    refuse,
    whose,
    with_calendars,
)
from allocator.scenario.changes.days import dates, in_words, refuse_hours
from allocator.scenario.changes.let_go import let_go


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Resources that are not to be had on some days, or in some hours of them.

    Visits that are pinned there are let go: they move, or are dropped, as all others.

    Attributes
    ----------
    resources, kind
        Ids, or all of a kind.
    weekdays
        0 is Monday; by default every day.
    first, last
        Dates (inclusive); None is the horizon's end on that side.
    start_minute, end_minute
        Local wall time, in minutes after midnight.
    reason
        As a block has it.
    """

    resources: tuple[str, ...] = ()
    kind: str = ""
    weekdays: frozenset[int] = EVERY_DAY
    first: date | None = None
    last: date | None = None
    start_minute: int = 0
    end_minute: int = MINUTES_PER_DAY
    reason: str = ""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this time blocked."""
        refuse_hours(self.weekdays, self.start_minute, self.end_minute)
        days = list(dates(problem.horizon, self.weekdays, self.first, self.last))
        some = chosen(problem, self.resources, self.kind)
        if not days or self.start_minute >= self.end_minute:
            raise refuse(
                FaultCode.EMPTY_SPAN,
                "change",
                "",
                f"Closing {whose(self.resources, self.kind)} {self._when()} takes nothing out of"
                f" the {problem.horizon.days} days from {problem.horizon.first} on.",
            )

        def closed(calendar: Calendar, zone: str) -> Calendar:
            blocks = (Block(span=span, reason=self.reason) for span in self._spans(days, zone))
            return replace(calendar, blocks=(*calendar.blocks, *blocks))

        spans = {zone: self._spans(days, zone) for zone in {problem.zone(r.location) for r in some}}

        def away(resource: Resource, start: datetime, end: datetime) -> bool:
            mine = spans[problem.zone(resource.location)]
            return any(span.start < end and start < span.end for span in mine)

        return let_go(with_calendars(problem, some, closed), some, away)

    def _spans(self, days: Sequence[date], zone: str) -> list[Span]:
        """Return the stretches that are closed.

        On the night the clocks go forward, hours that do not exist leave nothing to close.
        """
        spans = (
            Span(
                start=wall_to_instant(day, self.start_minute, zone),
                end=wall_to_instant(day, self.end_minute, zone),
            )
            for day in days
        )
        return [span for span in spans if span.start < span.end]

    def _when(self) -> str:
        return in_words(self.weekdays, self.first, self.last, self.start_minute, self.end_minute)

    def text(self) -> str:
        """Say what is closed when."""
        why = f" ({self.reason})" if self.reason else ""
        return f"close {whose(self.resources, self.kind)} {self._when()}{why}"

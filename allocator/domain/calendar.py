"""Calendars: when a resource is open, in local wall time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.time import MINUTES_PER_DAY, Span

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySpan:
    """A half-open span of local wall time: minutes after midnight, 1440 is the next midnight."""

    start_minute: int
    end_minute: int

    def faults(self, kind: str, id: str, what: str) -> Iterator[Fault]:
        """Yield what is wrong with this span, in the name of the object that holds it."""
        if not 0 <= self.start_minute < MINUTES_PER_DAY or not (
            0 < self.end_minute <= MINUTES_PER_DAY
        ):
            yield Fault(
                FaultCode.WRONG_NUMBER,
                kind,
                id,
                f"{kind.capitalize()} {id}: {what} runs from minute {self.start_minute} to"
                f" minute {self.end_minute}; a day has minutes 0 to {MINUTES_PER_DAY}.",
            )
        elif self.start_minute >= self.end_minute:
            yield Fault(
                FaultCode.EMPTY_SPAN,
                kind,
                id,
                f"{kind.capitalize()} {id}: {what} starts at {wall(self.start_minute)} and ends"
                f" at {wall(self.end_minute)}, which leaves nothing.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyRule:
    """Open on these weekdays between two wall times.

    Attributes
    ----------
    weekdays
        0 is Monday.
    hours
        The wall times.
    overtime
        Whether this band is overtime: open, but at a cost.
    first, last
        Dates (inclusive) between which the rule holds; open-ended where None.
    """

    weekdays: frozenset[int]
    hours: DailySpan
    overtime: bool = False
    first: date | None = None
    last: date | None = None

    def holds_on(self, day: date) -> bool:
        """Say whether the rule is for this date."""
        return (
            day.weekday() in self.weekdays
            and (self.first is None or self.first <= day)
            and (self.last is None or day <= self.last)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedException:
    """What replaces the weekly rules on one date: other hours, or none (closed)."""

    day: date
    hours: tuple[DailySpan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch in which an open resource is not to be had, such as leave or maintenance.

    Closed and blocked differ: a closed resource has no hours then; a blocked one has, and
    something takes them. A block counts in neither load nor overtime.
    """

    span: Span
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a resource is open.

    Attributes
    ----------
    id
        Unique among calendars.
    weekly
        Weekly rules; together they are the ordinary week.
    exceptions
        Dates on which other hours hold.
    holidays
        Region whose public holidays are closed, as ``"DE"`` or ``"DE-BE"`` (the codes of the
        ``holidays`` library), or ``""``. A dated exception wins over a holiday.
    blocks
        Stretches taken out.
    """

    id: str
    weekly: tuple[WeeklyRule, ...] = ()
    exceptions: tuple[DatedException, ...] = ()
    holidays: str = ""
    blocks: tuple[Block, ...] = ()

    def faults(self, zone: str) -> Iterator[Fault]:
        """Yield what is wrong with the calendar itself; instants are told in the zone."""
        for rule in self.weekly:
            yield from rule.hours.faults("calendar", self.id, "a weekly rule")
            if not rule.weekdays or not rule.weekdays <= set(range(7)):
                yield Fault(
                    FaultCode.WRONG_NUMBER,
                    "calendar",
                    self.id,
                    f"Calendar {self.id}: weekdays {sorted(rule.weekdays)} must be some of 0"
                    " (Monday) to 6 (Sunday).",
                )
            if rule.first and rule.last and rule.first > rule.last:
                yield Fault(
                    FaultCode.EMPTY_SPAN,
                    "calendar",
                    self.id,
                    f"Calendar {self.id}: a weekly rule holds from {rule.first} to {rule.last},"
                    " which leaves nothing.",
                )
        yield from self._overlaps()
        seen: set[date] = set()
        for exception in self.exceptions:
            for hours in exception.hours:
                yield from hours.faults("calendar", self.id, f"the exception of {exception.day}")
            if exception.day in seen:
                yield Fault(
                    FaultCode.OVERLAP,
                    "calendar",
                    self.id,
                    f"Calendar {self.id}: {exception.day} has two exceptions.",
                )
            seen.add(exception.day)
        for block in self.blocks:
            yield from block.span.faults("calendar", self.id, "a block", zone)

    def _overlaps(self) -> Iterator[Fault]:
        for i, one in enumerate(self.weekly):
            for other in self.weekly[i + 1 :]:
                days = one.weekdays & other.weekdays
                apart = (
                    one.hours.end_minute <= other.hours.start_minute
                    or other.hours.end_minute <= one.hours.start_minute
                    or (one.last is not None and other.first is not None and one.last < other.first)
                    or (other.last is not None and one.first is not None and other.last < one.first)
                )
                if days and not apart:
                    yield Fault(
                        FaultCode.OVERLAP,
                        "calendar",
                        self.id,
                        f"Calendar {self.id}: {WEEKDAYS[min(days)]} has"
                        f" {wall(one.hours.start_minute)}–{wall(one.hours.end_minute)} and"
                        f" {wall(other.hours.start_minute)}–{wall(other.hours.end_minute)},"
                        " which overlap.",
                    )


def wall(minute: int) -> str:
    """Write minutes after midnight as a wall time."""
    return f"{minute // 60:02d}:{minute % 60:02d}"

"""Calendars expanded to sets of ticks: ordinary hours, overtime and blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule, wall
from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.time import Span
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask, from_flags, span

REGION = re.compile(r"[A-Z]{2}(-.+)?", re.ASCII)

#: Starts and ends, in seconds from the horizon's start.
Stretches = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


@dataclass(frozen=True, slots=True)
class Opening:
    """When a resource is open.

    Attributes
    ----------
    regular
        Ticks wholly in ordinary hours.
    overtime
        Ticks that are open only with the help of an overtime band.
    blocked
        Every tick that a block touches, open or not.
    notes
        What clock changes moved or dropped, in sentences.
    closed
        Public holidays on which the weekly rules would have it open: dates and names.
    """

    regular: Mask
    overtime: Mask
    blocked: Mask
    notes: tuple[str, ...] = ()
    closed: tuple[tuple[date, str], ...] = ()

    @property
    def open(self) -> Mask:
        """Ticks in ordinary hours or in overtime, blocked or not."""
        return self.regular | self.overtime


def expand(calendar: Calendar | None, clock: Clock) -> Opening:
    """Expand a calendar on the clock of the place where its resource is; None is always open.

    A tick is open when it lies wholly in open hours. With a grain of a day a date is open when
    it has any hours, and blocked when a block touches it.
    """
    if calendar is None:
        return Opening(span(0, clock.ticks), 0, 0)

    ordinary = np.ones(len(clock.dates), dtype=bool)
    notes: list[str] = []
    holidays: list[tuple[date, str]] = []
    exceptions = {
        clock.day_index(exception.day): exception.hours for exception in calendar.exceptions
    }
    for day, hours in exceptions.items():
        if 0 <= day < len(ordinary):
            ordinary[day] = False
            for one in hours:
                notes += _skipped(calendar, clock, one, day)
    if calendar.holidays:
        closed = public_holidays(calendar.holidays, clock.dates[0], clock.dates[-1])
        for date_, name in closed.items():
            day = clock.day_index(date_)
            if ordinary[day]:
                ordinary[day] = False
                if any(rule.holds_on(date_) for rule in calendar.weekly):
                    holidays.append((date_, name))

    regular: Stretches = []
    overtime: Stretches = []
    for rule in calendar.weekly:
        days = np.flatnonzero(ordinary & _days_of(rule, clock))
        stretch = (
            clock.seconds(rule.hours.start_minute)[days],
            clock.seconds(rule.hours.end_minute)[days],
        )
        (overtime if rule.overtime else regular).append(stretch)
        for day in {gap.day for gap in clock.gaps}.intersection(days.tolist()):
            notes += _skipped(calendar, clock, rule.hours, day)
    for day, hours in exceptions.items():
        if 0 <= day < len(ordinary):
            for one in hours:
                regular.append(
                    (
                        clock.seconds(one.start_minute)[day : day + 1],
                        clock.seconds(one.end_minute)[day : day + 1],
                    )
                )

    in_regular = _ticks(regular, clock)
    in_overtime = _ticks(regular + overtime, clock) & ~in_regular if overtime else 0
    blocked = 0
    for block in calendar.blocks:
        blocked |= _touched(block.span, clock)
    return Opening(in_regular, in_overtime, blocked, tuple(dict.fromkeys(notes)), tuple(holidays))


def _days_of(rule: WeeklyRule, clock: Clock) -> npt.NDArray[np.bool_]:
    """Return, for each date, whether a weekly rule holds on it."""
    on = np.zeros(7, dtype=bool)
    on[list(rule.weekdays)] = True
    days = on[clock.weekday_of_day]
    if rule.first is not None:
        days[: max(clock.day_index(rule.first), 0)] = False
    if rule.last is not None:
        days[max(clock.day_index(rule.last) + 1, 0) :] = False
    return days


def _ticks(stretches: Stretches, clock: Clock) -> Mask:
    """Return the ticks wholly inside the union of these stretches."""
    if not stretches:
        return 0
    starts = np.concatenate([start for start, _ in stretches])
    ends = np.concatenate([end for _, end in stretches])
    lasting = starts < ends
    order = np.argsort(starts[lasting], kind="stable")
    starts, ends = starts[lasting][order], ends[lasting][order]
    if not len(starts):
        return 0
    days = clock.seconds(0)
    if clock.horizon.by_day:
        open_days = np.zeros(clock.ticks, dtype=bool)
        # A date that the zone skips starts when the next one does: the last of the two counts.
        open_days[np.searchsorted(days, starts, side="right") - 1] = True
        return from_flags(open_days)
    # Join stretches that touch before rounding: a tick may lie across their common border.
    ends = np.maximum.accumulate(ends)
    apart = starts[1:] > ends[:-1]
    starts = starts[np.concatenate(([True], apart))]
    ends = ends[np.concatenate((apart, [True]))]
    grain = clock.horizon.grain_minutes * 60
    first = np.clip(-(-starts // grain), 0, clock.ticks)
    end = np.clip(ends // grain, 0, clock.ticks)
    some = first < end
    change = np.zeros(clock.ticks + 1, dtype=np.int8)
    change[first[some]] += 1
    change[end[some]] -= 1
    return from_flags(np.cumsum(change[:-1], dtype=np.int8).astype(bool))


def _touched(stretch: Span, clock: Clock) -> Mask:
    """Return every tick that a stretch of time touches."""
    if clock.horizon.by_day:
        begin = clock.horizon.tick(stretch.start)
        end = clock.horizon.tick_at_or_after(stretch.end)
    else:
        grain = timedelta(minutes=clock.horizon.grain_minutes)
        begin = (stretch.start - clock.start) // grain
        end = -((clock.start - stretch.end) // grain)
    return span(max(begin, 0), min(end, clock.ticks))


def _skipped(calendar: Calendar, clock: Clock, hours: DailySpan, day: int) -> Iterator[str]:
    """Yield what the clocks' going forward on a date does to a span."""
    for gap in clock.gaps:
        if gap.day != day:
            continue
        starts_in_gap = gap.first_minute <= hours.start_minute < gap.end_minute
        when = f"does not exist on {clock.dates[day]}; the span"
        if starts_in_gap and hours.end_minute <= gap.end_minute:
            lost = f"{wall(hours.start_minute)}–{wall(hours.end_minute)}"
            yield f"Calendar {calendar.id}: {lost} {when} is dropped."
        elif starts_in_gap:
            lost = wall(hours.start_minute)
            yield f"Calendar {calendar.id}: {lost} {when} starts at the change."
        elif gap.first_minute < hours.end_minute < gap.end_minute:
            yield f"Calendar {calendar.id}: {wall(hours.end_minute)} {when} ends at the change."


def public_holidays(region: str, first: date, last: date) -> dict[date, str]:
    """Return the public holidays of a region, with their names, in order.

    Parameters
    ----------
    region
        A country's code, as ``"DE"``, or a country's and a part's, as ``"DE-BE"``.
    first, last
        Dates between which to look, both included.

    Raises
    ------
    InvalidProblem
        If the region is unknown.
    """
    found: dict[date, str] = {}
    for year in range(first.year, last.year + 1):
        holidays = _holidays_of_year(region, year)
        if holidays is None:
            raise InvalidProblem([_unknown_region(region)])
        found.update((day, name) for day, name in holidays if first <= day <= last)
    return found


def holiday_faults(calendar: Calendar) -> Iterator[Fault]:
    """Yield a fault when the region of a calendar's holidays is unknown."""
    if calendar.holidays and not _is_region(calendar.holidays):
        yield _unknown_region(calendar.holidays, calendar.id)


def _unknown_region(region: str, calendar: str = "") -> Fault:
    subject = f"Calendar {calendar}: the" if calendar else "The"
    return Fault(
        FaultCode.UNKNOWN_NAME,
        "calendar",
        calendar,
        f"{subject} region {region!r} of public holidays is unknown; regions are written like"
        " DE or DE-BE.",
    )


@lru_cache(maxsize=256)
def _is_region(region: str) -> bool:
    return _holidays_of_year(region, 2020) is not None


@lru_cache(maxsize=1024)
def _holidays_of_year(region: str, year: int) -> tuple[tuple[date, str], ...] | None:
    """Return a year's public holidays in order, or None for an unknown region."""
    if not REGION.fullmatch(region):
        return None
    import holidays  # slow to import, and rarely needed

    country, _, part = region.partition("-")
    try:
        # The language is named because the default follows the machine's locale.
        found = holidays.country_holidays(
            country, subdiv=part or None, years=year, expand=False, language="en_US"
        )
    except NotImplementedError:
        return None
    return tuple(sorted((day, name) for day, name in found.items() if day.year == year))

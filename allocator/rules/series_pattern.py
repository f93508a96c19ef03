"""Series pattern: a fixed series keeps its distance in days and its time of day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np

from allocator.domain.request import FixedSeries
from allocator.domain.time import MINUTES_PER_DAY, zone_of
from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, requests_with_free, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def fixed_series(visit: Visit) -> FixedSeries | None:
    """Return a visit's fixed series, if it has one."""
    series = visit.request.series if visit.request is not None else None
    return series if isinstance(series, FixedSeries) else None


class SeriesPattern(Rule):
    """Periodic visits: occurrence k lies on day ``day_1 + (k − 1) every_days``, at one wall time.

    Days and times are those of the first step, by the visit's local clock, so a series keeps
    its wall time when the clocks change. Where a start is given, each occurrence has one start
    at most: none on a night when the clocks skip its wall time, and the first of two when they
    show it twice. Where none is given, any two placed occurrences keep the pattern.
    """

    name = "series_pattern"
    sentence = (
        "The visits of a fixed series lie at one time of day, so many days apart, from its start"
        " if it has one."
    )
    moving = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request has a fixed series."""
        return any(isinstance(r.request.series, FixedSeries) for r in prepared.requests)

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit is one of a fixed series."""
        return fixed_series(visit) is not None and visit.step == 1

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits that are not where their start, or each other, would have them."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            series = prep.request.series
            if not isinstance(series, FixedSeries):
                continue
            placed = [(v, p) for v, p in timetable.of(prep) if v.step == 1]
            if series.start is not None:
                for visit, placement in placed:
                    wanted = _wanted(series, series.start, visit)
                    if not _lies_at(series.start, visit, placement, wanted):
                        yield violation(
                            self,
                            timetable,
                            f"Visit {visit.id} lies at"
                            f" {prepared.local(placement.start, visit.clock)}; its series asks"
                            f" for {wanted:%a %Y-%m-%d %H:%M}.",
                            [visit.index],
                        )
                continue
            if len({_phase(series, v, p) for v, p in placed}) < 2:
                continue
            for (one, here), (other, there) in combinations(placed, 2):
                if _phase(series, one, here) != _phase(series, other, there):
                    days = (other.occurrence - one.occurrence) * series.every_days
                    yield violation(
                        self,
                        timetable,
                        f"Visit {one.id} lies at {prepared.local(here.start, one.clock)} and"
                        f" {other.id} at {prepared.local(there.start, other.clock)}; the series"
                        f" asks for {days} days between them and one time of day.",
                        [one.index, other.index],
                    )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the one start that is asked for, or those in step with what is placed."""
        series = fixed_series(visit)
        if series is None or visit.step != 1:
            return EVERY
        if series.start is not None:
            tick = _tick_asked_for(series, series.start, visit)
            return 0 if tick is None else 1 << tick
        phases = {
            _phase(series, other, placement)
            for other, placement in state.placed_of(visit)
            if other.step == 1
        }
        if not phases:
            return EVERY
        if len(phases) > 1:
            return 0
        ((day, minute),) = phases
        return _showing(visit.clock, day + _offset(series, visit), minute)

    def constrain(self, model: Verbs) -> None:
        """Let the free occurrences share the day and the minute at which the series begins."""
        for prep in requests_with_free(model):
            series = prep.request.series
            if not isinstance(series, FixedSeries) or series.start is not None:
                continue
            free = [
                model.prepared.visits[prep.visit(n, 1)]
                for n in range(1, series.count + 1)
                if model.is_free(prep.visit(n, 1))
            ]
            if len(free) < 2:
                continue
            clock = free[0].clock
            days = (series.count - 1) * series.every_days
            if _is_steady(model.prepared, clock):
                # Without a clock change equal days and minutes are one equality of ticks.
                a_day = MINUTES_PER_DAY // model.prepared.grain
                first = model.integer(-days * a_day, model.prepared.ticks, "")
                for v in free:
                    model.equal(
                        model.start(v.index),
                        first + _offset(series, v) * a_day,
                        when=[model.present(v.index)],
                    )
                continue
            day = model.integer(-days, len(clock.dates), "")
            minute = model.integer(0, MINUTES_PER_DAY - 1, "")
            for v in free:
                placed = [model.present(v.index)]
                model.equal(model.day(v.index), day + _offset(series, v), when=placed)
                model.equal(model.minute(v.index), minute, when=placed)


def _offset(series: FixedSeries, visit: Visit) -> int:
    return (visit.occurrence - 1) * series.every_days


def _phase(series: FixedSeries, visit: Visit, placement: Placement) -> tuple[int, int]:
    """Return the day on which the series begins as this visit has it, and the minute."""
    clock, start = visit.clock, placement.start
    return int(clock.day_of[start]) - _offset(series, visit), int(clock.minute_of[start])


def _wanted(series: FixedSeries, start: datetime, visit: Visit) -> datetime:
    """Return the local wall time at which a visit should start, without a zone."""
    local = start.astimezone(zone_of(visit.clock.zone)).replace(tzinfo=None)
    return local + timedelta(days=_offset(series, visit))


def _lies_at(start: datetime, visit: Visit, placement: Placement, wanted: datetime) -> bool:
    clock = visit.clock
    day = clock.dates[clock.day_of[placement.start]]
    minutes = timedelta(minutes=int(clock.minute_of[placement.start]))
    if datetime.combine(day, datetime.min.time()) + minutes != wanted:
        return False
    if clock.horizon.by_day:
        return True
    instant = clock.start + placement.start * timedelta(minutes=clock.horizon.grain_minutes)
    if visit.occurrence == 1:
        return instant == start.astimezone(UTC)
    return instant.astimezone(zone_of(clock.zone)).fold == 0


def _tick_asked_for(series: FixedSeries, start: datetime, visit: Visit) -> int | None:
    clock = visit.clock
    horizon = clock.horizon
    if visit.occurrence == 1 and not horizon.by_day:
        # In UTC: an instant that is told twice equals none of another zone.
        tick, rest = divmod(
            start.astimezone(UTC) - clock.start, timedelta(minutes=horizon.grain_minutes)
        )
        return None if rest or not 0 <= tick < clock.ticks else tick
    wanted = _wanted(series, start, visit)
    if wanted.second or wanted.microsecond:
        return None
    return clock.start_at(wanted.date(), wanted.hour * 60 + wanted.minute)


def _showing(clock: Clock, day: int, minute: int) -> Mask:
    """Return the ticks at which the clock shows a minute of a day (by its index)."""
    if not 0 <= day < len(clock.dates):
        return 0
    # A date's ticks lie within two days, even where the clocks go back across midnight.
    first = int(clock.day_starts[day])
    end = int(clock.day_starts[min(day + 2, len(clock.dates))])
    found = (clock.day_of[first:end] == day) & (clock.minute_of[first:end] == minute)
    return masks.from_ticks((np.flatnonzero(found) + first).tolist())


def _is_steady(prepared: Prepared, clock: Clock) -> bool:
    """Say whether the clock never changes in the horizon."""

    def compute() -> bool:
        return (
            len(
                {
                    s.day * MINUTES_PER_DAY + s.first_minute - s.first * prepared.grain
                    for s in clock.segments
                }
            )
            == 1
        )

    return prepared.memo(("steady", clock.zone), compute)

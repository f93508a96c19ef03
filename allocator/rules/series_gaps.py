"""Series gaps: visits of a flexible series keep their distance, and stay in touch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from allocator.domain.request import FlexibleSeries
from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, requests_with_free, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


def flexible(visit: Visit) -> FlexibleSeries | None:
    """Return a visit's flexible series, if it has one."""
    series = visit.request.series if visit.request is not None else None
    return series if isinstance(series, FlexibleSeries) else None


class SeriesGaps(Rule):
    """Minimum and maximum time lags in local days between placed neighbours, in their order.

    In a series of chains the distance is that of the first steps.
    """

    name = "series_gaps"
    sentence = (
        "The visits of a flexible series are numbered by start, and neighbours are at least and"
        " at most so many days apart."
    )
    moving = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any series has more than one visit."""
        return any(
            isinstance(r.request.series, FlexibleSeries) and r.request.series.count > 1
            for r in prepared.requests
        )

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit is one of a flexible series."""
        return flexible(visit) is not None and visit.step == 1

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield neighbours that are too close, too far or in the wrong order."""
        for prep in timetable.prepared.requests:
            series = prep.request.series
            if not isinstance(series, FlexibleSeries):
                continue
            placed = [(v, p) for v, p in timetable.of(prep) if v.step == 1]
            for (one, here), (other, there) in pairwise(placed):
                days = int(one.clock.day_of[there.start]) - int(one.clock.day_of[here.start])
                least, most = series.least_days_between, series.most_days_between
                if here.start >= there.start:
                    text = f"does not start before {other.id}"
                elif days < least:
                    text = f"is {days} days before {other.id}; at least {least} are asked for"
                elif most is not None and days > most:
                    text = f"is {days} days before {other.id}; at most {most} are asked for"
                else:
                    continue
                yield violation(
                    self, timetable, f"Visit {one.id} {text}.", [one.index, other.index]
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts at the right distance from the neighbours that are placed."""
        series = flexible(visit)
        if series is None or visit.step != 1:
            return EVERY
        mask = EVERY
        clock = visit.clock
        before = after = None
        for other, placement in state.placed_of(visit):
            if other.step == 1 and other.occurrence < visit.occurrence:
                before = (other, placement)
            elif other.step == 1 and after is None:
                after = (other, placement)
        ends = [n for n in (before, after) if n is not None]
        for other, placement in ends:
            day = int(clock.day_of[placement.start])
            last = len(clock.dates) - 1
            adjacent = not _pending_between(state, visit, other)
            least = series.least_days_between
            most = series.most_days_between if adjacent else None
            most = last if most is None else most
            if other.occurrence < visit.occurrence:
                span = _days(clock, day + least, min(day + most, last))
                span &= ~masks.span(0, placement.start + 1)
            else:
                span = _days(clock, max(day - most, 0), day - least)
                span &= masks.span(0, placement.start)
            mask &= span
        return mask

    def constrain(self, model: Verbs) -> None:
        """Constrain neighbours, one by one, and those who become neighbours over a gap."""
        for prep in requests_with_free(model):
            series = prep.request.series
            if not isinstance(series, FlexibleSeries):
                continue
            firsts = [prep.occurrence(n)[0] for n in range(1, series.count + 1)]
            if not any(model.is_free(v) for v in firsts):
                continue
            for one, other in pairwise(firsts):
                if not (model.is_free(one) or model.is_free(other)):
                    continue
                both = [model.present(one), model.present(other)]
                _order(model, series, one, other)
                if series.most_days_between is not None:
                    model.at_most(
                        model.day(other), model.day(one) + series.most_days_between, when=both
                    )
            if "series_completeness" in model.prepared.problem.without_rules:
                _all_pairs(model, series, firsts)
            elif series.most_days_between is not None:
                _over_gaps(model, series, firsts)


def _order(model: Verbs, series: FlexibleSeries, one: int, other: int) -> None:
    both = [model.present(one), model.present(other)]
    model.at_most(model.start(one) + 1, model.start(other), when=both)
    if series.least_days_between > 0:
        model.at_most(model.day(one) + series.least_days_between, model.day(other), when=both)


def _over_gaps(model: Verbs, series: FlexibleSeries, firsts: list[int]) -> None:
    """Keep a free visit in touch with a later fixed one when those between are left out.

    Only fixed visits can lie beyond a gap: a free one asks for all before it.
    """
    assert series.most_days_between is not None
    placements = model.state.placements
    for place, other in enumerate(firsts):
        placement = placements[other]
        if placement is None:
            continue
        clock = model.prepared.visits[other].clock
        earliest = int(clock.day_of[placement.start]) - series.most_days_between
        too_early = _days(clock, 0, earliest - 1)
        between: list[Literal] = []
        for one in reversed(firsts[:place]):
            if placements[one] is not None:
                break
            if model.is_free(one) and between:
                model.imply([model.at(one, too_early)], model.any_of(between))
            between.append(model.present(one))


def _all_pairs(model: Verbs, series: FlexibleSeries, firsts: list[int]) -> None:
    """Constrain all pairs, where any visit may be left out."""
    for place, one in enumerate(firsts):
        between = model.any_of([])
        for number in range(place + 2, len(firsts)):
            other = firsts[number]
            between = model.any_of([between, model.present(firsts[number - 1])])
            if not (model.is_free(one) or model.is_free(other)):
                continue
            _order(model, series, one, other)
            if series.most_days_between is not None:
                beyond = len(model.prepared.visits[one].clock.dates)
                model.at_most(
                    model.day(other),
                    model.day(one) + series.most_days_between + beyond * between,
                    when=[model.present(one), model.present(other)],
                )


def _days(clock: Clock, first: int, last: int) -> Mask:
    """Return the ticks of the days (by index) from the first to the last, both included."""
    if first > last or first >= len(clock.dates) or last < 0:
        return 0
    return clock.days_mask(clock.dates[max(first, 0)], clock.dates[min(last, len(clock.dates) - 1)])


def _pending_between(state: State, visit: Visit, other: Visit) -> bool:
    low, high = sorted((visit.occurrence, other.occurrence))
    request = state.prepared.requests[visit.request_index]
    return any(request.occurrence(n)[0] in state.pending for n in range(low + 1, high))

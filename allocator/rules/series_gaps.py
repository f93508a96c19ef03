"""Series gaps: visits of a flexible series keep their distance, and stay in touch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from allocator.domain.request import FlexibleSeries
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


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

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any series has more than one visit."""
        return any(
            isinstance(r.request.series, FlexibleSeries) and r.request.series.count > 1
            for r in prepared.requests
        )

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield neighbours that are too close, too far or in the wrong order."""
        for prep in timetable.prepared.requests:
            series = prep.request.series
            if not isinstance(series, FlexibleSeries):
                continue
            placed = [(v, p) for v, p in timetable.of(prep) if v.step == 1]
            for (one, here), (other, there) in zip(placed, placed[1:], strict=False):
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
                span = _days(clock.day_starts, day + least, min(day + most, last))
                span &= ~masks.span(0, placement.start + 1)
            else:
                span = _days(clock.day_starts, max(day - most, 0), day - least)
                span &= masks.span(0, placement.start)
            mask &= span
        return mask

    def constrain(self, model: Verbs) -> None:
        """Constrain neighbours, one by one: the placed ones are the first of the series."""
        for prep in model.prepared.requests:
            series = prep.request.series
            if not isinstance(series, FlexibleSeries):
                continue
            firsts = [prep.occurrence(n)[0] for n in range(1, series.count + 1)]
            for one, other in zip(firsts, firsts[1:], strict=False):
                if not (model.is_free(one) or model.is_free(other)):
                    continue
                both = [model.present(one), model.present(other)]
                model.at_most(model.start(one) + 1, model.start(other), when=both)
                gap = series.least_days_between
                if gap > 0:
                    model.at_most(model.day(one) + gap, model.day(other), when=both)
                if series.most_days_between is not None:
                    model.at_most(
                        model.day(other), model.day(one) + series.most_days_between, when=both
                    )


def _days(day_starts: npt.NDArray[np.int64], first: int, last: int) -> Mask:
    if first > last or first >= len(day_starts) - 1:
        return 0
    return masks.span(int(day_starts[first]), int(day_starts[last + 1]))


def _pending_between(state: State, visit: Visit, other: Visit) -> bool:
    low, high = sorted((visit.occurrence, other.occurrence))
    request = state.prepared.requests[visit.request_index]
    return any(request.occurrence(n)[0] in state.pending for n in range(low + 1, high))

"""A fixed series of which some dates fail: the times at which the fewest do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from allocator.domain.request import FixedSeries, Request
from allocator.domain.time import MINUTES_PER_DAY, wall_to_instant
from allocator.prepare import masks
from allocator.suggest.plans import Plans

#: Times that are told, at most.
MOST = 2


@dataclass(frozen=True, slots=True)
class Pattern:
    """A fixed series at one time, of which some occurrences have no start.

    Attributes
    ----------
    request
        The series at this time, without those occurrences.
    failing
        When they would be, by their numbers.
    """

    request: Request
    failing: dict[int, datetime]


def patterns(plans: Plans) -> list[Pattern]:
    """Return the times at which most occurrences of a series have a start, the best first."""
    request = plans.prep.request
    series = request.series
    if not isinstance(series, FixedSeries) or len(request.steps) > 1 or request.options:
        return []
    here = {visit.occurrence: _phases(plans, series, visit.occurrence) for visit in plans.visits}
    if len(here) < series.count:
        return []  # some of it is placed: the others have to keep its time
    clock = plans.visits[0].clock
    counted = Counter(phase for phases in here.values() for phase in phases if phase >= 0)
    best = sorted(counted, key=lambda phase: (-counted[phase], phase))[:MOST]
    found = []
    for phase in best:
        day, minute = divmod(phase, MINUTES_PER_DAY)
        dates = {
            n: clock.dates[0] + timedelta(days=day + (n - 1) * series.every_days) for n in here
        }
        gone = [n for n, phases in here.items() if phase not in phases]
        if request.first_visit and 1 in gone:
            continue  # the first visit is never missed
        start = wall_to_instant(dates[1], minute, clock.zone)
        missed = series.may_miss.union(gone)
        found.append(
            Pattern(
                replace(request, series=replace(series, start=start, may_miss=missed)),
                {n: wall_to_instant(dates[n], minute, clock.zone) for n in gone},
            )
        )
    return found


def _phases(plans: Plans, series: FixedSeries, occurrence: int) -> set[int]:
    """Return when the series would begin, in minutes, for this one to have each of its starts."""
    visit = next(v for v in plans.visits if v.occurrence == occurrence)
    ticks, clock = masks.ticks_of(plans.alone(visit)), visit.clock
    days = clock.day_of[ticks].astype(np.int64) - (occurrence - 1) * series.every_days
    found: set[int] = set((days * MINUTES_PER_DAY + clock.minute_of[ticks]).tolist())
    return found

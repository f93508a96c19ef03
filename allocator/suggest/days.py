"""Days with starts: what a page with a calendar shows."""

from __future__ import annotations

import numpy as np

from allocator.domain.time import zone_of
from allocator.prepare import masks
from allocator.suggest.opening import starts_opened
from allocator.suggest.plans import Plans
from allocator.suggest.suggestion import DayOfStarts


def days_of(plans: Plans, *, opens: bool) -> tuple[DayOfStarts, ...]:
    """Return the days on which the first visit has a start, in order.

    Parameters
    ----------
    opens
        Whether a group session that has no place yet may be given one for a single visit.
    """
    starts, visit = plans.first_starts(), plans.visits[0]
    if not starts and opens and len(plans.visits) == 1:
        starts = starts_opened(plans.book, plans.state, visit, plans.bounds)
    ticks = masks.ticks_of(starts)
    if not len(ticks):
        return ()
    prepared, clock = plans.book.prepared, visit.clock
    zone = zone_of(clock.zone)
    days = clock.day_of[ticks]
    order = np.argsort(days, kind="stable")
    edges = np.flatnonzero(np.diff(days[order], prepend=-1, append=-1))
    duration = min(variant.duration for variant in visit.variants)
    found = []
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        some = ticks[order[first:end]]
        loads = plans.wishes.loads(visit, duration, some)
        found.append(
            DayOfStarts(
                day=clock.dates[int(clock.day_of[some[0]])],
                starts=len(some),
                first=prepared.horizon.instant(int(some[0])).astimezone(zone),
                last=prepared.horizon.instant(int(some[-1])).astimezone(zone),
                load=None if loads is None else float(loads.min()),
            )
        )
    return tuple(found)

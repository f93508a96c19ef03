"""Soonest: visits lie early in the time that their request allows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def first_day(prepared: Prepared, visit: Visit) -> int:
    """Return the first local day on which a visit's request allows anything, from today on."""
    return prepared.memo(
        ("first day", visit.request_index, visit.clock.zone), lambda: _first_day(prepared, visit)
    )


def _first_day(prepared: Prepared, visit: Visit) -> int:
    assert visit.request is not None
    mask = prepared.all_ticks
    if visit.request.windows:
        mask &= prepared.window((span.start, span.end) for span in visit.request.windows)
    later = mask & ~masks.span(0, prepared.now_tick)
    mask = later or mask
    return int(visit.clock.day_of[masks.lowest(mask)]) if mask else 0


class Soonest(Goal):
    """Local days between the first that the request allows and the visit."""

    name = "soonest"
    sentence = "A visit takes place as soon as its request allows (unless a date is wanted)."
    unit = "days"
    local = True
    adds_up = True

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the days of each placed visit."""
        for visit, placement in timetable.placed():
            if visit.request is not None and visit.request.wanted is None:
                day = int(visit.clock.day_of[placement.start])
                late = day - first_day(timetable.prepared, visit)
                yield Amount(max(0, late), visit.request_index, (visit.index,))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return the days after the first, start by start."""
        if visit.request is None or visit.request.wanted is not None:
            return 0
        days = visit.clock.day_of[ticks].astype(np.int64)
        return (days - first_day(state.prepared, visit)).clip(0)

    def express(self, model: Verbs) -> None:
        """Charge each local day of a visit by its distance."""
        for visit in model.free:
            if visit.request is not None and visit.request.wanted is None:
                base = first_day(model.prepared, visit)
                for day, literal in model.days(visit.index).items():
                    if day > base:
                        model.cost((day - base) * literal, visit.request_index)

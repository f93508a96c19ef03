"""Near wanted: a visit starts close to the instant that its request names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

SECONDS = 60 * 60

#: Up to so many different amounts are told apart by literals; beyond, by an integer.
FEW = 8


def wants(visit: Visit) -> bool:
    """Say whether this visit is the one that should lie near a wanted instant."""
    return (
        visit.request is not None
        and visit.request.wanted is not None
        and (visit.occurrence == visit.step == 1)
    )


class NearWanted(Goal):
    """Whole hours, rounded down, between the wanted instant and the start: |start − wanted|.

    Of a series or a chain it is the first visit that counts.
    """

    name = "near_wanted"
    sentence = "A visit (the first, of several) starts near the date and time that is wanted."
    unit = "hours"
    local = True
    adds_up = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request names an instant."""
        return any(r.request.wanted is not None for r in prepared.requests)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the distance of each first visit that is placed."""
        prepared = timetable.prepared
        for prep in prepared.requests:
            wanted = prep.request.wanted
            if wanted is None:
                continue
            placement = timetable.placements[prep.visits[0]]
            if placement is not None:
                distance = abs(prepared.horizon.instant(placement.start) - wanted)
                hours = distance // timedelta(hours=1)
                yield Amount(hours, prep.index, prep.visits[:1])

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return the distance of each start."""
        if not wants(visit):
            return 0
        prepared = state.prepared
        # To the second, rounding towards the wanted instant: its fraction of a second is no
        # matter, since starts lie on full seconds and hours are rounded down.
        early, late = _seconds(prepared, visit)
        if prepared.horizon.by_day:
            starts = prepared.clock(None).seconds(0)[ticks]
        else:
            starts = prepared.grain * 60 * ticks
        return np.maximum(early - starts, starts - late).clip(0) // SECONDS

    def express(self, model: Verbs) -> None:
        """Charge the starts by their distance; by an integer of hours where many differ."""
        for visit in model.free:
            if not wants(visit) or not model.candidates(visit.index):
                continue
            ticks = masks.ticks_of(model.candidates(visit.index))
            variant = visit.variants[0]
            amounts = np.asarray(self.costs(model.state, visit, variant, ticks))
            if model.prepared.horizon.by_day or len(np.unique(amounts)) <= FEW:
                model.cost_by_start(visit.index, ticks, amounts, request=visit.request_index)
            else:
                self._by_hours(model, visit, ticks, int(amounts.max()))

    def _by_hours(self, model: Verbs, visit: Visit, ticks: Ticks, most: int) -> None:
        """Let an integer be the distance, rounded down: 0 ≤ distance − hours < 1 hour."""
        hours = model.integer(0, most, f"hours {visit.id}")
        early, late = _seconds(model.prepared, visit)
        start = model.prepared.grain * 60 * model.start(visit.index)
        here = [model.present(visit.index)]
        model.at_most(start - late, SECONDS * hours + SECONDS - 1, when=here)
        model.at_most(early - start, SECONDS * hours + SECONDS - 1, when=here)
        before = masks.from_flags(
            model.prepared.grain * 60 * np.arange(model.prepared.ticks) <= early
        )
        earlier = model.at(visit.index, before)
        later = model.at(visit.index, model.prepared.all_ticks & ~before)
        model.at_most(SECONDS * hours, early - start, when=[earlier])
        model.at_most(SECONDS * hours, start - late, when=[later])
        model.at_most(hours, most * model.present(visit.index))
        model.cost(hours, visit.request_index)


def _seconds(prepared: Prepared, visit: Visit) -> tuple[int, int]:
    """Return the full seconds at or before the wanted instant, and at or after it.

    Counted from the start of the horizon.
    """
    assert visit.request is not None and visit.request.wanted is not None
    after = visit.request.wanted - prepared.horizon.start
    second = timedelta(seconds=1)
    return after // second, -(-after // second)

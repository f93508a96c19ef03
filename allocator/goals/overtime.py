"""Overtime: visits keep to ordinary hours where they can."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def overtime_of(prepared: Prepared, resource: int) -> Mask:
    """Return the ticks in which a resource is to be had in overtime only."""
    opening = prepared.opening(resource)
    return opening.overtime & ~opening.blocked if opening.overtime else 0


class Overtime(Goal):
    """Claimed minutes, buffers included, in the overtime band of the resource's calendar.

    Each claim counts for itself, also where several share a resource's time.
    """

    name = "overtime"
    sentence = "Nobody works overtime (buffers included) without need."
    unit = "minutes"
    local = True
    adds_up = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource has an overtime band."""
        return any(overtime_of(prepared, r) for r in range(len(prepared.resources)))

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the overtime that each claim takes."""
        prepared = timetable.prepared
        for resource, claims in enumerate(timetable.claims):
            band = overtime_of(prepared, resource) if claims else 0
            if not band:
                continue
            first, last = masks.lowest(band), masks.highest(band)
            for claim in claims:
                if claim.first <= last and claim.end > first:
                    ticks = (masks.span(claim.first, claim.end) & band).bit_count()
                    yield Amount(
                        prepared.grain * ticks,
                        prepared.visits[claim.visit].request_index,
                        (claim.visit,),
                        (resource,),
                    )

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return the overtime that the resource would take, start by start."""
        band = overtime_of(state.prepared, resource)
        if not band:
            return 0
        return _minutes(state.prepared, visit, variant.duration, need, band, ticks)

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those with overtime."""
        resources = range(len(prepared.resources))
        return frozenset(r for r in resources if overtime_of(prepared, r))

    def express(self, model: Verbs) -> None:
        """Charge starts by their overtime, for those who share a band together."""
        for visit in model.free:
            for need in range(len(visit.needs)):
                bands: dict[Mask, list[int]] = {}
                for resource in model.choices(visit.index, need):
                    band = overtime_of(model.prepared, resource)
                    if band:
                        bands.setdefault(band, []).append(resource)
                for band, resources in bands.items():
                    self._charge(model, visit, need, band, resources)

    def _charge(
        self, model: Verbs, visit: Visit, need: int, band: Mask, resources: list[int]
    ) -> None:
        ticks = masks.ticks_of(model.candidates(visit.index))
        takes = [model.takes(visit.index, need, resource) for resource in resources]
        groups = [model.any_of(takes)] if visit.needs[need].quantity == 1 else takes
        for duration in model.durations(visit.index):
            minutes = _minutes(model.prepared, visit, duration, need, band, ticks)
            if not minutes.any():
                continue
            lasts = model.lasts(visit.index, duration)
            for group in groups:
                model.cost_by_start(
                    visit.index,
                    ticks,
                    minutes,
                    when=model.all_of([lasts, group]),
                    request=visit.request_index,
                )


def _minutes(
    prepared: Prepared, visit: Visit, duration: int, need: int, band: Mask, ticks: Ticks
) -> npt.NDArray[np.int64]:
    """Return how many minutes of a band a visit's claim for a need takes, start by start."""
    what = visit.needs[need]
    first, end = what.covers(duration)
    before = _counts(band, prepared.ticks)
    begins = (ticks + (first - what.before)).clip(0, prepared.ticks)
    ends = (ticks + (end + what.after)).clip(0, prepared.ticks)
    return prepared.grain * (before[ends] - before[begins])


@lru_cache(maxsize=512)
def _counts(band: Mask, ticks: int) -> npt.NDArray[np.int64]:
    """Return how many ticks of a band lie before each tick."""
    counts = np.zeros(ticks + 1, dtype=np.int64)
    np.cumsum(masks.flags(band, ticks), out=counts[1:])
    counts.setflags(write=False)
    return counts

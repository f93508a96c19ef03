"""Same carer: a series stays with the people who know the patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allocator.domain.request import FlexibleSeries, Request
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import requests_with_free
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def carer_role(request: Request) -> str:
    """Return the role whose continuity counts in a series."""
    return (
        request.series.carer_role if isinstance(request.series, FlexibleSeries) else "practitioner"
    )


def carer_need(visit: Visit) -> int:
    """Return the number of a visit's need for a carer, or -1."""
    if visit.request is None or visit.request.series is None:
        return -1
    role = carer_role(visit.request)
    return next((n for n, need in enumerate(visit.needs) if need.role == role), -1)


class SameCarer(Goal):
    """Different resources in the carer's role of a series, beyond the first."""

    name = "same_carer"
    sentence = "All visits of a series are with the same carer."
    unit = "further carers"
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any series has a carer."""
        return any(carer_need(visit) >= 0 for visit in prepared.visits)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the further carers of each series."""
        for prep in timetable.prepared.requests:
            if prep.request.series is None:
                continue
            placed = timetable.of(prep)
            carers = {r for v, p in placed if carer_need(v) >= 0 for r in p.team[carer_need(v)]}
            yield Amount(
                max(0, len(carers) - 1),
                prep.index,
                tuple(v.index for v, _ in placed),
                tuple(sorted(carers)),
            )

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Take back the first carer, who is free, where nobody is known yet."""
        if carer_need(visit) < 0 or _known(state, visit):
            return 0
        return -1

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return 1 for whoever is new to the series."""
        if need != carer_need(visit):
            return 0
        return int(resource not in _known(state, visit))

    def costs_with_each(
        self,
        state: State,
        visit: Visit,
        variant: Variant,
        need: int,
        resources: Sequence[int],
        ticks: Ticks,
    ) -> Sequence[Amounts]:
        """Return the same: nothing for needs that no carer fills."""
        if need != carer_need(visit):
            return ()
        return super().costs_with_each(state, visit, variant, need, resources, ticks)

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those who may be the carer of a series."""
        return frozenset(
            resource
            for visit in prepared.visits
            if carer_need(visit) >= 0
            for resource in visit.needs[carer_need(visit)].resources
        )

    def express(self, model: Verbs) -> None:
        """Count the carers of each series with a free visit."""
        for prep in requests_with_free(model):
            free = [model.prepared.visits[v] for v in prep.visits if model.is_free(v)]
            free = [v for v in free if carer_need(v) >= 0]
            if not free:
                continue
            known = _known(model.state, free[0])
            new = sorted({r for v in free for r in model.choices(v.index, carer_need(v))} - known)
            used = []
            for resource in new:
                used.append(
                    model.any_of(
                        model.takes(v.index, carer_need(v), resource)
                        for v in free
                        if resource in model.choices(v.index, carer_need(v))
                    )
                )
            total = sum(used)
            if known:
                model.cost(total, prep.index)
            elif new:
                model.cost(total - model.any_of(used), prep.index)


def _known(state: State, visit: Visit) -> set[int]:
    return {
        r
        for other, placement in state.placed_of(visit)
        if carer_need(other) >= 0
        for r in placement.team[carer_need(other)]
    }

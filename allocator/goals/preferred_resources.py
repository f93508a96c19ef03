"""Preferred resources: visits get the resources that people would rather have."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit, VisitNeed
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class PreferredResources(Goal):
    """Rank of each resource among its need's alternatives, plus the wishes that it misses.

    The first alternative has rank 0, the second 1. A wish of the request for a role is missed,
    with its weight, by each resource in that role that it does not name.
    """

    name = "preferred_resources"
    sentence = "A role is filled by the resources that its service, or its request, prefers."
    unit = "steps"
    local = True
    adds_up = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any need has a second choice, or any request a wish."""
        return any(r.request.preferred_resources for r in prepared.requests) or any(
            any(need.rank) for visit in prepared.visits for need in visit.needs
        )

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield how far down the order of preference each placed visit is."""
        prepared = timetable.prepared
        for visit, placement in timetable.placed():
            missed = 0
            whose: list[int] = []
            for need, members in zip(visit.needs, placement.team, strict=True):
                if need.attendee:
                    continue
                for resource in members:
                    steps = _steps(prepared, visit, need, resource)
                    if steps:
                        missed += steps
                        whose.append(resource)
            yield Amount(missed, visit.request_index, (visit.index,), tuple(whose))

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return how far down the order of preference a resource is, at any start."""
        return _steps(state.prepared, visit, visit.needs[need], resource)

    def costs_with_each(
        self,
        state: State,
        visit: Visit,
        variant: Variant,
        need: int,
        resources: Sequence[int],
        ticks: Ticks,
    ) -> Sequence[Amounts]:
        """Return the same: nothing where a need has no order, and nobody wishes."""
        what, request = visit.needs[need], visit.request
        wishes = request.preferred_resources if request is not None else ()
        if what.attendee or not (any(what.rank) or any(w.role == what.role for w in wishes)):
            return ()
        return [_steps(state.prepared, visit, what, resource) for resource in resources]

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those that a wish names."""
        return frozenset(
            prepared.resource_index[name]
            for request in prepared.requests
            for wish in request.request.preferred_resources
            for name in wish.resources
            if name in prepared.resource_index
        )

    def express(self, model: Verbs) -> None:
        """Charge each resource that is taken by its place in the order."""
        for visit in model.free:
            for number, need in enumerate(visit.needs):
                for resource in model.choices(visit.index, number):
                    steps = _steps(model.prepared, visit, need, resource)
                    if steps:
                        takes = model.takes(visit.index, number, resource)
                        model.cost(steps * takes, visit.request_index)


def _steps(prepared: Prepared, visit: Visit, need: VisitNeed, resource: int) -> int:
    """Return the rank of a resource, plus the weights of the wishes that it misses."""
    if need.attendee:
        return 0
    place = bisect_left(need.resources, resource)  # they are in the order of their numbers
    known = place < len(need.resources) and need.resources[place] == resource
    steps = need.rank[place] if known else 0
    if visit.request is not None:
        for wish in visit.request.preferred_resources:
            if wish.role == need.role and prepared.resources[resource].id not in wish.resources:
                steps += wish.weight
    return steps

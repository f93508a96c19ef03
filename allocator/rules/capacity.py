"""Capacity: a resource serves no more visits at once than it has lanes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, usable, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


def told(timetable: Timetable, claims: Iterable[TickClaim]) -> str:
    """Write claims as visits with their local times."""
    prepared = timetable.prepared
    return ", ".join(
        f"{prepared.visits[c.visit].id} ({prepared.local(c.part_first)})" for c in claims
    )


class Lanes(Rule):
    """Shared by the rules that count claims on a resource."""

    def serves(self, prepared: Prepared, resource: int) -> bool:
        """Say whether the resource is this rule's business."""
        raise NotImplementedError

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield sets of visits that hold more lanes at once than there are."""
        prepared = timetable.prepared
        for number, resource in enumerate(prepared.resources):
            if len(timetable.claims[number]) > 1 and self.serves(prepared, number):
                for clash in timetable.clashes(number, padded=False):
                    yield violation(
                        self,
                        timetable,
                        f"{resource.label} serves {resource.lanes} at once;"
                        f" {sum(c.uses for c in clash)} are asked for by"
                        f" {told(timetable, clash)}.",
                        [c.visit for c in clash],
                        [number],
                    )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts whose part touches no tick in which the lanes are taken."""
        if not state.claims[resource] or not self.serves(state.prepared, resource):
            return EVERY
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        padded = state.padded(resource)
        key = ("capacity", first, end, what.uses)
        return state.memo(
            resource,
            key,
            lambda: state.room(resource, what.uses, first, end, padded=not padded),
        )

    def constrain(self, model: Verbs) -> None:
        """Let free visits share each resource only as far as its lanes go."""
        for resource in usable(model):
            if model.users(resource) and self.serves(model.prepared, resource):
                model.no_overlap(resource, padded=False)


class Capacity(Lanes):
    """Lanes of the resources that serve: disjunctive for one lane, cumulative for more."""

    name = "capacity"
    sentence = "A resource serves no more visits at once than it has lanes."
    moving = True
    of_claims = True
    local = True

    def serves(self, prepared: Prepared, resource: int) -> bool:
        """Say whether some service may draw on the resource."""
        return not prepared.attends_only(resource)

"""Buffers: the time before and after a part of a visit that its resource needs as well."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim, Variant, Visit
from allocator.rules.capacity import told
from allocator.rules.rule import EVERY, Rule, Violation, usable, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class Buffers(Rule):
    """Claims, buffers included, share a resource only as far as its lanes go.

    Buffers belong to a need: cleaning takes the room, notes take the practitioner, neither
    takes the patient. What overlaps itself is told by capacity.
    """

    name = "buffers"
    sentence = "The time that a resource needs before and after a visit overlaps no other visit."
    moving = True
    of_claims = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any need has a buffer."""
        return any(need.before or need.after for v in prepared.visits for need in v.needs)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield sets of visits that are apart themselves, but not with their buffers."""
        prepared = timetable.prepared
        for number, resource in enumerate(prepared.resources):
            if len(timetable.claims[number]) > 1:
                for clash in timetable.clashes(number, padded=True):
                    if not _together(clash):
                        yield violation(
                            self,
                            timetable,
                            f"{resource.label} serves {resource.lanes} at once; with buffers,"
                            f" {sum(c.uses for c in clash)} are asked for by"
                            f" {told(timetable, clash)}.",
                            [c.visit for c in clash],
                            [number],
                        )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts whose claim, with buffers, touches no tick with its lanes taken."""
        what = visit.needs[need]
        if not state.claims[resource]:
            return EVERY
        if not (what.before or what.after or state.padded(resource)):
            return EVERY
        first, end = what.covers(variant.duration)
        first, end = first - what.before, end + what.after
        key = ("buffers", first, end, what.uses)
        return state.memo(
            resource,
            key,
            lambda: state.room(resource, what.uses, first, end),
        )

    def constrain(self, model: Verbs) -> None:
        """Let claims with buffers share each resource only as far as its lanes go."""
        for resource in usable(model):
            if any(
                visit.needs[need].before or visit.needs[need].after
                for visit, need in model.users(resource)
            ) or (model.users(resource) and model.state.padded(resource)):
                model.no_overlap(resource, padded=True)


def _together(claims: list[TickClaim]) -> bool:
    """Say whether the parts themselves all overlap: then capacity says so already."""
    return max(c.part_first for c in claims) < min(c.part_end for c in claims)

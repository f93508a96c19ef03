"""Reserves: stretches kept for certain services or urgent requests until they are released."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.domain.resource import Reserve
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


def admits(reserve: Reserve, visit: Visit) -> bool:
    """Say whether a visit may use a reserve at any time, by its service or its urgency.

    A group session goes by its service only, who takes part in one by their priority only.
    """
    if visit.service is not None and visit.service.id in reserve.services:
        return True
    return (
        visit.request is not None
        and reserve.urgent_priority is not None
        and visit.priority <= reserve.urgent_priority
    )


class Reserves(Rule):
    """Carve-out: claims, buffers included, keep out of reserves that are not for them."""

    name = "reserves"
    sentence = (
        "A reserved stretch is kept for its services and for urgent requests until it is released."
    )
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any reserve is not yet released."""
        return any(
            prepared.reserved(number)
            for number, resource in enumerate(prepared.resources)
            if resource.reserves
        )

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the claims that touch a reserve which is not for them."""
        prepared = timetable.prepared
        for number, resource in enumerate(prepared.resources):
            if not resource.reserves or not timetable.claims[number]:
                continue
            held = prepared.reserved(number)
            union = 0
            for _, ticks in held:
                union |= ticks
            clock = prepared.clock_of(number)
            for claim in timetable.touching(number, union):
                visit = prepared.visits[claim.visit]
                claimed = masks.span(claim.first, claim.end)
                for reserve, ticks in held:
                    taken = (claimed & ticks).bit_count()
                    if taken and not admits(reserve, visit):
                        yield violation(
                            self,
                            timetable,
                            f"{resource.label} is reserved from"
                            f" {prepared.local(masks.lowest(ticks), clock)} for"
                            f" {ticks.bit_count() * prepared.grain} minutes; visit {visit.id}"
                            f" claims {taken * prepared.grain} of them from"
                            f" {prepared.local(claim.first, clock)}.",
                            [claim.visit],
                            [number],
                        )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts from which the claim touches no reserve that is not for it."""
        barred = 0
        for reserve, ticks in state.prepared.reserved(resource):
            if not admits(reserve, visit):
                barred |= ticks
        if not barred:
            return EVERY
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        return masks.clear_of(barred, first - what.before, end + what.after)

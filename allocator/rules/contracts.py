"""Contracts: a resource works on the dates for which it is with us."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


def away(prepared: Prepared, resource: int) -> Mask:
    """Return the ticks of the local dates on which a resource has no contract though it has some.

    Dates count by the resource's own clock.
    """
    contracts = prepared.resources[resource].contracts
    if not contracts:
        return 0
    clock = prepared.clock_of(resource)
    here = 0
    for contract in contracts:
        here |= clock.days_mask(contract.first, contract.last)
    return prepared.all_ticks & ~here


class Contracts(Rule):
    """Claims, buffers included, lie whole on local dates on which a contract holds."""

    name = "contracts"
    sentence = "A resource with contracts works only on dates on which one of them holds."
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource has a contract with a first or a last date."""
        return any(
            all(c.first is not None or c.last is not None for c in resource.contracts)
            for resource in prepared.resources
            if resource.contracts
        )

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the claims that reach into dates without a contract."""
        prepared = timetable.prepared
        for number, resource in enumerate(prepared.resources):
            if not resource.contracts or not timetable.claims[number]:
                continue
            absent = away(prepared, number)
            clock = prepared.clock_of(number)
            for claim in timetable.touching(number, absent):
                missed = masks.span(claim.first, claim.end) & absent
                day = clock.dates[clock.day_of[masks.lowest(missed)]]
                yield violation(
                    self,
                    timetable,
                    f"{resource.label} has no contract on {day}; visit"
                    f" {prepared.visits[claim.visit].id} claims"
                    f" {missed.bit_count() * prepared.grain} of its"
                    f" {(claim.end - claim.first) * prepared.grain} minutes without one, from"
                    f" {prepared.local(claim.first, clock)}.",
                    [claim.visit],
                    [number],
                )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts from which the claim touches no date without a contract."""
        absent = away(state.prepared, resource)
        if not absent:
            return EVERY
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        return masks.clear_of(absent, first - what.before, end + what.after)

"""Blocks: what takes a resource out of its opening hours keeps visits out as well."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class Blocks(Rule):
    """Claims, buffers included, touch no blocked tick: unavailability periods.

    A block that starts or ends within a tick takes the whole tick.
    """

    name = "blocks"
    sentence = "A resource serves no visit while it is blocked, as by leave or maintenance."
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any calendar has a block."""
        return any(calendar.blocks for calendar in prepared.problem.calendars)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the claims that reach into a block."""
        prepared = timetable.prepared
        for number, claims in enumerate(timetable.claims):
            if not claims:
                continue
            blocked = prepared.opening(number).blocked
            for claim in timetable.touching(number, blocked):
                taken = (masks.span(claim.first, claim.end) & blocked).bit_count()
                yield violation(
                    self,
                    timetable,
                    f"{prepared.who(number)} is blocked for {taken * prepared.grain} of the"
                    f" {(claim.end - claim.first) * prepared.grain} minutes that visit"
                    f" {prepared.visits[claim.visit].id} claims from"
                    f" {prepared.local(claim.first, prepared.clock_of(number))}.",
                    [claim.visit],
                    [number],
                )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts from which the claim touches no blocked tick."""
        blocked = state.prepared.opening(resource).blocked
        if not blocked:
            return EVERY
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        return masks.clear_of(blocked, first - what.before, end + what.after)

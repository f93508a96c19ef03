"""Opening hours: a resource works only while it is open."""

from __future__ import annotations

from collections.abc import Iterator

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class OpeningHours(Rule):
    """Claims, buffers included, lie in the opening hours (overtime is open) and the horizon."""

    name = "opening_hours"
    sentence = "A resource is open for all of its part of a visit, buffers included."
    local = True

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the claims that reach into closed time."""
        prepared = timetable.prepared
        for number, claims in enumerate(timetable.claims):
            if not claims:
                continue
            closed = prepared.all_ticks & ~prepared.opening(number).open
            wrong = set(timetable.touching(number, closed))
            wrong |= {c for c in claims if c.first < 0 or c.end > prepared.ticks}
            for claim in sorted(wrong):
                missed = (masks.span(claim.first, claim.end) & closed).bit_count()
                missed += max(0, -claim.first) + max(0, claim.end - prepared.ticks)
                yield violation(
                    self,
                    timetable,
                    f"{prepared.who(number)} is closed for {missed * prepared.grain} of the"
                    f" {(claim.end - claim.first) * prepared.grain} minutes that visit"
                    f" {prepared.visits[claim.visit].id} claims from"
                    f" {prepared.local(claim.first, prepared.clock_of(number))}.",
                    [claim.visit],
                    [number],
                )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts from which the claim stays in open time."""
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        first, end = first - what.before, end + what.after
        opened = state.prepared.opening(resource).open
        return masks.shift(masks.runs_of(opened, end - first), -first)

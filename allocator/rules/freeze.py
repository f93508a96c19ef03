"""Freeze: what is about to happen is settled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from allocator.domain.time import zone_of
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class Freeze(Rule):
    """A frozen period: before its end only those visits start that are pinned where they are."""

    name = "freeze"
    sentence = "Nothing new starts before the problem's freeze ends."
    local = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether the problem has a freeze."""
        return prepared.problem.freeze_before is not None

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits that are not frozen and start before the freeze ends."""
        prepared = timetable.prepared
        end = prepared.problem.freeze_before
        assert end is not None
        end = end.astimezone(UTC)
        for visit, placement in timetable.placed():
            if visit.index in prepared.frozen:
                continue
            if prepared.horizon.instant(placement.start) < end:
                until = end.astimezone(zone_of(visit.clock.zone))
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id} starts at {prepared.local(placement.start, visit.clock)};"
                    f" what starts before {until:%a %Y-%m-%d %H:%M} is frozen.",
                    [visit.index],
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts from the end of the freeze on."""
        prepared = state.prepared
        end = prepared.problem.freeze_before
        if end is None or visit.index in prepared.frozen:
            return EVERY
        return ~masks.span(0, prepared.horizon.tick_at_or_after(end))

"""A meeting ends on the day on which it starts: days touch, since nights have no grains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class OneDay(Rule):
    """No meeting lies across the end of a day, nor after the last."""

    name = "one_day"
    sentence = "A meeting starts and ends on one day."

    def __init__(self, days: Sequence[tuple[int, int]]) -> None:
        self.days = tuple(days)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the meetings that lie on no single day."""
        for visit, at in timetable.placed():
            end = at.start + at.duration
            if not any(first <= at.start and end <= last for first, last in self.days):
                message = f"Visit {visit.id} lies in grains {at.start} to {end}, on no single day."
                yield violation(self, timetable, message, [visit.index])

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts from which a meeting ends on the same day."""
        return self._starts(state.prepared, variant.duration)

    def _starts(self, prepared: Prepared, duration: int) -> Mask:
        def compute() -> Mask:
            found: Mask = 0
            for first, last in self.days:
                found |= masks.span(first, max(first, last - duration + 1))
            return found

        return prepared.memo(("one_day", duration), compute)

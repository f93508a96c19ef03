"""Windows: a visit lies whole in a span that its request allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class Windows(Rule):
    """Time windows (release dates and deadlines); windows that touch count as one."""

    name = "windows"
    sentence = "A visit lies whole in a window of its request."
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request or session has a window."""
        return any(_spans(visit) for visit in prepared.visits)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits that reach outside their windows."""
        prepared = timetable.prepared
        for visit, placement in timetable.placed():
            spans = _spans(visit)
            if not spans:
                continue
            start = prepared.horizon.instant(placement.start)
            end = prepared.horizon.instant(placement.start + placement.duration)
            at = start
            for first, last in sorted(spans):
                if first <= at:
                    at = max(at, last)
            if at < end:
                windows = "window" if len(spans) == 1 else f"{len(spans)} windows"
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id} lies at {prepared.local(placement.start, visit.clock)} for"
                    f" {placement.duration * prepared.grain} minutes, outside its {windows}.",
                    [visit.index],
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts from which the visit stays inside."""
        spans = _spans(visit)
        if not spans:
            return EVERY
        return masks.runs_of(state.prepared.window(spans), variant.duration)


def _spans(visit: Visit) -> list[tuple[datetime, datetime]]:
    what = visit.request or visit.session
    assert what is not None
    return [(span.start, span.end) for span in what.windows]

"""Notice: visits lie far enough ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable


class Notice(Rule):
    """Least lead time: from now to the start, as long as the service asks for.

    A participant of a group session may come at once. A visit that keeps its published start had
    its notice when it was published.
    """

    name = "notice"
    sentence = "A visit starts no sooner than its service's notice from now, and never in the past."
    local = True

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the visits that start too soon."""
        prepared = timetable.prepared
        now = prepared.horizon.asked_at
        for visit, placement in timetable.placed():
            if _is_kept(prepared, visit, placement.start):
                continue
            ahead = prepared.horizon.instant(placement.start) - now
            wanted = _notice(visit)
            if ahead < timedelta(minutes=wanted):
                yield violation(
                    self,
                    timetable,
                    f"Visit {visit.id} starts at {prepared.local(placement.start, visit.clock)},"
                    f" {ahead // timedelta(minutes=1)} minutes from now; at least {wanted} are"
                    " asked for.",
                    [visit.index],
                )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts from the end of the notice on."""
        prepared = state.prepared
        held = prepared.published.get(visit.index)
        wanted = _notice(visit)
        later = prepared.memo(
            ("notice", wanted),
            lambda: (
                ~masks.span(
                    0,
                    prepared.horizon.tick_at_or_after(
                        prepared.horizon.asked_at + timedelta(minutes=wanted)
                    ),
                )
            ),
        )
        return later if held is None else later | 1 << held.start


def _notice(visit: Visit) -> int:
    return 0 if visit.service is None else visit.service.notice_minutes


def _is_kept(prepared: Prepared, visit: Visit, start: int) -> bool:
    held = prepared.published.get(visit.index)
    return held is not None and held.start == start

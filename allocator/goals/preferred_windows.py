"""Preferred windows: visits lie where people would rather have them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class PreferredWindows(Goal):
    """The weight of the best wish, less that of the best window in which the visit lies whole."""

    name = "preferred_windows"
    sentence = "A visit lies in a window that its request prefers."
    unit = "wishes"
    local = True
    adds_up = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any request prefers a window."""
        return any(r.request.preferred_windows for r in prepared.requests)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield what each placed visit misses."""
        horizon = timetable.prepared.horizon
        for visit, placement in timetable.placed():
            if visit.request is not None and visit.request.preferred_windows:
                start = horizon.instant(placement.start)
                end = horizon.instant(placement.start + placement.duration)
                wishes = visit.request.preferred_windows
                best = max(w.weight for w in wishes)
                met = [w.weight for w in wishes if w.span.start <= start and end <= w.span.end]
                yield Amount(best - max(met, default=0), visit.request_index, (visit.index,))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what each start misses."""
        if visit.request is None or not visit.request.preferred_windows:
            return 0
        met = np.zeros(len(ticks), dtype=np.int64)
        for weight, mask in _wishes(state.prepared, visit, variant.duration):
            inside = masks.flags(mask, state.prepared.ticks)[ticks]
            met[inside] = np.maximum(met[inside], weight)
        return max(w.weight for w in visit.request.preferred_windows) - met

    def express(self, model: Verbs) -> None:
        """Charge the starts by what they miss, for each length that the visit may have."""
        for visit in model.free:
            if visit.request is None or not visit.request.preferred_windows:
                continue
            ticks = masks.ticks_of(model.candidates(visit.index))
            for duration in model.durations(visit.index):
                variant = visit.variants[0]._replace(duration=duration)
                model.cost_by_start(
                    visit.index,
                    ticks,
                    np.asarray(self.costs(model.state, visit, variant, ticks)),
                    when=model.lasts(visit.index, duration),
                    request=visit.request_index,
                )


def _wishes(prepared: Prepared, visit: Visit, duration: int) -> Iterator[tuple[int, Mask]]:
    assert visit.request is not None
    for wish in visit.request.preferred_windows:
        window = prepared.window([(wish.span.start, wish.span.end)])
        yield wish.weight, masks.runs_of(window, duration)

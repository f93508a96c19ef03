"""Same time: the visits of a series start at the same time of day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.domain.time import MINUTES_PER_DAY
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import requests_with_free
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

QUARTER = 15


class SameTime(Goal):
    """Range of the local wall times at which a series' visits start: (max − min) // 15 minutes.

    In a series of chains it is that of the first steps.
    """

    name = "same_time"
    sentence = "The visits of a series start at about the same time of day."
    unit = "quarter hours"
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any series has more than one visit, and days have times."""
        return not prepared.horizon.by_day and any(
            r.request.series is not None and r.request.occurrences > 1 for r in prepared.requests
        )

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the range of each series."""
        for prep in timetable.prepared.requests:
            if prep.request.series is None:
                continue
            placed = [(v, p) for v, p in timetable.of(prep) if v.step == 1]
            if len(placed) > 1:
                minutes = [int(v.clock.minute_of[p.start]) for v, p in placed]
                spread = (max(minutes) - min(minutes)) // QUARTER
                yield Amount(spread, prep.index, tuple(v.index for v, _ in placed))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return by how much each start widens the range."""
        known = _minutes(state, visit)
        if not known:
            return 0
        low, high = min(known), max(known)
        minutes = visit.clock.minute_of[ticks].astype(np.int64)
        after = (np.maximum(minutes, high) - np.minimum(minutes, low)) // QUARTER
        return after - (high - low) // QUARTER

    def express(self, model: Verbs) -> None:
        """Take the range of each series' minutes, and an integer of its quarter hours."""
        for prep in requests_with_free(model):
            if prep.request.series is None or prep.request.occurrences < 2:
                continue
            firsts = [prep.occurrence(n)[0] for n in range(1, prep.request.occurrences + 1)]
            free = [v for v in firsts if model.is_free(v) and model.candidates(v)]
            if not free:
                continue
            known = _minutes(model.state, model.prepared.visits[free[0]])
            if len(free) + len(known) < 2:
                continue
            # A visit that is not placed has minute 0; for the earliest it counts as a day later.
            latest = model.greatest(
                [*(model.minute(v) for v in free), *known[:1], *known[-1:]],
                0,
                MINUTES_PER_DAY,
            )
            minus_earliest = model.greatest(
                [
                    *(
                        MINUTES_PER_DAY * model.present(v) - MINUTES_PER_DAY - model.minute(v)
                        for v in free
                    ),
                    *(-minute for minute in known[:1]),
                ],
                -MINUTES_PER_DAY,
                0,
            )
            most = MINUTES_PER_DAY // QUARTER
            quarters = model.integer(0, most, f"quarter hours {prep.request.id}")
            spread = latest + minus_earliest
            model.at_most(spread, QUARTER * quarters + QUARTER - 1)
            if known:
                model.at_most(QUARTER * quarters, spread)
            else:
                some = model.any_of(model.present(v) for v in free)
                model.at_most(QUARTER * quarters, spread, when=[some])
                model.at_most(quarters, most * some)
            base = (known[-1] - known[0]) // QUARTER if known else 0
            model.cost(quarters - base, prep.index)


def _minutes(state: State, visit: Visit) -> list[int]:
    """Return, ascending, when the other placed visits of a series start; [] for what has none."""
    if visit.request is None or visit.request.series is None or visit.step != 1:
        return []
    return sorted(
        int(other.clock.minute_of[placement.start])
        for other, placement in state.placed_of(visit)
        if other.step == 1
    )

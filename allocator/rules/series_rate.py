"""Series rate: a flexible series has only so many visits a week."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from allocator.domain.request import FlexibleSeries
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, requests_with_free, violation
from allocator.rules.series_gaps import flexible
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class SeriesRate(Rule):
    """At most k placed occurrences, by their first steps, in a local week from Monday."""

    name = "series_rate"
    sentence = "A flexible series has at most so many visits in a week from Monday."
    moving = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any series limits its visits a week."""
        return any(
            isinstance(r.request.series, FlexibleSeries)
            and r.request.series.most_per_week is not None
            for r in prepared.requests
        )

    def concerns(self, prepared: Prepared, visit: Visit) -> bool:
        """Say whether the visit is of a series that limits its visits a week."""
        series = flexible(visit)
        return series is not None and series.most_per_week is not None and visit.step == 1

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the weeks of a series that have too many visits."""
        for prep in timetable.prepared.requests:
            series = prep.request.series
            if not isinstance(series, FlexibleSeries) or series.most_per_week is None:
                continue
            weeks: dict[int, list[Visit]] = defaultdict(list)
            for visit, placement in timetable.of(prep):
                if visit.step == 1:
                    weeks[_week(visit, placement)].append(visit)
            for week, visits in weeks.items():
                if len(visits) > series.most_per_week:
                    clock = visits[0].clock
                    first = clock.dates[_days(clock, week)[0]]
                    yield violation(
                        self,
                        timetable,
                        f"Request {prep.request.id} has {len(visits)} visits in the week of"
                        f" {first:%a %Y-%m-%d}; at most {series.most_per_week} are asked for.",
                        [v.index for v in visits],
                    )

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts outside the weeks that are full."""
        series = flexible(visit)
        if series is None or series.most_per_week is None or visit.step != 1:
            return EVERY
        counts = Counter(_week(v, p) for v, p in state.placed_of(visit) if v.step == 1)
        mask = EVERY
        for week, count in counts.items():
            if count >= series.most_per_week:
                first, last = _days(visit.clock, week)
                dates = visit.clock.dates
                mask &= ~visit.clock.days_mask(dates[first], dates[last])
        return mask

    def constrain(self, model: Verbs) -> None:
        """Bound the free visits of each week by what the fixed ones leave of it."""
        for prep in requests_with_free(model):
            series = prep.request.series
            if not isinstance(series, FlexibleSeries) or series.most_per_week is None:
                continue
            fixed: Counter[int] = Counter()
            free: dict[int, dict[int, list[Literal]]] = defaultdict(lambda: defaultdict(list))
            for number in range(1, series.count + 1):
                visit = model.prepared.visits[prep.visit(number, 1)]
                placement = model.state.placements[visit.index]
                if model.is_free(visit.index):
                    for day, literal in model.days(visit.index).items():
                        week = int(visit.clock.week_of_day[day])
                        free[week][visit.index].append(literal)
                elif placement is not None:
                    fixed[_week(visit, placement)] += 1
            for week, visits in free.items():
                left = max(0, series.most_per_week - fixed[week])
                if len(visits) > left:
                    model.at_most(sum(x for some in visits.values() for x in some), left)


def _week(visit: Visit, placement: Placement) -> int:
    return int(visit.clock.week_of_day[visit.clock.day_of[placement.start]])


def _days(clock: Clock, week: int) -> tuple[int, int]:
    """Return the first and the last day of a week, as far as they lie in the horizon."""
    first, end = np.searchsorted(clock.week_of_day, [week, week + 1])
    return int(first), int(end) - 1

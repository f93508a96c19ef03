"""Person limits: how many visits a resource has in a day or a week."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


class PersonLimits(Rule):
    """Visits that start in a local day, or in a local Monday week, of the resource's clock.

    Visits are counted, not claims: somebody with two parts in a visit has one visit.
    """

    name = "person_limits"
    sentence = "Nobody has more visits in a local day or week than their limit."
    moving = True
    of_claims = True
    local = True
    of_requests = True

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any resource has such a limit."""
        return bool(_limited(prepared))

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the days and weeks with too many visits."""
        prepared = timetable.prepared
        for resource in sorted(_limited(prepared)):
            if not timetable.claims[resource]:
                continue
            clock = prepared.clock_of(resource)
            limits = prepared.resources[resource].limits
            days: defaultdict[int, list[int]] = defaultdict(list)
            weeks: defaultdict[int, list[int]] = defaultdict(list)
            for visit in {claim.visit for claim in timetable.claims[resource]}:
                placement = timetable.placements[visit]
                assert placement is not None
                day = int(clock.day_of[placement.start])
                days[day].append(visit)
                weeks[int(clock.week_of_day[day])].append(visit)
            for what, most, groups in (
                ("day", limits.visits_per_day, days),
                ("week", limits.visits_per_week, weeks),
            ):
                for number, visits in sorted(groups.items()):
                    if most is not None and len(visits) > most:
                        yield violation(
                            self,
                            timetable,
                            f"{prepared.who(resource)} has {len(visits)} visits"
                            f" {_when(clock, what, number)}; at most {most} a {what} are allowed.",
                            visits,
                            [resource],
                        )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts in days and weeks that have room for one more visit."""
        if resource not in _limited(state.prepared):
            return EVERY
        return state.memo(resource, "person_limits", lambda: _room(state, resource))

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return those whose visits are limited."""
        return _limited(prepared)

    def constrain(self, model: Verbs) -> None:
        """Let the free visits of each day and week be at most what fixed ones leave."""
        for resource in sorted(_limited(model.prepared)):
            if not model.users(resource):
                continue
            limits = model.prepared.resources[resource].limits
            days, weeks = _counts(model.state, resource)
            if limits.visits_per_day is not None:
                _share(model, resource, limits.visits_per_day, days, _day_spans)
            if limits.visits_per_week is not None:
                _share(model, resource, limits.visits_per_week, weeks, _week_spans)


def _share(
    model: Verbs,
    resource: int,
    most: int,
    fixed: Counter[int],
    spans: Callable[[Clock, Mask], dict[int, Mask]],
) -> None:
    """Let the free visits of each day or week be at most what the fixed ones leave."""
    clock = model.prepared.clock_of(resource)
    terms: defaultdict[int, list[Literal]] = defaultdict(list)
    needs: defaultdict[int, list[int]] = defaultdict(list)
    for visit, need in model.users(resource):
        needs[visit.index].append(need)
    for index, some in needs.items():
        takes = model.any_of(model.takes(index, need, resource) for need in some)
        for number, span in spans(clock, model.candidates(index)).items():
            at = model.at(index, span)
            whole = at if takes is model.present(index) else model.all_of([takes, at])
            terms[number].append(whole)
    for number, literals in terms.items():
        left = max(0, most - fixed[number])
        if len(literals) > left:
            model.at_most(sum(literals), left)


def _limited(prepared: Prepared) -> frozenset[int]:
    def compute() -> frozenset[int]:
        return frozenset(
            number
            for number, resource in enumerate(prepared.resources)
            if resource.limits.visits_per_day is not None
            or resource.limits.visits_per_week is not None
        )

    return prepared.memo("person_limits", compute)


def _counts(state: State, resource: int) -> tuple[Counter[int], Counter[int]]:
    """Return how many visits a resource has by local day, and by local week."""
    clock = state.prepared.clock_of(resource)
    days: Counter[int] = Counter()
    weeks: Counter[int] = Counter()
    for visit in {claim.visit for claim in state.claims[resource]}:
        placement = state.placements[visit]
        assert placement is not None
        day = int(clock.day_of[placement.start])
        days[day] += 1
        weeks[int(clock.week_of_day[day])] += 1
    return days, weeks


def _room(state: State, resource: int) -> Mask:
    prepared = state.prepared
    clock = prepared.clock_of(resource)
    limits = prepared.resources[resource].limits
    if 0 in (limits.visits_per_day, limits.visits_per_week):
        return 0
    days, weeks = _counts(state, resource)
    full = 0
    for day, count in days.items():
        if limits.visits_per_day is not None and count >= limits.visits_per_day:
            full |= clock.day_mask(day)
    for week, count in weeks.items():
        if limits.visits_per_week is not None and count >= limits.visits_per_week:
            full |= _week_mask(clock, week)
    return ~full


def _day_spans(clock: Clock, starts: Mask) -> dict[int, Mask]:
    """Return the local days that have one of these starts, with their ticks."""
    days = np.unique(clock.day_of[masks.ticks_of(starts)]).tolist()
    return {day: clock.day_mask(day) for day in days}


def _week_spans(clock: Clock, starts: Mask) -> dict[int, Mask]:
    """Return the local weeks that have one of these starts, with their ticks."""
    weeks = np.unique(clock.week_of_day[clock.day_of[masks.ticks_of(starts)]]).tolist()
    return {week: _week_mask(clock, week) for week in weeks}


def _week_mask(clock: Clock, week: int) -> Mask:
    mask = 0
    for day in np.flatnonzero(clock.week_of_day == week).tolist():
        mask |= clock.day_mask(day)
    return mask


def _when(clock: Clock, what: str, number: int) -> str:
    if what == "day":
        return f"on {clock.dates[number]:%a %Y-%m-%d}"
    first = clock.week_of_day.tolist().index(number)
    return f"in the week of {clock.dates[first]:%a %Y-%m-%d}"

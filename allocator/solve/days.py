"""What a plan knows of days: how the visits of a request, and related ones, follow each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations

from ortools.sat.python import cp_model

from allocator.domain.request import Alike, FixedSeries, FlexibleSeries
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared, PreparedRequest
from allocator.rules.chain_lags import lags
from allocator.solve.bound import Alone
from allocator.state.state import State

Place = tuple[int, int, int]  #: A need, a resource, and the first tick of a run.


@dataclass(slots=True)
class Group:
    """Visits of a request and a step that ask for the same, in order of occurrence."""

    visits: list[int]
    served: list[cp_model.IntVar]
    counts: dict[Place, cp_model.IntVar] = field(default_factory=dict)
    ends: dict[Place, int] = field(default_factory=dict)
    by_day: dict[int, dict[int, list[cp_model.IntVar]]] = field(default_factory=dict)
    """By need and local day of the visit; empty where a run spans days."""


def quantity(prepared: Prepared, group: Group, need: int) -> int:
    """Return how many resources a need of a group's visits takes."""
    return prepared.visits[group.visits[0]].needs[need].quantity


class Days:
    """The days of a plan's visits, where claims tell them.

    Parameters
    ----------
    cp
        The plan; grows.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    rules
        Names of the rules in force.
    """

    def __init__(self, cp: cp_model.CpModel, frozen: State, alone: Alone, rules: set[str]) -> None:
        self.cp = cp
        self.frozen = frozen
        self.alone = alone
        self.rules = rules
        self.prepared = frozen.prepared

    def add_gaps(self, request: PreparedRequest, groups: list[Group]) -> None:
        """Keep the distance in days, the order and the rate a week, where days are known."""
        series = request.request.series
        assert isinstance(series, FlexibleSeries)
        days: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for group in groups:
            for day, some in self._of(group).items():
                days[day] += some
        least = series.least_days_between
        if least and "series_gaps" in self.rules:
            for day in days:
                near = [y for d in range(day, day + least) for y in days.get(d, ())]
                self.cp.add(sum(near) <= 1)
            self._add_order(groups, least)
            known = all(self._of(group) for group in groups)
            alone = all(self.frozen.placements[v] is None for v in request.visits)
            if series.most_days_between is not None and known and alone:
                self._keep_in_touch(days, series.most_days_between)
        if series.most_per_week is not None and "series_rate" in self.rules and days:
            clock = self.prepared.visits[groups[0].visits[0]].clock
            weeks: dict[int, list[cp_model.IntVar]] = defaultdict(list)
            for day, some in days.items():
                weeks[int(clock.week_of_day[day])] += some
            for some in weeks.values():
                self.cp.add(sum(some) <= series.most_per_week)

    def _add_order(self, groups: list[Group], least: int) -> None:
        """Let visits of a later group come after those of the groups before."""
        ordered = sorted(groups, key=lambda g: g.visits[0])
        for one, other in pairwise(ordered):
            first, second = self._of(one), self._of(other)
            if one.visits[-1] > other.visits[0] or not first or not second:
                continue
            for day, some in second.items():
                before = [y for d, ys in first.items() if d <= day - least for y in ys]
                self.cp.add(len(one.visits) * sum(some) <= sum(before))

    def _keep_in_touch(self, days: dict[int, list[cp_model.IntVar]], most: int) -> None:
        """Let another visit follow within so many days, except after the last."""
        last = {day: self.cp.new_bool_var("") for day in sorted(days)}
        passed: list[cp_model.IntVar] = []
        for day, ends in last.items():
            near = [y for d in range(day + 1, day + most + 1) for y in days.get(d, ())]
            self.cp.add(sum(days[day]) <= sum(near) + ends)
            if passed:
                self.cp.add(sum(days[day]) + sum(passed) <= 1)
            passed.append(ends)

    def add_pattern(self, series: FixedSeries, groups: list[Group]) -> None:
        """Let all occurrences keep step with one day on which the series begins."""
        if "series_pattern" not in self.rules or series.start is not None:
            return
        begins: dict[int, cp_model.IntVar] = {}
        for group in groups:
            occurrence = self.prepared.visits[group.visits[0]].occurrence
            for day, some in self._of(group).items():
                first = day - (occurrence - 1) * series.every_days
                if first not in begins:
                    begins[first] = self.cp.new_bool_var("")
                self.cp.add(sum(some) <= begins[first])
        self.cp.add_at_most_one(begins.values())

    def add_chain(self, request: PreparedRequest, groups: list[Group]) -> None:
        """Let as many second steps have begun by a day as first ones, and not many more."""
        by_step: dict[int, list[Group]] = defaultdict(list)
        for group in groups:
            by_step[self.prepared.visits[group.visits[0]].step].append(group)
        for step in range(2, len(request.request.steps) + 1):
            if len(by_step[step - 1]) != 1 or len(by_step[step]) != 1:
                continue
            one, other = by_step[step - 1][0], by_step[step][0]
            need, later = next(iter(one.by_day), None), next(iter(other.by_day), None)
            if need is None or later is None or _literals(one) != _literals(other):
                continue
            if quantity(self.prepared, one, need) > 1 or quantity(self.prepared, other, later) > 1:
                continue
            first, second = one.by_day[need], other.by_day[later]
            reach = self._reach(one, request, step)
            days = sorted(first.keys() | second.keys())
            before = [y for day in days for y in first.get(day, ())]
            after = [y for day in days for y in second.get(day, ())]
            if not before or not after:
                continue
            latest = 0
            for day in days:
                done = [y for d in days if d <= day for y in first.get(d, ())]
                begun = [y for d in days if d <= day for y in second.get(d, ())]
                self.cp.add(sum(begun) <= sum(done))
                if reach is not None and first.get(day):
                    latest = max(latest, reach[day])
                    by_then = [y for d in days if d <= latest for y in second.get(d, ())]
                    self.cp.add(sum(done) <= sum(by_then))

    def _reach(self, group: Group, request: PreparedRequest, step: int) -> dict[int, int] | None:
        """Return the last day on which a step may start, by the day of the step before."""
        _, most = lags(self.prepared, request.request, step)
        if most is None:
            return None
        clock = self.prepared.visits[group.visits[0]].clock
        latest: dict[int, int] = {}
        for found in [some for visit in group.visits for some in self.alone[visit]]:
            ticks = masks.ticks_of(found.starts)
            for day, tick in zip(clock.day_of[ticks].tolist(), ticks.tolist(), strict=True):
                end = min(tick + found.variant.duration + most, self.prepared.ticks - 1)
                latest[day] = max(latest.get(day, 0), int(clock.day_of[end]))
        return latest

    def add_relations(self, groups: Sequence[Group]) -> None:
        """Let visits that are to share a day do so, group sessions among them."""
        if "relations" not in self.rules:
            return
        alone = {g.visits[0]: g for g in groups if len(g.visits) == 1}
        for relation in self.prepared.problem.relations:
            if relation.alike is not Alike.DAY or not relation.same:
                continue
            numbers = [v for name in relation.visits for v in self.prepared.named_visits(name)]
            for one, other in permutations([v for v in numbers if v in alone], 2):
                first, second = self._of(alone[one]), self._of(alone[other])
                if first and second:
                    for day, some in first.items():
                        there = sum(second.get(day, ()))
                        (placed,) = alone[other].served
                        self.cp.add(sum(some) + placed <= 1 + there)

    def _of(self, group: Group) -> dict[int, list[cp_model.IntVar]]:
        """Return a group's visits by local day, where they are known; one of each counts once."""
        need = next(iter(group.by_day), None)
        if need is None or quantity(self.prepared, group, need) > 1:
            return {}
        return group.by_day[need]


def _literals(group: Group) -> list[int]:
    return [literal.index for literal in group.served]

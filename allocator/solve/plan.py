"""A plan: who is served in which stretches of the staff's time, as an integer programme.

Every visit asks for time of the resources that are scarce for somebody, in some stretch of what
frozen visits leave free; a stretch holds no more than claims of whole length can fill. Where in
a stretch, and next to whom, is let go of, so no schedule serves more than the best plan: its
bound holds for every schedule, and a good plan tells insertion who should lie where.

In the terms of the field it is an aggregate assignment (bin packing) relaxation.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations

from ortools.sat.python import cp_model

from allocator.domain.request import Alike, FixedSeries, FlexibleSeries
from allocator.goals.served import Served, earned
from allocator.prepare import masks
from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement
from allocator.rules.chain_lags import lags
from allocator.rules.series_completeness import required_occurrences
from allocator.solve.asks import Asks, Run, joinable
from allocator.solve.bound import Alone
from allocator.solve.filling import Use, Uses, add_capacity
from allocator.solve.params import Params
from allocator.solve.progress import Control
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: Seconds, and CP-SAT's deterministic time, for the plan of one level.
SECONDS = 8.0
EFFORT = 8.0
#: Threads of CP-SAT: more only get in each other's way here.
WORKERS = 4
#: Relative distance from its bound at which a plan is good enough.
NEAR = 0.003

Place = tuple[int, int, int]  #: A need, a resource, and the first tick of a run.
Spot = tuple[int, int, int]  #: A resource, and a stretch of its time.
Places = dict[int, dict[int, list[Spot]]]  #: Spots by visit and need.


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan came to.

    Attributes
    ----------
    floor
        The least cost of the level; None where nothing is proved.
    places
        For each visit that it serves, and each of its needs that are asked for, the scarcest
        first, the resources with their runs in ticks of the problem.
    """

    floor: int | None
    places: Places


@dataclass(slots=True)
class _Group:
    """Visits of a request and a step that ask for the same, in order of occurrence."""

    visits: list[int]
    served: list[cp_model.IntVar]
    counts: dict[Place, cp_model.IntVar] = field(default_factory=dict)
    ends: dict[Place, int] = field(default_factory=dict)
    by_day: dict[int, dict[int, list[cp_model.IntVar]]] = field(default_factory=dict)
    """By need and local day of the visit; empty where a run spans days."""


class Plan:
    """The integer programme, built once, solved for one level after the other.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    control
        The time that is left; once it is over, the rest is not worth building.
    """

    def __init__(self, book: Rulebook, frozen: State, alone: Alone, control: Control) -> None:
        self.book = book
        self.prepared = book.prepared
        self.frozen = frozen
        self.alone = alone
        self.asks = Asks(book, frozen, alone)
        self.rules = {rule.name for rule in book.rules}
        self.cp = cp_model.CpModel()
        self.values: list[list[tuple[cp_model.IntVar, int]]] = [[] for _ in book.levels]
        self.constants = [0] * len(book.levels)
        self.groups: list[_Group] = []
        self._served: dict[int, cp_model.IntVar] = {}
        self._uses: Uses = defaultdict(list)
        self._joining: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for request in self.prepared.requests:
            self._add_request(request)
        self._add_sessions()
        self._add_relations()
        add_capacity(self.cp, self.asks, frozen, self.rules, self._uses, control)

    def solve(
        self,
        level: int,
        reached: Sequence[int],
        totals: Sequence[int | None],
        start: Sequence[Placement | None],
        params: Params,
        control: Control,
    ) -> Planned:
        """Return the best plan of a level of served requests, and what it proves.

        Parameters
        ----------
        level
            Its number.
        reached
            Costs by level; those of the levels before hold.
        totals
            What serving nothing costs, by level; None for comfort.
        start
            Placements to begin with.
        params, control
            Settings, and the time that is left.
        """
        if control.over:
            return Planned(None, {})
        cp = self.cp.clone()
        for before in range(level):
            total = totals[before]
            if total is None:
                return Planned(None, {})
            cp.add(_sum(self.values[before]) >= total - reached[before] - self.constants[before])
        cp.maximize(_sum(self.values[level]))
        self._hint(cp, start)
        solver = cp_model.CpSolver()
        settings = solver.parameters
        settings.num_workers = min(params.workers, WORKERS)
        settings.linearization_level = 2
        settings.random_seed = params.seed
        settings.catch_sigint_signal = False
        settings.relative_gap_limit = NEAR
        if params.deterministic_limit is None:
            settings.max_time_in_seconds = max(0.01, min(SECONDS, control.left / 3))
        else:
            settings.max_deterministic_time = min(EFFORT, params.deterministic_limit / 3)
        control.running(solver)
        status = solver.solve(cp)
        control.running(None)
        if status == cp_model.MODEL_INVALID:
            raise AssertionError(cp.validate())
        total = totals[level]
        bound = solver.best_objective_bound
        floor = None
        if total is not None and math.isfinite(bound) and status != cp_model.INFEASIBLE:
            floor = total - math.floor(bound + 1e-6) - self.constants[level]
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        return Planned(floor, self._places(solver) if found else {})

    # What is asked for --------------------------------------------------------------------

    def _add_request(self, request: PreparedRequest) -> None:
        book, placements = self.book, self.frozen.placements
        goals = [
            (book.level(n), book.weight(n, request.index))
            for n, goal in enumerate(book.goals)
            if isinstance(goal, Served) and goal.priority == request.request.priority
        ]
        count = request.request.occurrences
        whole = earned(request, count)
        if all(placements[v] is not None for v in request.visits):
            for level, weight in goals:
                self.constants[level] += weight * whole
            return
        possible = [
            n
            for n in range(1, count + 1)
            if all(v in self.asks.of or placements[v] is not None for v in request.occurrence(n))
        ]
        needed = required_occurrences(request.request)
        if not set(needed) <= set(possible):
            return
        served = {n: self.cp.new_bool_var("") for n in possible if n not in needed}
        flexible = isinstance(request.request.series, FlexibleSeries)
        if flexible:
            for one, other in pairwise(served):
                self.cp.add_implication(served[other], served[one])
        if needed:
            base = self.cp.new_bool_var("")
            for literal in served.values():
                self.cp.add_implication(literal, base)
            served.update(dict.fromkeys(needed, base))
        share, rest = divmod(whole, count)
        for level, weight in goals:
            self.values[level] += [(literal, weight * share) for literal in served.values()]
        if rest and len(possible) == count:
            everything = self.cp.new_bool_var("")
            for literal in set(served.values()):
                self.cp.add_implication(everything, literal)
            for level, weight in goals:
                self.values[level].append((everything, weight * rest))
        self._add_visits(request, dict(sorted(served.items())), flexible)

    def _add_visits(
        self, request: PreparedRequest, served: dict[int, cp_model.IntVar], flexible: bool
    ) -> None:
        steps: dict[tuple[object, ...], _Group] = {}
        for number, literal in served.items():
            for visit in request.occurrence(number):
                if visit not in self.asks.of:
                    continue
                self._served[visit] = literal
                if self.prepared.visits[visit].joins:
                    self._join(visit, literal)
                    continue
                key: tuple[object, ...] = (visit,)
                if flexible:
                    step = self.prepared.visits[visit].step
                    key = (step, *(ask.key for ask in self.asks.of[visit]))
                group = steps.setdefault(key, _Group([], []))
                group.visits.append(visit)
                group.served.append(literal)
        for group in steps.values():
            self._add_group(group)
        series = request.request.series
        first = [g for g in steps.values() if self.prepared.visits[g.visits[0]].step == 1]
        if isinstance(series, FlexibleSeries):
            self._add_gaps(request, first)
            self._add_carers(request, list(steps.values()))
        elif series is not None:
            self._add_pattern(series, first)
        if len(request.request.steps) > 1 and "chain_lags" in self.rules:
            self._add_chain(request, list(steps.values()))

    def _add_group(self, group: _Group) -> None:
        self.groups.append(group)
        visit = self.prepared.visits[group.visits[0]]
        count = len(group.visits)
        total = sum(group.served)
        for ask in self.asks.of[visit.index]:
            everywhere: list[cp_model.IntVar] = []
            days: dict[int, list[cp_model.IntVar]] | None = {}
            for resource, starts in ask.starts.items():
                here: list[cp_model.IntVar] = []
                aligned = ask.same_day and self.prepared.clock_of(resource) is visit.clock
                for run in self.asks.runs[resource, visit.priority]:
                    inside = starts & masks.span(*run)
                    if not inside:
                        continue
                    window = masks.lowest(inside), masks.highest(inside) + ask.longest
                    lanes = self.prepared.resources[resource].lanes
                    most = count
                    if lanes == 1 and "capacity" in self.rules:
                        most = min(count, (run[1] - run[0]) // ask.length)
                    many = self.cp.new_int_var(0, most, "")
                    here.append(many)
                    place = (ask.need, resource, run[0])
                    group.counts[place] = many
                    group.ends[place] = run[1]
                    use = Use(many, ask.length, ask.uses, most, inside, window)
                    self._note(resource, visit.priority, run, use)
                    day = self.asks.day(resource, run) if aligned else None
                    if day is None:
                        days = None
                    elif days is not None:
                        days.setdefault(day, []).append(many)
                if ask.quantity > 1:
                    self.cp.add(sum(here) <= total)
                everywhere += here
            self.cp.add(sum(everywhere) == ask.quantity * total)
            if days:
                group.by_day[ask.need] = days
        known = [(self._quantity(group, need), days) for need, days in group.by_day.items()]
        for (q, one), (p, other) in pairwise(known):
            for day in one.keys() | other.keys():
                self.cp.add(p * sum(one.get(day, ())) == q * sum(other.get(day, ())))

    def _quantity(self, group: _Group, need: int) -> int:
        return self.prepared.visits[group.visits[0]].needs[need].quantity

    def _note(self, resource: int, priority: int, run: Run, use: Use) -> None:
        """Count claims in the run of their class, and in those of the classes before around it."""
        for earlier in self.asks.classes:
            if earlier <= priority:
                runs = self.asks.runs[resource, earlier]
                around = runs[bisect_right(runs, run[0], key=lambda r: r[0]) - 1]
                self._uses[resource, earlier, around].append(use)

    def _days(self, group: _Group) -> dict[int, list[cp_model.IntVar]]:
        """Return a group's visits by local day, where they are known; one of each counts once."""
        need = next(iter(group.by_day), None)
        if need is None or self._quantity(group, need) > 1:
            return {}
        return group.by_day[need]

    def _add_gaps(self, request: PreparedRequest, groups: list[_Group]) -> None:
        """Keep the distance in days, the order and the rate a week, where days are known."""
        series = request.request.series
        assert isinstance(series, FlexibleSeries)
        days: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for group in groups:
            for day, some in self._days(group).items():
                days[day] += some
        least = series.least_days_between
        if least and "series_gaps" in self.rules:
            for day in days:
                near = [y for d in range(day, day + least) for y in days.get(d, ())]
                self.cp.add(sum(near) <= 1)
            self._add_order(groups, least)
            known = all(self._days(group) for group in groups)
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

    def _add_order(self, groups: list[_Group], least: int) -> None:
        """Let visits of a later group come after those of the groups before."""
        ordered = sorted(groups, key=lambda g: g.visits[0])
        for one, other in pairwise(ordered):
            first, second = self._days(one), self._days(other)
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

    def _add_pattern(self, series: FixedSeries, groups: list[_Group]) -> None:
        """Let all occurrences keep step with one day on which the series begins."""
        if "series_pattern" not in self.rules or series.start is not None:
            return
        begins: dict[int, cp_model.IntVar] = {}
        for group in groups:
            occurrence = self.prepared.visits[group.visits[0]].occurrence
            for day, some in self._days(group).items():
                first = day - (occurrence - 1) * series.every_days
                if first not in begins:
                    begins[first] = self.cp.new_bool_var("")
                self.cp.add(sum(some) <= begins[first])
        self.cp.add_at_most_one(begins.values())

    def _add_carers(self, request: PreparedRequest, groups: list[_Group]) -> None:
        """Let a series be shared by only so many carers."""
        series = request.request.series
        assert isinstance(series, FlexibleSeries)
        if series.most_carers is None or "most_carers" not in self.rules:
            return
        if any(self.frozen.placements[v] is not None for v in request.visits):
            return
        with_whom: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for group in groups:
            needs = self.prepared.visits[group.visits[0]].needs
            for (need, resource, _), many in group.counts.items():
                if needs[need].role == series.carer_role:
                    with_whom[resource].append(many)
        carers = []
        for some in with_whom.values():
            carer = self.cp.new_bool_var("")
            carers.append(carer)
            for many in some:
                self.cp.add(many == 0).only_enforce_if(~carer)
        self.cp.add(sum(carers) <= series.most_carers)

    def _add_chain(self, request: PreparedRequest, groups: list[_Group]) -> None:
        """Let as many second steps have begun by a day as first ones, and not many more."""
        by_step: dict[int, list[_Group]] = defaultdict(list)
        for group in groups:
            by_step[self.prepared.visits[group.visits[0]].step].append(group)
        for step in range(2, len(request.request.steps) + 1):
            if len(by_step[step - 1]) != 1 or len(by_step[step]) != 1:
                continue
            one, other = by_step[step - 1][0], by_step[step][0]
            need, later = next(iter(one.by_day), None), next(iter(other.by_day), None)
            if need is None or later is None or _indices(one) != _indices(other):
                continue
            if self._quantity(one, need) > 1 or self._quantity(other, later) > 1:
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

    def _reach(self, group: _Group, request: PreparedRequest, step: int) -> dict[int, int] | None:
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

    def _join(self, visit: int, literal: cp_model.IntVar) -> None:
        joins = []
        for session in joinable(self.alone[visit]):
            join = self.cp.new_bool_var("")
            joins.append(join)
            self._joining[session].append(join)
        self.cp.add(sum(joins) == literal)

    def _add_sessions(self) -> None:
        """Let sessions take staff where anybody comes."""
        for number, joins in sorted(self._joining.items()):
            visit = self.prepared.visits[number]
            assert visit.session is not None
            if self.frozen.placements[number] is not None:
                continue
            if number not in self.asks.of:
                self.cp.add(sum(joins) == 0)
                continue
            runs = self.cp.new_bool_var("")
            for join in joins:
                self.cp.add_implication(join, runs)
            coming = sum(p is not None and p.session == number for p in self.frozen.placements)
            if "session_most" in self.rules:
                self.cp.add(sum(joins) <= visit.session.most - coming)
            if "session_least" in self.rules:
                self.cp.add(sum(joins) >= (visit.session.least - coming) * runs)
            self._add_group(_Group([number], [runs]))

    def _add_relations(self) -> None:
        """Let visits that are to share a day do so."""
        if "relations" not in self.rules:
            return
        alone = {g.visits[0]: g for g in self.groups if len(g.visits) == 1}
        for relation in self.prepared.problem.relations:
            if relation.alike is not Alike.DAY or not relation.same:
                continue
            numbers = [v for name in relation.visits for v in self.prepared.named_visits(name)]
            for one, other in permutations([v for v in numbers if v in alone], 2):
                first, second = self._days(alone[one]), self._days(alone[other])
                if first and second:
                    for day, some in first.items():
                        there = sum(second.get(day, ()))
                        self.cp.add(sum(some) + self._served[other] <= 1 + there)

    # Plans and schedules ------------------------------------------------------------------

    def _hint(self, cp: cp_model.CpModel, placements: Sequence[Placement | None]) -> None:
        """Suggest the plan that a schedule follows."""
        values: dict[int, int] = {}
        for visit, literal in self._served.items():
            there = int(placements[visit] is not None)
            values[literal.index] = min(values.get(literal.index, 1), there)
        for group in self.groups:
            for many in group.counts.values():
                values[many.index] = 0
            for visit in group.visits:
                placement = placements[visit]
                if placement is None:
                    continue
                for place in self._taken(group, visit, placement):
                    values[group.counts[place].index] += 1
        for index, value in values.items():
            cp.add_hint(cp.get_int_var_from_proto_index(index), value)

    def _taken(self, group: _Group, visit: int, placement: Placement) -> Iterator[Place]:
        asked = {ask.need for ask in self.asks.of[visit]}
        for claim in self.prepared.visits[visit].claims(placement):
            first = claim.first if self.asks.padded else claim.part_first
            if claim.need in asked:
                priority = self.prepared.visits[visit].priority
                runs = self.asks.runs[claim.resource, priority]
                run = runs[bisect_right(runs, first + self.asks.origin, key=lambda r: r[0]) - 1]
                place = (claim.need, claim.resource, run[0])
                if place in group.counts:
                    yield place

    def _places(self, solver: cp_model.CpSolver) -> Places:
        origin = self.asks.origin
        places: Places = {}
        for group in self.groups:
            placed = [
                visit
                for visit, literal in zip(group.visits, group.served, strict=True)
                if solver.boolean_value(literal)
            ]
            for ask in self.asks.of[group.visits[0]]:
                spots = sorted(
                    (place[2], place[1])
                    for place, many in group.counts.items()
                    for _ in range(solver.value(many))
                    if place[0] == ask.need
                )
                for number, visit in enumerate(placed):
                    mine = spots[number * ask.quantity : (number + 1) * ask.quantity]
                    places.setdefault(visit, {})[ask.need] = [
                        (resource, first - origin, group.ends[ask.need, resource, first] - origin)
                        for first, resource in mine
                    ]
        return places


def _indices(group: _Group) -> list[int]:
    return [literal.index for literal in group.served]


def _sum(terms: list[tuple[cp_model.IntVar, int]]) -> cp_model.LinearExprT:
    if not terms:
        return 0
    return cp_model.LinearExpr.weighted_sum([v for v, _ in terms], [w for _, w in terms])

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
from dataclasses import dataclass
from itertools import pairwise

from ortools.sat.python import cp_model

from allocator.domain.request import FlexibleSeries
from allocator.goals.served import earned
from allocator.prepare import masks
from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import required_occurrences
from allocator.solve.asks import Asks, Run, joinable
from allocator.solve.bound import Alone, counts_in
from allocator.solve.budget import Budget
from allocator.solve.days import Days, Group, Place, quantity
from allocator.solve.filling import Use, Uses, add_capacity
from allocator.solve.params import Params
from allocator.solve.search import search
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: Seconds, and CP-SAT's deterministic time, for the plan of one level.
SECONDS = 8.0
EFFORT = 8.0
#: Share of what is left that a plan may take at most.
PART = 1 / 3
#: Variables up to which it is worth it: with 157,000, which 5,000 visits of an overloaded clinic
#: make, nothing is proved in 40 s, and with those of 20,000 visits it takes more than 8 GiB.
LARGEST = 50_000
#: Threads of CP-SAT: more only get in each other's way here.
WORKERS = 4
#: Relative distance from its bound at which a plan is good enough.
NEAR = 0.003


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan came to.

    Attributes
    ----------
    floor
        The least cost of the level; None where nothing is proved.
    days
        The local days of visits that it serves, by the claims that are the scarcest: of those
        that lie in stretches of one day.
    """

    floor: int | None
    days: dict[int, int]


class Plan:
    """The integer programme, built once, solved for one level after the other.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    asks
        What visits ask for.
    budget
        What may still be used up; once it is over, the rest is not worth building.
    """

    def __init__(
        self, book: Rulebook, frozen: State, alone: Alone, asks: Asks, budget: Budget
    ) -> None:
        self.book = book
        self.prepared = book.prepared
        self.frozen = frozen
        self.alone = alone
        self.asks = asks
        self.rules = {rule.name for rule in book.rules}
        self.cp = cp_model.CpModel()
        self.values: list[list[tuple[cp_model.IntVar, int]]] = [[] for _ in book.levels]
        self.constants = [0] * len(book.levels)
        self.groups: list[Group] = []
        self._days = Days(self.cp, frozen, alone, self.rules)
        self._served: dict[int, cp_model.IntVar] = {}
        self._uses: Uses = defaultdict(list)
        self._joining: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for request in self.prepared.requests:
            if budget.over or self.too_large:
                return
            self._add_request(request)
        self._add_sessions()
        self._days.add_relations(self.groups)
        add_capacity(self.cp, self.asks, frozen, self.rules, self._uses, budget)

    @property
    def too_large(self) -> bool:
        """Whether it has more variables than are worth it: then it is not built to its end."""
        return len(self.cp.proto.variables) > LARGEST

    def solve(
        self,
        level: int,
        reached: Sequence[int],
        totals: Sequence[int | None],
        start: Sequence[Placement | None],
        params: Params,
        budget: Budget,
    ) -> Planned:
        """Return the best plan of a level of served requests, and what it proves.

        Where it is too large, that is nothing.

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
        params, budget
            Settings, and what may still be used up.
        """
        if budget.over or self.too_large:
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
        settings.relative_gap_limit = NEAR
        # A search that ends before it began tells of a bound of 0 at its end, which is none.
        bounds: list[float] = []
        solver.best_bound_callback = bounds.append
        part = budget.part(PART, seconds=SECONDS, effort=EFFORT)
        status = search(solver, cp, budget=part)
        if status == cp_model.MODEL_INVALID:
            raise AssertionError(cp.validate())
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        if found:
            bounds.append(solver.best_objective_bound)
        total = totals[level]
        floor = None
        if total is not None and bounds and status != cp_model.INFEASIBLE:
            floor = total - math.floor(bounds[-1] + 1e-6) - self.constants[level]
        return Planned(floor, self._days_of(solver) if found else {})

    # What is asked for --------------------------------------------------------------------

    def _add_request(self, request: PreparedRequest) -> None:
        book, placements = self.book, self.frozen.placements
        goals = counts_in(book, request)
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
        if flexible and any(rule.name == "series_completeness" for rule in self.book.rules):
            for one, other in pairwise(served):
                # Beside frozen visits those before them may be missing.
                if any(v not in self.prepared.frozen for v in request.occurrence(other)):
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
        steps: dict[tuple[object, ...], Group] = {}
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
                group = steps.setdefault(key, Group([], []))
                group.visits.append(visit)
                group.served.append(literal)
        for group in steps.values():
            self._add_group(group)
        series = request.request.series
        first = [g for g in steps.values() if self.prepared.visits[g.visits[0]].step == 1]
        if isinstance(series, FlexibleSeries):
            self._days.add_gaps(request, first)
            self._add_carers(request, list(steps.values()))
        elif series is not None:
            self._days.add_pattern(series, first)
        if len(request.request.steps) > 1 and "chain_lags" in self.rules:
            self._days.add_chain(request, list(steps.values()))

    def _add_group(self, group: Group) -> None:
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
        known = [
            (quantity(self.prepared, group, need), days) for need, days in group.by_day.items()
        ]
        for (q, one), (p, other) in pairwise(known):
            for day in one.keys() | other.keys():
                self.cp.add(p * sum(one.get(day, ())) == q * sum(other.get(day, ())))

    def _note(self, resource: int, priority: int, run: Run, use: Use) -> None:
        """Count claims in the run of their class, and in those of the classes before around it."""
        for earlier in self.asks.classes:
            if earlier <= priority:
                runs = self.asks.runs[resource, earlier]
                around = runs[bisect_right(runs, run[0], key=lambda r: r[0]) - 1]
                self._uses[resource, earlier, around].append(use)

    def _add_carers(self, request: PreparedRequest, groups: list[Group]) -> None:
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
            self._add_group(Group([number], [runs]))

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

    def _taken(self, group: Group, visit: int, placement: Placement) -> Iterator[Place]:
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

    def _days_of(self, solver: cp_model.CpSolver) -> dict[int, int]:
        days: dict[int, int] = {}
        for group in self.groups:
            placed = [
                visit
                for visit, literal in zip(group.visits, group.served, strict=True)
                if solver.boolean_value(literal)
            ]
            ask = next(iter(self.asks.of[group.visits[0]]), None)
            if ask is None:
                continue
            taken = sorted(
                (place[2], place[1])
                for place, many in group.counts.items()
                for _ in range(solver.value(many))
                if place[0] == ask.need
            )
            for number, visit in enumerate(placed):
                first, resource = taken[number * ask.quantity]
                day = self.asks.day(resource, (first, group.ends[ask.need, resource, first]))
                if day is not None:
                    days[visit] = day
        return days


def _sum(terms: list[tuple[cp_model.IntVar, int]]) -> cp_model.LinearExprT:
    if not terms:
        return 0
    return cp_model.LinearExpr.weighted_sum([v for v, _ in terms], [w for _, w in terms])

"""A linear relaxation by capacity: what the staff's free time could serve at most.

Every visit asks for the time of one of the resources of its scarcest need, on one of its days;
a resource's day holds no more than its free stretches can be filled. Which starts, in which
room and next to whom is let go of, so no schedule serves more. The linear programme is solved
for one level of served requests at a time, with the levels before held at what was reached.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from ortools.linear_solver import pywraplp

from allocator.goals.served import Served, earned
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Visit
from allocator.rules.series_completeness import required_occurrences
from allocator.solve.bound import Alone
from allocator.solve.progress import Control
from allocator.state.state import State
from allocator.table.costs import Extra
from allocator.table.options import Options
from allocator.table.rulebook import Rulebook

#: Points that insertion pays for a day on which the relaxed optimum does not put a visit.
ASTRAY = 1000
#: Share of the capacity that the picture for insertion fills, since days do not fill without gaps.
SNUG = 0.95


@dataclass(frozen=True, slots=True)
class _Ask:
    """What one visit asks of the resources of its scarcest need.

    ``need`` is its number, ``length`` its shortest claim; for each resource there are the starts
    of the claims and the ticks that they could take.
    """

    need: int
    length: int
    starts: dict[int, Mask]
    cover: dict[int, Mask]


class Relaxation:
    """The linear programme, built once, solved for one level after the other.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    """

    def __init__(self, book: Rulebook, frozen: State, alone: Alone) -> None:
        self.book = book
        self.frozen = frozen
        self.asks: dict[int, _Ask | None] = {}
        for number, found in alone.items():
            visit = book.prepared.visits[number]
            if found and visit.request is not None:
                self.asks[number] = _ask(visit, found)
        self._shares: list[tuple[int, int, int, pywraplp.Variable]] = []
        self._bucket: dict[tuple[int, int], int] = {}
        self._priorities = sorted({r.request.priority for r in book.prepared.requests})
        self._capacity = dict(self._capacities())

    def floor(
        self, level: int, reached: Sequence[int], totals: Sequence[int | None], control: Control
    ) -> int | None:
        """Return the least cost of a level of served requests; None where nothing is proved.

        Parameters
        ----------
        level
            Its number.
        reached
            Costs by level; those before hold.
        totals
            What serving nothing costs, by level; None for comfort.
        control
            Time that is left.
        """
        solver = pywraplp.Solver.CreateSolver("GLOP")
        values: dict[int, list[tuple[pywraplp.Variable, int]]] = {n: [] for n in range(level + 1)}
        constants = dict.fromkeys(range(level + 1), 0)
        columns: dict[tuple[int, int, int], list[tuple[pywraplp.Variable, int]]] = {}
        for request in self.book.prepared.requests:
            self._add_request(solver, request, level, values, constants, columns)
        for key, uses in columns.items():
            row = solver.Constraint(-solver.infinity(), float(self._capacity[key]))
            for variable, length in uses:
                row.SetCoefficient(variable, length)
        for before in range(level):
            total = totals[before]
            if total is None:
                return None
            row = solver.Constraint(
                float(total - reached[before] - constants[before]), solver.infinity()
            )
            for variable, value in values[before]:
                row.SetCoefficient(variable, value)
        objective = solver.Objective()
        for variable, value in values[level]:
            objective.SetCoefficient(variable, value)
        objective.SetMaximization()
        solver.SetTimeLimit(max(1, int(1000 * control.left)))
        if solver.Solve() != pywraplp.Solver.OPTIMAL:
            return None
        most = math.floor(objective.Value() * (1 + 1e-9) + 1e-4) + constants[level]
        total = totals[level]
        return None if total is None else total - most

    def guide(self, control: Control) -> Extra | None:
        """Return what leaving the days of the relaxed optimum costs, for insertion to follow.

        The programme is solved for all levels of served requests at once, the earlier the
        heavier, and then for early days: a fair picture of who should make room for whom.
        """
        levels = [n for n in range(len(self.book.levels)) if self.book.serves(n)]
        if not levels:
            return None
        solver = pywraplp.Solver.CreateSolver("GLOP")
        values: dict[int, list[tuple[pywraplp.Variable, int]]] = {
            n: [] for n in range(levels[-1] + 1)
        }
        constants = dict.fromkeys(values, 0)
        columns: dict[tuple[int, int, int], list[tuple[pywraplp.Variable, int]]] = {}
        self._shares = []
        for request in self.book.prepared.requests:
            self._add_request(solver, request, levels[-1], values, constants, columns)
        for key, uses in columns.items():
            row = solver.Constraint(-solver.infinity(), SNUG * self._capacity[key])
            for variable, length in uses:
                row.SetCoefficient(variable, length)
        objective = solver.Objective()
        for level in levels:
            total = max(1, sum(value for _, value in values[level]))
            weight = 1e3 * 30.0 ** (len(levels) - levels.index(level))
            for variable, value in values[level]:
                objective.SetCoefficient(variable, weight * value / total)
        for _, _, day, share in self._shares:
            objective.SetCoefficient(share, -1e-3 * day)
        objective.SetMaximization()
        solver.SetTimeLimit(max(1, int(200 * control.left)))
        if solver.Solve() != pywraplp.Solver.OPTIMAL:
            return None
        wanted: dict[tuple[int, int], set[int]] = {}
        for visit, resource, day, share in self._shares:
            if share.solution_value() > 1e-6:
                wanted.setdefault((visit, resource), set()).add(day)
        return self._price(wanted)

    def _price(self, wanted: dict[tuple[int, int], set[int]]) -> Extra:
        known = {visit for visit, _ in wanted}

        def extra(
            visit: Visit, need: int, resource: int, ticks: npt.NDArray[np.int64]
        ) -> npt.NDArray[np.int64] | int:
            ask = self.asks.get(visit.index)
            if ask is None or ask.need != need or visit.index not in known:
                return 0
            days = wanted.get((visit.index, resource))
            if days is None:
                return ASTRAY
            here = self.book.prepared.clock_of(resource).day_of[ticks]
            return np.where(np.isin(here, list(days)), 0, ASTRAY).astype(np.int64)

        return extra

    def _add_request(
        self,
        solver: pywraplp.Solver,
        request: PreparedRequest,
        level: int,
        values: dict[int, list[tuple[pywraplp.Variable, int]]],
        constants: dict[int, int],
        columns: dict[tuple[int, int, int], list[tuple[pywraplp.Variable, int]]],
    ) -> None:
        mine = [
            (n, self.book.weight(n, request.index), self.book.level(n))
            for n, goal in enumerate(self.book.goals)
            if isinstance(goal, Served)
            and goal.priority == request.request.priority
            and self.book.level(n) <= level
        ]
        if not mine:
            return
        whole = earned(request, request.request.occurrences)
        count = request.request.occurrences
        placements = self.frozen.placements
        if all(placements[v] is not None for v in request.visits):
            for _, weight, at in mine:
                constants[at] += weight * whole
            return
        possible = [
            n
            for n in range(1, count + 1)
            if all(v in self.asks or placements[v] is not None for v in request.occurrence(n))
        ]
        if not set(required_occurrences(request.request)) <= set(possible):
            return
        share, rest = divmod(whole, count)
        shares = []
        for number in possible:
            part = solver.NumVar(0.0, 1.0, "")
            shares.append(part)
            for _, weight, at in mine:
                values[at].append((part, weight * share))
            for visit in request.occurrence(number):
                self._add_visit(solver, visit, part, columns)
        needed = set(required_occurrences(request.request))
        required = [p for n, p in zip(possible, shares, strict=True) if n in needed]
        for one, other in pairwise(required):
            row = solver.Constraint(0.0, 0.0)
            row.SetCoefficient(one, 1)
            row.SetCoefficient(other, -1)
        # Variables are told apart by number: comparing two of them makes a constraint.
        optional = [p for n, p in zip(possible, shares, strict=True) if n not in needed]
        for part in optional if required else ():
            row = solver.Constraint(-solver.infinity(), 0.0)
            row.SetCoefficient(part, 1)
            row.SetCoefficient(required[0], -1)
        if rest:
            everything = solver.NumVar(0.0, 1.0 if len(possible) == count else 0.0, "")
            for part in shares:
                row = solver.Constraint(-solver.infinity(), 0.0)
                row.SetCoefficient(everything, 1)
                row.SetCoefficient(part, -1)
            for _, weight, at in mine:
                values[at].append((everything, weight * rest))

    def _add_visit(
        self,
        solver: pywraplp.Solver,
        visit: int,
        part: pywraplp.Variable,
        columns: dict[tuple[int, int, int], list[tuple[pywraplp.Variable, int]]],
    ) -> None:
        ask = self.asks.get(visit)
        if ask is None:
            return
        row = solver.Constraint(0.0, 0.0)
        row.SetCoefficient(part, -1)
        for resource, starts in ask.starts.items():
            for day in self._buckets(resource, starts):
                share = solver.NumVar(0.0, 1.0, "")
                self._shares.append((visit, resource, day, share))
                row.SetCoefficient(share, 1)
                for priority in self._classes(visit):
                    columns.setdefault((resource, day, priority), []).append((share, ask.length))

    def _buckets(self, resource: int, starts: Mask) -> list[int]:
        days = self.book.prepared.clock_of(resource).day_of[masks.ticks_of(starts)]
        return sorted({self._bucket[resource, int(day)] for day in np.unique(days)})

    def _capacities(self) -> Iterator[tuple[tuple[int, int, int], int]]:
        """Yield how many ticks of a resource's day visits from a priority class on can fill.

        Less urgent visits may not use what is reserved, so each class has a row of its own with
        all later ones. Days that a stretch of usable time joins across midnight share a bucket,
        named by the first of them.
        """
        prepared = self.book.prepared
        reach: dict[tuple[int, int], Mask] = {}
        lengths: dict[tuple[int, int], set[int]] = {}
        for number, ask in self.asks.items():
            if ask is not None:
                for resource, cover in ask.cover.items():
                    for priority in self._classes(number):
                        key = (resource, priority)
                        reach[key] = reach.get(key, 0) | (cover & prepared.all_ticks)
                        lengths.setdefault(key, set()).add(ask.length)
        for resource in sorted({resource for resource, _ in reach}):
            clock = prepared.clock_of(resource)
            whole = max((reach[key] for key in reach if key[0] == resource), key=int.bit_count)
            bucket: dict[int, int] = {}
            for first, end in masks.spans(whole):
                one, last = int(clock.day_of[first]), int(clock.day_of[end - 1])
                for day in range(one, last + 1):
                    bucket[day] = bucket.get(one, one)
            self._bucket.update({(resource, d): b for d, b in bucket.items()})
            for day in sorted(set(bucket.values())):
                days = [d for d, b in bucket.items() if b == day]
                mask = 0
                for d in days:
                    mask |= clock.day_mask(d)
                for key in sorted(key for key in reach if key[0] == resource):
                    usable = reach[key] & mask
                    yield (
                        (resource, day, key[1]),
                        self._fillable(resource, days, usable, lengths[key]),
                    )

    def _classes(self, visit: int) -> list[int]:
        """Return the priority classes in whose rows a visit stands: its own and the earlier."""
        priority = self.book.prepared.visits[visit].priority
        return [p for p in self._priorities if p <= priority]

    def _fillable(self, resource: int, days: list[int], usable: Mask, lengths: set[int]) -> int:
        prepared = self.book.prepared
        thing = prepared.resources[resource]
        if thing.lanes > 1:
            return thing.lanes * usable.bit_count() - self._held(resource, usable)
        total = sum(masks.fillable(end - first, lengths) for first, end in masks.spans(usable))
        if len(days) > 1 or prepared.horizon.by_day:
            return total
        clock = prepared.clock_of(resource)
        date = clock.dates[days[0]]
        busy = self.frozen.busy(resource)
        paused = 0
        if "breaks" in {rule.name for rule in self.book.rules}:
            for pause in thing.breaks:
                if date.weekday() in pause.weekdays:
                    window = masks.span(
                        clock.tick(date, pause.window.start_minute),
                        clock.tick_at_or_after(date, pause.window.end_minute),
                    )
                    idle = (window & ~usable & ~busy).bit_count()
                    paused = max(paused, prepared.ticks_for(pause.minutes) - idle)
        total = min(total, usable.bit_count() - paused)
        most = thing.limits.minutes_per_day
        if most is not None and "work_per_day" in {rule.name for rule in self.book.rules}:
            worked = sum(
                c.end - c.first
                for c in self.frozen.claims[resource]
                if clock.day_of[max(c.first, 0)] == days[0]
            )
            total = min(total, max(0, most // prepared.grain - worked))
        return total

    def _held(self, resource: int, usable: Mask) -> int:
        load: npt.NDArray[np.int64] = np.zeros(self.book.prepared.ticks + 1, dtype=np.int64)
        for claim in self.frozen.claims[resource]:
            load[max(claim.first, 0)] += claim.uses
            load[min(claim.end, self.book.prepared.ticks)] -= claim.uses
        held = np.minimum(np.cumsum(load[:-1]), self.book.prepared.resources[resource].lanes)
        return int(held[masks.ticks_of(usable)].sum())


def _ask(visit: Visit, found: list[Options]) -> _Ask | None:
    """Pick the need with the fewest resources; its shortest claim over all variants counts."""
    best: tuple[int, int] | None = None
    for number, need in enumerate(visit.needs):
        if need.attendee or need.optional or need.quantity != 1 or need.uses != 1:
            continue
        size = len({r for some in found for r in some.by_need[number]})
        if best is None or size < best[0]:
            best = (size, number)
    if best is None:
        return None
    need = visit.needs[best[1]]
    shortest = 0
    starts: dict[int, Mask] = {}
    cover: dict[int, Mask] = {}
    for some in found:
        first, end = need.covers(some.variant.duration)
        first, end = first - need.before, end + need.after
        shortest = min(shortest, end - first) if shortest else end - first
        for resource, mask in some.by_need[best[1]].items():
            claims = masks.shift(mask, first)
            starts[resource] = starts.get(resource, 0) | claims
            cover[resource] = cover.get(resource, 0) | masks.covered(claims, end - first)
    return _Ask(best[1], shortest, starts, cover)

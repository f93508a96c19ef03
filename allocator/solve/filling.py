"""How much fits into stretches of a resource's time: what a plan knows of capacity and breaks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ortools.sat.python import cp_model

from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.solve.asks import Asks, Run, break_of, worked
from allocator.solve.budget import Budget
from allocator.state.state import State


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """Claims of a group in a run: how many, their least length, their starts, where all lie."""

    many: cp_model.IntVar
    length: int
    uses: int
    most: int
    starts: Mask
    window: Run


#: By resource, priority class and run.
Uses = dict[tuple[int, int, Run], list[Use]]


@dataclass(frozen=True, slots=True)
class _Rest:
    """A break that may lie in a run: whether it does, its length, and where it may begin."""

    taken: cp_model.IntVar | None  #: None: it has no other place.
    length: int
    starts: Mask


def add_capacity(
    cp: cp_model.CpModel,
    asks: Asks,
    frozen: State,
    rules: Iterable[str],
    uses: Uses,
    budget: Budget,
) -> None:
    """Let stretches of time hold no more than claims of whole length can fill.

    Parameters
    ----------
    cp
        The plan; grows.
    asks
        What visits ask for.
    frozen
        The state in which only the frozen visits are placed.
    rules
        Names of the rules in force.
    uses
        The claims that may come into each run.
    budget
        What may still be used up; once it is over, stretches that are left hold what they like.
    """
    rules = set(rules)
    if "capacity" in rules:
        _Filling(cp, asks, frozen, rules, uses).add(budget)


class _Filling:
    def __init__(
        self, cp: cp_model.CpModel, asks: Asks, frozen: State, rules: set[str], uses: Uses
    ) -> None:
        self.cp = cp
        self.asks = asks
        self.frozen = frozen
        self.rules = rules
        self.uses = uses
        self.prepared = frozen.prepared

    def add(self, budget: Budget) -> None:
        by_day: dict[tuple[int, int, int], list[Run]] = defaultdict(list)
        for resource, priority, run in sorted(self.uses):
            day = self.asks.day(resource, run)
            if budget.over:
                return
            if day is None:
                self._fill(resource, priority, run, None)
            else:
                by_day[resource, priority, day].append(run)
        for (resource, priority, day), runs in by_day.items():
            if budget.over:
                return
            rests = self._rests(resource, day, runs)
            for run in runs:
                self._fill(resource, priority, run, rests.get(run))
        self._add_work_limits()

    def _rests(self, resource: int, day: int, runs: list[Run]) -> dict[Run, _Rest]:
        """Return the runs in which the break of a day may lie; none where it may lie elsewhere."""
        found = break_of(self.prepared, resource, day) if "breaks" in self.rules else None
        if found is None:
            return {}
        first, end, length = found
        free = masks.span(first, end) & ~self.frozen.busy(resource)
        starts: dict[Run, Mask] = {}
        for spot in masks.spans(masks.shift(free, self.asks.origin)):
            if spot[1] - spot[0] < length:
                continue
            around = [run for run in runs if run[0] <= spot[0] and spot[1] <= run[1]]
            if not around:
                return {}
            starts[around[0]] = starts.get(around[0], 0) | masks.span(spot[0], spot[1] - length + 1)
        if len(starts) == 1:
            return {run: _Rest(None, length, some) for run, some in starts.items()}
        taken = {run: self.cp.new_bool_var("") for run in starts}
        if taken:
            self.cp.add_exactly_one(taken.values())
        return {run: _Rest(taken[run], length, some) for run, some in starts.items()}

    def _fill(self, resource: int, priority: int, run: Run, rest: _Rest | None) -> None:
        """Let a run hold no more than claims of whole length can fill, beside a rest in it."""
        uses = self.uses[resource, priority, run]
        lanes = self.prepared.resources[resource].lanes
        if lanes > 1:
            most = lanes * (run[1] - run[0]) - self.asks.held(resource, run)
            self.cp.add(sum(use.uses * use.length * use.many for use in uses) <= most)
            return
        for first, end, inside in _windows(uses, run):
            whole = (first, end) == run
            self._hold(inside, first, end, None)
            if rest is not None and (whole or _within(rest, first, end)):
                self._hold(inside, first, end, rest)

    def _hold(self, uses: list[Use], first: int, end: int, rest: _Rest | None) -> None:
        """Let claims in a stretch fill no more than whole ones can, by length and on their grid."""
        self._hold_on_grid(uses, first, end, 1, rest)
        step, some = _on_grid(uses)
        if step > 1:
            self._hold_on_grid(some, first, end, step, rest)

    def _hold_on_grid(
        self, uses: list[Use], first: int, end: int, step: int, rest: _Rest | None
    ) -> None:
        """Count in steps from the first start: what starts on a grid ends before the next start."""
        origin = min(masks.lowest(use.starts) for use in uses) if step > 1 else first
        slots = -(-(end - origin) // step)
        parts = [(slots, 0)]
        if rest is not None:
            parts = sorted(
                {
                    (
                        max(0, -(-(at - origin) // step)),
                        slots - max(0, -(-(at + rest.length - origin) // step)),
                    )
                    for at in masks.ticks_of(rest.starts).tolist()
                    if first <= at and at + rest.length <= end
                }
            )
        lengths = {use: -(-use.length // step) for use in uses}
        most = max(
            masks.fillable(a, lengths.values()) + masks.fillable(max(b, 0), lengths.values())
            for a, b in parts
        )
        if sum(lengths[use] * use.most for use in uses) > most:
            self._limit(sum(lengths[use] * use.many for use in uses), most, slots, rest)
        for length in sorted(set(lengths.values())):
            long = [use for use in uses if lengths[use] >= length]
            count = max(a // length + max(b, 0) // length for a, b in parts)
            if sum(use.most for use in long) > count:
                self._limit(sum(use.many for use in long), count, slots // length, rest)

    def _limit(
        self, amount: cp_model.LinearExprT, most: int, otherwise: int, rest: _Rest | None
    ) -> None:
        if rest is None or rest.taken is None:
            self.cp.add(amount <= most)
        elif most < otherwise:
            self.cp.add(amount <= otherwise - (otherwise - most) * rest.taken)

    def _add_work_limits(self) -> None:
        """Keep the most work of a day and a week."""
        prepared = self.prepared
        days: dict[tuple[int, int], list[Use]] = defaultdict(list)
        weeks: dict[tuple[int, int], list[Use]] = defaultdict(list)
        first_class = min(self.asks.classes, default=0)
        for (resource, priority, run), uses in self.uses.items():
            day = self.asks.day(resource, run)
            if priority == first_class and day is not None:
                week = int(prepared.clock_of(resource).week_of_day[day])
                days[resource, day] += uses
                weeks[resource, week] += uses
        for rule, name, groups in (
            ("work_per_day", "minutes_per_day", days),
            ("work_per_week", "minutes_per_week", weeks),
        ):
            for (resource, number), uses in groups.items():
                most = getattr(prepared.resources[resource].limits, name)
                if most is not None and rule in self.rules:
                    done = worked(self.frozen, resource, number, week=groups is weeks)
                    total = sum(use.length * use.many for use in uses)
                    self.cp.add(total <= max(0, most // prepared.grain - done))


def _within(rest: _Rest, first: int, end: int) -> bool:
    """Say whether a rest, wherever it lies, lies whole in a stretch."""
    return first <= masks.lowest(rest.starts) and masks.highest(rest.starts) + rest.length <= end


def _on_grid(uses: list[Use]) -> tuple[int, list[Use]]:
    """Return the step of a common grid of starts, and the claims on it; a step of 1 where none."""
    ticks = {use: masks.ticks_of(use.starts) for use in uses}
    some = [
        use
        for use in uses
        if len(ticks[use]) == 1 or math.gcd(*(ticks[use][1:] - ticks[use][0]).tolist()) > 1
    ]
    if len(some) < 2:
        return 1, some
    first = int(ticks[some[0]][0])
    step = math.gcd(*[int(t) - first for use in some for t in ticks[use]])
    return step, some


def _windows(uses: list[Use], run: Run) -> Iterator[tuple[int, int, list[Use]]]:
    """Yield a run, and the parts of it in which some claims have to lie whole, with these."""
    yield (*run, uses)
    known: set[tuple[int, ...]] = set()
    for first in sorted({use.window[0] for use in uses}):
        for end in sorted({use.window[1] for use in uses}):
            if end <= first or (first, end) == run:
                continue
            inside = [u for u in uses if first <= u.window[0] and u.window[1] <= end]
            key = tuple(use.many.index for use in inside)
            if sum(u.most for u in inside) > 1 and key not in known:
                known.add(key)
                yield first, end, inside

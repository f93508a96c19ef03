"""How much claims can take at most: of a resource's day and week, and of a session's seats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.solve.asks import Asks, Run, break_of, worked
from allocator.state.state import State


class Room:
    """All that is scarce, row by row.

    Parameters
    ----------
    asks
        What visits ask for.
    frozen
        The state in which only the frozen visits are placed.
    rules
        Names of the rules in force.
    """

    def __init__(self, asks: Asks, frozen: State, rules: frozenset[str]) -> None:
        self.asks = asks
        self.frozen = frozen
        self.prepared = frozen.prepared
        self.rules = rules
        self._rows: dict[tuple[str, int, int], int] = {}
        self._most: list[float] = []
        self._coming: dict[int, int] = defaultdict(int)
        for placement in frozen.placements:
            if placement is not None and placement.session >= 0:
                self._coming[placement.session] += 1
        self._lengths: dict[int, set[int]] = defaultdict(set)
        self._longest: dict[int, int] = defaultdict(int)
        for some in asks.of.values():
            for ask in some:
                for resource in ask.starts:
                    self._lengths[resource].add(ask.length)
                    self._longest[resource] = max(self._longest[resource], ask.longest)
        first = min(asks.classes, default=0)
        self._runs: dict[int, dict[int, list[Run]]] = {}
        self._beyond: dict[int, set[int]] = {}
        for (resource, priority), runs in asks.runs.items():
            if priority == first:
                self._cut(resource, runs)

    def _cut(self, resource: int, runs: Sequence[Run]) -> None:
        """Cut runs at midnight, and note after which days they go on."""
        by_day, beyond = self._runs.setdefault(resource, defaultdict(list)), set()
        clock = self.prepared.clock_of(resource)
        nights = clock.day_starts[1:-1] + self.asks.origin
        for first, end in runs:
            inside = nights[(nights > first) & (nights < end)].tolist()
            for one, other in pairwise([first, *inside, end]):
                tick = min(max(one - self.asks.origin, 0), self.prepared.ticks - 1)
                day = int(clock.day_of[tick])
                by_day[day].append((one, other))
                if other < end:
                    beyond.add(day)
        self._beyond[resource] = beyond

    @property
    def most(self) -> npt.NDArray[np.float64]:
        """By row, how much there is: ticks of lanes, or seats."""
        return np.array(self._most)

    def in_days(self, resource: int) -> bool:
        """Say whether all that is asked of a resource lies in one local day or another."""
        return not self._beyond[resource]

    def seats(self, session: int) -> int:
        """Return the row of a session's seats."""
        about = self.prepared.visits[session].session
        assert about is not None
        return self._row("seats", session, 0, lambda: about.most - self._coming[session])

    def lanes(self, resource: int, day: int) -> int:
        """Return the row of the time of a resource's lanes on a day; -1 where that has no end."""
        if "capacity" not in self.rules:
            return -1
        return self._row("lanes", resource, day, lambda: self._in_day(resource, day))

    def work(self, resource: int, day: int) -> tuple[int, int]:
        """Return the rows of the work on a day and in its week; -1 where that has no limit.

        Without buffers it is not known on which day claims count as work.
        """
        limits = self.prepared.resources[resource].limits
        week = int(self.prepared.clock_of(resource).week_of_day[day])
        return (
            self._work("work_per_day", limits.minutes_per_day, resource, day),
            self._work("work_per_week", limits.minutes_per_week, resource, week),
        )

    def known(self, resource: int, day: int) -> list[int]:
        """Return the rows, of those that somebody asked for, of a resource's time on a day."""
        week = int(self.prepared.clock_of(resource).week_of_day[day])
        keys = [
            ("lanes", resource, day),
            ("work_per_day", resource, day),
            ("work_per_week", resource, week),
        ]
        return [self._rows[key] for key in keys if key in self._rows]

    def _work(self, rule: str, most: int | None, resource: int, when: int) -> int:
        without = "buffers" in self.prepared.problem.without_rules
        if most is None or rule not in self.rules or without:
            return -1
        ticks, weekly = most // self.prepared.grain, rule == "work_per_week"

        def left() -> int:
            return ticks - worked(self.frozen, resource, when, week=weekly)

        return self._row(rule, resource, when, left)

    def _row(self, kind: str, what: int, when: int, most: Callable[[], float]) -> int:
        key = kind, what, when
        if key not in self._rows:
            self._rows[key] = len(self._most)
            self._most.append(max(0.0, most()))
        return self._rows[key]

    def _in_day(self, resource: int, day: int) -> float:
        """Return how many ticks claims that begin on a day can take."""
        runs, lanes = self._runs[resource][day], self.prepared.resources[resource].lanes
        over = self._longest[resource] - 1 if day in self._beyond[resource] else 0
        if lanes > 1:
            free = sum(lanes * (b - a) - self.asks.held(resource, (a, b)) for a, b in runs)
            return free + lanes * over
        ticks = sum(b - a for a, b in runs)
        if over:
            return ticks + over
        filled = sum(masks.fillable(b - a, self._lengths[resource]) for a, b in runs)
        return min(filled, ticks - self._lost_to_a_break(resource, day, runs))

    def _lost_to_a_break(self, resource: int, day: int, runs: Sequence[Run]) -> int:
        """Return how many ticks of a day's runs its break takes at least, wherever it lies."""
        found = break_of(self.prepared, resource, day) if "breaks" in self.rules else None
        if found is None:
            return 0
        first, end, length = found[0] + self.asks.origin, found[1] + self.asks.origin, found[2]
        inside = sum(max(0, min(end, b) - max(first, a)) for a, b in runs)
        return max(0, length - (end - first - inside))

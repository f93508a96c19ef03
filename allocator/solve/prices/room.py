"""How much claims can take at most: of a resource's day and week, and of a session's seats."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from allocator.prepare import masks
from allocator.solve.asks import Asks, Run, worked
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
        for some in asks.of.values():
            for ask in some:
                for resource in ask.starts:
                    self._lengths[resource].add(ask.length)
        first = min(asks.classes, default=0)
        self._runs: dict[int, dict[int | None, list[Run]]] = {}
        for (resource, priority), runs in asks.runs.items():
            if priority == first:
                by_day = self._runs.setdefault(resource, defaultdict(list))
                for run in runs:
                    by_day[asks.day(resource, run)].append(run)

    @property
    def most(self) -> npt.NDArray[np.float64]:
        """By row, how much there is: ticks of lanes, or seats."""
        return np.array(self._most)

    def in_days(self, resource: int) -> bool:
        """Say whether all that is asked of a resource lies in one local day or another."""
        return None not in self._runs[resource]

    def seats(self, session: int) -> int:
        """Return the row of a session's seats."""
        about = self.prepared.visits[session].session
        assert about is not None
        return self._row("seats", session, 0, lambda: about.most - self._coming[session])

    def day(self, resource: int, day: int) -> int:
        """Return the row of a resource's day."""
        return self._row("day", resource, day, lambda: self._in_day(resource, day))

    def week(self, resource: int, day: int) -> int:
        """Return the row of a resource's week in which a day lies; -1 where it has no limit."""
        most = self.prepared.resources[resource].limits.minutes_per_week
        if most is None or "work_per_week" not in self.rules:
            return -1
        week = int(self.prepared.clock_of(resource).week_of_day[day])
        return self._row(
            "week",
            resource,
            week,
            lambda: most // self.prepared.grain - worked(self.frozen, resource, week, week=True),
        )

    def _row(self, kind: str, what: int, when: int, most: Callable[[], float]) -> int:
        key = kind, what, when
        if key not in self._rows:
            self._rows[key] = len(self._most)
            self._most.append(max(0.0, most()))
        return self._rows[key]

    def _in_day(self, resource: int, day: int) -> float:
        """Return how many ticks of a day claims of whole length can fill."""
        room = math.inf
        if "capacity" in self.rules:
            runs, lanes = self._runs[resource][day], self.prepared.resources[resource].lanes
            if lanes > 1:
                room = sum(lanes * (b - a) - self.asks.held(resource, (a, b)) for a, b in runs)
            else:
                lengths = self._lengths[resource]
                filled = sum(masks.fillable(b - a, lengths) for a, b in runs)
                ticks = sum(b - a for a, b in runs)
                room = min(filled, ticks - self._lost_to_a_break(resource, day, runs))
        most = self.prepared.resources[resource].limits.minutes_per_day
        if most is not None and "work_per_day" in self.rules:
            done = worked(self.frozen, resource, day, week=False)
            room = min(room, most // self.prepared.grain - done)
        return room

    def _lost_to_a_break(self, resource: int, day: int, runs: Sequence[Run]) -> int:
        """Return how many ticks of a day's runs its break takes at least, wherever it lies."""
        prepared, origin = self.prepared, self.asks.origin
        clock = prepared.clock_of(resource)
        weekday = int(clock.weekday_of_day[day])
        pauses = [p for p in prepared.resources[resource].breaks if weekday in p.weekdays]
        if len(pauses) != 1 or "breaks" not in self.rules or prepared.horizon.by_day:
            return 0
        grain, window = 60 * prepared.grain, pauses[0].window
        first = -(-int(clock.seconds(window.start_minute)[day]) // grain) + origin
        end = int(clock.seconds(window.end_minute)[day]) // grain + origin
        if first < origin or end > prepared.ticks + origin:
            return 0
        inside = sum(max(0, min(end, b) - max(first, a)) for a, b in runs)
        return max(0, prepared.ticks_for(pauses[0].minutes) - (end - first - inside))

"""Polish: lower the cost of a level by re-solving a few visits at a time, all else fixed.

A large neighbourhood search (Shaw 1998): each step frees visits that have to do with each other
and lets CP-SAT place them anew, to a proof where the effort allows. How many are freed grows
while proofs succeed and shrinks when they fail.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from ortools.sat.python import cp_model

from allocator.check.score import score
from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.incumbent import Incumbent
from allocator.solve.progress import Control
from allocator.solve.search import search
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Visits freed at once: to begin with, at least, at most.
SIZE, LEAST, MOST = 16, 8, 40
#: Deterministic time of CP-SAT for one step.
EFFORT = 0.1

#: Sorts visits by how little they have to do with a first one: the first are freed.
Distance = Callable[[int], tuple[float, ...]]


class Polish:
    """A schedule whose cost in one level falls, step by step; the levels before never rise.

    Parameters
    ----------
    book
        Rules and goals in force.
    best
        A schedule that breaks nothing.
    free, must
        Visits that may be moved, and those of them that have to stay placed.
    level
        Number of the level.
    seed
        Of all chance.

    Attributes
    ----------
    best
        The best schedule so far.
    spent
        CP-SAT's deterministic time so far.
    idle
        Steps since the last that lowered the cost.
    """

    def __init__(
        self,
        book: Rulebook,
        best: Incumbent,
        free: Iterable[int],
        must: Iterable[int],
        level: int,
        seed: int,
    ) -> None:
        self.book = book
        self.best = best
        self.free = sorted(free)
        self.must = frozenset(must)
        self.level = level
        self.spent = 0.0
        self.idle = 0
        self._size = SIZE
        self._state = State(book.prepared, best.placements)
        self._random = random.Random(seed)
        self._ways = (self._by_day, self._by_people, self._by_time, self._by_request)

    def step(self, control: Control) -> bool:
        """Re-solve some visits, and say whether the cost fell."""
        some = self._neighbours()
        had = {visit: self._state.placements[visit] for visit in some}
        self._remove(had)
        self._state.pending = frozenset(some)
        found = self._solved(some, had, control)
        self._state.pending = frozenset()
        self._place(had if found is None else found)
        if found is None:
            self.idle += 1
            return False
        timetable = Timetable(self.book.prepared, self._state.placements)
        after = Incumbent(timetable.placements, score(self.book, timetable).levels)
        fell = after.costs[: self.level + 1] < self.best.costs[: self.level + 1]
        if after.costs[: self.level + 1] > self.best.costs[: self.level + 1]:
            self._remove(found)
            self._place(had)
        else:
            self.best = after
        self.idle = 0 if fell else self.idle + 1
        return fell

    def _remove(self, places: dict[int, Placement | None]) -> None:
        for visit, placement in places.items():
            if placement is not None:
                self._state.remove(visit)

    def _place(self, places: dict[int, Placement | None]) -> None:
        for visit, placement in places.items():
            if placement is not None:
                self._state.place(visit, placement)

    def _solved(
        self, some: Sequence[int], had: dict[int, Placement | None], control: Control
    ) -> dict[int, Placement | None] | None:
        """Return places for these visits that cost no more than those they had."""
        levels = range(self.level + 1)
        model = Model(self.book, self._state, some, self.must.intersection(some), levels=levels)
        rest = score(self.book, Timetable(self.book.prepared, self._state.placements)).levels
        for before in range(self.level):
            cost = model.level_cost(before)
            if not isinstance(cost, int):
                model.cp.add(cost <= self.best.costs[before] - rest[before])
        cost = model.level_cost(self.level)
        if isinstance(cost, int):
            return None
        model.cp.minimize(cost)
        model.hint(had)
        solver = cp_model.CpSolver()
        settings = solver.parameters
        settings.num_workers = 1
        settings.random_seed = self._random.randrange(2**31)
        settings.max_deterministic_time = EFFORT
        settings.max_time_in_seconds = max(0.01, control.left)
        settings.symmetry_level = 0
        settings.cp_model_probing_level = 0
        settings.max_presolve_iterations = 1
        settings.linearization_level = 0
        settings.catch_sigint_signal = False
        control.running(solver)
        status = search(solver, model.cp)
        control.running(None)
        self.spent += solver.response_proto.deterministic_time
        self._size += 1 if status == cp_model.OPTIMAL else -1
        self._size = min(MOST, max(LEAST, self._size))
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return model.read(solver)

    # Neighbourhoods

    def _neighbours(self) -> list[int]:
        """Return visits that have to do with one that is picked by chance."""
        first = self._random.choice(self.free)
        if self._state.placements[first] is None:
            distance = self._by_request(first)
        else:
            distance = self._random.choice(self._ways)(first)
        return sorted(sorted(self.free, key=distance)[: self._size])

    def _by_day(self, first: int) -> Distance:
        """Those on about the same day, those of the same people first."""
        people, day = self._people(first), self._day(first)

        def distance(visit: int) -> tuple[float, ...]:
            apart = abs(self._day(visit) - day) + 2 * self._random.random()
            return (apart - len(people & self._people(visit)),)

        return distance

    def _by_people(self, first: int) -> Distance:
        """Those of the same people and things, those nearest in days first."""
        people, day = self._people(first), self._day(first)
        return lambda visit: (
            -len(people & self._people(visit)),
            abs(self._day(visit) - day),
            self._random.random(),
        )

    def _by_time(self, first: int) -> Distance:
        """Those nearest in time."""
        start = self._start(first)
        return lambda visit: (abs(self._start(visit) - start), self._random.random())

    def _by_request(self, first: int) -> Distance:
        """All of the same request, then those of the same people and things."""
        visits = self.book.prepared.visits
        owner = visits[first].request_index
        mine = {v for v in self.free if v == first or 0 <= owner == visits[v].request_index}
        people = frozenset[int]().union(*(self._people(visit) for visit in mine))
        return lambda visit: (
            visit not in mine,
            -len(people & self._people(visit)),
            self._random.random(),
        )

    def _people(self, visit: int) -> frozenset[int]:
        """Return whom and what a visit takes, or could take, besides those who attend it."""
        placement = self._state.placements[visit]
        needs = self.book.prepared.visits[visit].needs
        if placement is None:
            return frozenset(r for need in needs if not need.attendee for r in need.resources)
        return frozenset(
            r
            for need, members in zip(needs, placement.team, strict=True)
            if not need.attendee
            for r in members
        )

    def _start(self, visit: int) -> int:
        """Return a visit's start, or the far end of the horizon where it is not placed."""
        placement = self._state.placements[visit]
        return self.book.prepared.ticks if placement is None else placement.start

    def _day(self, visit: int) -> int:
        placement = self._state.placements[visit]
        clock = self.book.prepared.visits[visit].clock
        return len(clock.dates) if placement is None else int(clock.day_of[placement.start])

"""Re-solve a few visits exactly, all else fixed: the step of which all improvement consists."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ortools.sat.python import cp_model

from allocator.goals.served import Served
from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.change import minus
from allocator.solve.draft import Draft
from allocator.solve.search import minimize, quick_solver, range_of, search
from allocator.table.cheapest import cheapest_starts
from allocator.table.options import Options
from allocator.table.rulebook import Rulebook

#: Width of the range of a blend of levels, at most: beyond it levels are minimized in turn.
WIDEST = 2**40
#: Starts of a variant of a visit that are thought of, where comfort counts.
STARTS = 30


class Step(NamedTuple):
    """Better places for some visits, and by level what a schedule costs more with them.

    What is cheaper is below 0. Levels that do not count have 0.
    """

    places: dict[int, Placement | None]
    change: tuple[int, ...]


class Resolver(Draft):
    """A schedule that is made better by re-solving some of its visits at a time.

    Attributes
    ----------
    proved
        Whether the last re-solve went to its end, so that nothing better was there among the
        starts that were thought of.

    Parameters
    ----------
    book
        Rules and goals in force.
    placements
        A schedule that breaks nothing.
    must
        Visits that have to stay placed.
    seed
        Of the solver.
    comfort
        Whether all levels count; by default only what is served does.
    """

    def __init__(
        self,
        book: Rulebook,
        placements: Sequence[Placement | None],
        must: set[int],
        seed: int,
        *,
        comfort: bool = False,
    ) -> None:
        super().__init__(book, placements)
        self.must = must
        self.seed = seed
        self.proved = False
        self.comfort = comfort
        self._chance = random.Random(seed)
        self._levels = [n for n in range(len(book.levels)) if comfort or book.serves(n)]

    def better(
        self,
        free: Iterable[int],
        effort: float,
        budget: Budget,
        forced: Collection[int] = (),
    ) -> Step | None:
        """Return better places for these visits, or None.

        Parameters
        ----------
        free
            Numbers of the visits; none is frozen.
        effort
            Deterministic time of CP-SAT for each level.
        budget
            What may still be used up.
        forced
            Numbers of some of them that have to be placed: then places that cost the same will
            do, as where another request is left out instead.
        """
        free = sorted(set(free))
        had = {v: self.state.placements[v] for v in free}
        paid = self.lift(free)
        self.state.pending = frozenset(free)
        try:
            return self._better(free, had, paid, effort, budget, forced)
        finally:
            self.state.pending = frozenset()
            self.move(had)

    def _better(
        self,
        free: list[int],
        had: dict[int, Placement | None],
        paid: Sequence[int],
        effort: float,
        budget: Budget,
        forced: Collection[int],
    ) -> Step | None:
        """Return better places for the free visits, which have paid so much by level."""
        must = self.must.intersection(free).union(forced)
        model = Model(
            self.book, self.state, free, must, levels=self._levels, narrowed=self._narrowed(had)
        )
        if not forced:
            model.hint(had)
        charged = [n for n in self._levels if not isinstance(model.level_cost(n), int)]
        open_levels = [level for level in charged if self._improvable(level, had)]
        for level in charged:
            if level not in open_levels:
                model.cp.add(model.level_cost(level) <= paid[level])
        step: Step | None = None
        reached = tuple(paid)
        self.proved = True
        for levels in _stages(model, open_levels):
            if budget.over:
                self.proved = False
                break
            blend = sum(weight * model.level_cost(level) for level, weight in levels.items())
            least_gain = 1 if step is None and not forced else 0
            most = sum(weight * reached[level] for level, weight in levels.items()) - least_gain
            minimize(model.cp, blend, most)
            solver = quick_solver(self.seed)
            status = search(solver, model.cp, budget=budget, effort=effort)
            self.proved &= status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
            if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                places = model.read(solver)
                # What is not proved to be the best may cost less than its variables say.
                self.move(places)
                reached = self.lift(places)
                step = Step(places, minus(reached, paid))
            for level in levels:
                model.cp.add(model.level_cost(level) <= reached[level])
        return step

    def _narrowed(self, had: Mapping[int, Placement | None]) -> Callable[[Options], Options]:
        """Return how starts are narrowed down to those worth a thought."""
        if not self.comfort:
            return lambda found: found

        def narrowed(found: Options) -> Options:
            visit = found.visit.index
            return cheapest_starts(self.book, self.state, found, STARTS, had[visit], self._chance)

        return narrowed

    def _improvable(self, level: int, places: dict[int, Placement | None]) -> bool:
        """Say whether a level may be improved: of served ones, by a visit that is not placed."""
        if not self.book.serves(level):
            return True
        priorities = {
            goal.priority
            for number, goal in enumerate(self.book.goals)
            if isinstance(goal, Served) and self.book.level(number) == level
        }
        visits = self.book.prepared.visits
        return any(p is None and visits[v].priority in priorities for v, p in places.items())


def _stages(model: Model, levels: Sequence[int]) -> Iterator[dict[int, int]]:
    """Yield levels to be minimized at once, with weights by which none is traded for a later one.

    Of few visits the costs have a small range, so that mostly one solve does for all levels.
    """
    if len(levels) == 1:
        yield {levels[0]: 1}
        return
    stage: dict[int, int] = {}
    weight = 1
    for level in reversed(levels):
        low, high = range_of(model.cp, model.level_cost(level))
        if stage and weight * (high - low + 1) > WIDEST:
            break
        stage[level] = weight
        weight *= high - low + 1
    rest = [level for level in levels if level not in stage]
    for level in rest:
        yield {level: 1}
    if stage:
        yield stage

"""Re-solve a few visits exactly, all else fixed: the step of which all improvement consists."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ortools.sat.python import cp_model

from allocator.goals.served import Served
from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.change import Change
from allocator.solve.search import minimize, quick_solver, range_of, search
from allocator.state.state import State
from allocator.table.allowed import allowed
from allocator.table.cheapest import cheapest_starts
from allocator.table.costs import best_placement
from allocator.table.costs import placements as cheapest_placements
from allocator.table.options import Options
from allocator.table.price import price
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


class Resolver:
    """A schedule that is made better by re-solving some of its visits at a time.

    Attributes
    ----------
    proved
        Whether the last re-solve went to its end, so that nothing better was there.

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
        self.book = book
        self.state = State(book.prepared, placements)
        self.must = must
        self.seed = seed
        self.proved = False
        self.comfort = comfort
        self._chance = random.Random(seed)
        self._levels = [n for n in range(len(book.levels)) if comfort or book.serves(n)]

    def better(self, free: Iterable[int], effort: float, budget: Budget) -> Step | None:
        """Return better places for these visits, or None.

        Parameters
        ----------
        free
            Numbers of the visits; none is frozen.
        effort
            Deterministic time of CP-SAT for each level.
        budget
            What may still be used up.
        """
        free = sorted(set(free))
        had = {v: self.state.placements[v] for v in free}
        paid = self.lift(free)
        self.state.pending = frozenset(free)
        try:
            return self._better(free, had, paid, effort, budget)
        finally:
            self.state.pending = frozenset()
            self.move(had)

    def move(self, places: Mapping[int, Placement | None]) -> None:
        """Put visits where they are to lie."""
        for visit in places:
            if self.state.placements[visit] is not None:
                self.state.remove(visit)
        for visit, placement in places.items():
            if placement is not None:
                self.state.place(visit, placement)

    def lift(self, free: Iterable[int]) -> list[int]:
        """Remove visits, and return by level what they have added to the cost.

        One after the other, since tables are exact for one visit beside all others.
        """
        paid = [0] * len(self.book.levels)
        for number in free:
            if self.state.placements[number] is not None:
                placement = self.state.remove(number)
                added = price(self.book, self.state, self.book.prepared.visits[number], placement)
                paid = [a + b for a, b in zip(paid, added, strict=True)]
        return paid

    def insert(
        self,
        order: Sequence[int],
        *,
        pending: Sequence[int] = (),
        but: Placement | None = None,
        among: int = 1,
        chance: random.Random | None = None,
    ) -> list[int] | None:
        """Place visits one after the other where each is cheapest, and return what that adds.

        Parameters
        ----------
        order
            Numbers of visits that are not placed.
        pending
            Others that are to be placed later.
        but
            A placement that is not to be used.
        among, chance
            Of how many cheap places one is drawn; by default the cheapest is taken.

        Returns
        -------
        list or None
            The cost by level; None where one finds no place: those before it stay placed.
        """
        book, state = self.book, self.state
        added = [0] * len(book.levels)
        try:
            for place, number in enumerate(order):
                visit = book.prepared.visits[number]
                state.pending = frozenset((*order[place:], *pending))
                if chance is None:
                    choice = best_placement(book, state, visit, but)
                else:
                    some = cheapest_placements(book, state, visit, most=among, but=but)
                    choice = chance.choice(some) if some else None
                state.pending = frozenset((*order[place + 1 :], *pending))
                if choice is None:
                    return None
                more = price(book, state, visit, choice.placement)
                added = [a + b for a, b in zip(added, more, strict=True)]
                state.place(number, choice.placement)
        finally:
            state.pending = frozenset()
        return added

    def put(self, places: Mapping[int, Placement | None]) -> Change | None:
        """Put visits where they are to lie, where that is allowed, else change nothing.

        Group sessions, and who comes to one, are not moved.
        """
        book, state = self.book, self.state
        places = {v: p for v, p in places.items() if p != state.placements[v]}
        had = {visit: state.placements[visit] for visit in places}
        if any(self._in_session(v, p) for some in (had, places) for v, p in some.items()):
            return None
        paid = self.lift(v for v, p in had.items() if p is not None)
        added = [0] * len(book.levels)
        left = {v for v, p in places.items() if p is not None}
        for number in sorted(left):
            visit, placement = book.prepared.visits[number], places[number]
            state.pending = frozenset(left)
            left.discard(number)
            if placement is None or not allowed(book, state, visit, placement):
                state.pending = frozenset()
                self.move(had)
                return None
            state.pending = frozenset(left)
            more = price(book, state, visit, placement)
            added = [a + b for a, b in zip(added, more, strict=True)]
            state.place(number, placement)
        state.pending = frozenset()
        return Change(had, tuple(a - b for a, b in zip(added, paid, strict=True)))

    def _in_session(self, visit: int, placement: Placement | None) -> bool:
        session = self.book.prepared.visits[visit].session is not None
        return session or (placement is not None and placement.session >= 0)

    def _priced(self, places: Mapping[int, Placement | None]) -> list[int]:
        """Return what visits add to the cost where they are put, by level.

        A solution that is not proved to be the best may cost less than its variables say.
        """
        self.move(places)
        return self.lift(places)

    def _better(
        self,
        free: list[int],
        had: dict[int, Placement | None],
        paid: Sequence[int],
        effort: float,
        budget: Budget,
    ) -> Step | None:
        """Return better places for the free visits, which have paid so much by level."""
        must = self.must.intersection(free)
        model = Model(
            self.book, self.state, free, must, levels=self._levels, narrowed=self._narrowed(had)
        )
        model.hint(had)
        charged = [n for n in self._levels if not isinstance(model.level_cost(n), int)]
        open_levels = [level for level in charged if self._improvable(level, had)]
        for level in charged:
            if level not in open_levels:
                model.cp.add(model.level_cost(level) <= paid[level])
        step: Step | None = None
        reached = list(paid)
        self.proved = True
        for levels in _stages(model, open_levels):
            if budget.over:
                self.proved = False
                break
            blend = sum(weight * model.level_cost(level) for level, weight in levels.items())
            least_gain = 1 if step is None else 0
            most = sum(weight * reached[level] for level, weight in levels.items()) - least_gain
            minimize(model.cp, blend, most)
            solver = quick_solver(self.seed)
            status = search(solver, model.cp, budget=budget, effort=effort)
            self.proved &= status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
            if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                places = model.read(solver)
                reached = self._priced(places)
                change = tuple(b - a for a, b in zip(paid, reached, strict=True))
                step = Step(places, change)
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

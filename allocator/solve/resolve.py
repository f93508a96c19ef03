"""Re-solve a few visits exactly, all else fixed: the step of which all improvement consists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ortools.sat.python import cp_model

from allocator.domain.faults import SolverDisagreement
from allocator.goals.served import Served
from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.search import quick_solver, search
from allocator.state.state import State
from allocator.table.rulebook import Rulebook


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
        self._levels = [n for n in range(len(book.levels)) if comfort or book.serves(n)]

    def better(
        self, free: Iterable[int], effort: float, budget: Budget
    ) -> dict[int, Placement | None] | None:
        """Return better places for these visits, or None.

        Parameters
        ----------
        free
            Numbers of the visits; none is frozen.
        effort
            Deterministic time of CP-SAT for each level.
        budget
            What may still be used up.

        Returns
        -------
        dict or None
            A place, or None, for each of the visits.
        """
        free = sorted(set(free))
        had = {v: self.state.placements[v] for v in free}
        self.move(dict.fromkeys(free))
        self.state.pending = frozenset(free)
        try:
            return self._better(free, had, effort, budget)
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

    def _better(
        self,
        free: list[int],
        had: dict[int, Placement | None],
        effort: float,
        budget: Budget,
    ) -> dict[int, Placement | None] | None:
        """Return better places for the free visits, or None."""
        must = self.must.intersection(free)
        model = Model(self.book, self.state, free, must, levels=self._levels)
        before, solution = self._priced(model, had)
        reached = list(before)
        found: dict[int, Placement | None] | None = None
        self.proved = True
        for number, level in enumerate(self._levels):
            cost = model.level_cost(level)
            if isinstance(cost, int):
                continue
            if budget.over:
                self.proved = False
                break
            if not self._improvable(level, had):
                model.cp.add(cost <= reached[number])
                continue
            solver = quick_solver(self.seed)
            model.cp.minimize(cost)
            model.cp.clear_hints()
            for index, value in enumerate(solution):
                model.cp.add_hint(model.cp.get_int_var_from_proto_index(index), value)
            status = search(solver, model.cp, budget=budget, effort=effort)
            self.proved &= status == cp_model.OPTIMAL
            if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                costs = self._costs(model, solver)
                # Levels that come later are not minimized yet, and may lie higher than need be.
                upto = slice(number + 1)
                if costs[upto] < reached[upto]:
                    found, reached = model.read(solver), costs
                    solution = list(solver.response_proto.solution)
            model.cp.add(cost <= reached[number])
        return found

    def _priced(
        self, model: Model, places: dict[int, Placement | None]
    ) -> tuple[list[int], list[int]]:
        """Return what places of the free visits cost, and a value for every variable."""
        model.hint(places)
        model.cp.minimize(sum(model.level_cost(level) for level in self._levels))
        solver = quick_solver(self.seed)
        solver.parameters.fix_variables_to_their_hinted_value = True
        if search(solver, model.cp) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise SolverDisagreement("The model refuses places that every rule allows.")
        return self._costs(model, solver), list(solver.response_proto.solution)

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

    def _costs(self, model: Model, solver: cp_model.CpSolver) -> list[int]:
        return [int(solver.value(model.level_cost(level))) for level in self._levels]

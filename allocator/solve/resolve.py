"""Re-solve a few visits exactly, all else fixed: the step of which repair consists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ortools.sat.python import cp_model

from allocator.domain.faults import SolverDisagreement
from allocator.goals.served import Served
from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.progress import Control
from allocator.solve.search import search
from allocator.state.state import State
from allocator.table.rulebook import Rulebook


class Resolver:
    """A schedule in which more is served by re-solving some of its visits at a time.

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
    """

    def __init__(
        self,
        book: Rulebook,
        placements: Sequence[Placement | None],
        must: set[int],
        seed: int,
    ) -> None:
        self.book = book
        self.state = State(book.prepared, placements)
        self.must = must
        self.seed = seed
        self._levels = [level for level in range(len(book.levels)) if book.serves(level)]

    def better(
        self, free: Iterable[int], effort: float, control: Control
    ) -> dict[int, Placement | None] | None:
        """Return places for these visits with which more is served, or None.

        Parameters
        ----------
        free
            Numbers of the visits; none is frozen.
        effort
            Deterministic time of CP-SAT for each level.
        control
            Time that is left.

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
            return self._served(free, had, effort, control)
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

    def _served(
        self,
        free: list[int],
        had: dict[int, Placement | None],
        effort: float,
        control: Control,
    ) -> dict[int, Placement | None] | None:
        """Return better places for the free visits, or None."""
        must = self.must.intersection(free)
        model = Model(self.book, self.state, free, must, levels=self._levels)
        before, solution = self._priced(model, had)
        reached = list(before)
        found: dict[int, Placement | None] | None = None
        for number, level in enumerate(self._levels):
            cost = model.level_cost(level)
            if isinstance(cost, int):
                continue
            if control.over:
                break
            if not self._missing(level, had):
                model.cp.add(cost <= reached[number])
                continue
            solver = self._solver(effort, control)
            model.cp.minimize(cost)
            model.cp.clear_hints()
            for index, value in enumerate(solution):
                model.cp.add_hint(model.cp.get_int_var_from_proto_index(index), value)
            control.running(solver)
            status = search(solver, model.cp)
            control.running(None)
            if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                missed = self._missed(model, solver)
                if missed[: number + 1] < reached[: number + 1]:
                    found, reached = model.read(solver), missed
                    solution = list(solver.response_proto.solution)
            model.cp.add(cost <= reached[number])
        return found if reached < before else None

    def _priced(
        self, model: Model, places: dict[int, Placement | None]
    ) -> tuple[list[int], list[int]]:
        """Return what places of the free visits miss, and a value for every variable."""
        model.hint(places)
        solver = self._solver(1e9, None)
        solver.parameters.fix_variables_to_their_hinted_value = True
        if search(solver, model.cp) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise SolverDisagreement("The model refuses places that every rule allows.")
        return self._missed(model, solver), list(solver.response_proto.solution)

    def _missing(self, level: int, places: dict[int, Placement | None]) -> bool:
        """Say whether any of these visits counts for a level and is not placed."""
        priorities = {
            goal.priority
            for number, goal in enumerate(self.book.goals)
            if isinstance(goal, Served) and self.book.level(number) == level
        }
        visits = self.book.prepared.visits
        return any(p is None and visits[v].priority in priorities for v, p in places.items())

    def _missed(self, model: Model, solver: cp_model.CpSolver) -> list[int]:
        return [int(solver.value(model.level_cost(level))) for level in self._levels]

    def _solver(self, effort: float, control: Control | None) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        settings = solver.parameters
        settings.num_workers = 1
        settings.random_seed = self.seed
        settings.max_deterministic_time = effort
        settings.symmetry_level = 0
        settings.cp_model_probing_level = 0
        settings.linearization_level = 0
        if control is not None:
            settings.max_time_in_seconds = max(0.01, control.left)
        settings.catch_sigint_signal = False
        return solver

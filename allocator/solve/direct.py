"""One CP-SAT model of all free visits, level by level, to a proof where it can."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from allocator.check.score import score
from allocator.domain.faults import SolverDisagreement
from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.bound import Aim
from allocator.solve.budget import Budget, TooLate
from allocator.solve.incumbent import Incumbent, incumbent, verify
from allocator.solve.params import Params
from allocator.solve.progress import Tell
from allocator.solve.search import search
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Share of the time left that one level may take while others wait behind it.
SHARE = 0.5
#: Seconds that a search has at least before it is decided whether it is given up: it is deaf
#: while it begins.
SOONEST = 1.0
#: Relative gap from which on a level is hopeless, where hope is asked for.
HOPELESS = 0.25


@dataclass(frozen=True, slots=True)
class Proof:
    """What the model of the whole problem came to.

    Attributes
    ----------
    best
        The best schedule, or None where there is none (or none was found).
    bounds
        By level, the least cost proved possible; None where nothing is proved.
    infeasible
        Whether it is proved that no schedule meets the hard demands.
    """

    best: Incumbent | None
    bounds: tuple[int | None, ...]
    infeasible: bool = False


class _Watch(cp_model.CpSolverSolutionCallback):
    """Passes on each better schedule and each better bound."""

    def __init__(self, told: Callable[[cp_model.CpSolverSolutionCallback], None]) -> None:
        super().__init__()
        self._told = told

    def on_solution_callback(self) -> None:
        """Pass on a solution."""
        self._told(self)


def prove(
    book: Rulebook,
    fixed: Sequence[Placement | None],
    free: Iterable[int],
    must: Iterable[int],
    start: Incumbent | None,
    floors: Sequence[int | None],
    params: Params,
    budget: Budget,
    tell: Tell,
    levels: Iterable[int] | None = None,
    *,
    trial: float = 1.0,
) -> Proof:
    """Solve the free visits as one model, one level after the other.

    Parameters
    ----------
    book
        Rules and goals in force.
    fixed
        Placements of all other visits.
    free, must
        Visits to place, and those of them that have to be placed.
    start
        A schedule to begin with.
    floors
        Lower bounds known beforehand, by level: a level that reaches its own is not solved.
    params, budget
        Settings, and what may still be used up.
    tell
        Hears of each better schedule and bound, with the level at work.
    levels
        Numbers of the levels to solve; by default all. Levels before them stay as they are.
    trial
        Share of the time after which it ends where the level at work is still far from its bound.
    """
    prover = _Prover(book, fixed, free, must, start, floors, params, budget, tell, trial)
    return prover(range(len(book.levels)) if levels is None else levels)


class _Prover:
    """One run over the levels.

    As long as levels count what is served, the model knows of no comfort and is a fraction of
    the size. With the first level of comfort it is built anew, whole.
    """

    def __init__(
        self,
        book: Rulebook,
        fixed: Sequence[Placement | None],
        free: Iterable[int],
        must: Iterable[int],
        start: Incumbent | None,
        floors: Sequence[int | None],
        params: Params,
        budget: Budget,
        tell: Tell,
        trial: float,
    ) -> None:
        self.book = book
        self.free = sorted(free)
        self.must = frozenset(must)
        self.best = start
        self.bounds = list(floors)
        self.params = params
        self.budget = budget
        self.tell = tell
        gone = set(self.free)
        self.rest = [None if v in gone else p for v, p in enumerate(fixed)]
        self.base = score(book, Timetable(book.prepared, self.rest)).levels
        self.aim = Aim(book, params.gap)
        comfort = [level for level in range(len(book.levels)) if not book.serves(level)]
        self.comfort = comfort[0] if comfort else len(book.levels)
        self.model: Model | None = None
        self.known = 0
        self.held = 0
        self.solution: list[int] | None = None
        self.hopeless = False
        self.decided = math.inf if budget.exact else budget.seconds + trial * budget.left

    def __call__(self, levels: Iterable[int]) -> Proof:
        """Go through the levels, as far as time allows."""
        for level in levels:
            if self.best is not None and self._good_enough(level):
                continue
            if self.budget.over or self.hopeless:
                break
            try:
                model = self._model(level)
            except TooLate:
                break
            cost = model.level_cost(level)
            if isinstance(cost, int):
                self.bounds[level] = self.base[level] + cost
                if self.best is not None or level < len(self.book.levels) - 1:
                    continue
            if self._improve(model, level, cost) == cp_model.INFEASIBLE:
                return Proof(None, tuple(self.bounds), infeasible=True)
            if self.best is None:
                break
        if self.best is None and not self.free:
            self.best = incumbent(self.book, self.rest)
        return Proof(self.best, tuple(self.bounds))

    def _good_enough(self, level: int) -> bool:
        """Say whether the best schedule is as near to a level's bound as was asked for."""
        if self.best is None:
            return False
        return self.aim.reached(level, self.best.costs[level], self.bounds[level])

    def _far(self, level: int) -> bool:
        """Say whether a level is far from its bound, or has none."""
        if self.best is None:
            return False
        gap = self.aim.gap(level, self.best.costs[level], self.bounds[level])
        return gap is None or gap > HOPELESS

    def _model(self, level: int) -> Model:
        """Return a model that knows a level, with the levels before held at what they cost."""
        known = self.comfort if level < self.comfort else len(self.book.levels)
        if self.model is None or known > self.known:
            state = State(self.book.prepared, self.rest, pending=self.free)
            self.model = Model(
                self.book,
                state,
                self.free,
                self.must,
                levels=range(known),
                tight=True,
                pooled=True,
                heed=self.budget.heed,
            )
            self.known, self.held = known, 0
            self.solution = None
            if self.best is not None:
                self.solution = complete(self.model, self.best, self.budget)
            self.budget.heed()
        for before in range(self.held, level):
            cost = self.model.level_cost(before)
            if self.best is not None and not isinstance(cost, int):
                self.model.cp.add(cost <= self.best.costs[before] - self.base[before])
        self.held = level
        return self.model

    def _improve(
        self, model: Model, level: int, cost: cp_model.LinearExprT
    ) -> cp_model.CpSolverStatus:
        """Let CP-SAT lower the cost of a level, and raise its bound."""
        name = self.book.levels[level].name
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = self.params.workers
        solver.parameters.random_seed = self.params.seed
        model.cp.minimize(cost)
        model.cp.clear_hints()
        for index, value in enumerate(self.solution or ()):
            model.cp.add_hint(model.cp.get_int_var_from_proto_index(index), value)

        def bounded(bound: float) -> None:
            self._raise(level, bound)
            self.tell(self.best, self.bounds, name)
            if self.budget.stopped or self.hopeless or self._good_enough(level):
                solver.stop_search()

        def told(found: cp_model.CpSolverSolutionCallback) -> None:
            self._take(self._read(model, found))
            bounded(found.best_objective_bound)

        def decide() -> None:
            self.hopeless = self._far(level)
            if self.hopeless:
                solver.stop_search()

        solver.best_bound_callback = bounded
        last = level == len(self.book.levels) - 1
        budget = self.budget if last else self.budget.part(SHARE)
        decision = threading.Timer(max(SOONEST, self.decided - self.budget.seconds), decide)
        if math.isfinite(self.decided):
            decision.start()
        try:
            status = search(solver, model.cp, _Watch(told), budget=budget)
        finally:
            decision.cancel()
        if status == cp_model.MODEL_INVALID:
            raise SolverDisagreement(model.cp.validate())
        if status == cp_model.INFEASIBLE and self.best is not None:
            raise SolverDisagreement("A schedule exists; the model calls it infeasible.")
        # A search that ends before it began tells of a bound of 0, which is none.
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self._raise(level, solver.best_objective_bound)
            found = self._read(model, solver)
            if self._take(found):
                self.solution = [int(v) for v in solver.response_proto.solution]
            reported = round(solver.objective_value) + self.base[level]
            # Amounts that the model bounds from below may lie too high while unproved.
            slack = reported - found.costs[level]
            if slack < 0 or (slack and status == cp_model.OPTIMAL):
                raise SolverDisagreement(
                    f"Level {name} costs {found.costs[level]} by its goals, {reported} by the"
                    " model."
                )
        if self.best is not None:
            self.tell(self.best, self.bounds, name)
        return status

    def _read(self, model: Model, solution: object) -> Incumbent:
        placements = list(self.rest)
        for visit, placement in model.read(solution).items():
            placements[visit] = placement
        return incumbent(self.book, placements)

    def _take(self, found: Incumbent) -> bool:
        """Take a schedule as the best when it is, and say whether it costs no more than that."""
        if self.best is None or found.costs < self.best.costs:
            self.best = found
        return found.costs == self.best.costs

    def _raise(self, level: int, bound: float) -> None:
        """Raise a level's bound to what the model proves of its free visits."""
        if math.isfinite(bound):
            proved = math.ceil(bound - 1e-6) + self.base[level]
            known = self.bounds[level]
            self.bounds[level] = proved if known is None else max(known, proved)


def complete(model: Model, best: Incumbent, budget: Budget) -> list[int] | None:
    """Return a value for every variable of the model, where a schedule gives those that count.

    None where nothing is left before they are found.

    Raises
    ------
    SolverDisagreement
        When the model refuses the schedule.
    """
    model.hint({visit.index: best.placements[visit.index] for visit in model.free})
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.fix_variables_to_their_hinted_value = True
    model.cp.minimize(sum(model.level_cost(level) for level in range(len(model.book.levels))))
    status = search(solver, model.cp, budget=budget)
    if status == cp_model.UNKNOWN:
        return None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        verify(model.book, Timetable(model.prepared, best.placements), best.costs)
        raise SolverDisagreement(
            f"The model refuses a schedule that every twin accepts: {solver.status_name(status)}."
        )
    return [int(v) for v in solver.response_proto.solution]

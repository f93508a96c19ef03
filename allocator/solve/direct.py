"""One CP-SAT model of all free visits, level by level, to a proof where it can."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from allocator.check.score import score
from allocator.domain.faults import SolverDisagreement
from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.incumbent import Incumbent, incumbent, verify
from allocator.solve.params import Params
from allocator.solve.progress import Control
from allocator.solve.search import search
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Share of the time left that one level may take while others wait behind it.
SHARE = 0.5


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
    control: Control,
    tell: Callable[[Incumbent | None, Sequence[int | None], str], None],
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
    params, control
        Settings, and the time that is left.
    tell
        Hears of each better schedule and bound, with the level at work.
    """
    free = sorted(free)
    gone = set(free)
    base_placements = [None if v in gone else p for v, p in enumerate(fixed)]
    base = score(book, Timetable(book.prepared, base_placements)).levels
    model = Model(book, State(book.prepared, base_placements, pending=free), free, must, tight=True)
    bounds: list[int | None] = list(floors)
    best = start
    solution: list[int] | None = None
    if best is not None:
        solution = complete(model, best)
    for level in range(len(book.levels)):
        name = book.levels[level].name
        cost = model.level_cost(level)
        floor = bounds[level]
        if isinstance(cost, int):
            bounds[level] = base[level] + cost
            continue
        if best is not None and floor is not None and best.costs[level] <= floor:
            model.cp.add(cost <= best.costs[level] - base[level])
            continue
        last = level == len(book.levels) - 1
        if control.over:
            return Proof(best, tuple(bounds))
        solver = cp_model.CpSolver()
        settings = solver.parameters
        settings.num_workers = params.workers
        settings.random_seed = params.seed
        settings.catch_sigint_signal = False
        if params.deterministic_limit is None:
            settings.max_time_in_seconds = control.left if last else control.left * SHARE
        else:
            share = SHARE ** (level + (not last))
            settings.max_deterministic_time = params.deterministic_limit * share
        if best is not None:
            worth = abs(best.costs[level])
            if params.gap:
                settings.absolute_gap_limit = max(0.0, params.gap * worth)
        model.cp.minimize(cost)
        model.cp.clear_hints()
        if solution is not None:
            for index, value in enumerate(solution):
                model.cp.add_hint(model.cp.get_int_var_from_proto_index(index), value)

        def told(
            callback: cp_model.CpSolverSolutionCallback, level: int = level, name: str = name
        ) -> None:
            nonlocal best
            better = _read(model, base_placements, callback, book)
            if best is None or better.costs < best.costs:
                best = better
            _raise(bounds, level, callback.best_objective_bound + base[level])
            tell(best, bounds, name)

        def bounded(bound: float, level: int = level, name: str = name) -> None:
            _raise(bounds, level, bound + base[level])
            tell(best, bounds, name)

        solver.best_bound_callback = bounded
        control.running(solver)
        status = search(solver, model.cp, _Watch(told))
        control.running(None)
        if status == cp_model.MODEL_INVALID:
            raise SolverDisagreement(model.cp.validate())
        if status == cp_model.INFEASIBLE:
            if best is not None:
                raise SolverDisagreement("A schedule exists; the model calls it infeasible.")
            return Proof(None, tuple(bounds), infeasible=True)
        if status == cp_model.UNKNOWN and best is None:
            return Proof(None, tuple(bounds))
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            found = _read(model, base_placements, solver, book)
            if best is None or found.costs < best.costs:
                best = found
            if found.costs == best.costs or solution is None:
                solution = [
                    int(v) for v in solver.response_proto.solution
                ]
            reported = round(solver.objective_value) + base[level]
            # Amounts that the model bounds from below may lie too high while unproved.
            slack = reported - found.costs[level]
            if slack < 0 or (slack and status == cp_model.OPTIMAL and not params.gap):
                raise SolverDisagreement(
                    f"Level {name} costs {found.costs[level]} by its goals, {reported} by the"
                    " model."
                )
        assert best is not None
        _raise(bounds, level, solver.best_objective_bound + base[level])
        if status == cp_model.OPTIMAL and not params.gap:
            bounds[level] = best.costs[level]
        tell(best, bounds, name)
        model.cp.add(cost <= best.costs[level] - base[level])
    assert best is not None or not free
    return Proof(best or incumbent(book, base_placements), tuple(bounds))


def complete(model: Model, best: Incumbent) -> list[int]:
    """Return a value for every variable of the model, where a schedule gives those that count.

    Raises
    ------
    SolverDisagreement
        When the model refuses the schedule.
    """
    model.hint({visit.index: best.placements[visit.index] for visit in model.free})
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.fix_variables_to_their_hinted_value = True
    solver.parameters.catch_sigint_signal = False
    model.cp.minimize(sum(model.level_cost(level) for level in range(len(model.book.levels))))
    status = search(solver, model.cp)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        verify(model.book, best.placements, best.costs)
        raise SolverDisagreement(
            f"The model refuses a schedule that every twin accepts: {solver.status_name(status)}."
        )
    return [int(v) for v in solver.response_proto.solution]


def _read(
    model: Model,
    base: Sequence[Placement | None],
    solution: object,
    book: Rulebook,
) -> Incumbent:
    placements = list(base)
    for visit, placement in model.read(solution).items():
        placements[visit] = placement
    return incumbent(book, placements)


def _raise(bounds: list[int | None], level: int, bound: float) -> None:
    if not math.isfinite(bound):
        return
    proved = math.ceil(bound - 1e-6)
    known = bounds[level]
    bounds[level] = proved if known is None else max(known, proved)

"""Let CP-SAT search, within a budget, and once more where its presolve stumbles."""

from __future__ import annotations

import math

from ortools.sat.python import cp_model

from allocator.solve.budget import Budget


def quick_solver(seed: int) -> cp_model.CpSolver:
    """Return a solver for one of many small models: one thread, without what takes long to start.

    Parameters
    ----------
    seed
        Of all chance.
    """
    solver = cp_model.CpSolver()
    settings = solver.parameters
    settings.num_workers = 1
    settings.random_seed = seed
    settings.symmetry_level = 0
    settings.cp_model_probing_level = 0
    # One round of presolve is half of what takes time; a small relaxation pays for itself.
    settings.max_presolve_iterations = 1
    settings.linearization_level = 1
    # Cuts, and probing before each restart, take longer than what is left to search.
    settings.cut_level = 0
    settings.use_sat_inprocessing = False
    return solver


def minimize(cp: cp_model.CpModel, cost: cp_model.LinearExprT, most: int) -> None:
    """Let a cost be minimized, and be at most so much as long as it is."""
    cp.minimize(cost)
    objective = cp.proto.objective
    objective.domain.extend([-(2**62), most - round(objective.offset)])


def range_of(cp: cp_model.CpModel, cost: cp_model.LinearExprT) -> tuple[int, int]:
    """Return between which numbers a cost lies in any case; replaces the model's objective."""
    cp.minimize(cost)
    objective = cp.proto.objective
    low = high = round(objective.offset)
    for index, coefficient in zip(objective.vars, objective.coeffs, strict=True):
        domain = list(cp.proto.variables[index].domain)  # as it is, it has no index from the end
        some = sorted((coefficient * domain[0], coefficient * domain[-1]))
        low, high = low + some[0], high + some[1]
    return low, high


def search(
    solver: cp_model.CpSolver,
    cp: cp_model.CpModel,
    watch: cp_model.CpSolverSolutionCallback | None = None,
    *,
    budget: Budget | None = None,
    effort: float = math.inf,
) -> cp_model.CpSolverStatus:
    """Solve a model; where presolve loses a hint, again without symmetries, then without hints.

    OR-Tools 9.15 may fail with an ``IndexError`` when it exploits symmetries of a model with
    hints: https://github.com/google/or-tools/issues/5091 and 5288.

    Parameters
    ----------
    solver
        With its settings; symmetries are switched off in it where they do harm.
    cp
        The model; loses its hints where they do harm even then.
    watch
        Hears of each better solution.
    budget
        What is left, of which is taken what the search uses up; no limit where absent.
    effort
        Deterministic time that it may take at most.
    """
    solver.parameters.catch_sigint_signal = False
    try:
        return _search(solver, cp, watch, budget, effort)
    except IndexError:
        solver.parameters.symmetry_level = 0
    try:
        return _search(solver, cp, watch, budget, effort)
    except IndexError:
        cp.clear_hints()
    return _search(solver, cp, watch, budget, effort)


def _search(
    solver: cp_model.CpSolver,
    cp: cp_model.CpModel,
    watch: cp_model.CpSolverSolutionCallback | None,
    budget: Budget | None,
    effort: float,
) -> cp_model.CpSolverStatus:
    settings = solver.parameters
    if math.isfinite(effort):
        settings.max_deterministic_time = effort
    if budget is None:
        return solver.solve(cp, watch)
    settings.max_time_in_seconds = budget.left
    settings.max_deterministic_time = min(effort, budget.effort)
    budget.control.running(solver)
    try:
        status = solver.solve(cp, watch)
    finally:
        budget.control.running(None)
    budget.spend(solver.response_proto.deterministic_time)
    return status

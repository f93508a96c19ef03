"""Let CP-SAT search, and once more where its presolve stumbles."""

from __future__ import annotations

from ortools.sat.python import cp_model


def search(
    solver: cp_model.CpSolver,
    cp: cp_model.CpModel,
    watch: cp_model.CpSolverSolutionCallback | None = None,
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
    """
    try:
        return solver.solve(cp, watch)
    except IndexError:
        solver.parameters.symmetry_level = 0
    try:
        return solver.solve(cp, watch)
    except IndexError:
        cp.clear_hints()
    return solver.solve(cp, watch)

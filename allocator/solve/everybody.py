"""Everybody at once: a model of the whole in which each request has to be served in full."""

from __future__ import annotations

from collections.abc import Sequence

from ortools.sat.python import cp_model

from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget, TooLate
from allocator.solve.params import Params
from allocator.solve.search import search
from allocator.state.state import State
from allocator.table.rulebook import Rulebook


def everybody(
    book: Rulebook,
    frozen: Sequence[Placement | None],
    free: Sequence[int],
    start: Sequence[Placement | None],
    params: Params,
    budget: Budget,
) -> Sequence[Placement | None] | None:
    """Return where every visit of every request may lie, at whatever comfort; None if not found.

    Without an objective CP-SAT finds what it cannot when it may leave visits out: most of what
    follows from one choice is known at once.

    Parameters
    ----------
    book
        Rules and goals in force; goals do not count.
    frozen
        Placements of the frozen visits, None for all others.
    free
        Numbers of the others.
    start
        A schedule to begin from.
    params, budget
        Settings, and what may be used up.
    """
    state = State(book.prepared, frozen, pending=free)
    try:
        asked = [v for v in free if book.prepared.visits[v].request is not None]
        model = Model(book, state, free, asked, levels=(), pooled=True, heed=budget.heed)
    except TooLate:
        return None
    model.hint({visit: start[visit] for visit in free if start[visit] is not None})
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = params.workers
    solver.parameters.random_seed = params.seed
    status = search(solver, model.cp, budget=budget)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    placements = list(frozen)
    for visit, placement in model.read(solver).items():
        placements[visit] = placement
    return placements

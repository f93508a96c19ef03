"""Whether some visits can be placed, all else fixed: a question of yes or no."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from ortools.sat.python import cp_model

from allocator.model.model import Model
from allocator.prepare.visit import Placement
from allocator.solve.search import search
from allocator.state.state import State
from allocator.state.verbs import Expression, Verbs
from allocator.table.rulebook import Rulebook

#: Deterministic time of CP-SAT after which the question stays open.
EFFORT = 2.0


class Answer(Enum):
    """What came of the question."""

    YES = "There is a way."
    NO = "It is proved that there is no way."
    OPEN = "Neither was found in the time given."


def feasible(
    book: Rulebook,
    state: State,
    free: Iterable[int],
    must: Iterable[int],
    *,
    least: Callable[[Verbs], Expression] | None = None,
    effort: float = EFFORT,
) -> tuple[Answer, Mapping[int, Placement | None]]:
    """Look for places.

    Parameters
    ----------
    book
        Rules in force; goals do not count.
    state
        What is fixed: the free visits are not placed in it, but pending.
    free, must
        Visits to place, and those of them that have to be placed.
    least
        What is to be as little as can be, told in the verbs of the model; by default any places
        will do.
    effort
        Deterministic time of CP-SAT.

    Returns
    -------
    tuple
        The answer and, where it is yes, where the free visits may lie.
    """
    model = Model(book, state, free, must, levels=())
    if least is not None:
        model.cp.minimize(least(model))
    solver = cp_model.CpSolver()
    settings = solver.parameters
    settings.num_workers = 1
    settings.max_deterministic_time = effort
    settings.symmetry_level = 0
    settings.cp_model_probing_level = 0
    settings.linearization_level = 0
    settings.catch_sigint_signal = False
    status = search(solver, model.cp)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer.YES, model.read(solver)
    return (Answer.NO if status == cp_model.INFEASIBLE else Answer.OPEN), {}

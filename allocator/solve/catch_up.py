"""A class that new placements serve worse than a schedule did: repaired, or taken from there."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.prepare.visit import Placement
from allocator.solve.as_before import demanded, served_values
from allocator.solve.budget import Budget
from allocator.solve.loose import whole
from allocator.solve.params import Params
from allocator.solve.repair import Repair
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: Re-solves in vain of one request before its class is taken as it was.
TRIES = 3


def caught_up(
    book: Rulebook,
    work: State,
    frozen: State,
    best: Sequence[Placement | None],
    must: set[int],
    params: Params,
    budget: Budget,
    priority: int,
) -> State:
    """Return a state in which all up to a class are served no worse than in a schedule.

    Where something was done about it, no request lies there in part.

    Parameters
    ----------
    book
        Rules and goals in force.
    work
        What is placed, of classes that are no less urgent.
    frozen
        The state in which only the frozen visits are placed.
    best
        The schedule. Where repair is in vain, all up to the class lies as it does there.
    must
        Visits that have to be placed.
    params, budget
        Settings, and what repair may use up.
    priority
        The class.
    """
    wanted = served_values(book, best, priority)
    if served_values(book, work.placements, priority) >= wanted:
        return work
    repair = Repair(book, work.placements, must, params, budget, [priority], tries=TRIES)
    work = whole(book.prepared, repair.complete())
    if served_values(book, work.placements, priority) >= wanted:
        return work
    asked = [r for r in book.prepared.requests if r.request.priority <= priority]
    return demanded(book, frozen, best, {*must, *(v for r in asked for v in r.visits)})

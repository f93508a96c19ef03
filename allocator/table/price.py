"""What a placement adds to the cost of all that is placed beside it, level by level."""

from __future__ import annotations

import numpy as np

from allocator.prepare.visit import Placement, Visit
from allocator.state.state import State
from allocator.table.rulebook import Rulebook


def price(book: Rulebook, state: State, visit: Visit, placement: Placement) -> list[int]:
    """Return by level what a schedule costs more with this visit than without it.

    Parameters
    ----------
    book
        Goals in force.
    state
        What is placed, the visit left out.
    visit, placement
        The visit, and where it lies.
    """
    levels = [0] * len(book.levels)
    for number, amount in amounts(book, state, visit, placement).items():
        levels[book.level(number)] += amount * book.weight(number, visit.request_index)
    return levels


def amounts(book: Rulebook, state: State, visit: Visit, placement: Placement) -> dict[int, int]:
    """Return by goal (its number) by how much more a schedule misses it with this visit."""
    found: dict[int, int] = {}
    tick = np.array([placement.start])
    variant = next(v for v in visit.variants if v[:3] == placement[1:4])

    def add(number: int, amount: np.ndarray | int) -> None:
        if not isinstance(amount, int):
            amount = int(amount[0])
        found[number] = found.get(number, 0) + amount

    for number, goal in book.cost_goals:
        add(number, goal.costs(state, visit, variant, tick))
    for number, goal in book.cost_with_goals:
        for need, members in enumerate(placement.team):
            for resource in members:
                add(number, goal.costs_with(state, visit, variant, need, resource, tick))
    for number, goal in book.team_goals:
        add(number, goal.team_cost(state, visit, placement))
    return found

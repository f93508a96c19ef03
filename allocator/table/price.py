"""What a placement adds to the cost of all that is placed beside it, level by level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allocator.goals.goal import Amounts
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
    return amounts_of(book, state, visit, [placement])[0]


def amounts_of(
    book: Rulebook, state: State, visit: Visit, placements: Sequence[Placement]
) -> list[dict[int, int]]:
    """Return, for each of several places of a visit, by how much more each goal is missed."""
    found: list[dict[int, int]] = [{} for _ in placements]
    for variant in visit.variants:
        some = [n for n, p in enumerate(placements) if p[1:4] == variant[:3]]
        if not some:
            continue
        ticks = np.array([placements[n].start for n in some])
        for number, goal in book.cost_goals:
            _add(found, some, number, goal.costs(state, visit, variant, ticks))
        taking: dict[tuple[int, int], list[int]] = {}
        for n in some:
            for need, members in enumerate(placements[n].team):
                for resource in members:
                    taking.setdefault((need, resource), []).append(n)
        for (need, resource), those in taking.items():
            ticks = np.array([placements[n].start for n in those])
            for number, goal in book.cost_with_goals:
                amount = goal.costs_with(state, visit, variant, need, resource, ticks)
                _add(found, those, number, amount)
    for number, goal in book.team_goals:
        for one, placement in zip(found, placements, strict=True):
            _add([one], [0], number, goal.team_cost(state, visit, placement))
    return found


def _add(found: list[dict[int, int]], places: Sequence[int], goal: int, amounts: Amounts) -> None:
    """Add amounts of a goal to some places."""
    if isinstance(amounts, int):
        several = [amounts] * len(places) if amounts else []
    else:
        several = amounts.tolist()
    for place, amount in zip(places, several, strict=False):
        if amount:
            found[place][goal] = found[place].get(goal, 0) + amount

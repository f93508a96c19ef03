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
        for need in range(len(visit.needs)):
            teams = [placements[n].team[need] for n in some]
            taken = sorted({resource for team in teams for resource in team})
            for number, goal in book.cost_with_goals:
                each = goal.costs_with_each(state, visit, variant, need, taken, ticks)
                for resource, amount in zip(taken, each, strict=False):
                    _add(found, some, number, amount, [resource in team for team in teams])
    for number, goal in book.team_goals:
        for one, placement in zip(found, placements, strict=True):
            _add([one], [0], number, goal.team_cost(state, visit, placement))
    return found


def _add(
    found: list[dict[int, int]],
    places: Sequence[int],
    goal: int,
    amounts: Amounts,
    which: Sequence[bool] = (),
) -> None:
    """Add amounts of a goal to some places, or to those that are said."""
    if isinstance(amounts, int):
        several = [amounts] * len(places) if amounts else []
    else:
        several = amounts.tolist()
    for number, (place, amount) in enumerate(zip(places, several, strict=False)):
        if amount and (not which or which[number]):
            found[place][goal] = found[place].get(goal, 0) + amount

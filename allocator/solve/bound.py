"""Bounds that need no model of the whole: what could be served at most."""

from __future__ import annotations

from allocator.goals.served import Served, earned
from allocator.prepare.prepared import PreparedRequest
from allocator.prepare.visit import Visit
from allocator.rules.series_completeness import required_occurrences
from allocator.state.state import State
from allocator.table.options import variant_options
from allocator.table.rulebook import Rulebook


def placeable(book: Rulebook, state: State, visit: Visit) -> bool:
    """Say whether a visit could be placed if nothing but what is frozen stood in its way."""
    return any(variant_options(book, state, visit, variant) for variant in visit.variants)


def most_served(book: Rulebook, frozen: State, request: PreparedRequest) -> int:
    """Return the value that a request could earn if it had the place to itself."""
    visits = book.prepared.visits
    count = request.request.occurrences
    whole = [
        n
        for n in range(1, count + 1)
        if all(
            frozen.placements[v] is not None or placeable(book, frozen, visits[v])
            for v in request.occurrence(n)
        )
    ]
    if not set(required_occurrences(request.request)) <= set(whole):
        return 0
    return earned(request, len(whole))


def served_floors(book: Rulebook, frozen: State) -> list[int | None]:
    """Return, by level, the value that is missed in any case; None for levels of comfort.

    Each request is looked at by itself, beside what is frozen.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen
        The state in which only the frozen visits are placed and all others are pending.
    """
    floors: list[int | None] = [None] * len(book.levels)
    for level in range(len(book.levels)):
        goals = [(n, g) for n, g in enumerate(book.goals) if book.level(n) == level]
        if not goals or not all(isinstance(goal, Served) for _, goal in goals):
            continue
        floor = 0
        for number, goal in goals:
            assert isinstance(goal, Served)
            for request in book.prepared.requests:
                if request.request.priority == goal.priority:
                    missed = earned(request, request.request.occurrences) - most_served(
                        book, frozen, request
                    )
                    floor += missed * book.weight(number, request.index)
        floors[level] = floor
    return floors

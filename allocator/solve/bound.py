"""Bounds that need no model of the whole: what could be served at most; and what is near one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from allocator.goals.served import PARTS, Served, earned
from allocator.prepare.prepared import PreparedRequest
from allocator.rules.series_completeness import required_occurrences, served_occurrences
from allocator.solve.result import LevelResult
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.options import Options, options
from allocator.table.rulebook import Rulebook

Alone = dict[int, list[Options]]


def options_alone(book: Rulebook, frozen: State) -> Alone:
    """Return what each visit that is not frozen could do beside what is frozen, and nobody else.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen
        The state in which only the frozen visits are placed and all others are pending.
    """
    return {
        visit.index: list(options(book, frozen, visit))
        for visit in book.prepared.visits
        if frozen.placements[visit.index] is None
    }


def most_served(frozen: State, alone: Alone, request: PreparedRequest) -> int:
    """Return the value that a request could earn if it had the place to itself."""
    count = request.request.occurrences
    whole = [
        n
        for n in range(1, count + 1)
        if all(frozen.placements[v] is not None or alone[v] for v in request.occurrence(n))
    ]
    if not set(required_occurrences(request.request)) <= set(whole):
        return 0
    return earned(request, len(whole))


def counts_in(book: Rulebook, request: PreparedRequest) -> list[tuple[int, int]]:
    """Return the levels in which serving a request counts, with what a part of its value weighs."""
    return [
        (book.level(n), book.weight(n, request.index))
        for n, goal in enumerate(book.goals)
        if isinstance(goal, Served) and goal.priority == request.request.priority
    ]


def served_floors(book: Rulebook, frozen: State, alone: Alone) -> list[int | None]:
    """Return, by level, the value that is missed in any case; None for levels of comfort.

    Each request is looked at by itself, beside what is frozen.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    """

    def missed(request: PreparedRequest) -> int:
        count = request.request.occurrences
        return earned(request, count) - most_served(frozen, alone, request)

    return _by_level(book, book.prepared.requests, missed)


def served_less(
    book: Rulebook,
    frozen: State,
    alone: Alone,
    requests: Iterable[PreparedRequest],
    timetable: Timetable,
) -> list[int | None]:
    """Return, by level, how much more some requests could earn if each had the place to itself.

    None for levels of comfort.
    """

    def less(request: PreparedRequest) -> int:
        now = earned(request, served_occurrences(timetable, request))
        return most_served(frozen, alone, request) - now

    return _by_level(book, requests, less)


def _by_level(
    book: Rulebook, requests: Iterable[PreparedRequest], value: Callable[[PreparedRequest], int]
) -> list[int | None]:
    """Sum values of requests, weighed, over the levels in which they count."""
    sums = [0 if book.serves(level) else None for level in range(len(book.levels))]
    for request in requests:
        amount = value(request)
        for level, weight in counts_in(book, request):
            known = sums[level]
            if known is not None:
                sums[level] = known + amount * weight
    return sums


def served_total(book: Rulebook, level: int) -> int | None:
    """Return what serving nothing would cost, for a level of served requests alone; else None."""
    if not book.serves(level):
        return None
    return sum(
        r.request.weight * PARTS * book.weight(number, r.index)
        for number, goal in enumerate(book.goals)
        if isinstance(goal, Served) and book.level(number) == level
        for r in book.prepared.requests
        if r.request.priority == goal.priority
    )


def greater(one: int | None, other: int | None) -> int | None:
    """Return the better of two lower bounds, each of which may be absent."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)


class Aim:
    """Says of a level's cost whether it is as near to its bound as was asked for.

    Attributes
    ----------
    totals
        By level, what serving nothing would cost; None for levels of comfort.

    Parameters
    ----------
    book
        Rules and goals in force.
    gap
        Relative gap at which a level is good enough.
    """

    def __init__(self, book: Rulebook, gap: float) -> None:
        self.totals = [served_total(book, level) for level in range(len(book.levels))]
        self._gap = gap

    def reached(self, level: int, cost: int, bound: int | None) -> bool:
        """Say whether a level is good enough."""
        gap = self.gap(level, cost, bound)
        return gap is not None and gap <= self._gap

    def gap(self, level: int, cost: int, bound: int | None) -> float | None:
        """Return a level's relative distance to its bound, or None where it has none."""
        return LevelResult("", cost, bound, self.totals[level]).gap

    def all_reached(self, costs: Sequence[int], bounds: Sequence[int | None]) -> bool:
        """Say whether every level is good enough."""
        return all(
            self.reached(level, cost, bound)
            for level, (cost, bound) in enumerate(zip(costs, bounds, strict=True))
        )

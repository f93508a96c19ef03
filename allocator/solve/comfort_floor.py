"""What comfort costs at least, of problems of any size: each visit by itself, where it costs least.

Goals that add up are looked at visit by visit, beside what is frozen; all others cost nothing. What
has to be served for the levels before, so that they are as good as they are, is a knapsack problem,
of which the relaxation with parts of visits is solved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from allocator.check.score import score
from allocator.goals.served import PARTS
from allocator.prepare.prepared import PreparedRequest
from allocator.solve.bound import Alone, counts_in
from allocator.solve.budget import Budget
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.costs import CostTable
from allocator.table.rulebook import Rulebook


class Item(NamedTuple):
    """An occurrence of a request: what placing it costs, at least, and what it earns, at most."""

    cost: int
    value: int


def comfort_floor(
    book: Rulebook,
    frozen: State,
    alone: Alone,
    level: int,
    reached: Sequence[int],
    budget: Budget,
) -> int | None:
    """Return what a level of comfort costs at least, as long as no level before costs more.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    level
        Number of the level.
    reached
        What the levels before cost.
    budget
        Once nothing of it is left, None is returned.
    """
    goals = [g for g, number, _ in book.weighed if number == level and g.adds_up]
    part = book.part_of(level, goals)
    floor = score(part, Timetable(book.prepared, frozen.placements)).levels[level]
    least: dict[int, int] = {}
    for visit, found in alone.items():
        if budget.over:
            return None
        if found:
            cost = min(int(CostTable(part, frozen, some).lower.min()) for some in found)
            floor += min(cost, 0)
            least[visit] = max(cost, 0)
    return floor + _to_serve(book, frozen, least, level, reached)


def _to_serve(
    book: Rulebook, frozen: State, least: dict[int, int], level: int, reached: Sequence[int]
) -> int:
    """Return what it costs, at least, to serve as much as the levels before have reached."""
    total = 0
    counted: set[int] = set()
    for before in range(level):
        if not book.serves(before):
            continue
        wanted = -reached[before]
        items: list[Item] = []
        for request in book.prepared.requests:
            weights = [weight for number, weight in counts_in(book, request) if number == before]
            worth = sum(weights) * request.request.weight * PARTS
            wanted += worth
            if worth and request.index in counted:
                # It is paid for in the level before: here it may be served for nothing.
                wanted -= worth
            elif worth:
                counted.add(request.index)
                items += _items(frozen, least, request, worth)
        total += _cheapest(items, wanted)
    return total


def _items(
    frozen: State, least: dict[int, int], request: PreparedRequest, worth: int
) -> Iterator[Item]:
    """Yield the occurrences of a request that could be placed whole."""
    count = request.request.occurrences
    for number in range(1, count + 1):
        free = [v for v in request.occurrence(number) if frozen.placements[v] is None]
        if all(v in least for v in free):
            yield Item(sum(least[v] for v in free), -(-worth // count))


def _cheapest(items: Sequence[Item], wanted: int) -> int:
    """Return what a value costs at least, where a part of an item may be had for its share."""
    cost = 0
    for item in sorted(items, key=lambda item: Fraction(item.cost, item.value)):
        if wanted <= 0:
            break
        if item.value >= wanted:
            return cost - (-item.cost * wanted // item.value)
        cost += item.cost
        wanted -= item.value
    return cost

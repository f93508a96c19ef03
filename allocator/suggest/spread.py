"""A few of many: the best, and others that are choices of another kind."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from allocator.prepare.visit import Placement, Visit
from allocator.suggest.places import part_of_day

T = TypeVar("T")

#: Points that a choice gains on another that is like one chosen already, for each kind of
#: likeness: as the goals weigh a day (``soonest``) and more.
SAME_DAY, SAME_PART, SAME_TIME, SAME_PEOPLE = 150, 300, 100, 40


def spread(
    found: Sequence[T],
    most: int,
    rank: Callable[[T], int],
    traits: Callable[[T], Sequence[tuple[int, Hashable]]],
) -> list[T]:
    """Return up to so many, the best first, each judged by what it adds to those before.

    Parameters
    ----------
    found
        What there is.
    most
        How many.
    rank
        Points of one, least first.
    traits
        What one is like: for each trait the points that it costs to have it like one chosen.
    """
    left = list(range(len(found)))
    points = [rank(one) for one in found]
    like = [traits(one) for one in found]
    chosen: list[T] = []
    while left and len(chosen) < most:
        best = min(left, key=points.__getitem__)
        left.remove(best)
        chosen.append(found[best])
        there = {trait for _, trait in like[best]}
        for one in left:
            for cost, trait in like[one]:
                if trait in there:
                    points[one] += cost
    return sorted(chosen, key=rank)


def traits_of(visit: Visit, placement: Placement) -> tuple[tuple[int, Hashable], ...]:
    """Return what a place is like: its day, part of the day, time and people."""
    clock, start = visit.clock, placement.start
    serving = tuple(
        members
        for need, members in zip(visit.needs, placement.team, strict=True)
        if not need.attendee
    )
    return (
        (SAME_DAY, ("day", int(clock.day_of[start]))),
        (SAME_PART, ("part", part_of_day(clock, start))),
        (SAME_TIME, ("time", int(clock.minute_of[start]))),
        (SAME_PEOPLE, ("people", serving)),
    )

"""What a way is: something that changes a schedule, and says what that costs."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Protocol

from allocator.solve.change import Change
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver


class Way(Protocol):
    """Something that changes a schedule.

    Attributes
    ----------
    name
        Its name.
    """

    name: str

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Change the schedule, perhaps for the worse; None where nothing was changed."""
        ...


def difference(after: Sequence[int], before: Sequence[int]) -> tuple[int, ...]:
    """Return what costs more now, level by level."""
    return tuple(a - b for a, b in zip(after, before, strict=True))


def by_itself(work: Resolver, visits: Iterable[int]) -> list[int]:
    """Return those of some visits that are placed and can be put elsewhere one by one.

    Group sessions, and who comes to one, move together: only an exact re-solve can do that.
    """
    found = []
    for number in visits:
        placement = work.state.placements[number]
        visit = work.book.prepared.visits[number]
        if placement is not None and placement.session < 0 and visit.session is None:
            found.append(number)
    return found

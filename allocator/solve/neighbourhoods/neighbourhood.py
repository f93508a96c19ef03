"""What a neighbourhood is: a way to pick visits that are re-solved together."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from allocator.check.score import score
from allocator.goals.served import Served
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

#: Re-solves after which what visits pay is worked out anew: it takes as long as several of them.
RENEWED = 50
#: Visits that pay something together, at most, for them to be taken as tied by it.
FEW = 20


class Picture:
    """A schedule as neighbourhoods look at it.

    Parameters
    ----------
    book
        Rules and goals in force.
    state
        What is placed; changed from outside, which is told by :meth:`changed`.
    free
        Numbers of the visits that may move.
    """

    def __init__(self, book: Rulebook, state: State, free: Sequence[int]) -> None:
        self.book = book
        self.prepared = book.prepared
        self.state = state
        self.free = tuple(free)
        self.movable = frozenset(free)
        self._paid: dict[int, int] | None = None
        self._together: dict[int, list[tuple[int, ...]]] = {}
        self._age = 0

    def changed(self) -> None:
        """Take note that visits have moved: what each pays is worked out anew now and then."""
        self._age += 1
        if self._age >= RENEWED:
            self._paid, self._age = None, 0

    @property
    def paid(self) -> dict[int, int]:
        """What each movable visit pays for comfort; a visit that pays nothing is not there.

        What several pay together counts for each of them in equal parts.
        """
        if self._paid is None:
            self._paid, self._together = {}, {}
            scored = score(self.book, Timetable(self.prepared, self.state.placements))
            for number, amounts in enumerate(scored.amounts):
                if isinstance(self.book.goals[number], Served):
                    continue
                for amount in amounts:
                    cost = amount.amount * self.book.weight(number, amount.request)
                    some = [v for v in amount.visits if v in self.movable]
                    if cost <= 0:
                        continue
                    for visit in some:
                        self._paid[visit] = self._paid.get(visit, 0) + -(-cost // len(some))
                    if 1 < len(some) <= FEW:
                        for visit in some:
                            self._together.setdefault(visit, []).append(tuple(some))
        return self._paid

    def together(self, visit: int) -> set[int]:
        """Return the movable visits that pay something for comfort together with a visit."""
        if not self.paid:
            return set()
        return set().union(*self._together.get(visit, ()))

    def request_of(self, visit: int) -> list[int]:
        """Return the movable visits of a visit's request, itself included."""
        request = self.prepared.visits[visit].request_index
        if request < 0:
            return [visit]
        return [v for v in self.prepared.requests[request].visits if v in self.movable]

    def resources_of(self, visit: int) -> set[int]:
        """Return the resources that a visit has taken."""
        placement = self.state.placements[visit]
        return set() if placement is None else {r for team in placement.team for r in team}

    def day_of(self, visit: int) -> int | None:
        """Return the local day on which a visit lies, or None where it is not placed."""
        placement = self.state.placements[visit]
        if placement is None:
            return None
        return int(self.prepared.visits[visit].clock.day_of[placement.start])

    def on(self, resource: int) -> list[int]:
        """Return the movable visits on a resource, in order of time."""
        found = dict.fromkeys(claim.visit for claim in sorted(self.state.claims[resource]))
        return [visit for visit in found if visit in self.movable]


class Neighbourhood(Protocol):
    """A way to pick visits that are re-solved together.

    Attributes
    ----------
    name
        Its name.
    """

    name: str

    def pick(self, picture: Picture, size: int, chance: random.Random) -> list[int]:
        """Return about so many movable visits."""
        ...

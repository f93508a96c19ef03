"""What is left: the starts of visits while some facts are in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from allocator.explain.cuts import Cuts
from allocator.explain.facts import Force
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement, Team, Variant, Visit
from allocator.rules.rule import Rule
from allocator.state.state import State

Places = Mapping[int, Placement | None]


class Left(Rule):
    """All rules in one: the starts that the facts in force leave.

    Attributes
    ----------
    only
        Places of visits beside which nothing is left.
    """

    name = "left"
    sentence = "What the facts in force leave."
    moving = True

    def __init__(self, cuts: Cuts, force: Force) -> None:
        self.only: Places = {}
        self._cuts = cuts
        self._force = force
        self._known: dict[tuple[int, Variant, int, int], list[tuple[int, Mask]]] = {}

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the starts that are left, whoever is taken."""
        mask = self._and(self._list(visit, variant, -1, -1))
        place = self.only.get(visit.index)
        if place is None:
            return mask
        return mask & 1 << place.start if variant[:3] == place[1:4] else 0

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the starts that are left with a resource."""
        place = self.only.get(visit.index)
        if place is not None and resource not in place.team[need]:
            return 0
        return self._and(self._list(visit, variant, need, resource))

    def lists(self, visit: Visit, variant: Variant, team: Team) -> Iterator[tuple[int, Mask]]:
        """Yield the facts that take starts from a visit with its team: bits, and what is left."""
        yield from self._list(visit, variant, -1, -1)
        for need, members in enumerate(team):
            for resource in members:
                yield from self._list(visit, variant, need, resource)

    def _and(self, some: list[tuple[int, Mask]]) -> Mask:
        mask: Mask = -1
        bits = self._force.bits
        for bit, left in some:
            if bits & bit:
                mask &= left
        return mask

    def _list(
        self, visit: Visit, variant: Variant, need: int, resource: int
    ) -> list[tuple[int, Mask]]:
        key = (visit.index, variant, need, resource)
        if key not in self._known:
            left = (
                self._cuts.of(visit, variant)
                if need < 0
                else self._cuts.of_resource(visit, variant, need, resource)
            )
            self._known[key] = [(self._force.bit(fact), mask) for fact, mask in left]
        return self._known[key]

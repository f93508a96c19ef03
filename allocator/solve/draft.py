"""A schedule that is being changed, visit by visit, with what each change costs."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from allocator.prepare.visit import Placement
from allocator.solve.change import Change, minus, plus
from allocator.state.state import State
from allocator.table.allowed import allowed
from allocator.table.costs import best_placement, placements
from allocator.table.price import price
from allocator.table.rulebook import Rulebook


class Draft:
    """A schedule that is being changed.

    Costs are exact, since visits come and go one after the other: tables are exact for one visit
    beside all others.

    Parameters
    ----------
    book
        Rules and goals in force.
    start
        A schedule that breaks nothing.
    """

    def __init__(self, book: Rulebook, start: Sequence[Placement | None]) -> None:
        self.book = book
        self.state = State(book.prepared, start)

    def move(self, places: Mapping[int, Placement | None]) -> None:
        """Put visits where they are to lie, whatever is allowed."""
        for visit in places:
            if self.state.placements[visit] is not None:
                self.state.remove(visit)
        for visit, placement in places.items():
            if placement is not None:
                self.state.place(visit, placement)

    def lift(self, visits: Iterable[int]) -> tuple[int, ...]:
        """Remove visits as far as they are placed, and return by level what they have added."""
        paid = (0,) * len(self.book.levels)
        for number in visits:
            if self.state.placements[number] is not None:
                placement = self.state.remove(number)
                visit = self.book.prepared.visits[number]
                paid = plus(paid, price(self.book, self.state, visit, placement))
        return paid

    def paid(self, visits: Sequence[int]) -> tuple[int, ...]:
        """Return by level what visits have added; they stay where they are."""
        here = {visit: self.state.placements[visit] for visit in visits}
        found = self.lift(visits)
        self.move(here)
        return found

    def insert(
        self,
        order: Sequence[int],
        *,
        pending: Sequence[int] = (),
        but: Placement | None = None,
        among: int = 1,
        chance: random.Random | None = None,
    ) -> tuple[int, ...] | None:
        """Place visits one after the other where each is cheapest, and return what that adds.

        Parameters
        ----------
        order
            Numbers of visits that are not placed.
        pending
            Others that are to be placed later.
        but
            A placement that is not to be used.
        among, chance
            Of how many cheap places one is drawn; by default the cheapest is taken.

        Returns
        -------
        tuple or None
            The cost by level; None where one finds no place: those before it stay placed.
        """
        book, state = self.book, self.state
        added = (0,) * len(book.levels)
        try:
            for place, number in enumerate(order):
                visit = book.prepared.visits[number]
                state.pending = frozenset((*order[place:], *pending))
                if chance is None:
                    choice = best_placement(book, state, visit, but)
                else:
                    some = placements(book, state, visit, most=among, but=but)
                    choice = chance.choice(some) if some else None
                if choice is None:
                    return None
                added = plus(added, self._place(number, choice.placement))
        finally:
            state.pending = frozenset()
        return added

    def put(self, places: Mapping[int, Placement | None]) -> Change | None:
        """Put visits where they are to lie, where that is allowed, else change nothing.

        Group sessions, and who comes to one, are not moved.
        """
        state = self.state
        places = {v: p for v, p in places.items() if p != state.placements[v]}
        had = {visit: state.placements[visit] for visit in places}
        if any(self._in_session(v, p) for some in (had, places) for v, p in some.items()):
            return None
        paid = self.lift(places)
        added = (0,) * len(self.book.levels)
        coming = {v: p for v, p in sorted(places.items()) if p is not None}
        state.pending = frozenset(coming)
        try:
            for number, placement in coming.items():
                if not allowed(self.book, state, self.book.prepared.visits[number], placement):
                    self.move(had)
                    return None
                added = plus(added, self._place(number, placement))
        finally:
            state.pending = frozenset()
        return Change(had, minus(added, paid))

    def by_itself(self, visits: Iterable[int]) -> list[int]:
        """Return those of some visits that are placed and can be put elsewhere one by one.

        Group sessions, and who comes to one, move together: only an exact re-solve can do that.
        """
        here = self.state.placements
        return [v for v in visits if here[v] is not None and not self._in_session(v, here[v])]

    def _place(self, number: int, placement: Placement) -> list[int]:
        """Place a visit that is pending, and return what that adds."""
        self.state.pending -= {number}
        added = price(self.book, self.state, self.book.prepared.visits[number], placement)
        self.state.place(number, placement)
        return added

    def _in_session(self, visit: int, placement: Placement | None) -> bool:
        session = self.book.prepared.visits[visit].session is not None
        return session or (placement is not None and placement.session >= 0)

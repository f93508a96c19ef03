"""Take a few visits out and put them back, one after the other, each where it is cheapest."""

from __future__ import annotations

import random

from allocator.solve.change import Change, minus
from allocator.solve.neighbourhoods import Neighbourhood
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.ways.way import Way

#: Visits that are taken out at once, at most.
MOST = 6


class Reinsert(Way):
    """Some visits put back in an order by chance; a single one elsewhere than it lay.

    The way of ruin and recreate (Schrimpf and others 2000, Journal of Computational Physics 159).

    Parameters
    ----------
    neighbourhood
        Picks the visits; by default any one visit.
    """

    seconds = 0.02

    def __init__(self, neighbourhood: Neighbourhood | None = None) -> None:
        self.name = f"reinsert {neighbourhood.name if neighbourhood else 'one'}"
        self.neighbourhood = neighbourhood

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Put visits back; None where one of them finds no place any more."""
        if self.neighbourhood is None:
            some = work.by_itself([chance.choice(picture.free)])
        else:
            size = chance.randint(2, MOST)
            some = work.by_itself(self.neighbourhood.pick(picture, size, chance)[:MOST])
        if not some:
            return None
        had = {visit: work.state.placements[visit] for visit in some}
        chance.shuffle(some)
        but = had[some[0]] if len(some) == 1 else None
        paid = work.lift(some)
        added = work.insert(some, but=but)
        if added is None:
            work.move(had)
            return None
        return Change(had, minus(added, paid))

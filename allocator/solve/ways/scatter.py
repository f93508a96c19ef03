"""Put a few visits elsewhere, by chance, to get away from where nothing is gained any more."""

from __future__ import annotations

import random
from collections.abc import Sequence

from allocator.solve.change import Change, minus
from allocator.solve.neighbourhoods import Neighbourhood
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.ways.way import Way

#: Visits that are put elsewhere, at least and at most.
LEAST, MOST = 3, 8
#: Of how many cheap places one is drawn.
PLACES = 6


class Scatter(Way):
    """Visits near each other, each at one of its cheap places by chance.

    Parameters
    ----------
    neighbourhoods
        One of them, by chance, picks the visits.
    """

    name = "scatter"
    seconds = 0.02

    def __init__(self, neighbourhoods: Sequence[Neighbourhood]) -> None:
        self.neighbourhoods = neighbourhoods

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Put visits elsewhere; None where one of them finds no place any more."""
        neighbourhood = chance.choice(self.neighbourhoods)
        size = chance.randint(LEAST, MOST)
        some = work.by_itself(neighbourhood.pick(picture, size, chance)[:MOST])
        if not some:
            return None
        had = {visit: work.state.placements[visit] for visit in some}
        chance.shuffle(some)
        paid = work.lift(some)
        added = work.insert(some, among=PLACES, chance=chance)
        if added is None:
            work.move(had)
            return None
        return Change(had, minus(added, paid))

"""Serve at once what can be: requests that are left out are squeezed in, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.solve.budget import Budget
from allocator.solve.incumbent import Incumbent
from allocator.solve.walk import Walk, movable_requests
from allocator.solve.ways import Squeeze
from allocator.table.rulebook import Rulebook

#: Tries in vain after which it is given up: so many, and so many for each request left out.
VAIN, VAIN_EACH = 200, 100


def serve(
    book: Rulebook,
    best: Incumbent,
    free: Sequence[int],
    must: set[int],
    seed: int,
    budget: Budget,
) -> Incumbent:
    """Return a schedule that serves more, where one is soon found; others make room.

    Who is left out for somebody of the same worth is squeezed in elsewhere, and so on: comfort
    does not count on the way.

    Parameters
    ----------
    book
        Rules and goals in force.
    best
        A schedule that breaks nothing.
    free, must
        Numbers of the visits that may move, and of those that have to stay placed.
    seed
        Of all chance.
    budget
        What may be used up.
    """
    asked = movable_requests(book, free)
    left = [r for r in asked if any(best.placements[v] is None for v in r.visits)]
    if not left:
        return best
    serving = next((n for n in range(len(best.costs)) if not book.serves(n)), len(best.costs))
    walk = Walk(book, best, free, must, seed, budget, ways=[Squeeze(asked)], levels=serving)
    vain = 0
    while not budget.over and vain <= VAIN + VAIN_EACH * len(left):
        vain = 0 if walk.step() else vain + 1
    return walk.best

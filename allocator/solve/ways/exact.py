"""Re-solve a neighbourhood by CP-SAT."""

from __future__ import annotations

#: Visits re-solved together, at first, at least and at most.
import random

from allocator.solve.budget import Budget
from allocator.solve.change import Change
from allocator.solve.neighbourhoods import Neighbourhood
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.resolve import Resolver
from allocator.solve.ways.way import Way

SIZE, LEAST, MOST = 10.0, 4.0, 40.0
#: Deterministic time of CP-SAT for one re-solve.
EFFORT = 0.1
#: How much larger a neighbourhood gets that was solved in vain, and how much smaller one that
#: was too hard.
GROW, SHRINK = 0.6, 1.5


class Exact(Way):
    """The best places for the visits of a neighbourhood, all else fixed.

    Parameters
    ----------
    neighbourhood
        Picks the visits.
    budget
        What may still be used up.
    """

    seconds = 0.1

    def __init__(self, neighbourhood: Neighbourhood, budget: Budget) -> None:
        self.name = f"exact {neighbourhood.name}"
        self.neighbourhood = neighbourhood
        self.budget = budget
        self.size = SIZE

    def change(self, work: Resolver, picture: Picture, chance: random.Random) -> Change | None:
        """Put visits where they cost least, if that is better, and learn how many can be solved."""
        some = self.neighbourhood.pick(picture, round(self.size), chance)
        if not some:
            return None
        step = work.better(some, EFFORT, self.budget)
        if not work.proved:
            self.size = max(LEAST, self.size - SHRINK)
        elif step is None:
            self.size = min(MOST, self.size + GROW)
        if step is None:
            return None
        had = {visit: work.state.placements[visit] for visit in step.places}
        work.move(step.places)
        return Change(had, step.change)

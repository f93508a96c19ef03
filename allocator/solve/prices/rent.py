"""What claims pay for the time they take, at prices: a goal for who may lie on any day."""

from __future__ import annotations

import numpy as np

from allocator.goals.goal import Amounts, Goal, Ticks
from allocator.prepare.visit import Variant, Visit
from allocator.solve.prices.days import Ints
from allocator.solve.prices.prices import Prices
from allocator.state.state import State
from allocator.state.verbs import Verbs


class Rent(Goal):
    """The price of the time that claims take, buffers included, by the day on which they begin.

    Parameters
    ----------
    prices
        As they were found.
    """

    name = "rent"
    sentence = "A visit lies where others want time the least."
    unit = "parts of what serving is worth"
    common = True

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self._by_day: dict[int, Ints] = {}

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return what the claim pays."""
        by_day = self._of(resource)
        if not by_day.any():
            return 0
        what = visit.needs[need]
        first, end = what.covers(variant.duration)
        first, end = first - what.before, end + what.after
        day_of = state.prepared.clock_of(resource).day_of
        days = day_of.take(ticks + first, mode="clip")
        return by_day[days] * ((end - first) * what.uses)

    def express(self, model: Verbs) -> None:
        """Say nothing: it is for insertion alone."""

    def _of(self, resource: int) -> Ints:
        """Return what a tick of a resource costs by day."""
        found = self._by_day.get(resource)
        if found is None:
            count = len(self.prices.book.prepared.clock_of(resource).dates)
            rows = [self.prices.days.room.known(resource, day) for day in range(count)]
            costs = [self.prices.found[some].sum() for some in rows]
            found = self._by_day[resource] = np.rint(costs).astype(np.int64)
        return found

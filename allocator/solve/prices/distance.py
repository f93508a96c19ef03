"""How the visits of a flexible series follow each other: dynamic programming over days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.solve.prices.days import Floats, Ints

#: Days of a week.
WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Distance:
    """What is asked of neighbours in a series.

    Costs are arrays by the number that a visit is in its week (one, where no rate is asked for),
    by series and by day.

    Attributes
    ----------
    least, most
        Days from one to the next; most may be None.
    rate
        How many lie in a week at most; None where that says no more.
    week_of
        The week of each day.
    """

    least: int
    most: int | None
    rate: int | None
    week_of: Ints

    def first(self, costs: Floats) -> Floats:
        """Return what the first visit costs."""
        counted = np.full((self.rate or 1, *costs.shape), np.inf)
        counted[0] = costs
        return counted

    def next(self, before: Floats, costs: Floats) -> tuple[Floats, Ints]:
        """Return what visits up to the next cost, and where the one before lies then.

        That is its day, and its number in the week times the count of days.
        """
        count = costs.shape[1]
        days = np.arange(count)
        first = np.zeros(count, dtype=np.int64) if self.most is None else days - self.most
        last = days - self.least
        if self.rate is None:
            best, when = _cheapest(before[0], first, last)
            return (best + costs)[None], when[None]
        number = before.argmin(axis=0)
        least = np.take_along_axis(before, number[None], axis=0)[0]
        monday = np.searchsorted(self.week_of, self.week_of)
        best, when = _cheapest(least, first, np.minimum(last, monday - 1))
        after = [best + costs]
        found = [np.take_along_axis(number, when, axis=1) * count + when]
        for place in range(self.rate - 1):
            near, day = _cheapest(before[place], np.maximum(first, monday), last)
            after.append(near + costs)
            found.append(place * count + day)
        return np.array(after), np.array(found)


def _cheapest(costs: Floats, first: Ints, last: Ints) -> tuple[Floats, Ints]:
    """Return the least cost from a first to a last day, by day, and where that is.

    By a sparse table: of stretches of 1, 2, 4, … days up to each.
    """
    count = costs.shape[1]
    first = np.maximum(first, 0)
    lengths = last - first + 1
    some = lengths > 0
    best = np.full(costs.shape, np.inf)
    when = np.zeros(costs.shape, dtype=np.int64)
    near, where = costs, np.broadcast_to(np.arange(count), costs.shape)
    size = 1
    while some.any():
        here = np.flatnonzero(some & (lengths < 2 * size))
        one, other = last[here], first[here] + size - 1
        left = near[:, other] < near[:, one]
        best[:, here] = np.where(left, near[:, other], near[:, one])
        when[:, here] = np.where(left, where[:, other], where[:, one])
        some &= lengths >= 2 * size
        if some.any():
            wider, place = near.copy(), where.copy()
            nearer = near[:, :-size] < near[:, size:]
            wider[:, size:] = np.where(nearer, near[:, :-size], near[:, size:])
            place[:, size:] = np.where(nearer, where[:, :-size], where[:, size:])
            near, where = wider, place
            size *= 2
    return best, when

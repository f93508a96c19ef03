"""Prices of time by resource, day and week: they prove how much can be served at most."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from allocator.goals.served import earned
from allocator.solve.asks import Asks
from allocator.solve.bound import Alone, counts_in, most_served
from allocator.solve.budget import Budget
from allocator.solve.prices.days import DayCosts, Floats
from allocator.solve.prices.room import Room
from allocator.solve.prices.wishes import Choice, Wishes
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

#: Steps, at least and at most; and over how many of them the bound gets better by which share,
#: at least.
FEWEST, STEPS, PATIENCE, LEAST = 90, 300, 40, 1e-3
#: The first step, in prices of a tick if all that is asked for paid for all there is; how many
#: steps it takes until they are shorter, and how soon they are shorter then.
STEP, DECAY, POWER = 1.0, 30, 1.5
#: What is kept of slopes and of their squares from step to step.
SLOPE, SQUARE = 0.9, 0.99
#: Deterministic time that a step is taken to cost for each kind of occurrence and day.
EFFORT = 1e-7


class Prices:
    """A Lagrangian relaxation: all that is scarce has its price, and each request minds itself.

    Whatever the prices are, no schedule serves more than all requests would gain for themselves
    plus the price of all there is (Fisher 1981, Management Science 27(1)); what a request would
    do is found exactly, by days. Prices that prove more are sought along the slope of that bound,
    each with a step of its own (Adam: Kingma and Ba 2015, ICLR).

    Requests of which something is frozen count as served as far as they could be.

    Attributes
    ----------
    asked
        The requests that may be served.
    wishes, days
        What they would do, and what their visits cost.
    weight
        By level and request, what a part of its value is worth.
    found
        The prices that prove most so far, by row.

    Parameters
    ----------
    book
        Rules and goals in force.
    frozen, alone
        The state in which only the frozen visits are placed, and what the others could do then.
    asks
        What visits ask for.
    """

    def __init__(self, book: Rulebook, frozen: State, alone: Alone, asks: Asks) -> None:
        self.book = book
        self._sure = [0] * len(book.levels)
        self.asked = []
        possible = []
        for request in book.prepared.requests:
            most = most_served(frozen, alone, request)
            if any(frozen.placements[v] is not None for v in request.visits):
                for level, weight in counts_in(book, request):
                    self._sure[level] += weight * most
            elif most:
                self.asked.append(request)
                numbers = range(1, request.request.occurrences + 1)
                possible.append(
                    [n for n in numbers if all(alone[v] for v in request.occurrence(n))]
                )
        self.weight = np.zeros((len(book.levels), len(self.asked)))
        self._units = [0] * len(book.levels)
        for place, request in enumerate(self.asked):
            count = request.request.occurrences
            unit = math.gcd(earned(request, count), earned(request, 1) if count > 1 else 0)
            for level, weight in counts_in(book, request):
                self.weight[level, place] += weight
                self._units[level] = math.gcd(self._units[level], weight * unit)
        room = Room(asks, frozen, frozenset(r.name for r in book.rules))
        self.days = DayCosts(room, alone)
        self.wishes = Wishes(self.days, self.asked, possible)
        self.found: Floats = np.zeros(len(room.most))
        self._rates: Floats = np.zeros(0)

    def floor(
        self, level: int, reached: Sequence[int], totals: Sequence[int | None], budget: Budget
    ) -> int:
        """Return the least cost of a level of served requests that is proved.

        Prices are sought from those found before on.

        Parameters
        ----------
        level
            Its number.
        reached
            Costs by level; those of the levels before hold.
        totals
            What serving nothing costs, by level; None for comfort.
        budget
            What may still be used up.
        """
        total = totals[level]
        assert total is not None
        before = [b for b in range(level) if totals[b] is not None]
        wanted = np.array([(totals[b] or 0) - reached[b] - self._sure[b] for b in before])
        target = total - reached[level] - self._sure[level]
        best = self._search(level, before, wanted, target, budget)
        most = math.floor(best * (1 + 1e-9) + 1e-6)
        if self._units[level]:
            most -= most % self._units[level]
        return total - self._sure[level] - most

    def _search(
        self, level: int, before: list[int], wanted: Floats, target: float, budget: Budget
    ) -> float:
        """Look for prices, and for rates at which levels before count; return what they prove."""
        most, weight, others = self.days.room.most, self.weight[level], self.weight[before]
        rows = len(most)
        units = np.append(np.full(rows, self.usual(weight, most)), np.ones(len(before)))
        rates = np.append(self._rates, np.ones(len(before)))[: len(before)]
        found = at = np.append(self.found, rates)
        descent = Descent(len(at))
        seen = [math.inf]
        for step in range(STEPS):
            if budget.over and step:
                break
            prices, rates = at[:rows], at[rows:]
            value, slope, choice = self.bound(prices, weight + rates @ others, most)
            value -= float(rates @ wanted)
            if value < seen[-1]:
                found = at
            seen.append(min(value, seen[-1]))
            past = seen[max(0, step - PATIENCE)]
            if seen[-1] <= target or (step > FEWEST and past - seen[-1] < LEAST * abs(seen[-1])):
                break
            slopes = np.append(slope, others @ choice.values - wanted)
            at = descent.step(at, slopes, units * STEP / (1 + step / DECAY) ** POWER)
            if budget.exact:
                budget.spend(self.effort)
        self.found, self._rates = found[:rows], found[rows:]
        return seen[-1]

    @property
    def effort(self) -> float:
        """Deterministic time that a step is taken to cost."""
        return EFFORT * self.wishes.occurrences.costs.size

    def bound(self, prices: Floats, weights: Floats, most: Floats) -> tuple[float, Floats, Choice]:
        """Return what prices prove, its slope by row, and what requests would do.

        Parameters
        ----------
        prices
            By row.
        weights
            By request, what a part of its value is worth.
        most
            By row, how much there is.
        """
        choice = self.choice(prices, weights)
        items, days = self.wishes.occurrences.visits(choice.kinds, choice.days)
        value = float(choice.gains.sum() + prices @ most)
        left = most - self.days.load(items, days)
        return value, np.where((prices <= 0) & (left > 0), 0.0, left), choice

    def choice(self, prices: Floats, weights: Floats, left: Floats | None = None) -> Choice:
        """Return what requests would do, where more than is left cannot be had.

        Parameters
        ----------
        prices
            By row.
        weights
            By request, what a part of its value is worth.
        left
            By row, how much is left; None: no matter how much.
        """
        self.days.price(prices, left)
        self.wishes.occurrences.price()
        return self.wishes.best(weights)

    def usual(self, weights: Floats, most: Floats) -> float:
        """Return the price of a tick if all that is asked for paid for all there is."""
        worth = sum(
            earned(request, request.request.occurrences) * weight
            for request, weight in zip(self.asked, weights, strict=True)
        )
        return max(1.0, worth) / max(1.0, float(most.sum()))


class Descent:
    """Steps along slopes, by which each price goes at its own speed."""

    def __init__(self, size: int) -> None:
        self._mean, self._square = np.zeros(size), np.zeros(size)
        self._count = 0

    def step(self, at: Floats, slope: Floats, length: Floats) -> Floats:
        """Return where to go from here, by steps of about so much; nowhere below 0."""
        self._count += 1
        self._mean = SLOPE * self._mean + (1 - SLOPE) * slope
        self._square = SQUARE * self._square + (1 - SQUARE) * slope * slope
        spread = np.sqrt(self._square / (1 - SQUARE**self._count))
        ahead = self._mean / (1 - SLOPE**self._count) / (spread + 1e-9)
        return np.maximum(0.0, at - length * ahead)

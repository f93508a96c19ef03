"""A plan: on which days requests come, at the prices of time, as long as there is room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from allocator.goals.served import Served
from allocator.solve.budget import Budget
from allocator.solve.prices.prices import Descent, Prices

#: What serving a part of somebody's value is worth next to what it costs: more than any price.
ANYTHING = 1e5
#: The same for those of a class that others wait behind, as long as not all is served.
URGENT = 3.0
#: Share of those who still wait that is planned before prices are told anew, and the least number.
SHARE, FEW = 0.25, 20
#: Steps to new prices, and their length, in usual prices of a tick.
STEPS, STEP = 2, 0.05


def planned_days(prices: Prices, budget: Budget) -> dict[int, int]:
    """Return the local days on which visits are planned: most urgent first, then the cheapest.

    Each request takes its cheapest days as long as there is room on them, by the sum of the time
    there is; whether visits find a place in it remains to be seen. After each few, prices are
    told anew for those who still wait, and what is left (a Lagrangian heuristic).

    Parameters
    ----------
    prices
        As they were found for the last level of served requests.
    budget
        Once it is over, the rest is not planned.
    """
    return _Planning(prices, budget).run()


class _Planning:
    def __init__(self, prices: Prices, budget: Budget) -> None:
        self.prices = prices
        self.budget = budget
        self.left = prices.days.room.most
        self.days: dict[int, int] = {}
        self._here = prices.found
        self._descent = Descent(len(self._here))
        self._usual = prices.usual(np.ones(len(prices.asked)), self.left)
        self._class = np.array([r.request.priority for r in prices.asked])
        self._waits = np.ones(len(prices.asked), dtype=np.bool_)

    def run(self) -> dict[int, int]:
        """Plan class after class: who is worth the price, then whoever finds a day."""
        classes = sorted({g.priority for g in self.prices.book.goals if isinstance(g, Served)})
        for priority in classes:
            rate = 1.0 if priority == classes[-1] else URGENT
            for worth in (rate, ANYTHING):
                while not self.budget.over and (self._waits & (self._class == priority)).any():
                    self._tell(priority, rate)
                    if not self._plan(priority, worth):
                        break
        return self.days

    def _tell(self, priority: int, rate: float) -> None:
        """Tell prices anew, for all who wait in a class or behind it."""
        weights = np.where(self._waits & (self._class >= priority), 1.0, 0.0)
        weights[self._class == priority] *= rate
        for _ in range(STEPS):
            _, slope, _ = self.prices.bound(self._here, weights, self.left)
            length = np.full(len(self._here), STEP * self._usual)
            self._here = self._descent.step(self._here, slope, length)
            if self.budget.exact:
                self.budget.spend(self.prices.effort)

    def _plan(self, priority: int, worth: float) -> bool:
        """Plan some of a class who wait, to whom it is worth the price, and say whether any was."""
        weights = np.where(self._waits & (self._class == priority), worth, 0.0)
        choice = self.prices.choice(self._here, weights, self.left)
        occurrences: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        found = choice.requests, choice.numbers, choice.kinds, choice.days
        for place, *occurrence in zip(*(some.tolist() for some in found), strict=True):
            number, kind, day = occurrence
            occurrences[place].append((number, kind, day))
        costs = worth - choice.gains / np.maximum(1.0, choice.values)
        order = sorted(occurrences, key=lambda place: (costs[place], place))
        some = False
        for place in order[: max(FEW, int(len(order) * SHARE))]:
            some |= self._take(place, occurrences[place])
        return some

    def _take(self, place: int, occurrences: Sequence[tuple[int, int, int]]) -> bool:
        """Take room for a request, all or nothing, and say whether there was."""
        before = self.left.copy()
        days: dict[int, int] = {}
        for number, kind, day in occurrences:
            one = np.array([kind]), np.array([day])
            items, when = self.prices.wishes.occurrences.visits(*one)
            visits = self.prices.asked[place].occurrence(number + 1)
            for visit, item, on in zip(visits, items.tolist(), when.tolist(), strict=True):
                if not self.prices.days.take(item, on, self.left):
                    self.left[:] = before
                    return False
                days[visit] = on
        self.days |= days
        self._waits[place] = False
        return True

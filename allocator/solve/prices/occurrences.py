"""What whole occurrences of requests cost, by the day on which they begin."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from allocator.prepare.masks import ticks_of
from allocator.prepare.prepared import PreparedRequest
from allocator.rules.chain_lags import lags
from allocator.solve.prices.days import DayCosts, Floats, Ints, joined


@dataclass(frozen=True, slots=True)
class _Link:
    """From a step to the next: by day, the first and the last day on which that may follow."""

    first: Ints
    last: Ints


class Occurrences:
    """What the steps of an occurrence cost together, each on the cheapest day that is left to it.

    Attributes
    ----------
    costs
        By kind of occurrence, and by the day of its first step.

    Parameters
    ----------
    days
        What visits cost.
    """

    def __init__(self, days: DayCosts) -> None:
        self.days = days
        self.prepared = days.prepared
        self._lags = "chain_lags" in days.room.rules
        self._kinds: dict[object, int] = {}
        self._steps: list[tuple[int, ...]] = []
        self._links: list[tuple[_Link, ...]] = []
        self.costs: Floats = np.empty((0, 0))

    def kind(self, request: PreparedRequest, number: int) -> int:
        """Return the number of what an occurrence could do; it is made where it is new."""
        visits = request.occurrence(number)
        items = tuple(self.days.item(v) for v in visits)
        reach = [lags(self.prepared, request.request, s) for s in range(2, len(visits) + 1)]
        steps = zip(visits, visits[1:], reach, strict=False)
        links = tuple(self._link(one, other, *lag) for one, other, lag in steps)
        key = items, *((link.first.tobytes(), link.last.tobytes()) for link in links)
        if key not in self._kinds:
            self._kinds[key] = len(self._steps)
            self._steps.append(items)
            self._links.append(links)
        return self._kinds[key]

    def _link(self, one: int, other: int, least: int, most: int | None) -> _Link:
        """Return the days on which a step may follow another, by the starts of that."""
        count, end = self.days.days, self.prepared.ticks - 1
        if not self._lags:
            return _Link(np.zeros(count, dtype=np.int64), np.full(count, count - 1))
        clock, after = self.prepared.visits[one].clock, self.prepared.visits[other].clock
        soonest, latest = np.full(count, end + 1), np.full(count, -1)
        for some in self.days.alone[one]:
            ticks = ticks_of(some.starts)
            ends = ticks + some.variant.duration
            np.minimum.at(soonest, clock.day_of[ticks], ends + least)
            np.maximum.at(latest, clock.day_of[ticks], ends + (end if most is None else most))
        first = np.where(soonest > end, count, after.day_of[np.minimum(soonest, end)])
        last = np.where(latest < 0, -1, after.day_of[np.clip(latest, 0, end)])
        return _Link(first.astype(np.int64), last.astype(np.int64))

    def close(self) -> None:
        """Put in order what was built, by the number of steps."""
        by_steps: dict[int, list[int]] = defaultdict(list)
        for kind, steps in enumerate(self._steps):
            by_steps[len(steps)].append(kind)
        self._chains: list[tuple[Ints, Ints, list[_Link]]] = []
        for count, kinds in by_steps.items():
            links = [
                _Link(
                    np.array([self._links[k][s].first for k in kinds]),
                    np.array([self._links[k][s].last for k in kinds]),
                )
                for s in range(count - 1)
            ]
            items = np.array([self._steps[k] for k in kinds], dtype=np.int64)
            self._chains.append((np.array(kinds, dtype=np.int64), items, links))

    def price(self) -> None:
        """Work out what occurrences cost, at what visits cost of late.

        The last row is of an occurrence that nothing allows.
        """
        self.costs = np.full((len(self._steps) + 1, self.days.days), np.inf)
        self._follow: list[list[Ints]] = []
        for kinds, items, links in self._chains:
            costs = self.days.costs[items[:, -1]]
            follow: list[Ints] = []
            for step in range(len(links) - 1, -1, -1):
                best, when = _cheapest_after(costs, links[step])
                costs = self.days.costs[items[:, step]] + best
                follow.insert(0, when)
            self.costs[kinds] = costs
            self._follow.append(follow)

    def visits(self, kinds: Ints, days: Ints) -> tuple[Ints, Ints]:
        """Return the items and the days of all visits of occurrences, by their first days."""
        items_found: list[Ints] = []
        days_found: list[Ints] = []
        for (some, items, _), follow in zip(self._chains, self._follow, strict=True):
            place = np.full(len(self._steps) + 1, -1, dtype=np.int64)
            place[some] = np.arange(len(some))
            mine = place[kinds] >= 0
            where, when = place[kinds[mine]], days[mine]
            for step in range(items.shape[1]):
                items_found.append(items[where, step])
                days_found.append(when)
                if step < len(follow):
                    when = follow[step][where, when]
        return joined(items_found), joined(days_found)


def _cheapest_after(costs: Floats, link: _Link) -> tuple[Floats, Ints]:
    """Return the least cost from a first to a last day, by day, and on which day that is."""
    count = costs.shape[1]
    days = np.arange(count)
    best = np.full(link.first.shape, np.inf)
    when = np.zeros(link.first.shape, dtype=np.int64)
    some = link.first <= link.last
    if not some.any():
        return best, when
    nearest = int((link.first - days)[some].min())
    furthest = int((link.last - days)[some].max())
    for lag in range(nearest, furthest + 1):
        lo, hi = max(0, -lag), min(count, count - lag)
        day = days[lo + lag : hi + lag]
        there = costs[:, lo + lag : hi + lag]
        better = (link.first[:, lo:hi] <= day) & (day <= link.last[:, lo:hi])
        better &= there < best[:, lo:hi]
        best[:, lo:hi] = np.where(better, there, best[:, lo:hi])
        when[:, lo:hi] = np.where(better, day, when[:, lo:hi])
    return best, when

"""What visits cost on each day, when the time of resources has a price by day and by week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask, ticks_of
from allocator.solve.asks import Ask
from allocator.solve.bound import Alone
from allocator.solve.prices.room import Room

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Within which prices are taken to be the same.
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class _Part:
    """Entries of a need of an item: a resource, or a session, on some days.

    Attributes
    ----------
    item, need
        Whose they are.
    taken, length
        How much is taken of lanes (or of seats), and how much work that is.
    times
        How many resources are taken.
    days, rows
        The days; for each, the rows of lanes, of work on the day and in the week; -1: none.
    """

    item: int
    need: int
    taken: int
    length: int
    times: int
    days: Ints
    rows: Ints


class DayCosts:
    """The least that visits pay on each local day.

    Visits that could do the same are one *item*. An item on a day is a cell, which has needs,
    and each of these some entries: rows of the room there is, of which one has to do.

    Attributes
    ----------
    days
        How many local days there are.
    costs
        By item and day, the least that it pays; without end where it cannot lie.

    Parameters
    ----------
    room
        All that is scarce.
    alone
        What visits that are not frozen could do beside those that are.
    """

    def __init__(self, room: Room, alone: Alone) -> None:
        self.room = room
        self.alone = alone
        self.prepared = room.prepared
        self.days = max((len(visit.clock.dates) for visit in self.prepared.visits), default=0)
        self.costs: Floats = np.empty((0, self.days))
        self._items: dict[object, int] = {}
        self._possible: list[npt.NDArray[np.bool_]] = []
        self._known_days: dict[tuple[str, Mask, int], Ints] = {}
        self._parts: list[_Part] = []

    # Building -----------------------------------------------------------------------------

    def item(self, visit: int) -> int:
        """Return the number of what a visit could do; it is made where it is new."""
        clock, asks = self.prepared.visits[visit].clock, self.room.asks.of[visit]
        starts: Mask = 0
        sessions: dict[int, Mask] = {}
        for some in self.alone[visit]:
            starts |= some.starts
            sessions[some.variant.session] = sessions.get(some.variant.session, 0) | some.starts
        joins = tuple(sorted(sessions.items())) if -1 not in sessions else ()
        key = (clock.zone, starts, joins, *(() if joins else (ask.key for ask in asks)))
        number = self._items.get(key)
        if number is None:
            number = self._items[key] = len(self._items)
            possible = np.zeros(self.days, dtype=np.bool_)
            possible[self._days(clock, starts)] = True
            self._possible.append(possible)
            if not joins:
                self._add_asks(number, clock, asks)
            elif "session_most" in self.room.rules:
                self._add_seats(number, clock, sessions)
        return number

    def _add_seats(self, item: int, clock: Clock, sessions: dict[int, Mask]) -> None:
        for session, starts in sessions.items():
            days = self._days(clock, starts)
            rows = np.full((len(days), 3), -1)
            rows[:, 0] = self.room.seats(session)
            self._parts.append(_Part(item, 0, 1, 1, 1, days, rows))

    def _add_asks(self, item: int, clock: Clock, asks: list[Ask]) -> None:
        """Count what is asked for by each need of which it is known on which day that lies."""
        known = [
            ask
            for ask in asks
            if ask.same_day
            and all(self.prepared.clock_of(r) is clock for r in ask.starts)
            and (not self.room.asks.origin or all(self.room.in_days(r) for r in ask.starts))
        ]
        for need, ask in enumerate(known):
            for resource, claims in ask.starts.items():
                days = self._days(clock, claims, self.room.asks.origin)
                rows = np.array(
                    [
                        (self.room.lanes(resource, day), *self.room.work(resource, day))
                        for day in days.tolist()
                    ]
                )
                taken = ask.length * ask.uses
                self._parts.append(_Part(item, need, taken, ask.length, ask.quantity, days, rows))

    def _days(self, clock: Clock, starts: Mask, origin: int = 0) -> Ints:
        """Return the local days of starts, which are counted from an origin."""
        key = clock.zone, starts, origin
        found = self._known_days.get(key)
        if found is None:
            ticks = np.maximum(ticks_of(starts) - origin, 0)
            found = self._known_days[key] = np.unique(clock.day_of[ticks]).astype(np.int64)
        return found

    def close(self) -> None:
        """Put in order what was built: nothing is added any more."""
        parts, sizes = self._parts, [len(part.days) for part in self._parts]
        item = np.repeat([part.item for part in parts], sizes).astype(np.int64)
        need = np.repeat([part.need for part in parts], sizes).astype(np.int64)
        day = joined([part.days for part in parts])
        rows = np.concatenate([np.empty((0, 3), dtype=np.int64), *(part.rows for part in parts)])
        amounts = [(part.taken, part.length, part.length) for part in parts]
        amount = np.repeat(np.array(amounts, dtype=np.float64).reshape(-1, 3), sizes, axis=0)
        times = np.repeat([part.times for part in parts], sizes).astype(np.float64)
        self._parts.clear()
        # No row is a last one, of which there is no end.
        self._most = np.append(self.room.most, np.inf)
        rows = np.where(rows < 0, len(self._most) - 1, rows)
        needs = np.zeros(len(self._items), dtype=np.int64)
        np.maximum.at(needs, item, need + 1)
        cell = item * self.days + day
        order = np.lexsort((need, cell))
        cell, need = cell[order], need[order]
        self._rows, self._amount, self._times = rows[order], amount[order], times[order]
        self._need = _firsts(cell * (int(needs.max(initial=0)) + 1) + need)
        self._need_of = np.repeat(np.arange(len(self._need)), _sizes(self._need, len(cell)))
        cells = cell[self._need]
        self._cell = _firsts(cells)
        self._cell_of = np.repeat(np.arange(len(self._cell)), _sizes(self._cell, len(cells)))
        self._at = cells[self._cell]
        possible = np.array(self._possible, dtype=np.bool_).reshape(-1, self.days)
        # Where one of its needs finds nobody on a day, an item cannot lie there.
        met = _sizes(self._cell, len(cells)) == needs[self._at // max(1, self.days)]
        found = np.zeros(possible.size, dtype=np.bool_)
        found[self._at[met]] = True
        self._possible_days = possible & (found.reshape(possible.shape) | (needs == 0)[:, None])

    # Prices -------------------------------------------------------------------------------

    def price(self, prices: Floats, left: Floats | None = None) -> None:
        """Work out what items cost by day.

        Parameters
        ----------
        prices
            By row.
        left
            How much is left by row; what needs more than that is not to be had.
        """
        self._price = (np.append(prices, 0.0)[self._rows] * self._amount).sum(axis=1) * self._times
        if left is not None:
            enough = np.append(left, np.inf)[self._rows] >= self._amount
            self._price = np.where(enough.all(axis=1), self._price, np.inf)
        costs = np.zeros(self._possible_days.size)
        if len(self._need):
            self._least = np.minimum.reduceat(self._price, self._need)
            costs[self._at] = np.add.reduceat(self._least, self._cell)
        self.costs = np.where(self._possible_days, costs.reshape(-1, self.days), np.inf)

    def load(self, items: Ints, days: Ints) -> Floats:
        """Return what visits that lie on their days take of each row, at the prices of late.

        Where several resources would do at the same price, each takes an equal part.
        """
        taken = np.zeros(len(self._most))
        if len(self._need):
            times = np.bincount(items * self.days + days, minlength=self._possible_days.size)
            each = times[self._at][self._cell_of][self._need_of]
            cheap = self._price <= (self._least + SAME)[self._need_of]
            some = np.flatnonzero(cheap & (each > 0))
            equals = np.bincount(self._need_of[some], minlength=len(self._need))
            share = self._times[some] * each[some] / equals[self._need_of[some]]
            amounts = (self._amount[some] * share[:, None]).ravel()
            taken += np.bincount(self._rows[some].ravel(), weights=amounts, minlength=len(taken))
        return taken[:-1]

    def take(self, item: int, day: int, left: Floats) -> bool:
        """Take the cheapest of what is left for an item on a day, and say whether there was any."""
        cell = int(np.searchsorted(self._at, item * self.days + day))
        if cell == len(self._at) or self._at[cell] != item * self.days + day:
            return True
        first, end = self._cell[cell], _next(self._cell, cell, len(self._need))
        room = np.append(left, np.inf)
        for need in range(first, end):
            here = slice(self._need[need], _next(self._need, need, len(self._rows)))
            rows, amounts = self._rows[here], self._amount[here]
            enough = np.flatnonzero((room[rows] >= amounts).all(axis=1))
            times = int(self._times[here][0])
            if len(enough) < times:
                return False
            cheapest = np.lexsort((-room[rows[enough, 0]], self._price[here][enough]))[:times]
            for entry in enough[cheapest]:
                room[rows[entry]] -= amounts[entry]
        left[:] = room[:-1]
        return True


def joined(parts: list[Ints]) -> Ints:
    """Return arrays one after the other."""
    return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, dtype=np.int64)


def _firsts(keys: Ints) -> Ints:
    """Return where each stretch of equal keys begins."""
    return np.flatnonzero(np.diff(keys, prepend=-1)).astype(np.int64)


def _sizes(firsts: Ints, end: int) -> Ints:
    return np.diff(np.append(firsts, end))


def _next(firsts: Ints, place: int, end: int) -> int:
    return int(firsts[place + 1]) if place + 1 < len(firsts) else end

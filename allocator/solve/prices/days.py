"""What visits cost on each day, when the time of resources has a price by day and by week."""

from __future__ import annotations

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
        self._parts: list[tuple[int, int, float, Ints, Ints, Ints]] = []

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
            rows = np.full(len(days), self.room.seats(session))
            self._parts.append((item, 0, 1.0, days, rows, np.full(len(days), -1)))

    def _add_asks(self, item: int, clock: Clock, asks: list[Ask]) -> None:
        """Count what is asked for by each need of which it is known on which day that lies."""
        known = [
            ask
            for ask in asks
            if ask.same_day
            and all(self.prepared.clock_of(r) is clock for r in ask.starts)
            and all(self.room.in_days(r) for r in ask.starts)
        ]
        for need, ask in enumerate(known):
            length = float(ask.length * ask.uses * ask.quantity)
            for resource, claims in ask.starts.items():
                days = self._days(clock, claims, self.room.asks.origin)
                rows = [self.room.day(resource, day) for day in days.tolist()]
                weeks = [self.room.week(resource, day) for day in days.tolist()]
                part = item, need, length, days, np.array(rows), np.array(weeks)
                self._parts.append(part)

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
        sizes = [len(days) for _, _, _, days, _, _ in self._parts]
        item = np.repeat([p[0] for p in self._parts], sizes).astype(np.int64)
        need = np.repeat([p[1] for p in self._parts], sizes).astype(np.int64)
        length = np.repeat([p[2] for p in self._parts], sizes).astype(np.float64)
        day = joined([p[3] for p in self._parts])
        row = joined([p[4] for p in self._parts])
        week = joined([p[5] for p in self._parts])
        self._parts.clear()
        needs = np.zeros(len(self._items), dtype=np.int64)
        np.maximum.at(needs, item, need + 1)
        cell = item * self.days + day
        order = np.lexsort((need, cell))
        cell, need = cell[order], need[order]
        self._row, self._length, self._week = row[order], length[order], week[order]
        self._need = _firsts(cell * (int(needs.max(initial=0)) + 1) + need)
        self._need_of = np.repeat(np.arange(len(self._need)), _sizes(self._need, len(cell)))
        cells = cell[self._need]
        self._cell = _firsts(cells)
        self._cell_of = np.repeat(np.arange(len(self._cell)), _sizes(self._cell, len(cells)))
        self._at = cells[self._cell]
        possible = np.array(self._possible).reshape(-1, self.days)
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
        self._price = (prices[self._row] + np.append(prices, 0.0)[self._week]) * self._length
        if left is not None:
            here = np.minimum(left[self._row], np.append(left, np.inf)[self._week])
            self._price = np.where(here < self._length, np.inf, self._price)
        costs = np.zeros(self._possible_days.size)
        if len(self._need):
            self._least = np.minimum.reduceat(self._price, self._need)
            costs[self._at] = np.add.reduceat(self._least, self._cell)
        self.costs = np.where(self._possible_days, costs.reshape(-1, self.days), np.inf)

    def load(self, items: Ints, days: Ints) -> Floats:
        """Return what visits that lie on their days take of each row, at the prices of late.

        Where several resources would do at the same price, each takes an equal part.
        """
        rows = len(self.room.most)
        if not len(self._need):
            return np.zeros(rows)
        times = np.bincount(items * self.days + days, minlength=self._possible_days.size)
        each = times[self._at][self._cell_of][self._need_of]
        cheap = self._price <= (self._least + SAME)[self._need_of]
        some = np.flatnonzero(cheap & (each > 0))
        equals = np.bincount(self._need_of[some], minlength=len(self._need))
        amount = self._length[some] * each[some] / equals[self._need_of[some]]
        taken = np.zeros(rows)
        taken += np.bincount(self._row[some], weights=amount, minlength=rows)
        weekly = self._week[some] >= 0
        weeks = self._week[some][weekly]
        taken += np.bincount(weeks, weights=amount[weekly], minlength=rows)
        return taken

    def take(self, item: int, day: int, left: Floats) -> bool:
        """Take the cheapest of what is left for an item on a day, and say whether there was any.

        Where one of its needs finds nothing, the others may have taken theirs.
        """
        cell = int(np.searchsorted(self._at, item * self.days + day))
        if cell == len(self._at) or self._at[cell] != item * self.days + day:
            return True
        first, end = self._cell[cell], _next(self._cell, cell, len(self._need))
        for need in range(first, end):
            entries = range(self._need[need], _next(self._need, need, len(self._row)))
            cheapest: tuple[float, float, int] | None = None
            for entry in entries:
                length, row, week = self._length[entry], self._row[entry], self._week[entry]
                if left[row] >= length and (week < 0 or left[week] >= length):
                    key = self._price[entry], -left[row], entry
                    cheapest = key if cheapest is None else min(cheapest, key)
            if cheapest is None:
                return False
            entry = cheapest[2]
            left[self._row[entry]] -= self._length[entry]
            if self._week[entry] >= 0:
                left[self._week[entry]] -= self._length[entry]
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

"""What each request would do for itself, when time has its price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.domain.request import FixedSeries, FlexibleSeries
from allocator.goals.served import earned
from allocator.prepare.prepared import PreparedRequest
from allocator.rules.series_completeness import required_occurrences
from allocator.solve.prices.days import DayCosts, Floats, Ints, joined
from allocator.solve.prices.distance import WEEK, Distance
from allocator.solve.prices.occurrences import Occurrences


@dataclass(frozen=True, slots=True)
class Choice:
    """What requests would do.

    Attributes
    ----------
    gains
        By request, the worth of what it earns less what it pays; 0 where it would rather not.
    values
        By request, what it earns.
    requests, numbers, kinds, days
        By occurrence that takes place: of which request it is, its number from 0, its kind, and
        its first day.
    """

    gains: Floats
    values: Floats
    requests: Ints
    numbers: Ints
    kinds: Ints
    days: Ints


class Wishes:
    """What requests would do, each by itself, at given prices.

    Parameters
    ----------
    days
        What visits cost.
    requests
        Those that may be served, of which nothing is frozen.
    possible
        By request, its occurrences of which every visit has options.
    """

    def __init__(
        self,
        days: DayCosts,
        requests: Sequence[PreparedRequest],
        possible: Sequence[Sequence[int]],
    ) -> None:
        self.days = days
        self.count = len(requests)
        self.occurrences = Occurrences(days)
        families: dict[object, _Family] = {}
        for place, (request, numbers) in enumerate(zip(requests, possible, strict=True)):
            kinds = [
                self.occurrences.kind(request, n) if n in numbers else -1
                for n in range(1, request.request.occurrences + 1)
            ]
            self._family(families, request).add(place, request, kinds)
        self._families = list(families.values())
        days.close()
        self.occurrences.close()
        for family in self._families:
            family.close()

    def _family(self, families: dict[object, _Family], request: PreparedRequest) -> _Family:
        """Return the requests of the same shape; made where they are the first."""
        rules = self.days.room.rules
        series, count = request.request.series, request.request.occurrences
        clock = self.days.prepared.visits[request.visits[0]].clock
        if isinstance(series, FixedSeries):
            every = series.every_days if "series_pattern" in rules else None
            return families.setdefault((every, count), _Fixed(every))
        least, most, rate = 0, None, None
        if isinstance(series, FlexibleSeries):
            if not {"series_gaps", "series_completeness"} <= rules:
                return families.setdefault((None, count), _Fixed(None))
            least, most = series.least_days_between, series.most_days_between
            if "series_rate" in rules and series.most_per_week is not None:
                rate = series.most_per_week if series.most_per_week * least < WEEK else None
        weeks = np.resize(clock.week_of_day.astype(np.int64), self.days.days)
        weeks[len(clock.week_of_day) :] = clock.week_of_day[-1]
        how = Distance(least, most, rate, weeks)
        return families.setdefault((clock.zone, least, most, rate, count), _Flexible(how))

    def best(self, weights: Floats) -> Choice:
        """Return what is best for each request, at what occurrences cost of late.

        Parameters
        ----------
        weights
            By request, what a part of its value is worth.
        """
        gains, values = np.zeros(self.count), np.zeros(self.count)
        found: list[tuple[Ints, ...]] = []
        for family in self._families:
            asking = np.flatnonzero(weights[family.places] > 0)
            if not len(asking):
                continue
            places = family.places[asking]
            mine = family.best(self.occurrences.costs, weights[places], asking)
            gains[places], values[places] = mine.gains, mine.values
            found.append((places[mine.requests], mine.numbers, mine.kinds, mine.days))
        return Choice(gains, values, *_together(found))


class _Family:
    """Requests of one shape."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._kinds: list[list[int]] = []
        self._values: list[list[float]] = []

    def add(self, place: int, request: PreparedRequest, kinds: list[int]) -> None:
        """Add a request, with the kinds of its occurrences."""
        self._places.append(place)
        self._kinds.append(kinds)
        self._values.append(self.worth(request))

    def worth(self, request: PreparedRequest) -> list[float]:
        """Return what there is to earn, by occurrence."""
        raise NotImplementedError

    def close(self) -> None:
        """Put in order what was added."""
        self.places = np.array(self._places, dtype=np.int64)
        self.kinds = np.array(self._kinds, dtype=np.int64)
        self.values = np.array(self._values)

    def best(self, costs: Floats, weights: Floats, rows: Ints) -> Choice:
        """Return what is best for some of them, at what occurrences cost by kind and day."""
        raise NotImplementedError


class _Flexible(_Family):
    """Single requests, and series whose visits keep their distance: the first so many come."""

    def __init__(self, distance: Distance) -> None:
        super().__init__()
        self.distance = distance

    def worth(self, request: PreparedRequest) -> list[float]:
        """Return what so many occurrences earn; below 0 where so few may not be placed."""
        least = len(required_occurrences(request.request))
        return [
            float(earned(request, n)) if n >= least else -1.0
            for n in range(1, request.request.occurrences + 1)
        ]

    def best(self, costs: Floats, weights: Floats, rows: Ints) -> Choice:
        """Go through the occurrences, day by day."""
        all_kinds, all_values = self.kinds[rows], self.values[rows]
        size, count = all_kinds.shape
        rows = np.arange(size)
        gains, values = np.zeros(size), np.zeros(size)
        chosen, last = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        before: list[Ints] = []
        total = self.distance.first(costs[all_kinds[:, 0]])
        for number in range(count):
            if number:
                total, when = self.distance.next(total, costs[all_kinds[:, number]])
                before.append(_by_row(when))
            ends = _by_row(total).argmin(axis=1)
            worth = np.where(all_values[:, number] < 0, -np.inf, all_values[:, number] * weights)
            gain = worth - _by_row(total)[rows, ends]
            better = gain > gains
            gains = np.where(better, gain, gains)
            values = np.where(better, all_values[:, number], values)
            chosen = np.where(better, number + 1, chosen)
            last = np.where(better, ends, last)
        found: list[tuple[Ints, ...]] = []
        for number in range(count, 0, -1):
            some = np.flatnonzero(chosen >= number)
            numbers = np.full(len(some), number - 1)
            kinds = all_kinds[some, number - 1]
            found.append((some, numbers, kinds, last[some] % costs.shape[1]))
            if number > 1:
                last = np.where(chosen >= number, before[number - 2][rows, last], last)
        return Choice(gains, values, *_together(found))


class _Fixed(_Family):
    """Series that keep a pattern: occurrences lie so many days apart; None: no matter when."""

    def __init__(self, every: int | None) -> None:
        super().__init__()
        self.every = every

    def worth(self, request: PreparedRequest) -> list[float]:
        """Return what an occurrence earns; below 0 where it may not be missed."""
        count, needed = request.request.occurrences, required_occurrences(request.request)
        share = earned(request, count) / count
        return [-share if n in needed else share for n in range(1, count + 1)]

    def best(self, costs: Floats, weights: Floats, rows: Ints) -> Choice:
        """Try every day on which the series could begin."""
        all_kinds, all_values = self.kinds[rows], self.values[rows]
        size, count = all_kinds.shape
        cheapest = costs.argmin(axis=1)
        if self.every is None:
            costs = costs.min(axis=1, keepdims=True)
        length, every = costs.shape[1], self.every or 0
        # Beginnings are counted from the first with which the last occurrence is on day 0.
        reach = length + every * (count - 1)
        gain, value = np.zeros((size, reach)), np.zeros((size, reach))
        takes = []
        for number in range(count):
            share = np.abs(all_values[:, number])[:, None]
            mine = np.full((size, reach), np.inf)
            first = every * (count - 1 - number)
            mine[:, first : first + length] = costs[all_kinds[:, number]]
            worth = share * weights[:, None]
            take = (all_values[:, number] < 0)[:, None] | (mine < worth)
            gain += np.where(take, worth - mine, 0.0)
            value += np.where(take, share, 0.0)
            takes.append(take)
        begin = gain.argmax(axis=1)
        rows = np.arange(size)
        gains = np.maximum(gain[rows, begin], 0.0)
        found: list[tuple[Ints, ...]] = []
        for number, take in enumerate(takes):
            some = np.flatnonzero((gains > 0) & take[rows, begin])
            kinds = all_kinds[some, number]
            days = begin[some] - every * (count - 1 - number)
            if self.every is None:
                days = cheapest[kinds]
            found.append((some, np.full(len(some), number), kinds, days))
        values = np.where(gains > 0, value[rows, begin], 0.0)
        return Choice(gains, values, *_together(found))


def _together(found: list[tuple[Ints, ...]]) -> Iterator[Ints]:
    """Yield the requests, the numbers, the kinds and the days of occurrences found in parts."""
    for place in range(4):
        yield joined([some[place] for some in found])


def _by_row(some: np.ndarray) -> np.ndarray:
    """Return an array by number, row and day as one by row alone."""
    return some.transpose(1, 0, 2).reshape(some.shape[1], -1)

"""Which classes are asked what of each other, as far as two at a time can be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from allocator.bench.itc2019.instance import Distribution, Instance
from allocator.bench.itc2019.tables import ORDERED, Flags, Tables, Vector, columns
from allocator.goals.goal import Amounts
from allocator.prepare.masks import Mask
from allocator.prepare.visit import Placement
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs

#: Kinds that several classes miss together, rather than pair by pair.
TOGETHER = ("MaxDays", "MaxDayLoad", "MaxBreaks", "MaxBlock")
#: Kinds that depend on the rooms alone.
ROOMS = ("SameRoom", "DifferentRoom")

#: A kind with its numbers, and whether the class in the rows comes second in the file.
Asked = tuple[str, tuple[int, ...], bool]


class Ask(NamedTuple):
    """What one pair of classes misses, and what that costs.

    Attributes
    ----------
    first, second
        Numbers of the classes, in the order of the file.
    by
        The distribution that asks for it.
    """

    first: int
    second: int
    by: Distribution

    @property
    def penalty(self) -> int:
        """What missing it costs; 1 where it must not be missed."""
        return 1 if self.by.penalty is None else self.by.penalty


def asks(distributions: Sequence[Distribution]) -> Iterator[Ask]:
    """Yield each pair of which something is asked."""
    for one in distributions:
        if one.kind not in TOGETHER and one.penalty != 0:
            for first, second in combinations(one.classes, 2):
                yield Ask(first, second, one)


def there(timetable: Timetable, by: Distribution) -> tuple[list[int], Vector, Vector]:
    """Return those classes of a distribution that are placed, with their starts and rooms."""
    some = [
        (v, at.start, at.team[0][0])
        for v in by.classes
        if (at := timetable.placements[v]) is not None
    ]
    visits, starts, rooms = np.array(some, dtype=np.int64).reshape(-1, 3).T
    return visits.tolist(), starts, rooms


def placed(
    weights: Mapping[int, int], placements: Sequence[Placement | None]
) -> tuple[Vector, Vector]:
    """Return the starts of those classes that are placed, and what each weighs."""
    some = [(at.start, w) for other, w in weights.items() if (at := placements[other]) is not None]
    starts, found = np.array(some, dtype=np.int64).reshape(-1, 2).T
    return starts, found


class Missed:
    """Which pairs of ticks are missed: as a table, and as sets once anyone asks for these.

    Attributes
    ----------
    bad
        As a table, the ticks of the one class in the rows.
    """

    def __init__(self, bad: Flags) -> None:
        self.bad = bad

    @cached_property
    def masks(self) -> list[Mask]:
        """By the tick of the other class, the ticks of the one class that are missed."""
        return columns(self.bad)


class Near:
    """Classes of which one class is asked the same.

    Attributes
    ----------
    pairs
        Which pairs of ticks are missed; classes that are asked the same share it.
    weights
        What missing it costs, by the number of the other class.
    """

    def __init__(self, pairs: Missed) -> None:
        self.pairs = pairs
        self.weights: dict[int, int] = {}

    def missed(self, placements: Sequence[Placement | None], ticks: Vector) -> Amounts:
        """Return what each tick of the one class misses beside those others that are placed."""
        at, weights = placed(self.weights, placements)
        return weights @ self.pairs.bad[ticks, at[:, None]] if len(at) else 0

    @cached_property
    def others(self) -> frozenset[int]:
        """The other classes."""
        return frozenset(self.weights)


class InTime:
    """What is asked of the times of pairs of classes.

    Required, all that is asked of a pair is one table; else each kind counts by itself.
    """

    def __init__(self, tables: Tables, distributions: Sequence[Distribution]) -> None:
        self.tables = tables
        self.classes = len(tables.instance.classes)
        required = bool(distributions) and distributions[0].penalty is None
        asked: dict[tuple[int, int], dict[Asked, int]] = {}
        for ask in asks(distributions):
            if ask.by.kind not in ROOMS:
                swapped = ask.by.kind in ORDERED
                kind = "NotOverlap" if ask.by.kind == "SameAttendees" else ask.by.kind
                for pair, second in (((ask[0], ask[1]), False), ((ask[1], ask[0]), swapped)):
                    costs = asked.setdefault(pair, {})
                    what = (kind, ask.by.numbers, second)
                    costs[what] = costs.get(what, 0) + ask.penalty
        found: list[dict[object, Near]] = [{} for _ in range(self.classes)]
        self._missed: dict[tuple[Asked, ...], Missed] = {}
        for (one, other), costs in asked.items():
            if required:
                self._add(found[one], tuple(sorted(costs)), other, 1)
            else:
                for what, weight in costs.items():
                    self._add(found[one], (what,), other, weight)
        #: By class.
        self.near = [list(some.values()) for some in found]

    def _add(
        self, found: dict[object, Near], what: tuple[Asked, ...], other: int, weight: int
    ) -> None:
        if what not in self._missed:
            bad = np.zeros((len(self.tables.patterns),) * 2, dtype=bool)
            for kind, numbers, second in what:
                table = self.tables.bad(kind, numbers)
                bad |= table.T if second else table
            self._missed[what] = Missed(bad)
        if what not in found:
            found[what] = Near(self._missed[what])
        found[what].weights[other] = weight


class InRoom:
    """What is asked of the rooms of pairs of classes: for each class, what others weigh.

    Attributes
    ----------
    same, different
        Whether to share a room, or not to.
    reachable
        Whether there has to be time to go from one to the other.
    """

    def __init__(self, tables: Tables, distributions: Sequence[Distribution]) -> None:
        self.tables = tables
        many = len(tables.instance.classes)
        self.same: list[dict[int, int]] = [{} for _ in range(many)]
        self.different: list[dict[int, int]] = [{} for _ in range(many)]
        self.reachable: list[dict[int, int]] = [{} for _ in range(many)]
        kinds = {
            "SameRoom": self.same,
            "DifferentRoom": self.different,
            "SameAttendees": self.reachable,
        }
        for ask in asks(distributions):
            some = kinds.get(ask.by.kind)
            if some is not None:
                for one, other in ((ask[0], ask[1]), (ask[1], ask[0])):
                    some[one][other] = some[one].get(other, 0) + ask.penalty

    @property
    def any(self) -> bool:
        """Whether anything is asked."""
        return any(any(some) for some in (self.same, self.different, self.reachable))


class Ways:
    """Ways between rooms: those with the same ways to all others are one building.

    Attributes
    ----------
    building
        By room, its number; the room that is none is a building of its own, near to all.
    travel, slots
        Slots from building to building: as a table, and as lists.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        instance: Instance = tables.instance
        many = len(instance.rooms) + 1
        ways = np.zeros((many, many), dtype=np.int64)
        for number, room in enumerate(instance.rooms):
            ways[number, : many - 1] = room.travel
        kinds = dict.fromkeys(map(bytes, ways))
        numbers = {kind: n for n, kind in enumerate(kinds)}
        self.building = [numbers[row.tobytes()] for row in ways]
        first = [self.building.index(n) for n in range(len(numbers))]
        self.travel: Vector = ways[np.ix_(first, first)]
        self.slots: list[list[int]] = self.travel.tolist()
        self._close: dict[int, Missed] = {}

    def close(self, slots: int) -> Missed:
        """Return which pairs of ticks share a day, but leave no time for so long a way."""
        if slots not in self._close:
            gap = self.tables.gap
            self._close[slots] = Missed((gap >= 0) & (gap < slots))
        return self._close[slots]

    def between(self, model: Verbs, one: int, other: int) -> Iterator[tuple[int, list[Literal]]]:
        """Yield the ways that two free classes may have between them, and the literals where."""
        here, there = self._buildings(model, one), self._buildings(model, other)
        for (first, at), (second, to) in product(here.items(), there.items()):
            slots = self.slots[first][second]
            if slots:
                yield slots, [*at, *to]

    def _buildings(self, model: Verbs, visit: int) -> dict[int, list[Literal]]:
        """Return for each building where a class may be the literal whether it is there, if any."""

        def compute() -> dict[int, list[Literal]]:
            rooms: dict[int, list[Literal]] = {}
            for room in model.choices(visit, 0):
                takes = model.takes(visit, 0, room)
                rooms.setdefault(self.building[room], []).append(takes)
            if len(rooms) == 1:
                return {building: [] for building in rooms}
            return {building: [model.any_of(takes)] for building, takes in rooms.items()}

        return model.memo(("itc2019 buildings", visit), compute)

    def missed(self, by: Distribution, starts: Vector, rooms: Vector) -> Flags:
        """Return which pairs of classes miss what a distribution asks of their rooms."""
        if by.kind == "SameAttendees":
            building = np.array(self.building)[rooms]
            gap = self.tables.gap[starts[:, None], starts]
            return (gap >= 0) & (gap < self.travel[building[:, None], building])
        alike: Flags = rooms[:, None] == rooms
        return alike if by.kind == "DifferentRoom" else ~alike

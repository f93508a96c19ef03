"""Distributions that are wished for, as far as two classes at a time can be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from allocator.bench.common import all_rooms, placeable
from allocator.bench.itc2019.clauses import imply, ticks
from allocator.bench.itc2019.instance import Distribution
from allocator.bench.itc2019.pairs import ROOMS, TOGETHER, InRoom, InTime, Ways, placed, there
from allocator.bench.itc2019.tables import Flags, Tables, Vector
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class MissedInTime(Goal):
    """The penalty of each pair of classes whose times do not go together."""

    name = "missed_in_time"
    sentence = "Two classes meet at times that go together as they wish."
    unit = "points"
    common = True

    def __init__(self, tables: Tables, wished: Sequence[Distribution]) -> None:
        self.tables = tables
        self.asked = InTime(tables, wished)
        self.wished = [one for one in wished if one.kind not in (*ROOMS, *TOGETHER)]

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any pair wishes for anything."""
        return any(self.asked.near)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the pairs that do not go together."""
        for one in self.wished:
            visits, starts, _ = there(timetable, one)
            bad = self.tables.bad(one.kind, one.numbers)[starts[:, None], starts]
            yield from _amounts(one, visits, bad)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what each pattern misses beside the classes that are placed."""
        total: Amounts = 0
        for near in self.asked.near[visit.index]:
            total = total + near.missed(state.placements, ticks)
        return total

    def express(self, model: Verbs) -> None:
        """Charge patterns by what they miss beside fixed classes, and pairs of free ones."""
        free = frozenset(placeable(model))
        for one in sorted(free):
            visit, some = model.prepared.visits[one], ticks(model, one)
            amounts = self.costs(model.state, visit, visit.variants[0], some)
            if not isinstance(amounts, int):
                model.cost_by_start(one, some, amounts)
            for near in self.asked.near[one]:
                for other in sorted(near.others & free):
                    if one < other and near.pairs.bad[some[:, None], ticks(model, other)].any():
                        missed = model.literal("missed")
                        imply(model, one, other, near.pairs.bad, missed)
                        model.cost(near.weights[other] * missed)


class MissedInRoom(Goal):
    """The penalty of each pair of classes whose rooms, or the way, do not go together."""

    name = "missed_in_room"
    sentence = "Two classes meet in rooms that go together as they wish."
    unit = "points"
    common = True

    def __init__(self, tables: Tables, wished: Sequence[Distribution], ways: Ways) -> None:
        self.tables = tables
        self.ways = ways
        self.asked = InRoom(tables, wished)
        self.wished = [one for one in wished if one.kind in (*ROOMS, "SameAttendees")]

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any pair wishes for anything."""
        return self.asked.any

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: they are compared, and have ways between them."""
        return all_rooms(prepared)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the pairs that do not go together."""
        for one in self.wished:
            visits, starts, rooms = there(timetable, one)
            yield from _amounts(one, visits, self.ways.missed(one, starts, rooms))

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return what is missed in a room beside the classes that are placed."""
        total = self._other_rooms(state, visit.index, resource)
        if self.asked.reachable[visit.index]:
            total = total + self._on_the_way(state, visit.index, resource, ticks)
        return total

    def _other_rooms(self, state: State, visit: int, room: int) -> Amounts:
        """Return what is missed in a room at all patterns alike."""
        total = 0
        for wished, same in ((self.asked.same, True), (self.asked.different, False)):
            for other, weight in wished[visit].items():
                at = state.placements[other]
                if at is not None and (at.team[0][0] == room) is not same:
                    total += weight
        return total

    def _on_the_way(self, state: State, visit: int, room: int, ticks: Ticks) -> Amounts:
        """Return what the ways from a room to classes that are placed miss at each pattern."""
        slots = self.ways.slots[self.ways.building[room]]
        total: Amounts = 0
        for way in {*slots} - {0}:
            at, weights = self._that_far(state, visit, tuple(to == way for to in slots))
            if len(at):
                total = total + weights @ self.ways.close(way).bad[ticks, at[:, None]]
        return total

    def _that_far(
        self, state: State, visit: int, buildings: tuple[bool, ...]
    ) -> tuple[Vector, Vector]:
        """Return the starts of a class's others in some buildings, and what they weigh."""

        def compute() -> tuple[Vector, Vector]:
            weights = {
                other: weight
                for other, weight in self.asked.reachable[visit].items()
                if (at := state.placements[other]) is not None
                and buildings[self.ways.building[at.team[0][0]]]
            }
            return placed(weights, state.placements)

        return state.memo_of_all((self.name, visit, buildings), compute)

    def express(self, model: Verbs) -> None:
        """Charge rooms by what they miss beside fixed classes, and pairs of free ones."""
        free = frozenset(placeable(model))
        for one in sorted(free):
            some = ticks(model, one)
            for room in model.choices(one, 0):
                takes = model.takes(one, 0, room)
                missed = self._other_rooms(model.state, one, room)
                if missed:
                    model.cost(missed * takes)
                if self.asked.reachable[one]:
                    amounts = self._on_the_way(model.state, one, room, some)
                    if not isinstance(amounts, int):
                        model.cost_by_start(one, some, amounts, when=takes)
            for other in sorted(o for o in free & self.asked.same[one].keys() if one < o):
                missed = model.literal("missed")
                for room in model.choices(one, 0):
                    elsewhere = model.opposite(model.takes(other, 0, room))
                    taken = [model.takes(one, 0, room), model.present(other), elsewhere]
                    model.imply(taken, missed)
                model.cost(self.asked.same[one][other] * missed)
            for other in sorted(o for o in free & self.asked.different[one].keys() if one < o):
                missed = model.literal("missed")
                for room in sorted({*model.choices(one, 0)} & {*model.choices(other, 0)}):
                    model.imply([model.takes(v, 0, room) for v in (one, other)], missed)
                model.cost(self.asked.different[one][other] * missed)
            for other in sorted(o for o in free & self.asked.reachable[one].keys() if one < o):
                missed = model.literal("missed")
                for way, where in self.ways.between(model, one, other):
                    imply(model, one, other, self.ways.close(way).bad, missed, where)
                model.cost(self.asked.reachable[one][other] * missed)


def _amounts(by: Distribution, visits: list[int], bad: Flags) -> Iterator[Amount]:
    """Yield the penalty of each bad pair, of which the first comes first in the file."""
    for first, second in np.argwhere(np.triu(bad, 1)).tolist():
        yield Amount(by.penalty or 0, visits=(visits[first], visits[second]))

"""Distributions that are wished for, as far as two classes at a time can be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from allocator.bench.itc2019.clauses import imply, placeable, ticks
from allocator.bench.itc2019.instance import Distribution
from allocator.bench.itc2019.pairs import ROOMS, InRoom, InTime, Ways, asks
from allocator.bench.itc2019.tables import Tables, Vector
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
        self.wished = [one for one in wished if one.kind not in ROOMS]

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any pair wishes for anything."""
        return any(self.asked.near)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the pairs that do not go together."""
        starts = {visit.index: at.start for visit, at in timetable.placed()}
        for ask in asks(self.wished):
            if ask.first in starts and ask.second in starts:
                bad = self.tables.bad(ask.by.kind, ask.by.numbers)
                if bad[starts[ask.first], starts[ask.second]]:
                    yield Amount(ask.penalty, visits=(ask.first, ask.second))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what each pattern misses beside the classes that are placed."""
        total: Amounts = 0
        placements = state.placements
        for near in self.asked.near[visit.index]:
            for other, weight in near.weights.items():
                at = placements[other]
                if at is not None:
                    total = total + weight * near.bad[ticks, at.start]
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
                    if one < other and near.bad[some[:, None], ticks(model, other)].any():
                        missed = model.literal("missed")
                        imply(model, one, other, near.bad, missed)
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
        return frozenset(range(len(prepared.resources)))

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the pairs that do not go together."""
        placed = {visit.index: (at.start, at.team[0][0]) for visit, at in timetable.placed()}
        for ask in asks(self.wished):
            if ask.first not in placed or ask.second not in placed:
                continue
            (here, room), (there, other) = placed[ask.first], placed[ask.second]
            if ask.by.kind == "SameAttendees":
                way = self.ways.travel[self.ways.building[room], self.ways.building[other]]
                bad = 0 <= self.tables.gap[here, there] < way
            else:
                bad = (room == other) is (ask.by.kind == "DifferentRoom")
            if bad:
                yield Amount(ask.penalty, -1, (ask.first, ask.second), (room, other))

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return what is missed in a room beside the classes that are placed."""
        total = self._other_rooms(state, visit.index, resource)
        for some in self._ways(state, visit.index, self.ways.building[resource]):
            total = total + some[ticks]
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

    def _ways(self, state: State, visit: int, building: int) -> Iterator[Vector]:
        """Yield by tick what the ways to classes that are placed miss."""
        for other, weight in self.asked.reachable[visit].items():
            at = state.placements[other]
            if at is not None:
                way = int(self.ways.travel[building, self.ways.building[at.team[0][0]]])
                if way:
                    yield weight * self.ways.close(way)[at.start].astype(np.int64)

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
                for amounts in self._ways(model.state, one, self.ways.building[room]):
                    model.cost_by_start(one, some, amounts[some], when=takes)
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
                    imply(model, one, other, self.ways.close(way), missed, where)
                model.cost(self.asked.reachable[one][other] * missed)

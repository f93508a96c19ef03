"""Distributions that are required, as far as two classes at a time can be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from allocator.bench.common import all_rooms, placeable
from allocator.bench.itc2019.clauses import forbid
from allocator.bench.itc2019.instance import Distribution
from allocator.bench.itc2019.pairs import ROOMS, TOGETHER, InRoom, InTime, Ways, there
from allocator.bench.itc2019.tables import Tables
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class PairsInTime(Rule):
    """What two classes ask of each other's times, wherever they are."""

    name = "pairs_in_time"
    sentence = "Two classes meet at times that go together as they ask."
    moving = True

    def __init__(self, tables: Tables, required: Sequence[Distribution]) -> None:
        self.tables = tables
        self.asked = InTime(tables, required)
        self.required = [one for one in required if one.kind not in (*ROOMS, *TOGETHER)]

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any pair asks for anything."""
        return any(self.asked.near)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the pairs that do not go together."""
        for one in self.required:
            visits, starts, _ = there(timetable, one)
            bad = self.tables.bad(one.kind, one.numbers)[starts[:, None], starts]
            for first, second in np.argwhere(np.triu(bad, 1)).tolist():
                pair = [visits[first], visits[second]]
                yield violation(self, timetable, _message(timetable, one, pair), pair)

    def starts(self, state: State, visit: Visit, variant: Variant) -> Mask:
        """Return the patterns that go together with all classes that are placed."""
        found, placements = 0, state.placements
        for near in self.asked.near[visit.index]:
            bad = near.pairs.masks
            for other in near.weights:
                at = placements[other]
                if at is not None:
                    found |= bad[at.start]
        return ~found

    def constrain(self, model: Verbs) -> None:
        """Forbid the pairs of patterns that do not go together."""
        free = frozenset(placeable(model))
        for one in sorted(free):
            for near in self.asked.near[one]:
                for other in sorted(near.others & free):
                    if one < other:
                        forbid(model, one, other, near.pairs.bad)


class PairsInRoom(Rule):
    """What two classes ask of each other's rooms, and of the way between them."""

    name = "pairs_in_room"
    sentence = "Two classes meet in rooms that go together as they ask."
    moving = True

    def __init__(self, tables: Tables, required: Sequence[Distribution], ways: Ways) -> None:
        self.tables = tables
        self.ways = ways
        self.asked = InRoom(tables, required)
        self.required = [one for one in required if one.kind in (*ROOMS, "SameAttendees")]

    def relevant(self, prepared: Prepared) -> bool:
        """Say whether any pair asks for anything."""
        return self.asked.any

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: they are compared, and have ways between them."""
        return all_rooms(prepared)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the pairs that do not go together."""
        for one in self.required:
            visits, starts, rooms = there(timetable, one)
            bad = self.ways.missed(one, starts, rooms)
            for first, second in np.argwhere(np.triu(bad, 1)).tolist():
                pair = [visits[first], visits[second]]
                message = _message(timetable, one, pair)
                yield violation(self, timetable, message, pair, rooms[[first, second]].tolist())

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the patterns in which the room goes together with all classes placed."""
        placements = state.placements
        for other in self.asked.same[visit.index]:
            at = placements[other]
            if at is not None and at.team[0][0] != resource:
                return 0
        for other in self.asked.different[visit.index]:
            at = placements[other]
            if at is not None and at.team[0][0] == resource:
                return 0
        if not self.asked.reachable[visit.index]:
            return EVERY
        building = self.ways.building[resource]
        return state.memo_of_all(
            (self.name, visit.index, building), lambda: self._reachable(state, visit, building)
        )

    def _reachable(self, state: State, visit: Visit, building: int) -> Mask:
        """Return the patterns that leave time for the ways from a building and back."""
        found, placements, buildings = 0, state.placements, self.ways.building
        close = [
            self.ways.close(slots).masks if slots else None for slots in self.ways.slots[building]
        ]
        for other in self.asked.reachable[visit.index]:
            at = placements[other]
            if at is not None:
                near = close[buildings[at.team[0][0]]]
                if near is not None:
                    found |= near[at.start]
        return ~found

    def constrain(self, model: Verbs) -> None:
        """Relate the rooms of free classes, and forbid patterns too close for the way."""
        free = frozenset(placeable(model))
        for one in sorted(free):
            for other in sorted(free & self.asked.same[one].keys()):
                if one < other:
                    _share(model, one, other)
            for other in sorted(free & self.asked.different[one].keys()):
                if one < other:
                    for room in sorted({*model.choices(one, 0)} & {*model.choices(other, 0)}):
                        model.forbid([model.takes(v, 0, room) for v in (one, other)])
            for other in sorted(free & self.asked.reachable[one].keys()):
                if one < other:
                    for way, where in self.ways.between(model, one, other):
                        forbid(model, one, other, self.ways.close(way).bad, where)


def _share(model: Verbs, one: int, other: int) -> None:
    """Let two classes take one room, if both are placed."""
    rooms = sorted({*model.choices(one, 0), *model.choices(other, 0)})
    for room in rooms:
        for first, second in ((one, other), (other, one)):
            takes = model.takes(first, 0, room)
            missing = model.opposite(model.takes(second, 0, room))
            model.forbid([takes, model.present(second), missing])


def _message(timetable: Timetable, by: Distribution, pair: list[int]) -> str:
    one, other = (timetable.prepared.visits[v].id for v in pair)
    return f"{by.label} does not hold for visits {one} and {other}."

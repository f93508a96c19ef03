"""The penalties of times and of rooms, as goals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from allocator.bench.common import all_rooms, placeable
from allocator.bench.itc2019.clauses import ticks
from allocator.bench.itc2019.tables import Tables, Vector
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs


class TimePenalty(Goal):
    """The penalty of the pattern in which a class meets."""

    name = "time_penalty"
    sentence = "Classes meet when it suits them."
    unit = "points"
    common = True

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.classes = tables.instance.classes

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the penalty of each class."""
        for visit, at in timetable.placed():
            penalty = self.classes[visit.index].times.get(at.start, 0)
            if penalty:
                yield Amount(penalty, visits=(visit.index,))

    def _by_tick(self, prepared: Prepared, visit: int) -> Vector:
        def compute() -> Vector:
            found = np.zeros(len(self.tables.patterns), dtype=np.int64)
            times = self.classes[visit].times
            found[list(times)] = list(times.values())
            return found

        return prepared.memo((self.name, visit), compute)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return the penalty of each pattern."""
        return self._by_tick(state.prepared, visit.index)[ticks]

    def express(self, model: Verbs) -> None:
        """Charge each pattern by its penalty."""
        for visit in placeable(model):
            some = ticks(model, visit)
            model.cost_by_start(visit, some, self._by_tick(model.prepared, visit)[some])


class RoomPenalty(Goal):
    """The penalty of the room in which a class meets."""

    name = "room_penalty"
    sentence = "Classes meet in rooms that suit them."
    unit = "points"
    common = True

    def __init__(self, tables: Tables) -> None:
        self.classes = tables.instance.classes

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: each has a penalty of its own."""
        return all_rooms(prepared)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the penalty of each class."""
        for visit, at in timetable.placed():
            (room,) = at.team[0]
            penalty = self.classes[visit.index].rooms.get(room, 0)
            if penalty:
                yield Amount(penalty, visits=(visit.index,), resources=(room,))

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return the penalty, whenever it is."""
        return self.classes[visit.index].rooms.get(resource, 0)

    def express(self, model: Verbs) -> None:
        """Charge each room that may be taken."""
        for visit in placeable(model):
            for room in model.choices(visit, 0):
                penalty = self.classes[visit].rooms.get(room, 0)
                if penalty:
                    model.cost(penalty * model.takes(visit, 0, room))

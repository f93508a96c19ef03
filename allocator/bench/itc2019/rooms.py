"""What a room allows: nothing while it is unavailable, and one class at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

import numpy as np

from allocator.bench.common import all_rooms, placeable
from allocator.bench.itc2019.clauses import conflicts
from allocator.bench.itc2019.instance import Pattern
from allocator.bench.itc2019.tables import Flags, Tables, columns
from allocator.prepare import masks
from allocator.prepare.masks import Mask, from_flags
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.rules.rule import EVERY, Rule, Violation, violation
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Literal, Verbs


def meet(one: Pattern, other: Pattern) -> bool:
    """Say whether two patterns have a slot of a day in common."""
    if not (one.days & other.days and one.weeks & other.weeks):
        return False
    return max(one.start, other.start) < min(one.end, other.end)


class RoomUnavailable(Rule):
    """No class meets in a room while that is unavailable."""

    name = "room_unavailable"
    sentence = "A room is free for classes only while it is available."

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.closed = [room.unavailable for room in tables.instance.rooms]

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: each is unavailable at times of its own."""
        return all_rooms(prepared)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield the classes that meet when their room is unavailable."""
        for visit, at in timetable.placed():
            (room,) = at.team[0]
            pattern = self.tables.patterns[at.start]
            if room < len(self.closed) and any(meet(pattern, one) for one in self.closed[room]):
                who = timetable.prepared.who(room)
                message = f"{who.capitalize()} is unavailable to visit {visit.id}."
                yield violation(self, timetable, message, [visit.index], [room])

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the patterns in which the room is available."""
        if resource >= len(self.closed):
            return EVERY
        return state.prepared.memo((self.name, resource), lambda: ~self._closed(resource))

    def _closed(self, room: int) -> Mask:
        tables, closed = self.tables, np.zeros(len(self.tables.patterns), dtype=bool)
        for one in self.closed[room]:
            some = (tables.days & one.days).astype(bool) & (tables.weeks & one.weeks).astype(bool)
            closed |= some & (tables.starts < one.end) & (one.start < tables.ends)
        return from_flags(closed)


class RoomTaken(Rule):
    """No two classes in one room overlap."""

    name = "room_taken"
    sentence = "A room has one class at a time."
    moving = True

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.nowhere = len(tables.instance.rooms)

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: which class is where matters."""
        return all_rooms(prepared)

    def violations(self, timetable: Timetable) -> Iterator[Violation]:
        """Yield pairs of classes that meet in one room at once."""
        prepared = timetable.prepared
        for room, claims in enumerate(timetable.claims[: self.nowhere]):
            for one, other in combinations(claims, 2):
                if meet(self.tables.patterns[one.first], self.tables.patterns[other.first]):
                    yield violation(
                        self,
                        timetable,
                        f"{prepared.who(room).capitalize()} has visits"
                        f" {prepared.visits[one.visit].id} and"
                        f" {prepared.visits[other.visit].id} at once.",
                        [one.visit, other.visit],
                        [room],
                    )

    def starts_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int
    ) -> Mask:
        """Return the patterns that overlap with nothing in the room."""
        if resource >= self.nowhere:
            return EVERY

        def compute() -> Mask:
            overlaps = self._overlaps(state.prepared)
            taken = 0
            for claim in state.claims[resource]:
                taken |= overlaps[claim.first]
            return ~taken

        return state.memo(resource, self.name, compute)

    def _overlapping(self) -> Flags:
        return self.tables.bad("NotOverlap")

    def _overlaps(self, prepared: Prepared) -> list[Mask]:
        return prepared.memo(self.name, lambda: columns(self._overlapping()))

    def constrain(self, model: Verbs) -> None:
        """Keep free classes from overlapping where they take one room.

        Of a few, each pair is told so; of many, each room is told that one class at most has it
        at a time, which says more at once but takes a literal for each room and pattern of each.
        """
        free = placeable(model)
        rooms = {v: frozenset(model.choices(v, 0)) - {self.nowhere} for v in free}
        products = sum(len(rooms[v]) * model.candidates(v).bit_count() for v in free)
        shared = {
            (one, other): both
            for one, other in combinations(free, 2)
            if (both := rooms[one] & rooms[other])
        }
        if sum(map(len, shared.values())) <= products:
            self._keep_apart(model, shared)
        else:
            self._have_one_at_a_time(model, {v: some for v, some in rooms.items() if some})

    def _keep_apart(self, model: Verbs, shared: Mapping[tuple[int, int], frozenset[int]]) -> None:
        """Let two classes in one room not overlap, pair by pair."""
        for (one, other), both in shared.items():
            overlaps = list(conflicts(model, one, other, self._overlapping()))
            if not overlaps:
                continue
            together = model.literal("together")
            for here, there in overlaps:
                model.forbid([together, model.at(one, here), model.at(other, there)])
            for room in sorted(both):
                model.imply([model.takes(one, 0, room), model.takes(other, 0, room)], together)

    def _have_one_at_a_time(self, model: Verbs, rooms: Mapping[int, frozenset[int]]) -> None:
        """Let each room have one class at most at any time, by room, class and pattern."""
        moments = self._moments(model, rooms)
        having: dict[tuple[int, int], list[Literal]] = {}
        for visit, some in rooms.items():
            starts = model.candidates(visit)
            mine = {n: here for n, moment in enumerate(moments) if (here := moment & starts)}
            parts = masks.classes(starts, dict.fromkeys(mine.values()))
            held = [[n for n, here in mine.items() if part & here] for part in parts]
            for room in sorted(some):
                takes = model.takes(visit, 0, room)
                has = [takes] if len(parts) == 1 else [model.literal("has") for _ in parts]
                for literal, numbers in zip(has, held, strict=True):
                    for n in numbers:
                        having.setdefault((room, n), []).append(literal)
                if len(parts) > 1:
                    model.equal(sum(has), takes)
                    for part, literal in zip(parts, has, strict=True):
                        model.imply([literal], model.at(visit, part))
        for literals in having.values():
            if len(literals) > 1:
                model.at_most(sum(literals), 1)

    def _moments(self, model: Verbs, visits: Iterable[int]) -> list[Mask]:
        """Return the largest sets of patterns of some classes that meet in one slot of a day."""
        either = 0
        for visit in visits:
            either |= model.candidates(visit)
        some = masks.ticks_of(either)
        tables, found = self.tables, set[Mask]()
        for cell in range(tables.cells.shape[1]):
            here = some[tables.cells[some, cell]]
            for start in np.unique(tables.starts[here]).tolist():
                meet = (tables.starts[here] <= start) & (start < tables.ends[here])
                found.add(masks.from_ticks(here[meet].tolist()))
        return [one for one in sorted(found) if not any(one | two == two != one for two in found)]

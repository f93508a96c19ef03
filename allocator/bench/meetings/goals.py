"""The example's soft constraints as goals. Meetings and requests have the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from allocator.bench.common import all_rooms, placeable
from allocator.bench.meetings.instance import Instance, Matrix
from allocator.bench.meetings.pairs import Vector, covered, pairs, placed
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.masks import ticks_of
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Verbs

#: Grains after the end of a meeting within which another counts as following it.
SOON = 2


class Overlaps(Goal):
    """Grains in which two meetings go on at once, weighed by pair or all alike."""

    unit = "grains"
    common = True
    weights: Matrix | None = None

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield what each pair of meetings overlaps."""
        some = sorted(timetable.placed(), key=lambda one: one[1].start)
        for place, (visit, at) in enumerate(some):
            for other, where in some[place + 1 :]:
                both = min(at.start + at.duration, where.start + where.duration) - where.start
                if both <= 0:
                    if where.start >= at.start + at.duration:
                        break
                    continue
                weight = 1 if self.weights is None else int(self.weights[visit.index, other.index])
                if weight:
                    yield Amount(weight * both, visits=(visit.index, other.index))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return what goes on during the visit, from each start."""
        sums = covered(state, visit, self.weights)
        return sums[ticks + variant.duration] - sums[ticks]

    def express(self, model: Verbs) -> None:
        """Charge what is fixed by the start, and each pair of free meetings."""
        charge_starts(self, model)
        for pair in pairs(model):
            weight = 1 if self.weights is None else int(self.weights[pair.one, pair.other])
            if weight:
                model.cost(weight * pair.overlap)


class OverlappingMeetings(Overlaps):
    """Grains in which any two meetings go on at once."""

    name = "overlapping_meetings"
    sentence = "Meetings do not overlap."


class MeetingsOfAPerson(Overlaps):
    """Grains that somebody would spend in two meetings, of which one could do without."""

    name = "meetings_of_a_person"
    sentence = "Whoever might come to two meetings can go from one to the other."

    def __init__(self, weights: Matrix) -> None:
        self.weights = weights


class AsSoonAsPossible(Goal):
    """The last grain of each meeting, counted from the first of all."""

    name = "as_soon_as_possible"
    sentence = "Meetings are held as soon as possible."
    unit = "grains"
    common = True

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the last grain of each meeting."""
        for visit, at in timetable.placed():
            yield Amount(at.start + at.duration - 1, visits=(visit.index,))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return the last grain from each start."""
        return ticks + (variant.duration - 1)

    def express(self, model: Verbs) -> None:
        """Charge the last grain."""
        charge_starts(self, model)


class BreakBetween(Goal):
    """Pairs of meetings, of whomever and wherever, of which one starts where the other ends."""

    name = "break_between"
    sentence = "Between two meetings there is a break."
    unit = "missing breaks"
    common = True

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield each pair without a break."""
        starting: dict[int, list[int]] = {}
        for visit, at in timetable.placed():
            starting.setdefault(at.start, []).append(visit.index)
        for visit, at in timetable.placed():
            for other in starting.get(at.start + at.duration, ()):
                yield Amount(1, visits=(visit.index, other))

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return how many meetings end at each start, or start at the end from there."""
        ending, starting = self._edges(state)
        return ending[ticks] + starting[ticks + variant.duration]

    def _edges(self, state: State) -> tuple[Vector, Vector]:
        def compute() -> tuple[Vector, Vector]:
            _, starts, ends, _ = placed(state)
            ticks = state.prepared.ticks + 1
            return np.bincount(ends, minlength=ticks), np.bincount(starts, minlength=ticks)

        return state.memo_of_all("meetings edges", compute)

    def express(self, model: Verbs) -> None:
        """Charge a pair unless it has a break, or overlaps, either way round."""
        charge_starts(self, model)
        for pair in pairs(model):
            for first, second in ((pair.one, pair.other), (pair.other, pair.one)):
                cost, before, after = (model.literal("break") for _ in range(3))
                model.at_most(model.end(first) + 1, model.start(second), when=[before])
                model.at_most(model.start(second) + 1, model.end(first), when=[after])
                pair.one_of([cost, before, after])
                model.cost(cost)


class LargerRooms(Goal):
    """Seats by which other rooms are larger than the one taken."""

    name = "larger_rooms"
    sentence = "The larger rooms are taken first."
    unit = "seats"
    common = True

    def __init__(self, seats: Sequence[int]) -> None:
        self.larger = [sum(max(0, other - one) for other in seats) for one in seats]

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: they have seats by their names."""
        return all_rooms(prepared)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the seats for each meeting."""
        first = first_room(timetable.prepared)
        for visit, at in timetable.placed():
            (room,) = at.team[0]
            yield Amount(self.larger[room - first], visits=(visit.index,), resources=(room,))

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return the seats, whenever it is."""
        return self.larger[resource - first_room(state.prepared)] if need == 0 else 0

    def express(self, model: Verbs) -> None:
        """Charge each room that may be taken."""
        first = first_room(model.prepared)
        for visit in model.free:
            for room in model.choices(visit.index, 0):
                model.cost(self.larger[room - first] * model.takes(visit.index, 0, room))


class RoomStability(Goal):
    """People who go to another room for a meeting that starts soon after they start another."""

    name = "room_stability"
    sentence = "Whoever goes from meeting to meeting stays in one room."
    unit = "changes of room"
    common = True

    def __init__(self, shared: Matrix) -> None:
        self.shared = shared

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: whether two uses are of the same one counts."""
        return all_rooms(prepared)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield each pair of meetings in different rooms that lie close together."""
        some = sorted(timetable.placed(), key=lambda one: one[1].start)
        for (visit, at), (other, where) in combinations(some, 2):
            soon = at.start < where.start <= at.start + at.duration + SOON
            people = int(self.shared[visit.index, other.index])
            if soon and people and at.team[0] != where.team[0]:
                yield Amount(people, visits=(visit.index, other.index))

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return the people who come from, or go to, another room."""
        if need:
            return 0
        numbers, starts, ends, taken = placed(state)
        people = self.shared[visit.index][numbers] * (taken != resource)
        some = np.flatnonzero(people)
        if not len(some):
            return 0
        starts, ends, people = starts[some], ends[some], people[some]
        size = state.prepared.ticks + variant.duration + 2 * SOON + 3
        edge = np.maximum(starts - variant.duration - SOON, 0)
        change = np.bincount(edge, people, size) - np.bincount(starts, people, size)
        change += np.bincount(starts + 1, people, size)
        change -= np.bincount(ends + SOON + 1, people, size)
        close: Vector = np.cumsum(change).astype(np.int64)
        return close[ticks]

    def express(self, model: Verbs) -> None:
        """Charge rooms by the start, and each pair of free meetings that lie close together."""
        for number in placeable(model):
            visit = model.prepared.visits[number]
            ticks = ticks_of(model.candidates(number))
            for room in model.choices(visit.index, 0):
                amounts = self.costs_with(model.state, visit, visit.variants[0], 0, room, ticks)
                if not isinstance(amounts, int):
                    takes = model.takes(visit.index, 0, room)
                    model.cost_by_start(visit.index, ticks, amounts, when=takes)
        for pair in pairs(model):
            people = int(self.shared[pair.one, pair.other])
            if not people:
                continue
            one, other = pair.one, pair.other
            cost, at_once, before, after = (model.literal("close") for _ in range(4))
            model.equal(model.start(one), model.start(other), when=[at_once])
            far = SOON + 1
            model.at_most(model.end(one) + far, model.start(other), when=[before])
            model.at_most(model.end(other) + far, model.start(one), when=[after])
            pair.one_of([cost, pair.together, at_once, before, after])
            model.cost(people * cost)


def first_room(prepared: Prepared) -> int:
    """Return the number of the first room as a resource."""
    return prepared.memo("first room", lambda: min(all_rooms(prepared)))


def charge_starts(goal: Goal, model: Verbs) -> None:
    """Charge what a goal costs by the start alone."""
    for number in placeable(model):
        visit, ticks = model.prepared.visits[number], ticks_of(model.candidates(number))
        amounts = goal.costs(model.state, visit, visit.variants[0], ticks)
        model.cost_by_start(number, ticks, np.broadcast_to(amounts, len(ticks)))


def goals_of(instance: Instance) -> tuple[Goal, ...]:
    """Return the soft constraints of an instance."""
    required, anyhow = instance.attendance()
    shared = anyhow @ anyhow.T
    return (
        MeetingsOfAPerson(shared - required @ required.T),
        AsSoonAsPossible(),
        BreakBetween(),
        OverlappingMeetings(),
        LargerRooms(instance.rooms),
        RoomStability(shared),
    )

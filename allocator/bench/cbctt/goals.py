"""The competition's soft constraints, formulation UD2, as goals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from allocator.bench.cbctt.instance import Instance
from allocator.bench.cbctt.problem import lecture_id, ticks_of_a_day
from allocator.bench.common import all_rooms, placeable
from allocator.goals.goal import Amount, Amounts, Goal, Ticks
from allocator.prepare.masks import flags, ticks_of
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.state.verbs import Expression, Verbs

Vector = npt.NDArray[np.int64]


class Courses:
    """Which visit is a lecture of which course, and what a course takes part in."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.curricula = instance.curricula_of()
        self.a_day = ticks_of_a_day(instance.periods)

    def visits(self, prepared: Prepared) -> list[list[int]]:
        """Return the visits of each course."""

        def compute() -> list[list[int]]:
            return [
                [
                    prepared.requests[prepared.request_index[lecture_id(number, n)]].visits[0]
                    for n in range(course.lectures)
                ]
                for number, course in enumerate(self.instance.courses)
            ]

        return prepared.memo("cbctt visits", compute)

    def of(self, prepared: Prepared) -> list[int]:
        """Return the course of each visit."""

        def compute() -> list[int]:
            found = [0] * len(prepared.visits)
            for course, visits in enumerate(self.visits(prepared)):
                for visit in visits:
                    found[visit] = course
            return found

        return prepared.memo("cbctt courses", compute)

    def room(self, prepared: Prepared, resource: int) -> int:
        """Return the room that a resource is."""
        return int(prepared.resources[resource].id.removeprefix("room "))


class OfCourses(Goal):
    """What is common to all goals of the set."""

    common = True

    def __init__(self, courses: Courses) -> None:
        self.courses = courses


class RoomCapacity(OfCourses):
    """Students of a lecture beyond the seats of its room."""

    name = "room_capacity"
    sentence = "The room has a seat for every student."
    unit = "seats short"

    def __init__(self, courses: Courses) -> None:
        super().__init__(courses)
        instance = courses.instance
        self.short = [
            [max(0, course.students - seats) for _, seats in instance.rooms]
            for course in instance.courses
        ]

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: they have seats by their names."""
        return all_rooms(prepared)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the seats short in each lecture."""
        prepared = timetable.prepared
        of = self.courses.of(prepared)
        for visit, at in timetable.placed():
            room = self.courses.room(prepared, at.team[0][0])
            yield Amount(self.short[of[visit.index]][room], visits=(visit.index,))

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return the seats short, whenever it is."""
        return self._short(state.prepared, visit.index, resource) if need == 0 else 0

    def _short(self, prepared: Prepared, visit: int, resource: int) -> int:
        course = self.courses.of(prepared)[visit]
        return self.short[course][self.courses.room(prepared, resource)]

    def express(self, model: Verbs) -> None:
        """Charge each room that may be taken."""
        for visit in model.free:
            for room in model.choices(visit.index, 0):
                short = self._short(model.prepared, visit.index, room)
                if short:
                    model.cost(short * model.takes(visit.index, 0, room))


class CourseRoomStability(OfCourses):
    """Rooms of a course beyond the first."""

    name = "course_room_stability"
    sentence = "All lectures of a course are in one room."
    unit = "further rooms"

    def tells_apart(self, prepared: Prepared) -> frozenset[int]:
        """Return all rooms: whether two uses are of the same one counts."""
        return all_rooms(prepared)

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the further rooms of each course."""
        for visits in self.courses.visits(timetable.prepared):
            placed = [v for v in visits if timetable.placements[v] is not None]
            used = {p.team[0][0] for v in placed if (p := timetable.placements[v])}
            if len(used) > 1:
                yield Amount(len(used) - 1, visits=tuple(placed))

    def _used(self, state: State, course: int) -> set[int]:
        """Return the rooms that a course has taken."""
        visits = self.courses.visits(state.prepared)[course]
        return {p.team[0][0] for v in visits if (p := state.placements[v])}

    def costs_with(
        self, state: State, visit: Visit, variant: Variant, need: int, resource: int, ticks: Ticks
    ) -> Amounts:
        """Return whether it is a further room."""
        if need:
            return 0
        used = self._used(state, self.courses.of(state.prepared)[visit.index])
        return int(bool(used) and resource not in used)

    def express(self, model: Verbs) -> None:
        """Charge each room that a course takes; the first is free, where none was taken yet."""
        for course, free in free_of(self.courses, model).items():
            used = self._used(model.state, course)
            choices = sorted({r for v in free for r in model.choices(v, 0)} - used)
            taken = [
                model.any_of(model.takes(v, 0, room) for v in free if room in model.choices(v, 0))
                for room in choices
            ]
            total = sum(taken)
            if used:
                model.cost(total)
            else:
                further = model.integer(0, len(choices), "further rooms")
                model.at_most(total - 1, further)
                model.cost(further)


class WorkingDays(OfCourses):
    """Days that a course lacks to be spread as it should be."""

    name = "working_days"
    sentence = "The lectures of a course are spread over so many days."
    unit = "days short"

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield the days that each course lacks."""
        for course, visits in enumerate(self.courses.visits(timetable.prepared)):
            placed = [v for v in visits if timetable.placements[v] is not None]
            days = {p.start // self.courses.a_day for v in placed if (p := timetable.placements[v])}
            short = self.courses.instance.courses[course].days - len(days)
            if short > 0:
                yield Amount(short, visits=tuple(placed))

    def _days(self, state: State, course: int) -> set[int]:
        visits = self.courses.visits(state.prepared)[course]
        return {p.start // self.courses.a_day for v in visits if (p := state.placements[v])}

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return -1 for a day that is new, where one was lacking."""
        course = self.courses.of(state.prepared)[visit.index]
        days = self._days(state, course)
        if len(days) >= self.courses.instance.courses[course].days:
            return 0
        new = np.ones(self.courses.instance.days, dtype=np.int64)
        new[list(days)] = 0
        return -new[ticks // self.courses.a_day]

    def express(self, model: Verbs) -> None:
        """Count the days that are new, as far as they were lacking."""
        for course, free in free_of(self.courses, model).items():
            known = self._days(model.state, course)
            short = self.courses.instance.courses[course].days - len(known)
            if short <= 0:
                continue
            by_day: dict[int, list[object]] = {}
            for visit in free:
                for day, literal in model.days(visit).items():
                    by_day.setdefault(day - first_day(model.prepared), []).append(literal)
            new = sum(model.any_of(some) for day, some in by_day.items() if day not in known)
            gained = model.integer(0, short, "days gained")
            model.at_most(gained, new)
            model.cost(-1 * gained)


class CurriculumCompactness(OfCourses):
    """Lectures of a curriculum without another one right before or after it on that day."""

    name = "curriculum_compactness"
    sentence = "The lectures of a curriculum follow each other."
    unit = "isolated lectures"

    def score(self, timetable: Timetable) -> Iterator[Amount]:
        """Yield each isolated lecture of each curriculum."""
        visits = self.courses.visits(timetable.prepared)
        for _, courses in self.courses.instance.curricula:
            at = {p.start: v for c in courses for v in visits[c] if (p := timetable.placements[v])}
            for tick, visit in at.items():
                if not any(near in at for near in self._beside(tick)):
                    yield Amount(1, visits=(visit,))

    def _beside(self, tick: int) -> list[int]:
        """Return the ticks before and after one, as far as they are on its day."""
        a_day = self.courses.a_day
        return [near for near in (tick - 1, tick + 1) if near // a_day == tick // a_day]

    def _resource(self, prepared: Prepared, curriculum: int) -> int:
        """Return the resource that a curriculum is: its lectures take its time."""

        def compute() -> list[int]:
            names = [name for name, _ in self.courses.instance.curricula]
            return [prepared.resource_index[f"curriculum {name}"] for name in names]

        return prepared.memo("cbctt curricula", compute)[curriculum]

    def _taught(self, state: State, curriculum: int) -> Vector:
        """Return by tick whether a curriculum has a lecture."""
        busy = state.busy(self._resource(state.prepared, curriculum))
        return flags(busy, state.prepared.ticks).astype(np.int64)

    def costs(self, state: State, visit: Visit, variant: Variant, ticks: Ticks) -> Amounts:
        """Return at each start who is isolated more, and whose neighbour is so no more."""
        total = np.zeros(len(ticks), dtype=np.int64)
        for curriculum in self.courses.curricula[self.courses.of(state.prepared)[visit.index]]:
            total += self._added(state, curriculum)[ticks]
        return total

    def _added(self, state: State, curriculum: int) -> Vector:
        def compute() -> Vector:
            a_day = self.courses.a_day
            taught = self._taught(state, curriculum).reshape(-1, a_day)
            near = np.zeros((len(taught), a_day + 4), dtype=np.int64)
            near[:, 2:-2] = taught
            before, after = near[:, 1:-3], near[:, 3:-1]
            alone = 1 - np.maximum(before, after)
            joined = before * (1 - near[:, :-4]) + after * (1 - near[:, 4:])
            return (alone - joined).ravel()

        return state.memo(self._resource(state.prepared, curriculum), "cbctt compact", compute)

    def express(self, model: Verbs) -> None:
        """Charge a tick in which a curriculum has a lecture and beside which it has none."""
        curricula: dict[int, list[int]] = {}
        for course, free in free_of(self.courses, model).items():
            for curriculum in self.courses.curricula[course]:
                curricula.setdefault(curriculum, []).extend(free)
        for curriculum, free in sorted(curricula.items()):
            fixed = self._taught(model.state, curriculum)
            taught: dict[int, Expression] = {n: int(some) for n, some in enumerate(fixed)}
            touched: set[int] = set()
            for visit in free:
                for tick in ticks_of(model.candidates(visit)).tolist():
                    taught[tick] = taught[tick] + model.at(visit, 1 << tick)
                    touched.update((tick, *self._beside(tick)))
            for tick in sorted(touched):
                beside = sum(taught[near] for near in self._beside(tick))
                if isinstance(taught[tick], int) and not taught[tick]:
                    continue
                isolated = model.integer(0, 1, "isolated")
                model.at_most(taught[tick] - beside, isolated)
                was = fixed[tick] and not any(fixed[near] for near in self._beside(tick))
                model.cost(isolated - int(was))


def free_of(courses: Courses, model: Verbs) -> dict[int, list[int]]:
    """Return the free lectures that can be placed, by course."""
    of = courses.of(model.prepared)
    found: dict[int, list[int]] = {}
    for visit in placeable(model):
        found.setdefault(of[visit], []).append(visit)
    return found


def first_day(prepared: Prepared) -> int:
    """Return the number of the first day, as clocks count them."""
    return int(prepared.visits[0].clock.day_of[0])


def goals_of(instance: Instance) -> Sequence[Goal]:
    """Return the soft constraints of an instance."""
    courses = Courses(instance)
    return (
        RoomCapacity(courses),
        WorkingDays(courses),
        CurriculumCompactness(courses),
        CourseRoomStability(courses),
    )

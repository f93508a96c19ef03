"""The competition's rules, formulation UD2, counted from a schedule's times and names alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from allocator.bench.case import PARTS, Scored
from allocator.bench.cbctt.instance import Instance
from allocator.domain.schedule import Schedule

ZERO = datetime(2026, 3, 2, tzinfo=UTC)


class Taught(NamedTuple):
    """A lecture by its course, its day and period, and its room."""

    course: int
    day: int
    period: int
    room: int


def score(instance: Instance, schedule: Schedule | None) -> Scored:
    """Count what a schedule breaks, and its penalty.

    Parameters
    ----------
    instance
        What was to be taught.
    schedule
        When and where it is, or None.
    """
    lectures = list(_taught(schedule)) if schedule is not None else []
    missing = list(_missing(instance, lectures))
    return Scored(
        {"taught": PARTS * len(missing), "penalty": _penalty(instance, lectures)},
        (*missing, *_broken(instance, lectures)),
    )


def _taught(schedule: Schedule) -> Iterator[Taught]:
    for one in schedule.assignments:
        _, course, *_ = one.visit.split()
        since = one.start - ZERO
        period = (since - timedelta(days=since.days)) // (one.end - one.start)
        (room,) = one.filling("room")
        yield Taught(int(course), since.days, period, int(room.split()[1]))


def _missing(instance: Instance, lectures: list[Taught]) -> Iterator[str]:
    """Yield the lectures that are not taught."""
    counts = Counter(one.course for one in lectures)
    for number, course in enumerate(instance.courses):
        for n in range(counts[number], course.lectures):
            yield f"Course {course.name} is not taught lecture {n + 1} of {course.lectures}."


def _broken(instance: Instance, lectures: list[Taught]) -> Iterator[str]:
    """Yield what breaks a hard constraint."""
    taken: set[tuple[str, int, int]] = set()
    curricula = instance.curricula_of()
    for one in lectures:
        course = instance.courses[one.course]
        when = f"on day {one.day}, period {one.period}"
        if not (one.day < instance.days and one.period < instance.periods):
            yield f"Course {course.name} is taught outside the week: {when}."
        if one.day * instance.periods + one.period in instance.unavailable[one.course]:
            yield f"Course {course.name} cannot be taught {when}."
        for what in (
            f"Room {instance.rooms[one.room][0]}",
            f"Course {course.name}",
            f"Teacher {course.teacher}",
            *(f"Curriculum {instance.curricula[q][0]}" for q in curricula[one.course]),
        ):
            if (what, one.day, one.period) in taken:
                yield f"{what} has two lectures {when}."
            taken.add((what, one.day, one.period))


def _penalty(instance: Instance, lectures: list[Taught]) -> int:
    penalty = 0
    days, rooms = defaultdict(set), defaultdict(set)
    for one in lectures:
        penalty += max(0, instance.courses[one.course].students - instance.rooms[one.room][1])
        days[one.course].add(one.day)
        rooms[one.course].add(one.room)
    for number, course in enumerate(instance.courses):
        penalty += 5 * max(0, course.days - len(days[number]))
        penalty += max(0, len(rooms[number]) - 1)
    for _, courses in instance.curricula:
        at = {(one.day, one.period) for one in lectures if one.course in courses}
        for day, period in at:
            if (day, period - 1) not in at and (day, period + 1) not in at:
                penalty += 2
    return penalty

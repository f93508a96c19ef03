"""Course timetabling as a problem: each lecture is a request of one visit of one tick.

A tick is a period; each takes its share of a day. Teachers and curricula are resources that
attend, so that neither is in two lectures at once. Whatever is soft is a goal of the set.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from allocator.bench.cbctt.instance import Instance
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import MINUTES_PER_DAY, Horizon, Span

FIRST = date(2026, 3, 2)

LEVELS = (
    Level(name="taught", goals=(("served:1", 1),)),
    Level(
        name="penalty",
        goals=(
            ("room_capacity", 1),
            ("working_days", 5),
            ("curriculum_compactness", 2),
            ("course_room_stability", 1),
        ),
    ),
)


def ticks_of_a_day(periods: int) -> int:
    """Return how many ticks a day has: as many as periods, or the next number that divides it."""
    return next(n for n in range(periods, MINUTES_PER_DAY + 1) if MINUTES_PER_DAY % n == 0)


def lecture_id(course: int, lecture: int) -> str:
    """Return the name of a lecture; names sort as numbers do."""
    return f"course {course:04} lecture {lecture:02}"


def room_id(number: int) -> str:
    """Return the name of a room; names sort as numbers do."""
    return f"room {number:03}"


def problem_of(instance: Instance) -> Problem:
    """Say an instance as a problem."""
    a_day = ticks_of_a_day(instance.periods)
    grain = MINUTES_PER_DAY // a_day
    horizon = Horizon(first=FIRST, days=instance.days, zone="UTC", grain_minutes=grain)
    teachers = sorted({course.teacher for course in instance.courses})
    curricula = instance.curricula_of()

    def windows(course: int) -> Iterator[Span]:
        for period in range(instance.days * instance.periods):
            if period not in instance.unavailable[course]:
                tick = period // instance.periods * a_day + period % instance.periods
                yield Span(start=horizon.instant(tick), end=horizon.instant(tick + 1))

    return Problem(
        name=instance.name,
        horizon=horizon,
        resources=(
            *(Resource(id=room_id(n), kind="room") for n in range(len(instance.rooms))),
            *(Resource(id=f"teacher {name}", kind="teacher") for name in teachers),
            *(
                Resource(id=f"curriculum {name}", kind="curriculum")
                for name, _ in instance.curricula
            ),
        ),
        services=(
            Service(
                id="lecture",
                minutes=grain,
                needs=(Need(role="room", alternatives=(Selector(kind="room"),)),),
            ),
        ),
        requests=tuple(
            Request(
                id=lecture_id(number, lecture),
                steps=(Step(service="lecture"),),
                attendees=(
                    Attendee(resource=f"teacher {course.teacher}"),
                    *(
                        Attendee(resource=f"curriculum {instance.curricula[q][0]}")
                        for q in curricula[number]
                    ),
                ),
                windows=tuple(windows(number)),
                priority=1,
                label=f"{course.name}, lecture {lecture + 1}",
            )
            for number, course in enumerate(instance.courses)
            for lecture in range(course.lectures)
        ),
        levels=LEVELS,
    )

"""Schedules to draw: of any number of resources, made without a solver."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tiny import at, calendar, need, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule

MINUTES = 45


def clinic(resources: int, days: int = 5, each: int = 6, **more: Any) -> tuple[Problem, Schedule]:
    """Return a clinic of so many resources, two in three practitioners, with a full schedule.

    Every practitioner has ``each`` visits a day from 8 o'clock on, an hour apart; each is held in
    a room, if there are any.
    """
    rooms = resources // 3
    staff = [f"p{n}" for n in range(1, resources - rooms + 1)]
    visits = [
        (f"{who}-{day + 1}.{number + 1}", who, at(day, 8 + number))
        for who in staff
        for day in range(days)
        for number in range(each)
    ]
    things = [practitioner(who, name=f"Practitioner {who[1:]} (speech)") for who in staff]
    things += [room(f"r{n}", name=f"Room {n}", lanes=3) for n in range(1, rooms + 1)]
    needs = (need(), need("room")) if rooms else (need(),)
    some = problem(
        *(request(name) for name, _, _ in visits),
        **{
            "days": days,
            "grain": 15,
            "resources": tuple(things),
            "services": (service(minutes=MINUTES, needs=needs),) if staff else (),
            "calendars": (calendar("day", 8, 18),),
            "name": "clinic",
            **more,
        },
    )
    placed = []
    for name, who, start in visits:
        roles: list[tuple[str, tuple[str, ...]]] = [("practitioner", (who,))]
        if rooms:
            roles.append(("room", (f"r{int(who[1:]) % rooms + 1}",)))
        end = start + timedelta(minutes=MINUTES)
        placed.append(Assignment(visit=name, start=start, end=end, resources=tuple(roles)))
    return some, Schedule(assignments=tuple(placed))


def bookings(schedule: Schedule, first_day: int = 0, days: int = 7) -> set[tuple[str, str]]:
    """Return each pair of a visit and one of its resources, of some days from the Monday on."""
    return {
        (assignment.visit, resource)
        for assignment in schedule.assignments
        if at(first_day, 0) <= assignment.start < at(first_day + days, 0)
        for resource in assignment.everyone()
    }

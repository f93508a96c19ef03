"""An instance of meetings as a problem: each meeting is a request of one visit.

A tick is a grain, counted as if lunches and nights were not there, since neighbours count as such
across them; that a meeting ends on the day it starts is a rule of the set.
Who only might come takes no time here: what that costs is a goal of the set.
"""

from __future__ import annotations

from datetime import date

from allocator.bench.meetings.instance import Instance
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import MINUTES_PER_DAY, Horizon

GRAIN = 15
FIRST = date(2022, 1, 3)
ROOM = "room"

LEVELS = (
    Level(name="held", goals=(("served:1", 1),)),
    Level(name="medium", goals=(("meetings_of_a_person", 1),)),
    Level(
        name="soft",
        goals=(
            ("as_soon_as_possible", 1),
            ("break_between", 100),
            ("overlapping_meetings", 10),
            ("larger_rooms", 1),
            ("room_stability", 1),
        ),
    ),
)


def room_id(number: int) -> str:
    """Return the name of a room; names sort as numbers do."""
    return f"room {number:03}"


def person_id(number: int) -> str:
    """Return the name of a person; names sort as numbers do."""
    return f"person {number:04}"


def meeting_id(number: int) -> str:
    """Return the name of a meeting; names sort as numbers do."""
    return f"meeting {number:05}"


def problem_of(instance: Instance) -> Problem:
    """Say an instance as a problem."""
    grains = len(instance.day_of)
    horizon = Horizon(
        first=FIRST,
        days=-(-grains * GRAIN // MINUTES_PER_DAY),
        zone="UTC",
        grain_minutes=GRAIN,
    )
    services: dict[str, Service] = {}
    requests = []
    for number, meeting in enumerate(instance.meetings):
        rooms = frozenset(
            room_id(n) for n, seats in enumerate(instance.rooms) if seats >= meeting.seats
        )
        name = f"{meeting.grains} grains, {len(rooms)} rooms"
        services[name] = Service(
            id=name,
            minutes=GRAIN * meeting.grains,
            needs=(Need(role=ROOM, alternatives=(Selector(names=rooms),)),),
        )
        requests.append(
            Request(
                id=meeting_id(number),
                steps=(Step(service=name),),
                attendees=tuple(Attendee(resource=person_id(p)) for p in meeting.required),
                priority=1,
                label=meeting.topic,
            )
        )
    return Problem(
        name=instance.name,
        horizon=horizon,
        resources=(
            *(Resource(id=room_id(n), kind="room") for n in range(len(instance.rooms))),
            *(Resource(id=person_id(n), kind="person") for n in range(instance.persons)),
        ),
        services=tuple(services.values()),
        requests=tuple(requests),
        levels=LEVELS,
    )

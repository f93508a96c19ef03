"""An instance of ITC 2019 as a problem: each class is a request of one visit of one tick.

A tick is no stretch of time here but a pattern: a way to meet over the whole term. Which patterns
meet each other, and where that matters, is said by rules and goals of the set: the library's own
rule of capacity, which knows ticks alone, is out of force. Patterns on the same days are
neighbours, so what lies near each other in ticks has to do with each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from allocator.bench.itc2019.instance import Class, Instance
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import Request, Step
from allocator.domain.resource import Resource
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import MINUTES_PER_DAY, Horizon, Span

FIRST = date(2026, 3, 2)
GRAIN = 15
A_DAY = MINUTES_PER_DAY // GRAIN
ROOM = "room"
#: The room of classes that need none: it holds any number of them, and is near everything. With it
#: every class has one room, and rules and goals need no case for those without.
NOWHERE = "room none"


def room_id(number: int) -> str:
    """Return the name of a room; names sort as numbers do, and before the room that is none."""
    return f"room {number:05}"


def class_id(number: int) -> str:
    """Return the name of a class; names sort as numbers do."""
    return f"class {number:05}"


def rooms_of(instance: Instance, one: Class) -> tuple[int, ...]:
    """Return the numbers of the rooms that a class may take; none has the number after the last."""
    return tuple(one.rooms) or (len(instance.rooms),)


def levels_of(instance: Instance) -> tuple[Level, ...]:
    """Return the levels: first all classes are placed, then the penalty is small."""
    weights = instance.weights
    return (
        Level(name="placed", goals=(("served:1", 1),)),
        Level(
            name="penalty",
            goals=(
                ("time_penalty", weights.time),
                ("room_penalty", weights.room),
                ("missed_in_time", weights.distribution),
                ("missed_in_room", weights.distribution),
                ("days_beyond", weights.distribution),
                ("load_beyond", weights.distribution),
                ("breaks_beyond", weights.distribution),
                ("blocks_beyond", weights.distribution),
            ),
        ),
    )


def problem_of(instance: Instance) -> Problem:
    """Say an instance as a problem."""
    days = -(-max(1, len(instance.patterns)) // A_DAY)
    horizon = Horizon(first=FIRST, days=days, zone="UTC", grain_minutes=GRAIN)
    sets = list(dict.fromkeys(rooms_of(instance, one) for one in instance.classes))
    services = {some: f"class in {n:04}" for n, some in enumerate(sets)}
    names = [*map(room_id, range(len(instance.rooms))), NOWHERE]
    return Problem(
        name=instance.name,
        horizon=horizon,
        resources=(
            *(
                Resource(id=room_id(n), kind=ROOM, name=f"room {room.id}")
                for n, room in enumerate(instance.rooms)
            ),
            Resource(id=NOWHERE, kind=ROOM),
        ),
        services=tuple(
            Service(
                id=name,
                minutes=GRAIN,
                needs=(
                    Need(
                        role=ROOM, alternatives=(Selector(names=frozenset(names[n] for n in some)),)
                    ),
                ),
            )
            for some, name in services.items()
        ),
        requests=tuple(
            Request(
                id=class_id(number),
                steps=(Step(service=services[rooms_of(instance, one)]),),
                windows=tuple(_windows(horizon, one)),
                priority=1,
                label=f"class {one.id}",
            )
            for number, one in enumerate(instance.classes)
        ),
        levels=levels_of(instance),
        without_rules=frozenset({"capacity"}),
    )


def _windows(horizon: Horizon, one: Class) -> Iterator[Span]:
    """Yield the stretches of ticks that a class may have."""
    ticks = sorted(one.times)
    first = 0
    for place, tick in enumerate(ticks):
        if place + 1 == len(ticks) or ticks[place + 1] != tick + 1:
            yield Span(start=horizon.instant(ticks[first]), end=horizon.instant(tick + 1))
            first = place + 1

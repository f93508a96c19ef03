"""The example's own constraints, counted from a schedule's times and names alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from allocator.bench.case import PARTS, Scored
from allocator.bench.meetings.instance import Instance
from allocator.domain.schedule import Schedule

#: When grain 0 starts, and how long each is.
ZERO = datetime(2022, 1, 3, tzinfo=UTC)
GRAIN = timedelta(minutes=15)


class Held(NamedTuple):
    """A meeting by its grains, end exclusive, and its room."""

    number: int
    start: int
    end: int
    room: int


def score(instance: Instance, schedule: Schedule | None) -> Scored:
    """Count the constraints of an instance.

    Parameters
    ----------
    instance
        What was to be held.
    schedule
        Where it is held, or None.
    """
    held = list(_held(schedule)) if schedule is not None else []
    missing = sorted(set(range(len(instance.meetings))) - {one.number for one in held})
    broken = (
        *(f"Meeting {number} is not held." for number in missing),
        *_broken(instance, held),
    )
    return Scored({"held": PARTS * len(missing), **_soft(instance, held)}, broken)


def _held(schedule: Schedule) -> Iterator[Held]:
    for one in schedule.assignments:
        yield Held(
            int(one.visit.split("/")[0].removeprefix("meeting ")),
            (one.start - ZERO) // GRAIN,
            (one.end - ZERO) // GRAIN,
            int(one.filling("room")[0].removeprefix("room ")),
        )


def _overlap(one: Held, other: Held) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def _broken(instance: Instance, held: list[Held]) -> Iterator[str]:
    """Yield what breaks a hard constraint."""
    for one in held:
        meeting = instance.meetings[one.number]
        if one.end - one.start != meeting.grains:
            yield f"Meeting {one.number} lasts {one.end - one.start}, not {meeting.grains} grains."
        if one.start < 0 or one.end > len(instance.day_of):
            yield f"Meeting {one.number} ends after grain {len(instance.day_of)}: at {one.end}."
        elif instance.day_of[one.start] != instance.day_of[one.end - 1]:
            yield f"Meeting {one.number} ends on another day than it starts."
        if meeting.seats > instance.rooms[one.room]:
            yield (
                f"Meeting {one.number} needs {meeting.seats} seats; room {one.room} holds"
                f" {instance.rooms[one.room]}."
            )
    for one, other in _pairs(held):
        if _overlap(one, other):
            if one.room == other.room:
                yield f"Meetings {one.number} and {other.number} overlap in room {one.room}."
            both = set(instance.meetings[one.number].required)
            for person in both.intersection(instance.meetings[other.number].required):
                yield f"Person {person} must be in meetings {one.number} and {other.number}."


def _pairs(held: list[Held]) -> Iterator[tuple[Held, Held]]:
    for place, one in enumerate(held):
        for other in held[place + 1 :]:
            yield one, other


def _soft(instance: Instance, held: list[Held]) -> dict[str, int]:
    medium = soft = 0
    for one in held:
        soft += one.end - 1
        soft += sum(max(0, seats - instance.rooms[one.room]) for seats in instance.rooms)
    for one, other in _pairs(held):
        mine, yours = instance.meetings[one.number], instance.meetings[other.number]
        shared = {*mine.required, *mine.preferred} & {*yours.required, *yours.preferred}
        needed = set(mine.required) & set(yours.required)
        overlap = _overlap(one, other)
        medium += overlap * len(shared - needed)
        soft += 10 * overlap
        soft += 100 * ((one.end == other.start) + (other.end == one.start))
        first, second = sorted((one, other), key=lambda some: some.start)
        soon = first.start < second.start <= first.end + 2
        if soon and first.room != second.room:
            soft += len(shared)
    return {"medium": medium, "soft": soft}

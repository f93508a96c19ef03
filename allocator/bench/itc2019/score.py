"""The competition's rules, counted from a schedule's times and names alone.

Written from https://www.itc2019.org/format; each kind of distribution is the formula there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from allocator.bench.case import PARTS, Scored
from allocator.bench.itc2019.instance import Distribution, Instance, Pattern, Room
from allocator.domain.schedule import Schedule

ZERO = datetime(2026, 3, 2, tzinfo=UTC)


class Taught(NamedTuple):
    """A class by its number, when it meets, and the number of its room, or None."""

    number: int
    time: int
    at: Pattern
    room: int | None


def score(instance: Instance, schedule: Schedule | None) -> Scored:
    """Count what a schedule breaks, and its penalty.

    Parameters
    ----------
    instance
        What was to be placed.
    schedule
        When and where it is, or None.
    """
    taught = {one.number: one for one in _taught(instance, schedule)}
    missing = [
        f"Class {one.id} is not placed."
        for number, one in enumerate(instance.classes)
        if number not in taught
    ]
    weights, penalty = instance.weights, 0
    broken = [*missing, *_outside(instance, taught), *_clashes(instance, taught)]
    for one in taught.values():
        known = instance.classes[one.number]
        penalty += weights.time * known.times.get(one.time, 0)
        if one.room is not None:
            penalty += weights.room * known.rooms.get(one.room, 0)
    for asked in instance.distributions:
        some = [taught[number] for number in asked.classes if number in taught]
        missed = missed_of(instance, asked, some)
        if asked.penalty is not None:
            penalty += weights.distribution * missed
        elif missed:
            broken.append(f"{asked.label} of {_ids(instance, asked)} is missed {missed} times.")
    return Scored({"placed": PARTS * len(missing), "penalty": penalty}, tuple(broken))


def _ids(instance: Instance, asked: Distribution) -> str:
    return "classes " + ", ".join(instance.classes[number].id for number in asked.classes)


def _taught(instance: Instance, schedule: Schedule | None) -> Iterator[Taught]:
    for one in schedule.assignments if schedule is not None else ():
        time = (one.start - ZERO) // timedelta(minutes=15)
        (room,) = one.filling("room")
        where = None if room == "room none" else int(room.removeprefix("room "))
        number = int(one.visit.removeprefix("class "))
        yield Taught(number, time, instance.patterns[time], where)


def _outside(instance: Instance, taught: dict[int, Taught]) -> Iterator[str]:
    for one in taught.values():
        known = instance.classes[one.number]
        if one.time not in known.times:
            yield f"Class {known.id} cannot meet in pattern {one.time}."
        if known.rooms if one.room is None else one.room not in known.rooms:
            yield f"Class {known.id} cannot meet in room {one.room}."


def _clashes(instance: Instance, taught: dict[int, Taught]) -> Iterator[str]:
    rooms: dict[int, list[Taught]] = {}
    for one in taught.values():
        if one.room is not None:
            rooms.setdefault(one.room, []).append(one)
    for room, some in rooms.items():
        id = instance.rooms[room].id
        for one in some:
            name = instance.classes[one.number].id
            if any(overlap(one.at, closed) for closed in instance.rooms[room].unavailable):
                yield f"Room {id} is unavailable to class {name}."
        for one, other in combinations(some, 2):
            if overlap(one.at, other.at):
                names = [instance.classes[c.number].id for c in (one, other)]
                yield f"Room {id} has classes {names[0]} and {names[1]} at once."


def share(one: Pattern, other: Pattern) -> bool:
    """Say whether two classes meet on a common day of a common week."""
    return bool(one.days & other.days and one.weeks & other.weeks)


def overlap(one: Pattern, other: Pattern) -> bool:
    """Say whether two classes meet at the same time."""
    return share(one, other) and one.start < other.end and other.start < one.end


def missed_of(instance: Instance, asked: Distribution, some: list[Taught]) -> int:
    """Return what a distribution costs; of one that is required, what is more than 0 is wrong."""
    each = 1 if asked.penalty is None else asked.penalty
    if asked.kind not in ("MaxDays", "MaxDayLoad", "MaxBreaks", "MaxBlock"):
        bad = (1 for a, b in combinations(some, 2) if not holds(instance.rooms, asked, a, b))
        return each * sum(bad)
    most = asked.numbers[0]
    if asked.kind == "MaxDays":
        used = 0
        for one in some:
            used |= one.at.days
        return each * max(0, used.bit_count() - most)
    over = 0
    for week in range(instance.weeks):
        for day in range(instance.days):
            at = [t.at for t in some if t.at.weeks >> week & 1 and t.at.days >> day & 1]
            if asked.kind == "MaxDayLoad":
                over += max(0, sum(one.length for one in at) - most)
                continue
            blocks = merged(at, asked.numbers[1])
            if asked.kind == "MaxBreaks":
                over += max(0, len(blocks) - most - 1)
            else:
                over += sum(many > 1 and end - start > most for start, end, many in blocks)
    return over if asked.penalty is None else each * over // instance.weeks


def merged(some: list[Pattern], apart: int) -> list[tuple[int, int, int]]:
    """Return the blocks of a day, no further apart than that: starts, ends, how many classes."""
    blocks: list[tuple[int, int, int]] = []
    for one in sorted(some, key=lambda pattern: pattern.start):
        if blocks and blocks[-1][1] + apart >= one.start:
            start, end, many = blocks.pop()
            blocks.append((start, max(end, one.end), many + 1))
        else:
            blocks.append((one.start, one.end, 1))
    return blocks


def holds(rooms: tuple[Room, ...], asked: Distribution, one: Taught, other: Taught) -> bool:
    """Say whether two classes, in the order of the distribution, are as it asks."""
    a, b = one.at, other.at
    together = share(a, b)
    match asked.kind:
        case "SameStart":
            return a.start == b.start
        case "SameTime":
            return (a.start <= b.start and b.end <= a.end) or (
                b.start <= a.start and a.end <= b.end
            )
        case "DifferentTime":
            return a.end <= b.start or b.end <= a.start
        case "SameDays":
            return a.days | b.days in (a.days, b.days)
        case "DifferentDays":
            return not a.days & b.days
        case "SameWeeks":
            return a.weeks | b.weeks in (a.weeks, b.weeks)
        case "DifferentWeeks":
            return not a.weeks & b.weeks
        case "Overlap":
            return overlap(a, b)
        case "NotOverlap":
            return not overlap(a, b)
        case "SameRoom":
            return one.room == other.room
        case "DifferentRoom":
            return one.room != other.room
        case "SameAttendees":
            both = one.room is not None and other.room is not None
            way = rooms[one.room].travel[other.room] if both else 0  # type: ignore[index]
            return not together or a.end + way <= b.start or b.end + way <= a.start
        case "Precedence":
            return (_first(a.weeks), _first(a.days)) < (_first(b.weeks), _first(b.days)) or (
                (_first(a.weeks), _first(a.days)) == (_first(b.weeks), _first(b.days))
                and a.end <= b.start
            )
        case "WorkDay":
            return not together or max(a.end, b.end) - min(a.start, b.start) <= asked.numbers[0]
        case "MinGap":
            gap = asked.numbers[0]
            return not together or a.end + gap <= b.start or b.end + gap <= a.start
    raise ValueError(f"there is no kind {asked.kind}")


def _first(bits: int) -> int:
    return (bits & -bits).bit_length()

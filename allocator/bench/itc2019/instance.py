"""An instance of the International Timetabling Competition 2019, without its students."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

#: Kinds of distribution, each with how many numbers stand behind its name in parentheses.
KINDS = {
    "SameStart": 0,
    "SameTime": 0,
    "DifferentTime": 0,
    "SameDays": 0,
    "DifferentDays": 0,
    "SameWeeks": 0,
    "DifferentWeeks": 0,
    "Overlap": 0,
    "NotOverlap": 0,
    "SameRoom": 0,
    "DifferentRoom": 0,
    "SameAttendees": 0,
    "Precedence": 0,
    "WorkDay": 1,
    "MinGap": 1,
    "MaxDays": 1,
    "MaxDayLoad": 1,
    "MaxBreaks": 2,
    "MaxBlock": 2,
}


class Pattern(NamedTuple):
    """When a class meets: on which days of which weeks, and from which slot for how many.

    Attributes
    ----------
    days, weeks
        Bit n is set for day n of the week, and for week n: both count from 0.
    start, length
        In slots from midnight.
    """

    days: int
    start: int
    length: int
    weeks: int

    @property
    def end(self) -> int:
        """The slot after the last."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Room:
    """A room.

    Attributes
    ----------
    id
        Its name in the file.
    travel
        Slots that it takes to get from here to each room, by number.
    unavailable
        When nothing can be there.
    """

    id: str
    travel: tuple[int, ...]
    unavailable: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Class:
    """A class, which meets in one of its patterns and in one of its rooms.

    Attributes
    ----------
    id
        Its name in the file.
    times
        The penalty of each pattern, by the pattern's number.
    rooms
        The penalty of each room, by the room's number; empty where it needs none.
    """

    id: str
    times: dict[int, int]
    rooms: dict[int, int]


@dataclass(frozen=True, slots=True)
class Distribution:
    """What some classes ask of each other.

    Attributes
    ----------
    kind, numbers
        One of ``KINDS``, and the numbers behind its name.
    penalty
        What missing it costs; None where it must not be missed.
    classes
        Their numbers, in the order of the file.
    """

    kind: str
    numbers: tuple[int, ...]
    penalty: int | None
    classes: tuple[int, ...]

    @property
    def label(self) -> str:
        """Its kind with its numbers, as the file has it."""
        return f"{self.kind}({','.join(map(str, self.numbers))})" if self.numbers else self.kind


@dataclass(frozen=True, slots=True)
class Weights:
    """What one point of each sum of penalties weighs."""

    time: int
    room: int
    distribution: int


@dataclass(frozen=True, slots=True)
class Instance:
    """Classes, the patterns and rooms that they may have, and what they ask of each other.

    Attributes
    ----------
    name
        Of the instance.
    days, slots, weeks
        Days of a week, slots of a day, weeks of the term.
    weights
        Of the parts of the penalty.
    patterns
        Each pattern that any class may have, once; those that are alike lie together.
    rooms, classes, distributions
        In the order of the file.
    """

    name: str
    days: int
    slots: int
    weeks: int
    weights: Weights
    patterns: tuple[Pattern, ...]
    rooms: tuple[Room, ...]
    classes: tuple[Class, ...]
    distributions: tuple[Distribution, ...]

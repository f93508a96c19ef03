"""What any two patterns have to do with each other, as tables over pairs of ticks."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from allocator.bench.itc2019.instance import Instance, Pattern
from allocator.bench.itc2019.problem import A_DAY
from allocator.prepare.masks import Mask

Vector = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: The gap of patterns that never meet on one day.
FAR = 2**30
#: Kinds of which it matters which class comes first in the file.
ORDERED = ("Precedence",)
#: No pattern at all: what the ticks after the last pattern are.
NEVER = Pattern(0, 0, 0, 0)


class Tables:
    """Numbers and truth values by tick, and by pairs of ticks.

    Attributes
    ----------
    patterns
        By tick.
    days, weeks, starts, lengths
        Of each pattern, as in ``Pattern``.
    """

    def __init__(self, instance: Instance) -> None:
        ticks = -(-max(1, len(instance.patterns)) // A_DAY) * A_DAY
        self.instance = instance
        self.patterns = (*instance.patterns, *[NEVER] * (ticks - len(instance.patterns)))
        self.days, self.starts, self.lengths, self.weeks = (
            np.array(column, dtype=np.int64) for column in zip(*self.patterns, strict=True)
        )
        self._bad: dict[tuple[str, tuple[int, ...]], Flags] = {}

    @property
    def ends(self) -> Vector:
        """The slot after the last, of each pattern."""
        return self.starts + self.lengths

    @cached_property
    def sharing(self) -> Flags:
        """Whether patterns meet on a common day of a common week."""
        days = self.days[:, None] & self.days
        return (days > 0) & ((self.weeks[:, None] & self.weeks) > 0)

    @cached_property
    def gap(self) -> npt.NDArray[np.int32]:
        """Slots between the two on a day that they share; below 0 where they overlap."""
        before = self.starts - self.ends[:, None]
        return np.where(self.sharing, np.maximum(before, before.T), FAR).astype(np.int32)

    @cached_property
    def cells(self) -> Flags:
        """By tick and by cell (each day of each week) whether a pattern meets."""
        weeks = self.weeks[:, None] >> np.arange(self.instance.weeks) & 1
        days = self.days[:, None] >> np.arange(self.instance.days) & 1
        both = weeks[:, :, None] * days[:, None, :]
        return both.reshape(len(self.patterns), -1).astype(bool)

    def bad(self, kind: str, numbers: tuple[int, ...] = ()) -> Flags:
        """Return which pairs miss a kind of distribution, the first of the file in the rows.

        Of ``SameAttendees`` it is what is missed wherever the classes are.
        """
        if (kind, numbers) not in self._bad:
            self._bad[kind, numbers] = self._missed(kind, numbers)
        return self._bad[kind, numbers]

    def _missed(self, kind: str, numbers: tuple[int, ...]) -> Flags:
        start, end = self.starts, self.ends
        match kind:
            case "SameStart":
                return start[:, None] != start
            case "SameTime":
                inside = (start[:, None] <= start) & (end[:, None] >= end)
                return ~(inside | inside.T)
            case "DifferentTime":
                before = end[:, None] <= start
                return ~(before | before.T)
            case "SameDays":
                return _unlike(self.days)
            case "DifferentDays":
                return (self.days[:, None] & self.days) != 0
            case "SameWeeks":
                return _unlike(self.weeks)
            case "DifferentWeeks":
                return (self.weeks[:, None] & self.weeks) != 0
            case "Overlap":
                return self.gap >= 0
            case "NotOverlap" | "SameAttendees":
                return self.gap < 0
            case "Precedence":
                week, day = self.weeks & -self.weeks, self.days & -self.days
                earlier = (day[:, None] < day) | ((day[:, None] == day) & (end[:, None] <= start))
                return ~((week[:, None] < week) | ((week[:, None] == week) & earlier))
            case "WorkDay":
                last = np.maximum(end[:, None], end)
                return self.sharing & (last - np.minimum(start[:, None], start) > numbers[0])
            case "MinGap":
                return self.gap < numbers[0]
        raise ValueError(f"{kind} does not depend on the times of two classes")


def _unlike(bits: Vector) -> Flags:
    """Return where neither is a part of the other."""
    either = bits[:, None] | bits
    return (either != bits[:, None]) & (either != bits)


def columns(table: Flags) -> list[Mask]:
    """Return for each column the set of rows that are true."""
    packed = np.packbits(table.T, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]

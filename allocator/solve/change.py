"""What was changed in a schedule, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from allocator.prepare.visit import Placement


class Change(NamedTuple):
    """What was changed.

    Attributes
    ----------
    had
        Where the visits lay before.
    costs
        What the schedule costs more now, level by level; below 0 where it costs less.
    """

    had: dict[int, Placement | None]
    costs: tuple[int, ...]


def plus(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """Return two costs together, level by level."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def minus(after: Sequence[int], before: Sequence[int]) -> tuple[int, ...]:
    """Return what costs more now than before, level by level."""
    return tuple(a - b for a, b in zip(after, before, strict=True))

"""What was changed in a schedule, and what that costs."""

from __future__ import annotations

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

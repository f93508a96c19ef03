"""Soft goals: one file each, with three faces that tests tie together."""

from __future__ import annotations

from allocator.goals.goal import Goal
from allocator.goals.preferred_windows import PreferredWindows
from allocator.goals.same_carer import SameCarer
from allocator.goals.soonest import Soonest

#: Every comfort goal there is; ``served:1`` to ``served:9`` come on top.
GOALS: tuple[Goal, ...] = (
    PreferredWindows(),
    SameCarer(),
    Soonest(),
)

"""Soft goals: one file each, with three faces that tests tie together."""

from __future__ import annotations

from allocator.goals.compact_days import CompactDays
from allocator.goals.fair_load import FairLoad
from allocator.goals.fewest_changes import FewestChanges
from allocator.goals.goal import Goal
from allocator.goals.near_wanted import NearWanted
from allocator.goals.off_peak import OffPeak
from allocator.goals.option_penalty import OptionPenalty
from allocator.goals.overtime import Overtime
from allocator.goals.preferred_attendees import PreferredAttendees
from allocator.goals.preferred_resources import PreferredResources
from allocator.goals.preferred_windows import PreferredWindows
from allocator.goals.same_carer import SameCarer
from allocator.goals.same_time import SameTime
from allocator.goals.soonest import Soonest
from allocator.goals.waiting import Waiting

#: Every comfort goal there is; ``served:1`` to ``served:9`` come on top.
GOALS: tuple[Goal, ...] = (
    CompactDays(),
    FairLoad(),
    FewestChanges(),
    NearWanted(),
    OffPeak(),
    OptionPenalty(),
    Overtime(),
    PreferredAttendees(),
    PreferredResources(),
    PreferredWindows(),
    SameCarer(),
    SameTime(),
    Soonest(),
    Waiting(),
)

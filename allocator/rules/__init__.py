"""Hard rules: one file each, with three faces that tests tie together."""

from __future__ import annotations

from allocator.rules.attendees_free import AttendeesFree
from allocator.rules.blocks import Blocks
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.contracts import Contracts
from allocator.rules.duration import Duration
from allocator.rules.eligible_resources import EligibleResources
from allocator.rules.one_location import OneLocation
from allocator.rules.one_room_per_half_day import OneRoomPerHalfDay
from allocator.rules.opening_hours import OpeningHours
from allocator.rules.option_complete import OptionComplete
from allocator.rules.options import Options
from allocator.rules.reserves import Reserves
from allocator.rules.rule import Rule
from allocator.rules.seats import Seats
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.rules.series_gaps import SeriesGaps
from allocator.rules.travel import Travel
from allocator.rules.turnaround import Turnaround
from allocator.rules.windows import Windows

#: Every rule there is, in the order in which a funnel asks them.
RULES: tuple[Rule, ...] = (
    Windows(),
    Options(),
    OpeningHours(),
    Blocks(),
    Contracts(),
    Reserves(),
    EligibleResources(),
    OneLocation(),
    Duration(),
    SeriesCompleteness(),
    SeriesGaps(),
    AttendeesFree(),
    Capacity(),
    Buffers(),
    Turnaround(),
    Travel(),
    Seats(),
    OneRoomPerHalfDay(),
    OptionComplete(),
)

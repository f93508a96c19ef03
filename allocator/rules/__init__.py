"""Hard rules: one file each, with three faces that tests tie together."""

from __future__ import annotations

from allocator.rules.apart import KeptApart
from allocator.rules.attendees_free import AttendeesFree
from allocator.rules.blocks import Blocks
from allocator.rules.breaks import Breaks
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.chain_lags import ChainLags
from allocator.rules.contracts import Contracts
from allocator.rules.duration import Duration
from allocator.rules.eligible_resources import EligibleResources
from allocator.rules.freeze import Freeze
from allocator.rules.most_carers import MostCarers
from allocator.rules.most_changes import MostChanges
from allocator.rules.must_serve import MustServe
from allocator.rules.notice import Notice
from allocator.rules.one_location import OneLocation
from allocator.rules.one_room_per_half_day import OneRoomPerHalfDay
from allocator.rules.opening_hours import OpeningHours
from allocator.rules.option_complete import OptionComplete
from allocator.rules.options import Options
from allocator.rules.person_limits import PersonLimits
from allocator.rules.pins import Pins
from allocator.rules.precedence import Precedence
from allocator.rules.relations import Relations
from allocator.rules.reserves import Reserves
from allocator.rules.rule import Rule
from allocator.rules.seats import Seats
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.rules.series_gaps import SeriesGaps
from allocator.rules.series_pattern import SeriesPattern
from allocator.rules.series_rate import SeriesRate
from allocator.rules.session_least import SessionLeast
from allocator.rules.session_most import SessionMost
from allocator.rules.session_together import SessionTogether
from allocator.rules.start_grid import StartGrid
from allocator.rules.travel import Travel
from allocator.rules.turnaround import Turnaround
from allocator.rules.windows import Windows
from allocator.rules.work_in_a_row import WorkInARow
from allocator.rules.work_per_day import WorkPerDay
from allocator.rules.work_per_week import WorkPerWeek

#: Every rule there is, in the order in which a funnel asks them.
RULES: tuple[Rule, ...] = (
    Windows(),
    Pins(),
    Freeze(),
    Options(),
    Notice(),
    StartGrid(),
    OpeningHours(),
    Blocks(),
    Contracts(),
    Reserves(),
    EligibleResources(),
    OneLocation(),
    Duration(),
    SeriesCompleteness(),
    SeriesGaps(),
    SeriesPattern(),
    SeriesRate(),
    MostCarers(),
    ChainLags(),
    Relations(),
    Precedence(),
    KeptApart(),
    SessionTogether(),
    SessionMost(),
    AttendeesFree(),
    Capacity(),
    Buffers(),
    Turnaround(),
    Travel(),
    Breaks(),
    WorkPerDay(),
    WorkPerWeek(),
    WorkInARow(),
    PersonLimits(),
    Seats(),
    OneRoomPerHalfDay(),
    MostChanges(),
    OptionComplete(),
    SessionLeast(),
    MustServe(),
)

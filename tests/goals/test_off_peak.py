"""Off-peak: visits avoid the hours in which a kind of resource is busy."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from faces import best_of, book_of, model_agrees, one_visit_agrees, universe, with_placements
from tiny import calendar, goals, need, patient, practitioner, problem, request, service, span

from allocator.domain.calendar import Block, Calendar, DailySpan, WeeklyRule
from allocator.domain.objective import Forecast, OffPeakPolicy
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee
from allocator.domain.resource import Location
from allocator.domain.service import Part, Selector
from allocator.domain.time import Horizon
from allocator.goals.off_peak import OffPeak, buckets_of, measures
from allocator.goals.soonest import Soonest
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules.attendees_free import AttendeesFree
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.state.state import State

GOAL = [OffPeak()]
RULES_ = [OpeningHours(), AttendeesFree(), Capacity(), Buffers()]
HALF = OffPeakPolicy(steps=((50, 1),))

# The grain is half an hour: 08:00 is tick 16, 12:00 is 24; a bucket is an hour.


def busy(requests: str = "ABCD", **more: object) -> Problem:
    """Return requests for visits of an hour; beyond half of its open time a kind is busy."""
    return problem(
        *map(request, requests),
        grain=30,
        **{"levels": goals(off_peak=1), "off_peak": HALF, **more},
    )


def two(**more: object) -> Problem:
    """Return the same with Ann and Bob."""
    return busy(resources=(practitioner("ann"), practitioner("bob")), **more)


def at(start: int, *team: int, ticks: int = 2) -> Placement:
    return Placement(start, ticks, -1, -1, tuple((r,) for r in team or (0,)))


def amounts(some: Problem, *placements: Placement) -> list[int]:
    """Return what each busy bucket costs when these visits are placed."""
    timetable = with_placements(book_of(some, RULES_, GOAL), dict(enumerate(placements)))
    return [amount.amount for amount in OffPeak().score(timetable)]


def test_minutes_beyond_the_share_are_busy() -> None:
    """Of 120 minutes an hour with Ann and Bob, 60 are free of charge."""
    some = two()
    assert amounts(some, at(16, 0)) == []
    assert amounts(some, at(16, 0), at(17, 1)) == [30]  # 60 + 30 from 08:00, 30 from 09:00
    assert amounts(some, at(16, 0), at(16, 1)) == [60]
    assert amounts(some, at(16, 0), at(16, 1), at(22, 0), at(22, 1)) == [60, 60]


def test_prices_add_up() -> None:
    """Beyond 25 % a minute costs 1, beyond 50 % another 2, at 80 % 5 more: 90 + 120 + 120."""
    steep = OffPeakPolicy(steps=((25, 1), (50, 2), (80, 5)))
    assert amounts(two(off_peak=steep), at(16, 0), at(16, 1)) == [90 + 2 * 60 + 5 * 24]


def test_shares_are_rounded_down() -> None:
    """33 % of an hour is 19.8 minutes: 19 are free of charge."""
    assert amounts(busy(off_peak=OffPeakPolicy(steps=((33, 1),))), at(16)) == [41]


def test_buffers_count_and_lanes_do_not() -> None:
    """Two of four lanes with half an hour of notes: 60 and 30 minutes, one for each claim."""
    some = busy(
        resources=(practitioner("gym", lanes=4),),
        services=(service(needs=(need(uses=2, after_minutes=30),)),),
        off_peak=OffPeakPolicy(steps=((10, 1),)),
    )
    # Four lanes are 240 minutes an hour: 24 are free of charge.
    assert amounts(some, at(16)) == [36, 6]
    allowed, forbidden = one_visit_agrees(book_of(some, RULES_, GOAL), 1, {0: at(16)})
    assert allowed and forbidden


def test_open_time_is_ordinary_hours_and_overtime_less_blocks() -> None:
    """Overtime until 13:00 is open; 09:00 to 10:00 is blocked, so all that lies there is busy."""
    days = frozenset(range(7))
    shift = Calendar(
        id="day",
        weekly=(
            WeeklyRule(weekdays=days, hours=DailySpan(start_minute=480, end_minute=720)),
            WeeklyRule(
                weekdays=days, hours=DailySpan(start_minute=720, end_minute=780), overtime=True
            ),
        ),
        blocks=(Block(span=span(0, 9, 10)),),
    )
    some = busy(calendars=(shift,))
    assert amounts(some, at(17)) == [30]
    assert amounts(some, at(18)) == [60]
    assert amounts(some, at(24)) == [30]


def test_forecasts_are_load() -> None:
    """100 minutes from 08:00 to 11:00 leave 33 an hour, rounded down; those outside go lost."""
    some = busy(
        forecast=(
            Forecast(kind="practitioner", span=span(0, 8, 11), minutes=100),
            Forecast(kind="practitioner", span=span(-1, 23, 25), minutes=60),
            Forecast(kind="practitioner", span=span(0, 7, 8), minutes=1),
            Forecast(kind="room", span=span(0, 8, 11), minutes=900),
        )
    )
    # From midnight to 01:00 Ann is closed: 30 expected minutes. From 07:00 one.
    assert amounts(some) == [30, 1, 3, 3, 3]
    assert amounts(some, at(16)) == [30, 1, 63, 3, 3]
    assert measures(Prepared(some)).keys() == {"practitioner"}
    allowed, forbidden = one_visit_agrees(book_of(some, RULES_, GOAL), 1, {0: at(18)})
    assert allowed and forbidden


def test_parts_of_forecasts_add_up_before_rounding() -> None:
    """Two forecasts of 100 minutes over three hours are 66 an hour, not 33 and 33."""
    one = Forecast(kind="practitioner", span=span(0, 8, 11), minutes=100)
    assert amounts(busy(forecast=(one, one, one))) == [70, 70, 70]


def test_what_nobody_has_or_prices_is_no_goal() -> None:
    """Without resources of the kind, or without prices, nothing is levelled."""
    for policy in (
        OffPeakPolicy(kinds=("device",)),
        OffPeakPolicy(steps=()),
        OffPeakPolicy(steps=((50, 0),)),
    ):
        assert not OffPeak().relevant(Prepared(busy(off_peak=policy)))
    twice = OffPeakPolicy(kinds=("device", "practitioner", "practitioner"), steps=((50, 1),))
    assert amounts(busy(off_peak=twice), at(16)) == [30]


def test_buckets_follow_the_local_clock() -> None:
    """On 2026-10-25 Berlin shows 02:00 to 03:00 twice: one bucket of two hours."""
    autumn, spring = date(2026, 10, 25), date(2026, 3, 29)
    for day, policy, length in (
        (autumn, HALF, [2, 2, 4, 2]),
        (spring, HALF, [2, 2, 2, 2]),
        (autumn, replace(HALF, bucket_minutes=120), [4, 6, 4, 4]),
        (spring, replace(HALF, bucket_minutes=120), [4, 2, 4, 4]),
        # Half hours: those from 02:00 come again after those from 02:30.
        (autumn, replace(HALF, bucket_minutes=20), [1, 1, 1, 1]),
        (autumn, replace(HALF, bucket_minutes=9999), [50]),
    ):
        some = busy(
            horizon=Horizon(first=day, days=1, zone="Europe/Berlin", grain_minutes=30),
            off_peak=policy,
        )
        assert np.diff(buckets_of(Prepared(some)).edges)[:4].tolist() == [*length, 0][:4]


@pytest.mark.parametrize("day", [date(2026, 10, 25), date(2026, 3, 29)])
def test_the_faces_agree_on_the_night_of_a_clock_change(day: date) -> None:
    """Buckets of an hour and a half, of which some are longer or shorter that night."""
    some = busy(
        horizon=Horizon(first=day, days=1, zone="Europe/Berlin", grain_minutes=30),
        calendars=(calendar(first_hour=1, last_hour=6),),
        resources=(practitioner("ann"), practitioner("bob", location="far")),
        locations=(Location(id="far", zone="Europe/London"),),
        services=(service(minutes=90),),
        off_peak=OffPeakPolicy(bucket_minutes=90, steps=((20, 1), (50, 2))),
    )
    book = book_of(some, RULES_, GOAL)
    fixed = {0: universe(book, book.prepared.visits[0], [5])[0]}
    allowed, forbidden = one_visit_agrees(book, 1, fixed)
    assert allowed and forbidden
    starts = {v: range(1, 12) for v in (1, 2)}
    accepted, refused = model_agrees(book, [1, 2], fixed, starts=starts)
    assert accepted and refused


def test_a_quiet_hour_is_taken() -> None:
    """Ann works at 08:00: Bob's visit goes to 09:00. Without the goal it is the soonest."""
    for goal, start in ((GOAL, 18), ([Soonest()], 16)):
        some = two(levels=goals(**{goal[0].name: 1}))
        best = best_of(book_of(some, RULES_, goal), 1, {0: at(16, 0)})
        assert best is not None
        assert best.start == start


@pytest.mark.parametrize("steps", [((50, 1),), ((30, 1), (60, 3), (60, 1)), ((0, 2),)])
@pytest.mark.parametrize("minutes", [60, 30, 150])
def test_the_faces_agree(steps: tuple[tuple[int, int], ...], minutes: int) -> None:
    """Table, model and truth say the same, for visits shorter and longer than a bucket."""
    ticks = minutes // 30
    some = two(
        services=(service(minutes=minutes),),
        calendars=(calendar(last_hour=15),),
        off_peak=OffPeakPolicy(steps=steps),
        forecast=(Forecast(kind="practitioner", span=span(0, 9, 11), minutes=70),),
    )
    book = book_of(some, RULES_, GOAL)
    fixed = {0: at(17, 0, ticks=ticks), 1: at(16, 1, ticks=1)}
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    assert allowed and forbidden
    starts = {v: range(15, 28) for v in (1, 2, 3)}
    near = [
        {
            1: at(16, 1, ticks=ticks),
            2: at(16 + ticks, 1, ticks=ticks),
            3: at(17 + ticks, 0, ticks=ticks),
        }
    ]
    accepted, refused = model_agrees(book, [1, 2, 3], {0: fixed[0]}, near=near, starts=starts)
    assert accepted and refused


def test_needs_that_load_one_kind_are_coupled() -> None:
    """A lead, two who may be nurses or practitioners, one of them late, and a colleague."""
    anyone = (Selector(kind="nurse"), Selector(kind="practitioner"))
    team = service(
        minutes=90,
        needs=(
            need("lead", alternatives=(Selector(kind="practitioner"),), quantity=2),
            need("pair", alternatives=anyone, quantity=2, after_minutes=30),
            need(
                "late",
                alternatives=anyone,
                part=Part(minutes=30, from_end=True),
                before_minutes=30,
            ),
        ),
    )
    people = [practitioner(id) for id in ("ann", "bob", "cyd", "dan", "eve")]
    nurses = [practitioner(id, kind="nurse") for id in ("nia", "ned")]
    some = busy(
        "AB",
        services=(team,),
        resources=(*people, *nurses),
        off_peak=OffPeakPolicy(kinds=("nurse", "practitioner"), steps=((10, 1), (50, 1))),
        calendars=(calendar(last_hour=12),),
    )
    book = book_of(some, RULES_, GOAL)
    number = book.prepared.resource_index

    # Needs by role: late, lead, pair.
    def placed(start: int, late: str, lead: str, pair: str) -> Placement:
        names = [tuple(sorted(number[n] for n in some.split())) for some in (late, lead, pair)]
        return Placement(start, 3, -1, -1, tuple(names))

    fixed = {1: placed(20, "eve", "ann bob", "cyd nia")}
    for others in ({}, fixed):
        allowed, forbidden = one_visit_agrees(book, 0, others, starts=[16, 19])
        assert allowed and forbidden
        state = State(book.prepared)
        for visit, placement in others.items():
            state.place(visit, placement)
        visit = book.prepared.visits[0]
        for placement in universe(book, visit, [16]):
            assert OffPeak().team_cost(state, visit, placement) >= 0
    near = [
        {0: placed(18, "dan", "ann bob", "cyd eve"), 1: None},
        {0: placed(18, "nia", "ann bob", "cyd eve"), 1: None},
        {0: placed(16, "nia", "ann bob", "cyd ned"), 1: None},
        {0: placed(16, "ned", "ann eve", "dan nia"), 1: None},
    ]
    accepted, refused = model_agrees(
        book, [0, 1], near=near, starts={0: range(15, 21), 1: range(15, 21)}
    )
    assert accepted and refused


def test_attendees_and_lengths_count() -> None:
    """Patients may be levelled too, one of whom may stay away; Bob takes twice the time."""
    some = problem(
        *(
            request(id, attendees=(Attendee(resource="p"), Attendee(resource="q", required=False)))
            for id in "ABC"
        ),
        grain=30,
        resources=(practitioner("ann"), practitioner("bob"), patient("p"), patient("q")),
        services=(service(minutes=60, minutes_by_resource=(("bob", 120),)),),
        levels=goals(off_peak=1),
        off_peak=OffPeakPolicy(kinds=("patient", "practitioner"), steps=((20, 1), (60, 1))),
    )
    book = book_of(some, RULES_, GOAL)
    first = next(p for p in universe(book, book.prepared.visits[0], [16]) if all(p.team))
    allowed, forbidden = one_visit_agrees(book, 1, {0: first})
    assert allowed and forbidden
    starts = {v: range(15, 23) for v in (1, 2)}
    some_near = [
        {1: p, 2: q}
        for p in universe(book, book.prepared.visits[1], [18])
        for q in universe(book, book.prepared.visits[2], [20])
    ]
    accepted, refused = model_agrees(
        book, [1, 2], {0: first}, near=some_near[::3], starts=starts, samples=20
    )
    assert accepted and refused


def test_a_day_may_be_a_tick() -> None:
    """With a grain of a day a bucket is a day: two visits of Ann's two lanes fill it."""
    some = problem(
        *map(request, "AB"),
        days=3,
        grain=1440,
        services=(service(minutes=1440),),
        resources=(practitioner("ann", lanes=2),),
        levels=goals(off_peak=1),
        off_peak=HALF,
    )
    assert amounts(some, at(0, ticks=1), at(0, ticks=1)) == [1440]
    book = book_of(some, RULES_, GOAL)
    assert one_visit_agrees(book, 1, {0: at(1, ticks=1)}) == (3, 0)
    accepted, _ = model_agrees(book, [0, 1])
    assert accepted


def test_all_rules_and_goals_together() -> None:
    """With every rule and goal in force the faces still agree."""
    some = two(levels=(), off_peak=OffPeakPolicy())
    book = book_of(some)
    allowed, forbidden = one_visit_agrees(book, 1, {0: at(17, 0)})
    assert allowed and forbidden
    starts = {v: range(15, 24) for v in (1, 2)}
    accepted, refused = model_agrees(book, [1, 2], {0: at(17, 0)}, starts=starts)
    assert accepted and refused

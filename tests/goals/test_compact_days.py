"""Compact days: the day of a practitioner has no gaps too short for any visit."""

from dataclasses import replace
from datetime import date

import pytest
from faces import best_of, book_of, model_agrees, one_visit_agrees, with_placements
from tiny import calendar, goals, need, patient, practitioner, problem, request, room, service

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.resource import Location
from allocator.domain.service import Part, Selector
from allocator.domain.time import Horizon
from allocator.goals.compact_days import CompactDays, shortest_claims
from allocator.goals.soonest import Soonest
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules.attendees_free import AttendeesFree
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours

GOAL = [CompactDays()]
RULES_ = [OpeningHours(), AttendeesFree(), Capacity(), Buffers()]

# The grain is half an hour: 08:00 is tick 16, 09:00 is 18, 12:00 is 24.


def hours(requests: str = "ABC", **more: object) -> Problem:
    """Return requests for visits of an hour on a grid of half hours."""
    return problem(*map(request, requests), grain=30, **{"levels": goals(compact_days=1), **more})


def at(start: int, *team: int, ticks: int = 2) -> Placement:
    return Placement(start, ticks, -1, -1, tuple((r,) for r in team or (0,)))


def idle(some: Problem, *placements: Placement) -> list[int]:
    """Return the idle minutes, gap by gap, when these visits are placed."""
    book = book_of(some, RULES_, GOAL)
    timetable = with_placements(book, dict(enumerate(placements)))
    return [amount.amount for amount in CompactDays().score(timetable)]


def test_a_gap_that_nothing_fits_into_is_idle() -> None:
    """From 09:00 to 09:30 nothing fits; from 10:30 to 11:30 a visit of an hour would."""
    some = hours()
    assert idle(some, at(16), at(19), at(23)) == [30]
    assert idle(some, at(16), at(18), at(20)) == []


def test_the_shortest_service_that_the_resource_offers_counts() -> None:
    """Half an hour is usable once Ann offers a service of that length, asked for or not."""
    short = service("short", minutes=30)
    assert idle(hours(services=(service(), short)), at(16), at(19)) == []
    bobs = service(
        "short", minutes=30, needs=(need(alternatives=(Selector(names=frozenset({"bob"})),)),)
    )
    people = (practitioner("ann"), practitioner("bob"))
    some = hours(services=(service(), bobs), resources=people)
    assert idle(some, at(16, 0), at(19, 0)) == [30]
    assert idle(some, at(16, 1), at(19, 1)) == []
    quick = service(minutes_by_resource=(("bob", 30),))
    some = hours(services=(quick,), resources=people)
    assert shortest_claims(Prepared(some)) == {0: 2}


def test_buffers_belong_to_claims() -> None:
    """With half an hour of notes a claim lasts 90 minutes; 60 between two claims are idle."""
    some = hours(services=(service(needs=(need(after_minutes=30),)),))
    assert idle(some, at(16), at(19)) == []
    assert idle(some, at(16), at(20)) == [30]
    assert idle(some, at(16), at(21)) == [60]
    assert idle(some, at(16), at(22)) == []


def test_only_practitioners_with_one_lane_have_compact_days() -> None:
    """Rooms, patients and gyms with two lanes do not mind."""
    pair = service(needs=(need(), need("room")))
    some = hours(
        services=(pair,),
        resources=(practitioner("gym", lanes=2), practitioner("solo"), room("r"), patient("p")),
    )
    assert shortest_claims(Prepared(some)) == {3: 2}
    assert not CompactDays().relevant(Prepared(replace(some, resources=some.resources[::2])))


def test_overlapping_claims_leave_no_gap() -> None:
    """A published visit from 08:00 to 11:00 covers the gap between two that overlap it."""
    some = hours()
    assert idle(some, at(16, ticks=6), at(17), at(20)) == []
    assert idle(some, at(16, ticks=6), at(17), at(23)) == [30]


def test_gaps_end_at_midnight() -> None:
    """On the local day of the resource: an hour before midnight is not followed up after it."""
    night = hours(
        calendars=(calendar(first_hour=0, last_hour=24),),
        resources=(practitioner("ann", location="far"),),
        locations=(Location(id="far", zone="America/New_York"),),
        services=(service(location="far"),),
        days=2,
    )
    # New York's midnight is 06:00 in Berlin, tick 12. A gap from 11 to 12 or from 12 to 13
    # lies beside it; the first is before midnight and followed by a visit after it.
    far = {"location": 0}
    assert idle(night, at(9)._replace(**far), at(12)._replace(**far)) == []
    assert idle(night, at(10)._replace(**far), at(13)._replace(**far)) == []
    assert idle(night, at(8)._replace(**far), at(11)._replace(**far)) == [30]
    assert idle(night, at(11)._replace(**far), at(14)._replace(**far)) == [30]
    book = book_of(night, RULES_, GOAL)
    fixed = {0: at(9)._replace(**far)}
    starts = range(5, 20)
    allowed, forbidden = one_visit_agrees(book, 1, fixed, starts=starts)
    assert allowed and forbidden
    near = [{1: at(a)._replace(**far), 2: at(b)._replace(**far)} for a, b in ((12, 15), (7, 15))]
    accepted, refused = model_agrees(book, [1, 2], fixed, near=near, starts={1: starts, 2: starts})
    assert accepted and refused


def test_the_night_of_a_clock_change() -> None:
    """On 2026-03-29 Berlin goes from 02:00 to 03:00: a gap across the change is a gap."""
    hours_ = DailySpan(start_minute=0, end_minute=1440)
    some = hours(
        calendars=(
            Calendar(id="day", weekly=(WeeklyRule(weekdays=frozenset(range(7)), hours=hours_),)),
        ),
        horizon=Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=30),
    )
    # Tick 4 starts at 03:00. A visit until 03:30 by the clock (tick 5), one from 04:00 (6).
    assert idle(some, at(3), at(6)) == [30]
    book = book_of(some, RULES_, GOAL)
    allowed, forbidden = one_visit_agrees(book, 1, {0: at(3)}, starts=range(10))
    assert allowed and forbidden


def test_a_visit_is_put_beside_its_neighbour() -> None:
    """Ann is busy until 09:00 and asked for from 09:00 on, but a room is free from 09:30 only.

    09:30 would leave half an hour idle; 10:00 leaves a usable one. Without the goal it is the
    earliest.
    """
    both = service(needs=(need(), need("room")))
    solo = service("solo")
    late = Calendar(
        id="late",
        weekly=(
            WeeklyRule(
                weekdays=frozenset(range(7)), hours=DailySpan(start_minute=570, end_minute=720)
            ),
        ),
    )
    for goal, start in ((GOAL, 20), ([Soonest()], 19)):
        some = problem(
            request("A", services="solo"),
            request("B"),
            grain=30,
            services=(both, solo),
            calendars=(calendar(), late),
            resources=(practitioner("ann"), room("r", calendar="late")),
            levels=goals(**{goal[0].name: 1}),
        )
        assert best_of(book_of(some, RULES_, goal), 1, {0: at(16)}) == at(start, 0, 1)


@pytest.mark.parametrize("team", [1, 2])
def test_the_faces_agree(team: int) -> None:
    """Table, model and truth say the same among fixed and free visits, with one Ann or two."""
    people = [practitioner(id) for id in ("ann", "bob")[:team]]
    some = hours("ABCD", resources=tuple(people), calendars=(calendar(last_hour=15),))
    book = book_of(some, RULES_, GOAL)
    # Gaps of an hour and a half, half an hour (idle already) and two hours.
    fixed = {0: at(19), 1: at(22)}
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    assert allowed and forbidden
    starts = {v: range(15, 30) for v in (1, 2, 3)}
    near = [
        {1: at(21), 2: at(24), 3: at(27)},
        {1: at(27), 2: at(22), 3: None},
        {1: at(16), 2: at(22, team - 1), 3: at(25, team - 1)},
        {1: at(16, team - 1), 2: at(22), 3: at(19, team - 1)},
    ]
    accepted, refused = model_agrees(book, [1, 2, 3], {0: at(19)}, near=near, starts=starts)
    assert accepted and refused


def test_the_faces_agree_about_parts_buffers_and_lengths() -> None:
    """The doctor comes for the last half hour, who assists takes notes, and Cyd is slow."""
    doctor = need(
        "doctor",
        alternatives=(Selector(names=frozenset({"ann", "bob"})),),
        part=Part(minutes=30, offset_minutes=0, from_end=True),
        before_minutes=30,
    )
    helper = need(
        "helper",
        alternatives=(Selector(names=frozenset({"bob", "cyd", "dan"})),),
        after_minutes=60,
    )
    some = hours(
        services=(service(needs=(doctor, helper), minutes_by_resource=(("cyd", 90),)),),
        resources=tuple(map(practitioner, ("ann", "bob", "cyd", "dan"))),
        calendars=(calendar(last_hour=16),),
    )
    book = book_of(some, RULES_, GOAL)
    # The doctor's claim is an hour long, Dan's two, Cyd's two and a half.
    assert shortest_claims(book.prepared) == {0: 2, 1: 2, 2: 5, 3: 4}
    fixed = {0: at(17, 0, 2, ticks=3)}
    for visit in ({0: at(20, 0, 1)}, fixed, {0: at(21, 1, 3)}):
        allowed, forbidden = one_visit_agrees(book, 1, visit)
        assert allowed and forbidden
    starts = {v: range(15, 30) for v in (1, 2)}
    near = [
        {1: at(20, 0, 3), 2: at(23, 0, 3)},
        {1: at(20, 0, 1), 2: at(23, 1, 2, ticks=3)},
        {1: at(23, 0, 2, ticks=3), 2: at(26, 1, 3)},
        {1: at(24, 1, 2, ticks=3), 2: at(21, 0, 3)},
    ]
    accepted, refused = model_agrees(book, [1, 2], fixed, near=near, starts=starts, samples=100)
    assert accepted and refused


def test_a_practitioner_who_only_attends_has_gaps_too() -> None:
    """Bob comes to visits of an hour as a colleague: his shortest claim is an hour."""
    some = problem(
        request("A", "bob"),
        request("B", "bob"),
        grain=30,
        services=(service(needs=(need(alternatives=(Selector(names=frozenset({"ann"})),)),)),),
        resources=(practitioner("ann"), practitioner("bob")),
        levels=goals(compact_days=1),
    )
    book = book_of(some, RULES_, GOAL)
    team = tuple(need_.resources[0] for need_ in book.prepared.visits[0].needs)
    # Ann and Bob are idle for half an hour each.
    assert idle(some, at(16, *team), at(19, *team)) == [30, 30]
    allowed, forbidden = one_visit_agrees(book, 1, {0: at(18, *team)})
    assert allowed and forbidden
    starts = {v: range(15, 24) for v in (0, 1)}
    accepted, refused = model_agrees(book, [0, 1], starts=starts)
    assert accepted and refused


def test_all_rules_and_goals_together() -> None:
    """With every rule and goal in force the faces still agree."""
    some = hours(resources=(practitioner("ann"), practitioner("bob")), levels=())
    book = book_of(some)
    allowed, forbidden = one_visit_agrees(book, 1, {0: at(19)})
    assert allowed and forbidden
    starts = {v: range(15, 24) for v in (1, 2)}
    accepted, refused = model_agrees(book, [1, 2], {0: at(19)}, starts=starts)
    assert accepted and refused


def test_without_capacity_gaps_mean_nothing() -> None:
    """The goal is silent where a rule that keeps claims apart is switched off."""
    some = hours()
    assert CompactDays().relevant(Prepared(some))
    assert not CompactDays().relevant(Prepared(replace(some, without_rules=frozenset({"buffers"}))))

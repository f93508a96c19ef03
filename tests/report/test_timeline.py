"""The timeline: a schedule as text, character by character."""

from dataclasses import replace
from datetime import date

import pytest
from pictures import placed
from tiny import calendar, need, patient, practitioner, problem, request, room, service, span

from allocator.domain.calendar import Block, DailySpan
from allocator.domain.problem import Problem
from allocator.domain.resource import Location
from allocator.domain.schedule import Schedule
from allocator.domain.time import Horizon
from allocator.report.timeline import timeline


def drawn(some: Problem, tried: str, **more: object) -> list[str]:
    return timeline(some, placed(some, tried), **more).splitlines()


def test_a_visit_is_its_id_up_to_its_end() -> None:
    """Ann is open from 8 to 12; a character is a quarter of an hour."""
    assert drawn(problem(request("A")), "A 9:00") == [
        "     8   9   10  11",
        "ann      A===",
    ]


def test_a_long_id_is_cut() -> None:
    """An hour has four characters, and its neighbour keeps its own."""
    some = problem(request("request"), request("B"))
    assert drawn(some, "request 9:00, B 10:00")[1] == "ann      requB==="


def test_closed_hours_show_beside_longer_ones() -> None:
    """Ann closes at 10, the room at 11."""
    things = (practitioner("ann"), room("room", calendar="long"))
    some = problem(
        request("A"),
        resources=things,
        services=(service(needs=(need(), need("room"))),),
        calendars=(calendar("day", 8, 10), calendar("long", 8, 11)),
    )
    assert drawn(some, "A 8:00") == [
        "      8   9   10",
        "ann   A===    ....",
        "room  A===",
    ]


def test_buffers_blocks_and_overtime_have_marks() -> None:
    """A block from 9 to 10, overtime from 12 to 13, and notes for half an hour after the visit."""
    [ordinary] = calendar().weekly
    late = DailySpan(start_minute=12 * 60, end_minute=13 * 60)
    day = replace(
        calendar(),
        weekly=(ordinary, replace(ordinary, hours=late, overtime=True)),
        blocks=(Block(span=span(0, 9, 10)),),
    )
    some = problem(
        request("A"),
        grain=30,
        calendars=(day,),
        services=(service(needs=(need(after_minutes=30),)),),
    )
    assert drawn(some, "A 10:00")[1] == "ann      xxxxA===--  ++++"


def test_what_is_claimed_while_closed_is_drawn_all_the_same() -> None:
    """Ann closes at 12, and the visit is at 13."""
    assert drawn(problem(request("A")), "A 13:00") == [
        "     8   9   10  11  12  13",
        "ann                  ....A===",
    ]


def test_visits_at_once_have_a_row_each() -> None:
    """B overlaps A, C does not, and takes the first row again."""
    some = problem(*map(request, "ABC"), grain=30)
    assert drawn(some, "A 8:00, B 8:30, C 9:00")[1:] == ["ann  A===C===", "       B==="]


def test_days_are_named_as_far_as_needed() -> None:
    """A week has weekdays; what is longer has dates; days without visits are left out."""
    some = problem(request("A"), request("B"), days=3)
    assert drawn(some, "A mon 8:00, B wed 9:00")[1:] == ["Mon ann  A===", "Wed ann      B==="]
    some = problem(request("A"), request("B"), days=8)
    assert drawn(some, "A mon9 8:00, B mon2 9:00")[1:] == [
        "Mon  2 ann      B===",
        "Mon  9 ann  A===",
    ]


def test_only_those_asked_for_are_drawn() -> None:
    """In the problem's order, whatever the order asked for."""
    people = (practitioner("bob"), practitioner("ann"), patient("pat"))
    some = problem(request("A", "pat"), request("B", "pat"), resources=people)
    tried = "A 8:00 ann, B 9:00 bob"
    assert [line[:3] for line in drawn(some, tried)[1:]] == ["bob", "ann", "pat"]
    told = drawn(some, tried, resources=["pat", "bob"])[1:]
    assert told == ["bob      B===", "pat  A===B==="]
    with pytest.raises(KeyError, match="eve"):
        drawn(some, tried, resources=["eve"])


def test_who_is_always_open_shows_visits_alone() -> None:
    """Pat's day begins with the hour of the first visit, and ends with that of the last."""
    some = problem(request("A", "pat"), resources=(practitioner("ann"), patient("pat")))
    assert drawn(some, "A 9:00", resources=["pat"]) == ["     9", "pat  A==="]


def test_a_character_may_stand_for_more_or_less() -> None:
    """Hours for which there is no room are left out of the first line."""
    some = problem(request("A"), request("B"))
    assert drawn(some, "A 9:00, B 10:00", minutes=60) == ["     8 10", "ann   AB"]
    assert drawn(some, "A 9:00", minutes=30) == ["     8 9 10", "ann    A="]
    with pytest.raises(ValueError, match="25 minutes"):
        drawn(some, "A 9:00", minutes=25)


def test_a_visit_over_midnight_is_on_both_days() -> None:
    """With its id on each."""
    some = problem(
        request("A"),
        days=2,
        resources=(practitioner("ann", calendar=None),),
        services=(service(minutes=120),),
    )
    told = drawn(some, "A mon 23:00")
    assert told[1] == "Mon ann" + " " * (2 + 23 * 4) + "A==="
    assert told[2] == "Tue ann  A==="


def test_times_are_those_of_the_place() -> None:
    """At 9:00 in Berlin it is 8:00 in London, and Ann's calendar is local too."""
    some = problem(
        request("A"),
        resources=(practitioner("ann", location="west"),),
        locations=(Location(id="west", zone="Europe/London"),),
    )
    assert drawn(some, "A 9:00") == ["     8   9   10  11", "ann  A==="]


@pytest.mark.parametrize(
    ("day", "row"),
    [
        (date(2026, 3, 29), "ann        A=....=="),  # after 1:59 comes 3:00
        (date(2026, 10, 25), "ann        A==="),  # 2:00 to 3:00 comes twice
    ],
)
def test_the_nights_of_clock_changes(day: date, row: str) -> None:
    """A visit of an hour from 1:30, with Ann open from midnight to 4."""
    some = problem(
        request("A"),
        horizon=Horizon(first=day, days=1, zone="Europe/Berlin", grain_minutes=30),
        calendars=(calendar("day", 0, 4),),
    )
    assert drawn(some, "A 1:30")[1] == row


def test_with_a_grain_of_a_day_a_visit_fills_its_date() -> None:
    """A day of 24 characters, one for each hour."""
    some = problem(
        request("A"),
        days=2,
        grain=1440,
        services=(service(minutes=1440),),
        resources=(practitioner("ann", calendar=None),),
    )
    assert drawn(some, "A tue 0:00", minutes=60)[1] == "Tue ann  A" + "=" * 23


def test_an_empty_schedule_has_no_rows() -> None:
    """Only the hours of a day."""
    [line] = timeline(problem(request("A")), Schedule()).splitlines()
    assert line.split()[:2] == ["0", "1"]

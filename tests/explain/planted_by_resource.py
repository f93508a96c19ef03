"""Planted conflicts over the rules that speak of resources: when they are there, what they hold."""

from __future__ import annotations

from typing import Any

from explain.planted import TUESDAY, Planted, Planting, ann, asked, planted, put, with_ann
from tiny import need, patient, practitioner, request, room, service, span

from allocator.domain.calendar import Block, Calendar, DailySpan, WeeklyRule
from allocator.domain.request import FlexibleSeries
from allocator.domain.resource import Break, Contract, Location, Reserve, Skill, Travel, WorkLimits
from allocator.domain.service import Selector, Turnaround

#: A may come from 09:00 to 10:00, and B is placed right before.
NINE = (request("A", windows=(span(0, 9, 10),)), request("B"))
EIGHT = with_ann("B", 0, 8)


def opening_hours() -> Planted:
    """Five hours do not fit between 08:00 and noon."""
    some = asked(who=ann(calendar="day"), services=(service(minutes=300),))
    return planted(some, core="opening_hours ann")


def blocks() -> Planted:
    """Ann is on leave all day."""
    whole = DailySpan(start_minute=0, end_minute=24 * 60)
    leave = Calendar(
        id="day",
        weekly=(WeeklyRule(weekdays=frozenset(range(7)), hours=whole),),
        blocks=(Block(span=span(0, 0, 24)),),
    )
    some = asked(who=ann(calendar="day"), calendars=(leave,))
    return planted(some, core="blocks ann")


def contracts() -> Planted:
    """Ann starts on Tuesday."""
    return planted(asked(who=ann(contracts=(Contract(first=TUESDAY),))), core="contracts ann")


def reserves() -> Planted:
    """All of Ann's day is kept for the urgent."""
    kept = Reserve(span=span(0, 0, 24), urgent_priority=1)
    return planted(asked(who=ann(reserves=(kept,))), core="reserves ann")


def eligible_resources() -> Planted:
    """Ann has the skill from Tuesday on."""
    skilled = Selector(kind="practitioner", skills=frozenset({"laser"}))
    some = asked(
        who=ann(skills=(Skill(name="laser", first=TUESDAY),)),
        services=(service(needs=(need(alternatives=(skilled,)),)),),
    )
    return planted(some, core="eligible_resources ann")


def capacity() -> Planted:
    """B is at nine, where A would have to be."""
    return planted(asked(*NINE), with_ann("B", 0, 9), core="windows A, capacity ann")


def capacity_among_its_own() -> Planted:
    """Two visits of two hours each do not fit into three hours of Ann; B is elsewhere."""
    twice = FlexibleSeries(count=2, least_days_between=0)
    some = asked(
        request("A", series=twice, windows=(span(0, 9, 12),)),
        request("B"),
        services=(service(minutes=120),),
    )
    away = with_ann("B", 0, 15, 120)
    return planted(some, away, core="windows A, capacity A, capacity ann")


def attendees_free() -> Planted:
    """At nine Pia is with Bob, for B."""
    some = asked(
        request("A", "pia", windows=(span(0, 9, 10),)),
        request("B", "pia"),
        who=(ann(), practitioner("bob", calendar=None), patient("pia", name="Pia")),
    )
    with_bob = put("B", 0, 9, practitioner="bob", pia="attendee")
    return planted(some, with_bob, core="windows A, attendees_free pia")


def buffers() -> Planted:
    """After each visit Ann writes notes for an hour."""
    some = asked(*NINE, services=(service(needs=(need(after_minutes=60),)),))
    return planted(some, EIGHT, core="windows A, buffers ann")


def turnaround() -> Planted:
    """Between any two visits Ann needs an hour."""
    some = asked(*NINE, turnarounds=(Turnaround(kind="practitioner", minutes=60),))
    return planted(some, EIGHT, core="windows A, turnaround ann")


def travel() -> Planted:
    """B ends in the north at nine, and A is in the south, an hour away."""
    some = asked(
        request("A", services="south", windows=(span(0, 9, 10),)),
        request("B", services="north"),
        who=ann(mobile=True),
        locations=(Location(id="north"), Location(id="south")),
        travel=(Travel(origin="north", destination="south", minutes=60),),
        services=(service("north", location="north"), service("south", location="south")),
    )
    return planted(some, EIGHT, core="windows A, travel ann")


def breaks() -> Planted:
    """Ann has her break from nine to ten."""
    rest = Break(minutes=60, window=DailySpan(start_minute=9 * 60, end_minute=10 * 60))
    return planted(asked(*NINE, who=ann(breaks=(rest,))), core="windows A, breaks ann")


def _limited(**limits: int) -> Any:
    return ann(limits=WorkLimits(**limits))


def work_per_day() -> Planted:
    """Ann works an hour a day, which is B's."""
    return planted(asked(who=_limited(minutes_per_day=60)), EIGHT, core="work_per_day ann")


def work_per_week() -> Planted:
    """Ann works an hour a week, which is B's."""
    some = asked(who=_limited(minutes_per_week=60), days=2)
    return planted(some, EIGHT, core="work_per_week ann")


def work_in_a_row() -> Planted:
    """After an hour Ann rests for an hour."""
    some = asked(*NINE, who=_limited(minutes_in_a_row=60, rest_minutes=60))
    return planted(some, EIGHT, core="windows A, work_in_a_row ann")


def person_limits() -> Planted:
    """Ann has one visit a day, which is B."""
    return planted(asked(who=_limited(visits_per_day=1)), EIGHT, core="person_limits ann")


def seats() -> Planted:
    """Two people come, and the den has one seat."""
    some = asked(
        request("A", "pia quin"),
        who=(
            ann(),
            room("den", name="Den", calendar=None, seats=1),
            patient("pia"),
            patient("quin"),
        ),
        services=(service(needs=(need(), need("room"))),),
    )
    return planted(some, core="seats den")


def _rooms(*rooms: str) -> Any:
    """Ann stays in one room each half-day; A is hers, at nine, in one of these rooms."""
    hers = need(alternatives=(Selector(names=frozenset({"ann"})),))
    there = need("room", alternatives=(Selector(names=frozenset(rooms)),))
    return asked(
        request("A", services="hers", windows=(span(0, 9, 10),)),
        request("B"),
        request("C"),
        who=(
            ann(one_room_per_half_day=True),
            practitioner("bob", calendar=None),
            room("den", name="Den", calendar=None),
            room("hall", calendar=None),
        ),
        services=(service(needs=(need(), need("room"))), service("hers", needs=(hers, there))),
    )


IN_THE_DEN = put("B", 0, 8, practitioner="ann", room="den")


def one_room_per_half_day() -> Planted:
    """Ann is in the den this morning, where Bob is at nine; the hall is another room."""
    bob = put("C", 0, 9, practitioner="bob", room="den")
    core = "windows A, capacity den, one_room_per_half_day A"
    return planted(_rooms("den", "hall"), IN_THE_DEN, bob, core=core)


def one_room_by_name() -> Planted:
    """Ann is in the den this morning, and A would have to be in the hall."""
    return planted(_rooms("hall"), IN_THE_DEN, core="windows A, one_room_per_half_day ann")


BY_RESOURCE: dict[str, tuple[Planting, ...]] = {
    "opening_hours": (opening_hours,),
    "blocks": (blocks,),
    "contracts": (contracts,),
    "reserves": (reserves,),
    "eligible_resources": (eligible_resources,),
    "capacity": (capacity, capacity_among_its_own),
    "attendees_free": (attendees_free,),
    "buffers": (buffers,),
    "turnaround": (turnaround,),
    "travel": (travel,),
    "breaks": (breaks,),
    "work_per_day": (work_per_day,),
    "work_per_week": (work_per_week,),
    "work_in_a_row": (work_in_a_row,),
    "person_limits": (person_limits,),
    "seats": (seats,),
    "one_room_per_half_day": (one_room_per_half_day, one_room_by_name),
}

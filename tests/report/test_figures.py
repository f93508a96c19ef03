"""Figures of a report, against cases worked out by hand."""

from dataclasses import replace

from tiny import (
    MONDAY,
    at,
    calendar,
    goals,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
)

from allocator.domain.calendar import Block, Calendar
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin
from allocator.domain.resource import Contract
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.time import Span
from allocator.prepare.prepared import Prepared
from allocator.report.load import KindLoad, load_by_hour
from allocator.report.served import ClassServed, served_by_class


def put(visit: str, hour: int, day: int = 0, **roles: str) -> Assignment:
    return Assignment(
        visit=visit,
        start=at(day, hour),
        end=at(day, hour + 1),
        resources=tuple((role, (name,)) for role, name in roles.items()),
    )


def clinic(**more: object) -> Problem:
    """Ann from 8 to 12, and a room of two lanes from 8 to 10; notes take Ann an hour more."""
    return problem(
        *map(request, "AB"),
        **{
            "calendars": (calendar(), calendar("short", 8, 10)),
            "resources": (
                practitioner("ann"),
                room("r", calendar="short", lanes=2),
                patient("x", calendar="day"),
            ),
            "services": (service(needs=(need(after_minutes=60), need("room"))),),
            **more,
        },
    )


def minutes(load: KindLoad) -> tuple[dict[int, int], dict[int, int]]:
    """Return the minutes claimed and open, by the hours that have any."""
    return (
        {hour: int(m) for hour, m in enumerate(load.claimed) if m},
        {hour: int(m) for hour, m in enumerate(load.open) if m},
    )


BOTH = Schedule(
    assignments=(
        put("A", 8, practitioner="ann", room="r"),
        put("B", 8, 1, practitioner="ann", room="r"),
    )
)


def test_load_counts_claims_and_lanes() -> None:
    """A at 8 takes Ann until 10 with her notes, and one of the room's two lanes until 9.

    The patient has a calendar but never serves, so no load is told of patients.
    """
    some = clinic()
    found = load_by_hour(Prepared(some), Schedule(assignments=BOTH.assignments[:1]))
    assert [load.kind for load in found] == ["practitioner", "room"]
    assert minutes(found[0]) == ({8: 60, 9: 60}, {8: 60, 9: 60, 10: 60, 11: 60})
    assert minutes(found[1]) == ({8: 60}, {8: 120, 9: 120})
    assert (found[0].share(), found[1].share()) == (0.5, 0.25)
    assert (found[0].share(8, 10), found[0].share(10, 12), found[0].share(0, 8)) == (1, 0, None)


def test_load_adds_up_over_days_and_equals() -> None:
    """Over two days, or in one of them, and with Bob beside Ann: twice as much is open."""
    two = Prepared(clinic(days=2))
    assert minutes(load_by_hour(two, BOTH)[1]) == ({8: 120}, {8: 240, 9: 240})
    for day in (0, 1):
        found = load_by_hour(two, BOTH, first_day=day, days=1)
        assert minutes(found[1]) == ({8: 60}, {8: 120, 9: 120})
    assert minutes(load_by_hour(two, Schedule())[0])[0] == {}
    pair = clinic(days=2)
    pair = replace(pair, resources=(*pair.resources, practitioner("bob")))
    assert load_by_hour(Prepared(pair), BOTH)[0].share() == 4 / 16


def test_nobody_is_open_without_a_contract() -> None:
    """Ann leaves after the first of two days: four hours are left, of eight."""
    gone = replace(
        clinic(days=2),
        resources=tuple(
            replace(one, contracts=(Contract(last=MONDAY),)) if one.id == "ann" else one
            for one in clinic().resources
        ),
    )
    found = load_by_hour(Prepared(gone), Schedule())[0]
    assert (found.kind, int(found.open.sum())) == ("practitioner", 240)


def test_what_is_blocked_is_not_open() -> None:
    """Ann is away from 10 to 12: two of four hours are left."""
    away = Calendar(
        id="day",
        weekly=calendar().weekly,
        blocks=(Block(span=Span(start=at(0, 10), end=at(0, 12))),),
    )
    found = load_by_hour(
        Prepared(clinic(calendars=(away, calendar("short", 8, 10)))),
        Schedule(assignments=BOTH.assignments[:1]),
    )
    assert minutes(found[0])[1] == {8: 60, 9: 60}
    assert found[0].share() == 1


def test_served_is_counted_by_class() -> None:
    """Of three visits of S two are placed: in part. P is pinned, and was there before."""
    some = problem(
        request("A", priority=1),
        request("B", priority=1),
        request("S", priority=2, series=FlexibleSeries(count=3, at_least=1)),
        request("P", priority=2),
        days=3,
        published=(put("P", 11, practitioner="ann"),),
        pins=(Pin(visit="P"),),
        levels=goals(soonest=1),
    )
    assert served_by_class(Prepared(some), ["A", "S#1", "S#2", "P"]) == [
        ClassServed(priority=1, asked=2, whole=1, partly=0, left=1, visits=2, visits_placed=1),
        ClassServed(priority=2, asked=1, whole=0, partly=1, left=0, visits=3, visits_placed=2),
    ]

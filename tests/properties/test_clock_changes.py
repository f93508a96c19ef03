"""Across both clock changes, in many zones: visits lie in open hours, at the times asked for.

Whether they do is judged here by ``datetime`` and ``zoneinfo`` alone.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tiny import need, practitioner, request, service

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Level, Problem
from allocator.domain.request import FixedSeries, FlexibleSeries
from allocator.domain.resource import Break
from allocator.domain.time import Horizon
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve

#: A Saturday before a change, its zone, and a grain that divides the zone's offsets.
NIGHTS = [
    ("Europe/Berlin", date(2026, 3, 28), 60),
    ("Europe/Berlin", date(2026, 10, 24), 60),
    ("America/New_York", date(2026, 3, 7), 60),
    ("America/New_York", date(2026, 10, 31), 60),
    ("Australia/Lord_Howe", date(2026, 4, 4), 30),
    ("Australia/Lord_Howe", date(2026, 10, 3), 30),
    ("America/Santiago", date(2026, 4, 4), 60),
    ("America/Santiago", date(2026, 9, 5), 60),
    ("Africa/Cairo", date(2026, 4, 23), 60),
    ("Pacific/Chatham", date(2026, 4, 4), 15),
    ("Asia/Kathmandu", date(2026, 3, 28), 60),
]

#: Hours that the changes fall into, in minutes after midnight.
BANDS = ((0, 240), (1320, 1440))


def problem(zone: str, first: date, grain: int) -> Problem:
    """Return three nights around a change, with more asked than a night holds."""
    calendar = Calendar(
        id="night",
        weekly=tuple(
            WeeklyRule(
                weekdays=frozenset(range(7)), hours=DailySpan(start_minute=start, end_minute=end)
            )
            for start, end in BANDS
        ),
    )
    pause = Break(minutes=grain, window=DailySpan(start_minute=0, end_minute=240))
    return Problem(
        horizon=Horizon(first=first, days=3, zone=zone, grain_minutes=grain),
        calendars=(calendar,),
        resources=(practitioner("ann", calendar="night", breaks=(pause,)),),
        services=(
            service(minutes=60),
            service("hourly", minutes=60, needs=(need(),), start_every_minutes=60),
        ),
        requests=(
            *(request(f"A{n}", services="hourly") for n in range(6)),
            request("F", series=FixedSeries(count=3, every_days=1)),
            request("X", series=FlexibleSeries(count=3, least_days_between=1)),
        ),
        levels=(
            Level(name="served", goals=(("served:3", 1),)),
            Level(name="comfort", goals=(("soonest", 1),)),
        ),
    )


@pytest.mark.parametrize(("zone", "first", "grain"), NIGHTS)
def test_visits_lie_in_open_hours(zone: str, first: date, grain: int) -> None:
    """Every minute of every visit shows a wall time in the bands, and none overlap."""
    result = solve(problem(zone, first, grain), Params(workers=1, deterministic_limit=3.0))
    assert result.schedule is not None
    assert result.status in (Status.OPTIMAL, Status.FEASIBLE)
    tz = ZoneInfo(zone)
    seen: set[datetime] = set()
    for assignment in result.schedule.assignments:
        assert assignment.end - assignment.start == timedelta(hours=1)
        start = assignment.start.astimezone(tz)
        if assignment.visit.startswith("A"):
            assert start.minute == 0
        instant = assignment.start
        while instant < assignment.end:
            wall = instant.astimezone(tz)
            minute = wall.hour * 60 + wall.minute
            assert any(band[0] <= minute < band[1] for band in BANDS)
            assert instant not in seen
            seen.add(instant)
            instant += timedelta(minutes=5)
    series = [result.schedule[f"F#{n}"].start.astimezone(tz) for n in (1, 2, 3)]
    assert len({start.time() for start in series}) == 1
    assert [start.date() - series[0].date() for start in series] == [
        timedelta(days=n) for n in range(3)
    ]
    days = [result.schedule[f"X#{n}"].start.astimezone(tz).date() for n in (1, 2, 3)]
    assert days == sorted(set(days))


@pytest.mark.parametrize(("zone", "first", "grain"), NIGHTS)
def test_a_night_holds_what_its_real_hours_hold(zone: str, first: date, grain: int) -> None:
    """As many visits fit as real hours are open, less a break a day: the change is counted."""
    base = problem(zone, first, grain)
    tz = ZoneInfo(zone)
    free = 0
    instant, end = base.horizon.start, base.horizon.end
    while instant < end:
        wall = instant.astimezone(tz)
        minute = wall.hour * 60 + wall.minute
        free += any(band[0] <= minute < band[1] for band in BANDS)
        instant += timedelta(minutes=1)
    crowd = Problem(
        horizon=base.horizon,
        calendars=base.calendars,
        resources=(practitioner("ann", calendar="night"),),
        services=(service(minutes=grain),),
        requests=tuple(request(f"A{n:03}") for n in range(free // grain + 3)),
        levels=base.levels[:1],
    )
    result = solve(crowd, Params(workers=1, deterministic_limit=10.0))
    assert result.status is Status.OPTIMAL
    assert result.visits_placed == free // grain

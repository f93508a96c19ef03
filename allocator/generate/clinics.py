"""A demonstration clinic: a week's requests beside what is booked, as one problem."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Literal

from allocator.domain.objective import Forecast
from allocator.domain.problem import Problem
from allocator.domain.time import Horizon, Span, wall_to_instant
from allocator.generate import profile, services
from allocator.generate.asks import visit_count
from allocator.generate.bookings import Booked, book
from allocator.generate.demand import Ask, draw_asks
from allocator.generate.grid import Grid
from allocator.generate.load import (
    Minutes,
    bookings_wanted,
    demand_of,
    minutes_a_visit,
    minutes_for_asks,
)
from allocator.generate.patients import Register, availability_calendars
from allocator.generate.requests import requests_for
from allocator.generate.services import PROFESSIONS
from allocator.generate.staff import hire
from allocator.generate.world import World, world_of

Size = Literal["small", "medium", "large"]

LOADS = {"overloaded": 120}
ZONE = "Europe/Berlin"
REGION = "DE-BE"
FIRST = date(2026, 3, 2)
TRAVEL_MINUTES = 30
MOST_WEEKS = 52
MOST_ASKED = 50_000

#: Requests in a week for each appointment a day, at a load of 85 %.
REQUESTS_PER_APPOINTMENT = 4.2


def clinic(
    size: Size | str = "medium",
    load: int | str = 85,
    seed: int = 1,
    *,
    requests: int | None = None,
    visits: int | None = None,
    days_of_requests: int = 5,
    weeks: int = 8,
    booked: bool = True,
    sites: int = 1,
    first: date = FIRST,
) -> Problem:
    """Make a demonstration clinic.

    Parameters
    ----------
    size
        ``"small"``, ``"medium"`` or ``"large"``: 33, 78 or 110 appointments a day when its
        staff is full.
    load
        Percentage of the practitioners' time that is booked or asked for, where the requests
        may lie: 75, 85, 95, or ``"overloaded"`` (120).
    seed
        Same seed, same clinic.
    requests, visits
        About so many requests, or visits, instead of the size's; staff grows with them.
    days_of_requests
        Working days over which the requests came in.
    weeks
        Length of the horizon, from a Monday.
    booked
        Whether visits are booked already. Without, staff is only what the requests need.
    sites
        1, or 2: a second location, with travel and practitioners who work at both.
    first
        The Monday on which the horizon starts; the problem is asked at 17:00 on the Friday
        before.

    Returns
    -------
    Problem
        Validated; ids ``R…`` are requests, ``B…`` bookings (published and pinned), ``P…``
        patients.
    """
    if size not in profile.APPOINTMENTS_A_DAY:
        known = ", ".join(profile.APPOINTMENTS_A_DAY)
        raise ValueError(f"The size {size!r} is unknown; there are {known}.")
    if isinstance(load, str) and load not in LOADS:
        known = ", ".join(LOADS)
        raise ValueError(f"The load {load!r} is unknown; there are percentages and {known}.")
    percent = LOADS[load] if isinstance(load, str) else int(load)
    for what, number, most in (
        ("weeks", weeks, MOST_WEEKS),
        ("requests", requests, MOST_ASKED),
        ("visits", visits, MOST_ASKED),
    ):
        if number is not None and not 1 <= number <= most:
            raise ValueError(f"{number} {what}; 1 to {most} are possible.")
    if not 1 <= percent <= 200:
        raise ValueError(f"The load is {percent} %; 1 to 200 are possible.")
    if requests is not None and visits is not None:
        raise ValueError("Give requests or visits, not both.")
    if first.weekday() != 0:
        raise ValueError(f"The horizon starts on {first}, which is no Monday.")
    if sites not in (1, 2):
        raise ValueError(f"{sites} sites; 1 or 2 are possible.")

    def stream(part: str) -> Random:
        return Random(f"{seed}:{part}")

    now = wall_to_instant(first - timedelta(days=3), 17 * 60, ZONE)
    grid = Grid(Horizon(first=first, days=7 * weeks, zone=ZONE, grain_minutes=15, now=now))
    a_day: float = profile.APPOINTMENTS_A_DAY[size]
    rush = percent / 85 * max(1.0, percent / 85) if percent > 100 else percent / 85
    usual = REQUESTS_PER_APPOINTMENT * rush * days_of_requests / 5
    asks = _asks(requests or round(a_day * usual), visits, weeks, stream)
    if requests is not None or visits is not None:
        a_day = len(asks) / usual
    minutes = (
        {who: 5 * a_day * each for who, each in minutes_a_visit().items()}
        if booked
        else minutes_for_asks(asks, grid.days, percent / 100)
    )
    places = ("main", "branch")[:sites]
    staff = hire(minutes, grid, stream("staff"), region=REGION, sites=places)
    world = world_of(grid, REGION, staff, places, TRAVEL_MINUTES)
    register = Register(rng=stream("patients"))
    incoming = requests_for(asks, world, register, now, days_of_requests, stream("requests"))
    bookings = Booked()
    if booked:
        capacity = _capacity(world)
        wanted = bookings_wanted(demand_of(world, incoming), capacity, percent / 100)
        bookings = book(world, incoming, register, wanted, now, stream("bookings"))
    return Problem(
        name=f"{size} clinic at {percent} %",
        horizon=grid.horizon,
        locations=world.locations,
        travel=world.travel,
        calendars=(*staff.calendars, *availability_calendars()),
        resources=(*world.resources, *register.patients.values()),
        services=tuple(world.services.values()),
        turnarounds=services.TURNAROUNDS,
        requests=(*bookings.requests, *incoming.requests),
        sessions=tuple(incoming.sessions),
        relations=tuple(incoming.relations),
        precedences=tuple(incoming.precedences),
        apart=tuple(incoming.apart),
        published=tuple(bookings.published),
        pins=tuple(bookings.pins),
        forecast=_forecast(world),
    )


def _asks(
    number: int, visits: int | None, weeks: int, stream: Callable[[str], Random]
) -> list[Ask]:
    """Draw the asks: so many or, where visits are given, as many as have about those visits."""
    if visits is None:
        return draw_asks(number, stream("asks"))
    asks: list[Ask] = []
    number = max(1, round(visits / 1.9))
    best: int | None = None
    for _ in range(12):
        some = draw_asks(number, stream("asks"))
        have = sum(visit_count(ask, weeks) for ask in some)
        if best is None or abs(have - visits) < best:
            asks, best = some, abs(have - visits)
        if best <= 0.01 * visits:
            break
        step = round((visits - have) / 1.9)
        number = max(1, number + (step or (1 if have < visits else -1)))
    return asks


def _capacity(world: World) -> Minutes:
    return {
        (profession, week): minutes
        for profession in PROFESSIONS
        for week in range(world.grid.weeks)
        if (minutes := world.capacity(profession, week))
    }


def _forecast(world: World) -> tuple[Forecast, ...]:
    """Return what may still come in for the next two weeks, by the hours at which visits start."""
    grid = world.grid
    hours = {hour: share for hour, share in profile.START_HOURS.items() if hour <= 18}
    total = sum(hours.values())
    forecast = []
    for day in range(min(14, grid.days)):
        minutes = sum(world.minutes_on(person, day) for person in world.staff.practitioners)
        for hour, share in hours.items():
            expected = round(0.1 * minutes * share / total)
            if expected:
                span = Span(
                    start=grid.instant(day, 60 * hour), end=grid.instant(day, 60 * hour + 60)
                )
                forecast.append(Forecast(kind="practitioner", span=span, minutes=expected))
    return tuple(forecast)

"""A stream of requests over many weeks, to be answered one by one as they come in."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from allocator.domain import measured
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.time import Horizon, Span, wall_to_instant
from allocator.generate import profile, services
from allocator.generate.asks import services_for, visits_asked
from allocator.generate.clinics import FIRST, REGION, ZONE
from allocator.generate.demand import Ask, draw_asks
from allocator.generate.grid import Grid
from allocator.generate.load import minutes_a_visit
from allocator.generate.patients import availability_calendars
from allocator.generate.services import PROFESSIONS
from allocator.generate.staff import hire
from allocator.generate.world import World, drawn_on, world_of

#: Weeks that a series is planned for when its patient asks.
SERIES_WEEKS = 8
#: Nobody asks for a visit that is sooner than this.
SOONEST_MINUTES = 60
#: Wishes lie between these hours; the last is that of the last start.
OPENS, LAST_START = 8, 18
LARGEST_WEEKS = 104


def stream(
    size: str = "small", load: int = 85, seed: int = 1, *, weeks: int = 12, first: date = FIRST
) -> Problem:
    """Make a clinic with nothing booked, and the requests that come in over so many weeks.

    Everybody asks for one visit at a time, with a wished start, on days to either side of it;
    who has a series asks for its visits one after the other, at the same moment. Who asks when,
    how long ahead and for what time of day follows the figures of real clinics in
    ``allocator/generate/profile.py``; how many ask in a week is drawn about the month's share of
    a year (Poisson). Case conferences and groups are left out.

    Parameters
    ----------
    size
        ``"small"``, ``"medium"`` or ``"large"``: 33, 78 or 110 appointments a day when full.
    load
        Percentage of the practitioners' time that is asked for over all weeks, less the share
        that is cancelled again by the figures of ``allocator/domain/measured.py``.
    seed
        Same seed, same stream.
    weeks
        Length of the horizon, from a Monday.
    first
        That Monday.

    Returns
    -------
    Problem
        ``requested`` of each request says when it came in, ``wanted`` which start is wished.
    """
    if size not in profile.APPOINTMENTS_A_DAY:
        known = ", ".join(profile.APPOINTMENTS_A_DAY)
        raise ValueError(f"The size {size!r} is unknown; there are {known}.")
    for what, number, most in (("percent load", load, 200), ("weeks", weeks, LARGEST_WEEKS)):
        if not 1 <= number <= most:
            raise ValueError(f"{number} {what}; 1 to {most} are possible.")
    if first.weekday() != 0:
        raise ValueError(f"The horizon starts on {first}, which is no Monday.")
    a_day = profile.APPOINTMENTS_A_DAY[size]
    now = wall_to_instant(first, 0, ZONE)
    grid = Grid(Horizon(first=first, days=7 * weeks, zone=ZONE, grain_minutes=15, now=now))
    minutes = {who: 5 * a_day * each for who, each in minutes_a_visit().items()}
    staff = hire(minutes, grid, Random(f"{seed}:staff"), region=REGION, sites=("main",))
    world = world_of(grid, REGION, staff, ("main",), 0)
    requests, patients = _requests(world, load / 100, seed)
    return Problem(
        name=f"{size} clinic at {load} %, {weeks} weeks as they come in",
        horizon=grid.horizon,
        locations=world.locations,
        calendars=(*staff.calendars, *availability_calendars()),
        resources=(*world.resources, *patients),
        services=tuple(world.services.values()),
        turnarounds=services.TURNAROUNDS,
        requests=tuple(requests),
    )


def _requests(world: World, load: float, seed: int) -> tuple[list[Request], list[Resource]]:
    """Draw the requests of every week, those who asked before the first week among them."""
    grid, rng = world.grid, Random(f"{seed}:stream")
    capacity = sum(world.capacity(who, week) for who in PROFESSIONS for week in range(grid.weeks))
    before = max(bin.last for bin in measured.LEAD_BINS) // 7 + SERIES_WEEKS
    sample = [ask for ask in draw_asks(4000, Random(0)) if _single(ask)]
    per_ask = sum(_minutes(world, sample)) / len(sample)
    weekly = load * capacity / grid.weeks / per_ask / (1 - measured.CANCELLED_SHARE)
    requests: list[Request] = []
    patients: list[Resource] = []
    for week in range(-before, grid.weeks):
        month = (grid.horizon.first + timedelta(days=7 * week + 3)).month
        asks = _week(_poisson(weekly * profile.MONTHS[month - 1], rng), rng)
        for ask, service in zip(asks, services_for(asks, rng), strict=True):
            patient = Resource(id=f"P{len(patients) + 1:05d}", kind="patient")
            mine = list(_visits(world, ask, service, week, patient, len(requests), rng))
            requests += mine
            patients += [patient] if mine else []
    return requests, patients


def _single(ask: Ask) -> bool:
    return ask.therapy not in ("conference", "group")


def _week(number: int, rng: Random) -> list[Ask]:
    """Draw what so many people ask for in a week."""
    asks: list[Ask] = []
    while len(asks) < number:
        asks += [ask for ask in draw_asks(number + 20, rng) if _single(ask)]
    return asks[:number]


def _minutes(world: World, asks: list[Ask]) -> list[float]:
    """Return the practitioners' minutes that each of these asks for."""
    taken = {
        id: sum(minutes for _, minutes in drawn_on(world, service))
        for id, service in world.services.items()
    }
    meant = services_for(asks, Random(0))
    return [
        taken[service] * visits_asked(ask, SERIES_WEEKS)
        for ask, service in zip(asks, meant, strict=True)
    ]


def _visits(
    world: World, ask: Ask, service: str, week: int, patient: Resource, number: int, rng: Random
) -> list[Request]:
    """Return a request for each visit that somebody asks for, as far as it lies in the horizon."""
    grid, zone = world.grid, world.grid.horizon.zone
    day = 7 * week + ask.weekday
    asked = wall_to_instant(grid.date(day), 60 * ask.hour + ask.minute, zone)
    count = visits_asked(ask, SERIES_WEEKS)
    gaps = (
        [ask.gap_days[turn % len(ask.gap_days)] for turn in range(count - 1)] if count > 1 else []
    )
    minute = 60 * min(max(ask.start_hour, OPENS), LAST_START - 1) + 15 * rng.randrange(4)
    on = day + ask.lead_days
    found: list[Request] = []
    for gap in (0, *gaps):
        on, minute = _wished(world, on + gap, minute, day, 60 * ask.hour + ask.minute)
        if on >= grid.days:
            break
        if on < 0:
            continue
        first, last = max(on - ask.days_before, day, 0), min(on + ask.days_after, grid.days - 1)
        start = max(grid.instant(first), asked)
        found.append(
            Request(
                id=f"R{number + len(found) + 1:06d}",
                steps=(Step(service=service),),
                attendees=(Attendee(resource=patient.id),),
                windows=(Span(start=start, end=grid.instant(last + 1)),),
                weight=10,
                wanted=grid.instant(on, minute),
                requested=asked,
                label=world.services[service].label,
            )
        )
    return found


def _wished(world: World, on: int, minute: int, asked_on: int, asked: int) -> tuple[int, int]:
    """Return the working day, and the time of it, at which a visit is wished."""
    grid = world.grid
    if on == asked_on and minute < asked + SOONEST_MINUTES:
        later = -(-(asked + SOONEST_MINUTES) // 15) * 15
        if later < 60 * LAST_START:
            minute = later
        else:
            on += 1
    while not grid.works(on, world.region):
        on += 1
    return on, minute


def _poisson(mean: float, rng: Random) -> int:
    """Draw a number about a mean, as many independent people make it."""
    # A normal draw is as good for a week of dozens, and there is one for any mean.
    return max(0, round(rng.gauss(mean, mean**0.5)))

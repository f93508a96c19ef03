"""A clinic whose best schedule is known: it is made first, and the requests are cut from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import NamedTuple

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.time import Horizon, Span, wall_to_instant
from allocator.generate import services
from allocator.generate.bookings import book
from allocator.generate.clinics import FIRST, REGION, ZONE
from allocator.generate.grid import Grid
from allocator.generate.incoming import Incoming
from allocator.generate.load import Minutes, minutes_a_visit
from allocator.generate.patients import Register, availability_calendars
from allocator.generate.services import PROFESSIONS
from allocator.generate.staff import hire
from allocator.generate.world import world_of

#: Days before the horizon on which the problem is asked: notice rules nothing out.
BEFORE = 28
#: Days before and after each visit's own on which it may lie.
AROUND = 1


class Planted(NamedTuple):
    """A problem, and a schedule that serves all of it: nothing better can be served."""

    problem: Problem
    schedule: Schedule


def planted(visits: int, seed: int = 1, *, load: int = 100, weeks: int = 4) -> Planted:
    """Make a clinic of which everything can be served, though its staff are nearly full.

    Visits are booked one after the other until the staff's time is used up; whoever is booked is
    asked for again, on the days around.

    Parameters
    ----------
    visits
        About so many, from some 500 on: fewer would leave some professions idle.
    seed
        Same seed, same clinic.
    load
        Percentage of the practitioners' time up to which visits are booked: beyond some 90 none
        finds a place any more.
    weeks
        Length of the horizon, from a Monday.

    Returns
    -------
    Planted
        The problem, in which nothing is published, and the schedule it was cut from.
    """

    def stream(part: str) -> Random:
        return Random(f"{seed}:{part}")

    now = wall_to_instant(FIRST - timedelta(days=BEFORE), 17 * 60, ZONE)
    grid = Grid(Horizon(first=FIRST, days=7 * weeks, zone=ZONE, grain_minutes=15, now=now))
    minutes = {who: visits / weeks * each for who, each in minutes_a_visit().items()}
    staff = hire(minutes, grid, stream("staff"), region=REGION, sites=("main",))
    world = world_of(grid, REGION, staff, ("main",), 0)
    register = Register(rng=stream("patients"))
    wanted: Minutes = {
        (profession, week): load / 100 * world.capacity(profession, week)
        for profession in PROFESSIONS
        for week in range(weeks)
    }
    booked = book(world, Incoming(), register, wanted, now, stream("bookings"))
    schedule = Schedule(assignments=tuple(booked.published))
    problem = Problem(
        name=f"planted clinic at {load} %",
        horizon=grid.horizon,
        locations=world.locations,
        travel=world.travel,
        calendars=(*staff.calendars, *availability_calendars()),
        resources=(*world.resources, *register.patients.values()),
        services=tuple(world.services.values()),
        turnarounds=services.TURNAROUNDS,
        requests=_around(booked.requests, schedule),
    )
    return Planted(problem, schedule)


def _around(requests: Sequence[Request], schedule: Schedule) -> tuple[Request, ...]:
    """Return the requests, each of which may lie on the days around those of its visits."""
    by_visit = {assignment.visit: assignment for assignment in schedule.assignments}
    return tuple(
        replace(request, windows=tuple(_days(by_visit[visit]) for visit in request.visit_ids()))
        for request in requests
    )


def _days(assignment: Assignment) -> Span:
    """Return the local day of a visit, with those around it."""
    day = assignment.start.date()
    return Span(
        start=wall_to_instant(day - timedelta(days=AROUND), 0, ZONE),
        end=wall_to_instant(day + timedelta(days=AROUND + 1), 0, ZONE),
    )

"""Conferences: meetings of practitioners, by role or by name."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from allocator.domain.request import Attendee, Request, Step
from allocator.domain.service import Service
from allocator.generate import profile
from allocator.generate.asks import Arrival, Days, days_of
from allocator.generate.grid import each, starts_of_runs
from allocator.generate.patients import Register
from allocator.generate.world import World


def conference(
    arrival: Arrival, turn: int, world: World, register: Register, rng: Random
) -> Request:
    """Return the request for a case conference: by roles, or by names, required and preferred."""
    grid = world.grid
    days = days_of(arrival.ask, grid.days)
    days = replace(days, last=min(grid.days - 1, max(days.last, days.first + 4)))
    by_role = turn % 2 == 0 and world.staff.of("doctor")
    service = world.services["case_conference" if by_role else "team_meeting"]
    attendees: tuple[Attendee, ...]
    if by_role:
        patient = register.new(free=True)
        attendees = (
            (Attendee(resource=patient.id, required=False, weight=2),) if rng.random() < 0.3 else ()
        )
    else:
        home = world.locations[0].id
        people = [
            p
            for p in world.staff.practitioners
            if (p.mobile or p.location == home) and not p.one_room_per_half_day
        ]
        least, most = profile.CONFERENCE_STAFF
        whole = replace(days, first=0, last=grid.days - 1)
        attendees = ()
        for _ in range(20):
            some = rng.sample(people, min(len(people), rng.randint(least, most)))
            attendees = tuple(
                Attendee(resource=p.id, required=number < 2, weight=1 if number < 2 else 3)
                for number, p in enumerate(some)
            )
            if _meets(world, service, attendees, whole):
                break
    while days.last < grid.days - 1 and not _meets(world, service, attendees, days):
        days = replace(days, last=days.last + 1)
    while days.first > 0 and not _meets(world, service, attendees, days):
        days = replace(days, first=days.first - 1)
    return Request(
        id=arrival.id,
        steps=(Step(service=service.id),),
        attendees=attendees,
        windows=(grid.days_span(days.first, days.last),),
        priority=3,
        weight=20,
        requested=arrival.at,
        label=service.label,
    )


def _meets(world: World, service: Service, attendees: tuple[Attendee, ...], days: Days) -> bool:
    """Say whether the window has two days on which those required could meet."""
    grid = world.grid
    people = {p.id: p for p in world.staff.practitioners}
    common = grid.span_ticks(grid.days_span(days.first, days.last))
    common &= world.open_ticks(world.staff.rooms[0])
    for attendee in attendees:
        if attendee.required and attendee.resource in people:
            common &= world.unreserved(people[attendee.resource])
    length = grid.ticks_in(service.minutes)
    if world.carers(service):
        starts = world.starts(service, first=False, within=common)
    else:
        starts = starts_of_runs(common, length) & world.on_grid(service)
    return len({grid.wall(tick)[0] for tick in each(starts)}) >= 2

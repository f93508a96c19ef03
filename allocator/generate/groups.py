"""Groups: sessions on fixed days, and the requests for them."""

from __future__ import annotations

from math import ceil
from random import Random

from allocator.domain.request import Attendee, FlexibleSeries, Request, Session, Step
from allocator.domain.time import Span
from allocator.generate import profile, services
from allocator.generate.asks import Arrival, visits_asked
from allocator.generate.patients import Register
from allocator.generate.world import World


def group_requests(
    asked: list[Arrival], world: World, register: Register, rng: Random
) -> tuple[list[Session], list[Request]]:
    """Return sessions for those who ask for a group, some seven to each, and their requests."""
    sessions: list[Session] = []
    requests: list[Request] = []
    if not asked:
        return sessions, requests
    number = max(1, round(len(asked) / 7))
    for group in range(number):
        service, _ = services.GROUPS[group % len(services.GROUPS)]
        members = asked[group::number]
        counts = [visits_asked(arrival.ask, world.grid.weeks) for arrival in members]
        own = _sessions(world, service, group, len(members), max(counts), sum(counts), rng)
        sessions += own
        for arrival, count in zip(members, counts, strict=True):
            requests.append(_member(arrival, min(count, len(own)), own, world, register))
    return sessions, requests


def _member(
    arrival: Arrival, count: int, sessions: list[Session], world: World, register: Register
) -> Request:
    """Return the request of somebody who comes to so many of a group's sessions."""
    patient = register.new(free=True)
    series = None
    if count > 1:
        series = FlexibleSeries(count=count, at_least=max(1, count - 1), most_per_week=1)
    return Request(
        id=arrival.id,
        steps=(Step(sessions=frozenset(session.id for session in sessions)),),
        series=series,
        attendees=(Attendee(resource=patient.id),),
        priority=max(2, arrival.priority),
        weight=10 * count,
        requested=arrival.at,
        label=world.services[sessions[0].service].label,
    )


def _sessions(
    world: World, service: str, group: int, members: int, most: int, visits: int, rng: Random
) -> list[Session]:
    """Return a group's sessions, one a week, as many as its members ask for."""
    grid = world.grid
    number = min(grid.weeks, max(most, ceil(visits / 5)))
    first_week = 1 if grid.weeks > number else 0
    least, top = profile.GROUP_SIZE
    sessions = []
    for turn in range(number):
        week = first_week + turn
        windows: list[Span] = []
        for start, end in ((780, 1110), (480, 1170)):
            windows = [
                Span(start=grid.instant(day, start), end=grid.instant(day, end))
                for day in range(7 * week + 1, min(7 * week + 4, grid.days))
                if grid.works(day, world.region)
            ]
            within = sum(grid.span_ticks(window) for window in windows)
            found = world.starts(world.services[service], first=False, within=within)
            if found:
                break
        sessions.append(
            Session(
                id=f"S-{service}-{group + 1}-{turn + 1}",
                service=service,
                least=min(least, members),
                most=rng.randint(max(least, 6), top),
                windows=tuple(windows),
                label=f"{world.services[service].label}, week {week + 1}",
            )
        )
    return sessions

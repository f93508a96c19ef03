"""Asks turned into requests, one after the other."""

from __future__ import annotations

from datetime import datetime
from random import Random

from allocator.generate.asks import Arrival, arrivals
from allocator.generate.beside import SecondRequests
from allocator.generate.conferences import conference
from allocator.generate.demand import Ask
from allocator.generate.groups import group_requests
from allocator.generate.incoming import Incoming
from allocator.generate.patients import Register
from allocator.generate.series import FixedTimes
from allocator.generate.therapies import Therapies
from allocator.generate.world import World


def requests_for(
    asks: list[Ask],
    world: World,
    register: Register,
    now: datetime,
    days_of_requests: int,
    rng: Random,
) -> Incoming:
    """Return the requests for these asks, numbered in the order in which they came in."""
    incoming = Incoming()
    therapies = Therapies(
        world=world,
        register=register,
        incoming=incoming,
        times=FixedTimes(world=world, kept=incoming.kept),
        seconds=SecondRequests(world=world, incoming=incoming),
        rng=rng,
    )
    conferences = 0
    grouped: list[Arrival] = []
    for arrival in arrivals(asks, world, now, days_of_requests, rng):
        if arrival.ask.therapy == "group":
            grouped.append(arrival)
        elif arrival.ask.therapy == "conference":
            incoming.requests.append(conference(arrival, conferences, world, register, rng))
            conferences += 1
        else:
            therapies.add(arrival)
    sessions, requests = group_requests(grouped, world, register, rng)
    incoming.sessions += sessions
    incoming.requests += requests
    incoming.requests.sort(key=lambda request: request.id)
    return incoming

"""Meetings of agents as a problem: each has a place of its own, and all must be held."""

from __future__ import annotations

from datetime import date

from allocator.bench.csplib046.instance import Instance
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Location, Resource, Travel
from allocator.domain.service import Service
from allocator.domain.time import Horizon, Span

#: Minutes of a slot, of a meeting, and of a unit of distance.
SLOT = 60
FIRST = date(2026, 3, 2)

LEVELS = (Level(name="held", goals=(("served:1", 1),)),)


def problem_of(instance: Instance) -> Problem:
    """Say an instance as a problem; the distance between two meetings is travel."""
    meetings = range(len(instance.distances))
    horizon = Horizon(first=FIRST, days=-(-instance.slots // 24), zone="UTC", grain_minutes=SLOT)
    slots = Span(start=horizon.start, end=horizon.instant(instance.slots))
    attended = [[n for n, some in enumerate(instance.agents) if m in some] for m in meetings]
    return Problem(
        name=f"csplib046 {instance.number}",
        horizon=horizon,
        locations=tuple(Location(id=f"place {m:02}") for m in meetings),
        travel=tuple(
            Travel(
                origin=f"place {a:02}",
                destination=f"place {b:02}",
                minutes=SLOT * instance.distances[a][b],
            )
            for a in meetings
            for b in meetings
            if a != b
        ),
        resources=tuple(
            Resource(id=f"agent {n:02}", kind="agent") for n in range(len(instance.agents))
        ),
        services=tuple(
            Service(id=f"service {m:02}", minutes=SLOT, location=f"place {m:02}") for m in meetings
        ),
        requests=tuple(
            Request(
                id=f"meeting {m:02}",
                steps=(Step(service=f"service {m:02}"),),
                attendees=tuple(Attendee(resource=f"agent {n:02}") for n in attended[m]),
                windows=(slots,),
                priority=1,
                must=True,
            )
            for m in meetings
        ),
        levels=LEVELS,
    )

"""Visits that stay: each as a request of its own, published where it lies."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from api.solving.anew import attends
from api.store.world import World


@dataclass(frozen=True, slots=True)
class Gone:
    """Time of a resource that a visit takes of which the problem can hold nothing else."""

    ref: str
    start: datetime
    finish: datetime


def as_they_lie(
    rows: Sequence[Any],
    world: World,
    known: Mapping[str, Resource],
    held: Mapping[str, Assignment],
    horizon: Horizon,
) -> tuple[list[tuple[Request, Assignment]], list[Gone]]:
    """Return visits that stay, each as a request of its own that is published where it lies.

    The clinic may have changed since they were booked, and some reach out of the horizon: what
    cannot be said as a request is time at which its resources are not to be had.
    """
    there: list[tuple[Request, Assignment]] = []
    gone: list[Gone] = []
    for row in rows:
        lies = as_it_lies(row, world, known, held, horizon)
        if lies is not None:
            there.append(lies)
        if lies is None or lies[1].session is None:
            said = () if lies is None else dict(lies[1].resources)
            gone += [
                Gone(name, row.start, row.finish)
                for role, names in row.resources.items()
                if role not in said
                for name in names
                if name in known
            ]
    return there, gone


def as_it_lies(
    row: Any,
    world: World,
    known: Container[str],
    held: Mapping[str, Assignment],
    horizon: Horizon,
) -> tuple[Request, Assignment] | None:
    """Return a visit as a request of its own, and where it lies; None where that cannot be said.

    Resources of which the clinic as it is now can say nothing are left out.

    Parameters
    ----------
    known
        Names of the resources.
    held
        Where group sessions are held, by name.
    """
    joins = row.session if row.session in held else None
    service = world.services.get(row.service)
    if not (joins or service) or row.start < horizon.start or row.finish > horizon.end:
        return None
    roles = {need.role for need in service.needs} if service and not joins else set()
    filled = {
        role: found
        for role, names in row.resources.items()
        if (role in roles or attends(role)) and (found := tuple(n for n in names if n in known))
    }
    name = str(row.uid)
    step = Step(sessions=frozenset({joins})) if joins else Step(service=row.service)
    attendees = tuple(
        Attendee(resource=names[0]) for role, names in filled.items() if attends(role)
    )
    return (
        Request(id=name, steps=(step,), attendees=attendees),
        Assignment(
            visit=name,
            start=row.start,
            end=row.finish,
            resources=tuple(filled.items()),
            session=joins,
        ),
    )

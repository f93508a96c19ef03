"""Requests that wait, in a solve: those that could lie within its days and can be meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace

from sqlalchemy import text

from allocator.domain.request import Request, Step
from allocator.domain.resource import Resource
from allocator.domain.time import Horizon
from api.solving.asked import Asked
from api.solving.groups import touches
from api.store.world import World, decoded
from api.usecases.tx import Tx


def pending_in(
    tx: Tx, world: World, asked: Asked, horizon: Horizon
) -> tuple[list[tuple[int, Request]], dict[str, str | None]]:
    """Return the requests that wait and could lie in the horizon, and whose they are."""
    rows = tx.connection.execute(
        _PENDING, {"tenant": tx.tenant, "refs": list(asked.requests), "all": not asked.requests}
    ).all()
    pending = [(row.id, decoded(Request, row.spec, row.ref)) for row in rows]
    return [
        (number, request)
        for number, request in pending
        if touches(request.windows, horizon) and _at(world, request, asked.location)
    ], {row.ref: row.person for row in rows}


_PENDING = text(
    "SELECT request.id, request.ref, request.spec, person.ref AS person FROM request"
    " LEFT JOIN person ON person.tenant_id = :tenant AND person.id = request.person_id"
    " WHERE request.tenant_id = :tenant AND request.state = 'requested'"
    " AND (:all OR request.ref = ANY(:refs)) AND NOT EXISTS (SELECT 1 FROM booking WHERE"
    " booking.tenant_id = :tenant AND booking.request_id = request.id"
    " AND booking.state IN ('held', 'pending_approval', 'booked'))"
    " ORDER BY request.id LIMIT 100000"
)


def sensible(
    waiting: Sequence[tuple[int, Request]],
    world: World,
    known: Mapping[str, Resource],
    sessions: Collection[str],
    erased: Set[str],
) -> tuple[list[tuple[int, Request]], dict[str, str]]:
    """Return the requests that can be meant as the clinic is now, and why the others cannot.

    What they ask for was there when they came, and may have been deleted: one of them must not
    keep all others from being placed. Of several group sessions those count that are there.
    """
    pending: list[tuple[int, Request]] = []
    skipped: dict[str, str] = {}
    for number, request in waiting:
        steps = open_steps(request, sessions)
        services = {step.service for step in steps if step.service}
        named = {attendee.resource for attendee in request.attendees}
        gone = sorted(named & erased)
        named |= {name for wish in request.preferred_resources for name in wish.resources}
        missing = sorted(
            {name for name in services if name not in world.services}
            | {name for name in named if name not in known}  # a difference walks over all known
        )
        if missing:
            skipped[request.id] = f"It asks for {', '.join(missing)}, which is not there any more."
        elif gone:
            skipped[request.id] = f"It is for {', '.join(gone)}, of whom nothing is known any more."
        elif not all(step.service or step.sessions for step in steps):
            skipped[request.id] = "None of its group sessions is within the days looked at."
        else:
            pending.append((number, replace(request, steps=steps)))
    return pending, skipped


def open_steps(request: Request, sessions: Collection[str]) -> tuple[Step, ...]:
    """Return the steps of a request with those of its group sessions that somebody may join."""
    return tuple(
        replace(step, sessions=step.sessions & set(sessions)) if step.sessions else step
        for step in request.steps
    )


def _at(world: World, request: Request, location: str | None) -> bool:
    """Say whether a request asks for nothing that is tied to another location."""
    services = [world.services[s.service] for s in request.steps if s.service in world.services]
    return location is None or all(s.location in (None, location) for s in services)

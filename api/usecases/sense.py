"""Whether a world, people and requests make sense beside everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import text

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem as Clinic
from allocator.domain.request import Request
from allocator.domain.resource import Resource
from allocator.domain.time import MAX_TICKS, MINUTES_PER_DAY, Horizon, is_aware
from allocator.frames.columns import defaults
from api.problems import Forbidden, Invalid, NotFound
from api.store.people import resources
from api.store.world import World, decoded, read_world
from api.usecases.placing import demand_not_erased
from api.usecases.policy import demand_near
from api.usecases.rules import faults as told
from api.usecases.tx import Tx

#: Days on which a world is looked at when it or a request comes in.
AHEAD = 3 * 365


def look_at_world(tx: Tx) -> None:
    """Refuse a world that makes no sense."""
    world = read_world(tx.connection, tx.tenant)
    try:
        _clinic(tx, world, (), ())
    except InvalidProblem as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error


def look_at_people(tx: Tx, resources: Sequence[Resource]) -> None:
    """Refuse people's resources that make no sense in the world; it is held still meanwhile."""
    try:
        _clinic(tx, tx.world, resources, ())
    except InvalidProblem as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error


def look_at_requests(tx: Tx, made: Sequence[Request]) -> None:
    """Refuse requests that name what is not there; note whose they are."""
    names = sorted({a.resource for request in made for a in request.attendees})
    found = resources(tx.connection, tx.tenant, names)
    demand_not_erased({row.ref: row.erased_at for row in found})
    people = {row.ref: row.person_id for row in found}
    if tx.principal.own_only:
        for name in names:
            # The same whether there is such a person or not: that is nobody's business either.
            mine = name in people and people[name] == tx.principal.person
            if not mine and name not in tx.world.resources:
                raise NotFound("You can ask for yourself; somebody else is named.")
    try:
        _clinic(tx, tx.world, tuple(decoded(Resource, r.spec, r.ref) for r in found), made)
    except InvalidProblem as error:
        faults = _of_now(error.faults, made, tx.now)
        if faults:
            raise Invalid(faults[0].message, faults=told(faults)) from error
    whose = {
        request.id: next(
            (people[a.resource] for a in request.attendees if a.resource in people), None
        )
        for request in made
    }
    if tx.principal.own_only:
        stranger = next((r for r, p in whose.items() if p != tx.principal.person), None)
        if stranger is not None or tx.principal.person is None:
            raise NotFound("You can ask for yourself; somebody else is named.")
        for request in made:
            _demand_patience(request)
            if request.windows:
                begins = min(window.start for window in request.windows)
                demand_near(tx.world, tx.now, begins, f"The windows of {request.id} begin")
    tx.connection.execute(
        text(
            "UPDATE request SET person_id = w.person FROM unnest(CAST(:refs AS text[]),"
            " CAST(:people AS bigint[])) AS w (ref, person)"
            " WHERE request.tenant_id = :tenant AND request.ref = w.ref"
        ),
        {"tenant": tx.tenant, "refs": list(whose), "people": list(whose.values())},
    )


def _of_now(faults: Iterable[Fault], made: Sequence[Request], now: datetime) -> list[Fault]:
    """Return faults but for windows beyond the days looked at: those are not over."""
    ahead = {
        request.id
        for request in made
        if any(is_aware(window.end) and window.end > now for window in request.windows)
    }
    return [
        fault
        for fault in faults
        if not (
            fault.kind == "request"
            and fault.code is FaultCode.OUTSIDE_HORIZON
            and fault.id in ahead
        )
    ]


def _demand_patience(request: Request) -> None:
    """Leave it to the staff to put somebody before others; clients hold urgently instead."""
    usual = defaults(Request)["priority"]
    if request.priority < usual:
        raise Forbidden(
            f"Priority {request.priority} is the staff's to give; clients ask with {usual} to 9,"
            " and hold with `urgent` where it cannot wait."
        )


def _clinic(
    tx: Tx, world: World, people: Iterable[Resource], requests: Sequence[Request]
) -> Clinic:
    """Return a problem of a whole world, for its faults alone."""
    return Clinic(
        horizon=Horizon(
            first=(tx.now - timedelta(days=1)).date(),
            days=min(AHEAD, MAX_TICKS * world.grain_minutes // MINUTES_PER_DAY),
            zone=world.zone,
            grain_minutes=world.grain_minutes,
            now=tx.now,
        ),
        locations=world.locations,
        travel=world.travel,
        calendars=tuple(world.calendars.values()),
        resources=(*world.resources.values(), *people),
        services=tuple(world.services.values()),
        turnarounds=world.turnarounds,
        sessions=tuple(replace(session, windows=()) for session in world.sessions.values()),
        requests=tuple(requests),
    )

"""A tenant's problem: a query over a horizon, as the library has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from allocator.domain.faults import InvalidProblem
from allocator.domain.objective import COMFORT, Level
from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE, Attendee, Pin, Request, Session, Step
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon, Span, zone_of
from api.problems import Invalid
from api.solving.asked import Asked
from api.store.world import World, decoded
from api.usecases.rules import faults as told
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A tenant's problem, and where its parts come from.

    Attributes
    ----------
    problem
        As the library has it: pending requests, and what is booked.
    requests
        Numbers of the pending requests, by their names in the problem.
    bookings
        Numbers of the bookings that may move, by their names in the problem.
    """

    problem: Problem
    requests: Mapping[str, int]
    bookings: Mapping[str, int]


def clinic(tx: Tx, asked: Asked) -> Clinic:
    """Return the problem of a tenant, as it is now.

    Raises
    ------
    Invalid
        Where the problem cannot be meant as it stands, with every fault.
    """
    world = tx.world_now
    first = asked.first or tx.now.astimezone(zone_of(world.zone)).date()
    horizon = Horizon(
        first=first,
        days=asked.days,
        zone=world.zone,
        grain_minutes=world.grain_minutes,
        now=tx.now,
    )
    pending = _pending(tx, asked, horizon) if asked.pending else []
    movable, fixed = _booked(tx, asked, horizon)
    names = {a.resource for _, request in pending for a in request.attendees}
    names |= {n for v in (*movable, *fixed) for filled in v.resources.values() for n in filled}
    people = _people(tx, sorted(names - world.resources.keys()))
    known = {**world.resources, **people}
    sessions, held = _sessions(tx, world, horizon)
    moved = _requests_of(movable)
    there = [_as_it_lies(visit, known, held) for visit in fixed]
    try:
        problem = Problem(
            horizon=horizon,
            locations=world.locations,
            travel=world.travel,
            calendars=tuple(world.calendars.values()),
            resources=tuple(known[name] for name in sorted(known)),
            services=tuple(world.services.values()),
            turnarounds=world.turnarounds,
            requests=(
                *(request for _, request in pending),
                *moved.values(),
                *(request for request, _ in there),
            ),
            sessions=sessions,
            published=(
                *held.values(),
                *(_assignment(visit, moved) for visit in movable),
                *(assignment for _, assignment in there),
            ),
            pins=tuple(
                Pin(visit=a.visit)
                for a in (*held.values(), *(assignment for _, assignment in there))
            ),
            most_changes=asked.most_changes,
            levels=_levels(
                asked,
                [request.priority for _, request in pending]
                + [request.priority for request in moved.values()]
                + [request.priority for request, _ in there],
            ),
        )
    except InvalidProblem as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error
    return Clinic(
        problem=problem,
        requests={request.id: number for number, request in pending},
        bookings={visit.booking: visit.booking_id for visit in movable},
    )


def _pending(tx: Tx, asked: Asked, horizon: Horizon) -> list[tuple[int, Request]]:
    """Return the requests that wait, and could lie in the horizon."""
    found = tx.connection.execute(
        _PENDING, {"tenant": tx.tenant, "refs": list(asked.requests), "all": not asked.requests}
    )
    pending = [(row.id, decoded(Request, row.spec, row.ref)) for row in found]
    return [
        (number, request)
        for number, request in pending
        if _touches(request.windows, horizon) and _at(tx.world_now, request, asked.location)
    ]


_PENDING = text(
    "SELECT id, ref, spec FROM request WHERE tenant_id = :tenant AND state = 'requested'"
    " AND (:all OR ref = ANY(:refs)) AND NOT EXISTS (SELECT 1 FROM booking WHERE"
    " booking.tenant_id = :tenant AND booking.request_id = request.id"
    " AND booking.state IN ('held', 'pending_approval', 'booked')) ORDER BY id LIMIT 100000"
)


def _touches(windows: Sequence[Span], horizon: Horizon) -> bool:
    return not windows or any(w.start < horizon.end and w.end > horizon.start for w in windows)


def _at(world: World, request: Request, location: str | None) -> bool:
    """Say whether a request asks for nothing that is tied to another location."""
    services = [world.services[s.service] for s in request.steps if s.service in world.services]
    return location is None or all(s.location in (None, location) for s in services)


def _booked(tx: Tx, asked: Asked, horizon: Horizon) -> tuple[list[Any], list[Any]]:
    """Return the visits that are taken: those that may move, and those that stay."""
    rows = tx.connection.execute(
        _BOOKED, {"tenant": tx.tenant, "start": horizon.start, "end": horizon.end}
    ).all()
    last = tx.now + timedelta(hours=asked.notice_hours)
    stays: set[int] = set()
    for row in rows:
        whole = row.start >= horizon.start and row.finish <= horizon.end and row.inside
        free = row.booking in asked.unpinned or (
            asked.may_move and row.state == "booked" and row.start >= last
        )
        if not (whole and free) or row.visit_state != "booked" or row.session is not None:
            stays.add(row.booking_id)
    return (
        [row for row in rows if row.booking_id not in stays],
        [row for row in rows if row.booking_id in stays],
    )


_BOOKED = text(
    """
    SELECT visit.uid, visit.booking_id, visit.occurrence, visit.step, visit.service,
           lower(visit.span) AS start, upper(visit.span) AS finish, visit.resources,
           visit.state AS visit_state, session.ref AS session, booking.ref AS booking,
           booking.state, booking.spec,
           (SELECT count(*) FROM visit AS other WHERE other.tenant_id = visit.tenant_id
            AND other.booking_id = visit.booking_id AND other.state = 'booked'
            AND (lower(other.span) < :start OR upper(other.span) > :end)) = 0 AS inside
    FROM visit JOIN booking ON booking.tenant_id = visit.tenant_id
                           AND booking.id = visit.booking_id
    LEFT JOIN session ON session.tenant_id = visit.tenant_id AND session.id = visit.session_id
    WHERE visit.tenant_id = :tenant AND visit.span && tstzrange(:start, :end)
      AND visit.state IN ('booked', 'checked_in')
      AND (booking.state = 'booked' OR (booking.state IN ('held', 'pending_approval')
                                        AND booking.expires_at > now()))
    ORDER BY visit.id
    """
)


def _people(tx: Tx, names: Sequence[str]) -> dict[str, Resource]:
    found = tx.connection.execute(_PEOPLE, {"tenant": tx.tenant, "refs": list(names)})
    return {row.ref: decoded(Resource, row.spec, row.ref) for row in found}


_PEOPLE = text("SELECT ref, spec FROM resource WHERE tenant_id = :tenant AND ref = ANY(:refs)")


def _sessions(
    tx: Tx, world: World, horizon: Horizon
) -> tuple[tuple[Session, ...], dict[str, Assignment]]:
    """Return the group sessions of the horizon, and where those lie that have a place."""
    found = tx.connection.execute(
        _PLACED, {"tenant": tx.tenant, "start": horizon.start, "end": horizon.end}
    )
    held = {
        row.ref: Assignment(
            visit=row.ref,
            start=row.start,
            end=row.finish,
            resources=tuple((role, tuple(names)) for role, names in row.resources.items()),
        )
        for row in found
    }
    sessions = tuple(
        replace(session, windows=()) if session.id in held else session
        for session in world.sessions.values()
        if session.id in held or (session.windows and _touches(session.windows, horizon))
    )
    return sessions, held


_PLACED = text(
    "SELECT session.ref, lower(visit.span) AS start, upper(visit.span) AS finish, visit.resources"
    " FROM visit JOIN session ON session.tenant_id = visit.tenant_id"
    " AND session.id = visit.session_id WHERE visit.tenant_id = :tenant"
    " AND visit.booking_id IS NULL AND visit.state = 'booked'"
    " AND visit.span && tstzrange(:start, :end) ORDER BY visit.id"
)


def _requests_of(movable: Iterable[Any]) -> dict[str, Request]:
    """Return what the bookings that may move were asked for as, by their names."""
    return {row.booking: decoded(Request, row.spec, row.booking) for row in movable}


def _assignment(row: Any, moved: Mapping[str, Request]) -> Assignment:
    return Assignment(
        visit=moved[row.booking].visit_id(row.occurrence, row.step),
        start=row.start,
        end=row.finish,
        resources=tuple((role, tuple(names)) for role, names in row.resources.items()),
    )


def _as_it_lies(
    row: Any, known: Mapping[str, Resource], held: Mapping[str, Assignment]
) -> tuple[Request, Assignment]:
    """Return a visit that stays, as a request of its own that is published where it lies."""
    name = str(row.uid)
    filled = {role: tuple(n for n in names if n in known) for role, names in row.resources.items()}
    joins = row.session if row.session in held else None
    step = Step(sessions=frozenset({joins})) if joins else Step(service=row.service)
    attendees = [n[0] for role, n in filled.items() if role.startswith(ATTENDEE) and n]
    if joins:
        filled = {role: n for role, n in filled.items() if role.startswith(ATTENDEE)}
    return (
        Request(id=name, steps=(step,), attendees=tuple(Attendee(resource=n) for n in attendees)),
        Assignment(
            visit=name,
            start=row.start,
            end=row.finish,
            resources=tuple((role, n) for role, n in filled.items() if n),
            session=joins,
        ),
    )


def _levels(asked: Asked, priorities: Sequence[int]) -> tuple[Level, ...]:
    """Return the objective, with the weights that were asked for; empty is the default."""
    if not asked.weights:
        return ()
    weights = {**dict(COMFORT), **dict(asked.weights)}
    served = tuple(
        Level(name=f"priority {priority}", goals=((f"served:{priority}", 1),))
        for priority in sorted(set(priorities))
    )
    return (*served, Level(name="comfort", goals=tuple(weights.items())))

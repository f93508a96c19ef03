"""A tenant's problem: a query over a horizon, as the library has it."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Pin, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon, zone_of
from api.problems import Invalid
from api.solving.anew import Mine, Part, as_its_service, attends, parts, stuck, whole
from api.solving.asked import Asked
from api.solving.groups import Groups, groups, touches
from api.store import people
from api.store.world import World, absent, decoded
from api.usecases.rules import faults as told
from api.usecases.tx import Tx
from api.usecases.weights import objective


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
        Numbers of the bookings of which something may move, by their UUIDs.
    visits
        What may be placed, by the names of visits in the problem.
    before
        Where those of them lie that are booked.
    held
        Where the group sessions are that have their place, by name.
    fixed
        What is booked and stays where it is, by the names of visits.
    people
        Whose bookings and requests they are, by UUID and by name: names of people.
    stays
        What should be placed anew and stays where it is: booked visits, each with the reason.
    skipped
        Requests that ask for what is not there any more, each with the reason.
    """

    problem: Problem
    requests: Mapping[str, int]
    bookings: Mapping[str, int]
    visits: Mapping[str, Mine]
    before: Mapping[str, Assignment]
    held: Mapping[str, Assignment]
    fixed: Mapping[str, Mine]
    people: Mapping[str, str | None]
    stays: tuple[tuple[Any, str], ...]
    skipped: Mapping[str, str]


def clinic(tx: Tx, asked: Asked, stay: Collection[str] = ()) -> Clinic:
    """Return the problem of a tenant, as it is now.

    Parameters
    ----------
    stay
        Booked visits (UUIDs) that stay where they are, whatever was asked.

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
    waiting, owners = _pending(tx, world, asked, horizon) if asked.pending else ([], {})
    rows = _rows(tx, horizon)
    around = groups(tx, world, asked, horizon, rows, stay)
    booked = _booked(tx, world, asked, horizon, rows, around, stay)
    names = {a.resource for _, request in waiting for a in request.attendees}
    names |= {n for v in rows for filled in v.resources.values() for n in filled}
    come = people.resources(tx.connection, tx.tenant, sorted(names - world.resources.keys()))
    known = {**world.resources, **{r.ref: decoded(Resource, r.spec, r.ref) for r in come}}
    erased = {row.ref for row in come if row.erased_at is not None}
    pending, skipped = _sensible(waiting, world, known, around.open, erased)
    calendars = dict(world.calendars)
    there, gone = _as_they_lie((*booked.fixed, *around.outside), world, known, around.held, horizon)
    fixed = (*around.fixed(), *(assignment for _, assignment in there))
    before = {a.visit: a for part in booked.parts for a in part.published}
    before |= {name: around.held[name] for name in around.moving()}
    moving = [part.request for part in booked.parts]
    requests = [request for _, request in pending] + moving
    joined = {name for request in requests for step in request.steps for name in step.sessions}
    absent(calendars, known, gone)
    try:
        problem = Problem(
            horizon=horizon,
            locations=world.locations,
            travel=world.travel,
            calendars=tuple(calendars.values()),
            resources=tuple(known[name] for name in sorted(known)),
            services=tuple(world.services.values()),
            turnarounds=world.turnarounds,
            requests=(*requests, *(request for request, _ in there)),
            sessions=around.sessions(world, joined, horizon),
            # Whoever leaves a session that stays is published nowhere: there they cannot be.
            published=(*fixed, *(a for a in before.values() if a.session not in around.left)),
            pins=tuple(Pin(visit=a.visit) for a in fixed),
            most_changes=asked.most_changes,
            levels=objective(
                world,
                [request.priority for request in (*requests, *(r for r, _ in there))],
                asked.weights,
                few_changes=bool(asked.unpinned),
            ),
        )
    except InvalidProblem as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error
    return Clinic(
        problem=problem,
        requests={request.id: number for number, request in pending},
        bookings=booked.numbers,
        visits={
            **{
                visit: Mine(owner=request.id, visit=visit)
                for _, request in pending
                for visit in request.visit_ids()
            },
            **{
                a.visit: mine
                for part in booked.parts
                for a, mine in zip(part.published, part.visits, strict=True)
            },
            **around.moving(),
        },
        before=before,
        held=around.held,
        fixed={
            str(row.uid): Mine(owner=row.booking, visit=str(row.uid), uid=str(row.uid))
            for row in booked.fixed
        },
        people=owners | {row.booking: row.person for row in rows},
        stays=booked.stays,
        skipped=skipped,
    )


def _pending(
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


def _sensible(
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
        steps = _open(request, sessions)
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


def _open(request: Request, sessions: Collection[str]) -> tuple[Step, ...]:
    """Return the steps of a request with those of its group sessions that somebody may join."""
    return tuple(
        replace(step, sessions=step.sessions & set(sessions)) if step.sessions else step
        for step in request.steps
    )


def _at(world: World, request: Request, location: str | None) -> bool:
    """Say whether a request asks for nothing that is tied to another location."""
    services = [world.services[s.service] for s in request.steps if s.service in world.services]
    return location is None or all(s.location in (None, location) for s in services)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The booked visits of a horizon: what may move, what lies fast, and what should and cannot."""

    parts: tuple[Part, ...]
    fixed: tuple[Any, ...]
    numbers: Mapping[str, int]
    stays: tuple[tuple[Any, str], ...]


def _rows(tx: Tx, horizon: Horizon) -> Sequence[Any]:
    """Return the booked visits of a horizon."""
    days = {"tenant": tx.tenant, "start": horizon.start, "end": horizon.end}
    return tx.connection.execute(_BOOKED, days).all()


def _booked(
    tx: Tx,
    world: World,
    asked: Asked,
    horizon: Horizon,
    rows: Sequence[Any],
    around: Groups,
    stay: Collection[str],
) -> Booked:
    """Return what is taken in a horizon."""
    bookings: dict[str, list[Any]] = {}
    for row in rows:
        bookings.setdefault(row.booking, []).append(row)
    leaving = around.anew.keys() | around.left
    named = {
        row.uid
        for row in rows
        if {row.booking, str(row.uid)} & asked.anew or row.session in leaving
    }
    anew: dict[str, list[Any]] = {}
    stays = list(around.stays)
    last = tx.now + timedelta(hours=asked.notice_hours)
    found = list(around.parts(world, horizon))
    for booking, mine in bookings.items():
        hit = [row for row in mine if row.uid in named]
        if hit:
            free, bound = _free(hit, mine, world, tx.now, horizon)
            # Whoever keeps a seat in a session that may change hears of it with the session.
            stays += [(row, why) for row, why in bound if row.session not in around.anew]
            anew[booking] = [row for row in free if str(row.uid) not in stay]
        elif asked.may_move and all(
            row.start >= last
            and row.loose
            and row.whole
            and str(row.uid) not in stay
            and as_its_service(row, world)
            for row in mine
        ):
            part = whole(decoded(Request, mine[0].spec, booking), mine)
            found += [part] if part else []
    anew = {booking: some for booking, some in anew.items() if some}
    found += _parts(tx, anew, horizon, around.open, stays)
    moving = {mine.uid for part in found for mine in part.visits}
    return Booked(
        parts=tuple(found),
        fixed=tuple(row for row in rows if str(row.uid) not in moving),
        numbers={row.booking: row.booking_id for row in rows if str(row.uid) in moving},
        stays=tuple(stays),
    )


_BOOKED = text(
    """
    SELECT visit.uid, visit.booking_id, visit.occurrence, visit.step, visit.service,
           lower(visit.span) AS start, upper(visit.span) AS finish, visit.resources,
           visit.state AS visit_state, session.ref AS session, booking.ref AS booking,
           booking.state, booking.spec, person.ref AS person,
           booking.state = 'booked' AND visit.state = 'booked' AND visit.session_id IS NULL
               AS loose,
           NOT EXISTS (
               SELECT 1 FROM visit AS other WHERE other.tenant_id = visit.tenant_id
               AND other.booking_id = visit.booking_id AND other.state <> 'cancelled'
               AND (other.state <> 'booked' OR lower(other.span) < :start
                    OR upper(other.span) > :end)) AS whole
    FROM visit JOIN booking ON booking.tenant_id = visit.tenant_id
                           AND booking.id = visit.booking_id
    LEFT JOIN session ON session.tenant_id = visit.tenant_id AND session.id = visit.session_id
    LEFT JOIN person ON person.tenant_id = booking.tenant_id AND person.id = booking.person_id
    WHERE visit.tenant_id = :tenant AND visit.ends_at > :start AND visit.starts_at < :end
      AND visit.state IN ('booked', 'checked_in')
      AND (booking.state = 'booked' OR (booking.state IN ('held', 'pending_approval')
                                        AND booking.expires_at > now()))
    ORDER BY visit.id
    """
)


def _free(
    hit: Sequence[Any], mine: Sequence[Any], world: World, now: datetime, horizon: Horizon
) -> tuple[list[Any], list[tuple[Any, str]]]:
    """Return which visits of a booking can be placed anew, and those that cannot, with why.

    The steps of an occurrence come along: a chain is had together or not at all.
    """
    free: list[Any] = []
    bound: list[tuple[Any, str]] = []
    steps = len(decoded(Request, mine[0].spec, mine[0].booking).steps)
    for occurrence in sorted({row.occurrence for row in hit}):
        chain = [row for row in mine if row.occurrence == occurrence]
        why = next((said for row in chain if (said := _fast(row, world, now, horizon))), "")
        if len(chain) < steps:
            why = why or "Not all of its steps are open and within the days looked at."
        if why:
            bound += [(row, why) for row in hit if row.occurrence == occurrence]
        else:
            free += chain
    return free, bound


def _fast(row: Any, world: World, now: datetime, horizon: Horizon) -> str:
    """Say why a booked visit cannot be placed anew; empty where it can."""
    if row.state != "booked":
        return f"Its booking is {row.state}."
    if row.visit_state != "booked":
        return f"It is {row.visit_state}."
    return stuck(row, world, now, horizon)


def _parts(
    tx: Tx,
    anew: Mapping[str, Sequence[Any]],
    horizon: Horizon,
    sessions: Collection[str],
    stays: list[tuple[Any, str]],
) -> list[Part]:
    """Return visits that are to be placed anew as requests of their own.

    Parameters
    ----------
    sessions
        Group sessions that somebody may join.
    stays
        Those for which there is nothing to try are added, each with the reason.
    """
    numbers = [rows[0].booking_id for rows in anew.values()]
    siblings: dict[int, list[Any]] = {number: [] for number in numbers}
    for row in tx.connection.execute(_SIBLINGS, {"tenant": tx.tenant, "bookings": numbers}):
        siblings[row.booking_id].append(row)
    found: list[Part] = []
    for booking, rows in anew.items():
        request = decoded(Request, rows[0].spec, booking)
        request = replace(request, steps=_open(request, sessions))
        if not all(step.service or step.sessions for step in request.steps):
            stays += [(row, f"It stays with its group session {row.session}.") for row in rows]
            continue
        some = list(parts(request, rows, siblings[rows[0].booking_id], horizon))
        there = {mine.uid for part in some for mine in part.visits}
        stays += [
            (row, "Its series and windows leave no time for it.")
            for row in rows
            if str(row.uid) not in there
        ]
        found += some
    return found


_SIBLINGS = text(
    "SELECT booking_id, occurrence, step, lower(span) AS start, upper(span) AS finish FROM visit"
    " WHERE tenant_id = :tenant AND booking_id = ANY(:bookings) AND state <> 'cancelled'"
)


@dataclass(frozen=True, slots=True)
class Gone:
    """Time of a resource that a visit takes of which the problem can hold nothing else."""

    ref: str
    start: datetime
    finish: datetime


def _as_they_lie(
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

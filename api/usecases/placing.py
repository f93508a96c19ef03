"""Place the visits of a booking: who and what they need, the rules, the claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from allocator.domain.request import ATTENDEE, Request
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment, Claim
from allocator.domain.service import Service
from allocator.domain.time import Span
from api.problems import Invalid, NotFound, RuleBroken, Taken, WrongState
from api.store import claims, lanes, people, sessions
from api.store.claims import ClaimRow
from api.store.world import World, decoded
from api.usecases import expiry, rules
from api.usecases.discretion import in_utc, unavailable
from api.usecases.policy import demand_near
from api.usecases.rules import Neighbour
from api.usecases.tx import Tx

#: Keys of advisory locks that stand for a resource in a week: the week counts modulo this.
WEEKS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedVisit:
    """A visit with its place, as somebody wants it.

    Attributes
    ----------
    occurrence, step
        Which visit of the request; both count from 1.
    start
        When it starts.
    resources
        Names by role; attendees come by themselves.
    session
        The group session that it joins, or None.
    attending
        Who comes, by name: of those who may as well stay away, nobody else; None is everybody.
    """

    occurrence: int = 1
    step: int = 1
    start: datetime
    resources: Mapping[str, Sequence[str]]
    session: str | None = None
    attending: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everyone and everything that takes part: as the library has them, and their numbers."""

    resources: Mapping[str, Resource]
    numbers: Mapping[str, int]
    people: Mapping[str, int | None]


def cast(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    *,
    booked: bool = False,
    kept: Iterable[Any] = (),
) -> Cast:
    """Find everyone and everything that the visits of a request name.

    Parameters
    ----------
    booked
        Whether it is booked already: its attendees are no strangers then.
    kept
        Visits that stay where they are; who of these is not there any more is left out.
    """
    names = {name for visit in wanted for filled in visit.resources.values() for name in filled}
    names |= {attendee.resource for attendee in request.attendees}
    there = {name for visit in kept for filled in visit.resources.values() for name in filled}
    resources = {n: tx.world.resources[n] for n in names | there if n in tx.world.resources}
    numbers = {n: tx.world.numbers["resource"][n] for n in resources}
    whose: dict[str, int | None] = {}
    known = {attendee.resource for attendee in request.attendees} | there if booked else set()
    missing = sorted((names | there) - resources.keys())
    for row in people_of(tx, missing, known=known, gone=there - names):
        resources[row.ref] = decoded(Resource, row.spec, row.ref)
        numbers[row.ref] = row.id
        whose[row.ref] = row.person_id
    return Cast(resources=resources, numbers=numbers, people=whose)


def people_of(
    tx: Tx, names: Sequence[str], *, known: Collection[str] = (), gone: Collection[str] = ()
) -> Sequence[Any]:
    """Return the resources of people that somebody names.

    Parameters
    ----------
    known
        Names of those who are no strangers to whoever asks.
    gone
        Names of those who may not be there any more.

    Raises
    ------
    NotFound, Invalid, WrongState
    """
    found = people.resources(tx.connection, tx.tenant, names)
    demand_people(tx, names, {row.ref: row.person_id for row in found}, known=known, gone=gone)
    new = (row for row in found if row.ref not in known and row.ref not in gone)
    demand_not_erased({row.ref: row.erased_at for row in new})
    return found


def demand_not_erased(people: Mapping[str, datetime | None]) -> None:
    """Refuse anything new for people who were erased: nobody could tell them of it.

    Parameters
    ----------
    people
        Since when each of them is erased, or None, by the names of their resources.

    Raises
    ------
    WrongState
    """
    for name, at in people.items():
        if at is not None:
            raise WrongState(f"The person {name!r} was erased at {at.isoformat()}.")


def demand_people(
    tx: Tx,
    names: Sequence[str],
    whose: Mapping[str, int],
    *,
    known: Collection[str] = (),
    gone: Collection[str] = (),
) -> None:
    """Refuse to speak of people who are not there, or none of the asker's business.

    Parameters
    ----------
    whose
        Numbers of those who are there, by the names of their resources.
    known, gone
        As for ``people_of``.

    Raises
    ------
    NotFound, Invalid
    """
    for name in names:
        stranger = whose.get(name) != tx.principal.person or tx.principal.person is None
        if tx.principal.own_only and stranger and name not in known:
            # The same whether there is such a person or not: that is nobody's business either.
            raise NotFound(f"You can book for yourself; there is no resource {name!r} for you.")
        if name not in whose and name not in gone:
            raise Invalid(
                f"There is no resource {name!r}.",
                faults=[
                    {
                        "code": "unknown_name",
                        "kind": "resource",
                        "id": name,
                        "message": f"There is no resource {name!r}.",
                        "where": "resources",
                    }
                ],
            )


def assign(tx: Tx, request: Request, visit: WantedVisit, places: Mapping[str, Any]) -> Assignment:
    """Return where a wanted visit lies, with its end and everyone who comes to it.

    Parameters
    ----------
    places
        Where the group sessions are held that the request joins, by name.
    """
    service = service_of(tx, request, visit)
    length = timedelta(minutes=duration(tx.world, request, service, visit))
    if visit.session is not None:
        length = places[visit.session].finish - places[visit.session].start
    filled: dict[str, tuple[str, ...]] = {
        f"attendee:{a.resource}": (a.resource,)
        for a in request.attendees
        if not a.steps or visit.step in a.steps
        if a.required or visit.attending is None or a.resource in visit.attending
    }
    for role, names in visit.resources.items():
        filled[role] = tuple(names)
    if visit.session is None:
        for need in service.needs:
            given = len(filled.get(need.role, ()))
            if given != need.quantity:
                raise Invalid(
                    f"Service {service.id}: the need {need.role} asks for {need.quantity};"
                    f" {given} are named."
                )
    return Assignment(
        visit=request.visit_id(visit.occurrence, visit.step),
        start=visit.start,
        end=visit.start + length,
        resources=tuple((role, names) for role, names in filled.items() if names),
        session=visit.session,
    )


def session_number(tx: Tx, name: str) -> int:
    """Return the number of a group session."""
    found = tx.world.numbers["session"].get(name)
    if found is None:
        raise NotFound(f"There is no group session {name!r}.")
    return found


def places_of(tx: Tx, names: Sequence[str]) -> dict[str, Any]:
    """Return where group sessions are held that somebody joins; they stay there until the end.

    Raises
    ------
    RuleBroken
        Where one has no place yet.
    """
    numbers = {name: session_number(tx, name) for name in names}
    sessions.lock(tx.connection, numbers.values())
    found = sessions.placed(tx.connection, tx.tenant, list(numbers.values()))
    for name, number in numbers.items():
        if number not in found:
            raise RuleBroken(
                f"Group session {name} has no place yet; nobody can join it.",
                violations=[{"rule": "session_together", "message": "it has no place yet"}],
            )
    return {name: found[number] for name, number in numbers.items()}


def has(request: Request, occurrence: int, step: int) -> bool:
    """Say whether a request has such a visit."""
    return 1 <= occurrence <= request.occurrences and 1 <= step <= len(request.steps)


def _joined(tx: Tx, names: Collection[str]) -> dict[str, Any]:
    """Return where group sessions are held in which somebody has a seat already.

    They may move meanwhile: whoever moves them moves the seats as well, which waits for the locks
    of whoever has them, and runs the rules again.
    """
    numbers = {name: tx.world.numbers["session"][name] for name in sorted(names)}
    found = sessions.placed(tx.connection, tx.tenant, list(numbers.values()))
    return {name: found[number] for name, number in numbers.items() if number in found}


def service_of(tx: Tx, request: Request, visit: WantedVisit) -> Service:
    """Return the service of a visit; one that the request does not have is refused."""
    if not has(request, visit.occurrence, visit.step):
        raise Invalid(
            f"There is no visit {visit.occurrence}, step {visit.step}: the request has"
            f" {request.occurrences} occurrences of {len(request.steps)} steps."
        )
    step = request.steps[visit.step - 1]
    name = step.service
    if visit.session is not None:
        session = tx.world.sessions.get(visit.session)
        if session is None:
            raise Invalid(f"There is no group session {visit.session!r}.")
        name = session.service
    found = tx.world.services.get(name)
    if found is None:
        raise Invalid(f"There is no service {name!r}.")
    return found


def duration(world: World, request: Request, service: Service, visit: WantedVisit) -> int:
    """Return how many minutes a visit lasts, with whom it is.

    Durations of somebody's own count in the first role for which some of those who have one are
    eligible; a first visit is longer by the same difference, with whomever it is.
    """
    first = request.first_visit and visit.occurrence == visit.step == 1
    extra = 0
    if first and service.first_minutes is not None:
        extra = service.first_minutes - service.minutes
    own = dict(service.minutes_by_resource)
    who = next((n for n in visit.resources.get(_timing(world, service), ()) if n in own), "")
    return max(world.grain_minutes, own.get(who, service.minutes) + extra)


def _timing(world: World, service: Service) -> str:
    """Return the role that says how long a visit lasts; "" where none does."""
    own = {name for name, _ in service.minutes_by_resource}
    for need in sorted(service.needs, key=lambda need: need.role) if own else ():
        some = (r for selector in need.alternatives for r in world.matching(selector))
        if any(r.id in own and r.lanes >= need.uses for r in some):
            return need.role
    return ""


def checked(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    who: Cast,
    *,
    kept: Sequence[Assignment] = (),
    before: Sequence[Assignment] = (),
    freed: Sequence[int] = (),
    whole: bool = True,
) -> tuple[tuple[Assignment, ...], tuple[Claim, ...]]:
    """Run every rule on wanted visits; the locks that this takes last until the end.

    Parameters
    ----------
    kept
        Visits of the request that stay where they are.
    before
        Where the wanted visits have been till now.
    freed
        Numbers of visits whose claims count as free.
    whole
        Whether the request is to be placed as a whole.
    """
    world = tx.world
    joined = sorted(
        {v.session for v in wanted if v.session} | {v.session for v in kept if v.session}
    )
    places = places_of(tx, joined)
    assignments = tuple(assign(tx, request, visit, places) for visit in wanted)
    if tx.principal.own_only:
        demand_near(world, tx.now, max(a.start for a in assignments), "It would start")
    everything = (*assignments, *kept)
    expiry.free(
        tx.connection,
        tx.tenant,
        tx.now,
        list(who.numbers.values()),
        [world.numbers["session"][name] for name in joined],
    )
    days = rules.window(world, (a.start for a in everything), (a.end for a in everything))
    resources = {
        name: replace(resource, lanes=resource.lanes + world.more_lanes(name, days.start, days.end))
        for name, resource in who.resources.items()
    }
    beside = {n for n, resource in resources.items() if rules.looks_aside(world, resource)}
    claims.lock(
        tx.connection,
        [
            who.numbers[name] * WEEKS + week % WEEKS
            for name in beside
            for week in rules.weeks(
                world, (a.start for a in everything), (a.end for a in everything)
            )
        ],
    )
    aside = claims.neighbours(
        tx.connection,
        tx.tenant,
        [who.numbers[name] for name in sorted(beside)],
        days.start,
        days.end,
        freed,
    )
    places |= _joined(tx, {row.session for row in aside} - {None, *places})
    theirs = {place.id for place in places.values()}
    neighbours = [
        Neighbour(
            uid=str(row.uid),
            service=row.service,
            start=row.start,
            end=row.finish,
            resources=row.resources,
            session=row.session if row.session in places else None,
        )
        for row in aside
        if row.id not in theirs
    ]
    held = [
        Assignment(
            visit=name,
            start=place.start,
            end=place.finish,
            resources=_of_roles(tx, place),
        )
        for name, place in places.items()
    ]
    starts = {assignment.visit: assignment.start for assignment in assignments}
    taken = rules.check(
        world,
        resources,
        request,
        assignments,
        neighbours,
        [*held, *kept],
        days,
        tx.now,
        before=[was for was in before if was.start == starts.get(was.visit)],
        whole=whole,
        outside=tx.principal.own_only,
    )
    return assignments, taken


def claim(
    tx: Tx,
    who: Cast,
    taken: Sequence[Claim],
    visits: Mapping[str, int],
    state: str,
    expires_at: datetime | None,
    *,
    replaced: Sequence[int] = (),
) -> None:
    """Claim what visits take, all or nothing.

    Parameters
    ----------
    visits
        Numbers of the visits, by their names in the request.
    replaced
        Numbers of the visits whose claims are deleted first.

    Raises
    ------
    Taken
        Naming what is taken and when; the transaction has to be rolled back.
    """
    rows = dealt(tx, who, taken, visits, replaced=replaced)
    left = claims.insert(tx.connection, tx.tenant, rows, state, expires_at)
    if left:
        raise taken_by(tx, who, left[0])


def dealt(
    tx: Tx,
    who: Cast,
    taken: Sequence[Claim],
    visits: Mapping[str, int],
    *,
    replaced: Sequence[int] = (),
) -> list[ClaimRow]:
    """Return the rows of what visits take, each with its lane; nobody else deals these meanwhile.

    Parameters
    ----------
    visits, replaced
        As for ``claim``.

    Raises
    ------
    Taken
    """
    claims.lock(
        tx.connection,
        [
            -number
            for name, number in who.numbers.items()
            if who.resources[name].lanes > 1 or name in tx.world.extra_lanes
        ],
    )
    claims.delete(tx.connection, tx.tenant, replaced)
    rows: list[ClaimRow] = []
    for name in sorted({c.resource for c in taken}, key=lambda n: who.numbers[n]):
        mine = [c for c in taken if c.resource == name]
        new = [
            ClaimRow(
                resource=who.numbers[name],
                visit=visits[c.visit],
                role=c.role,
                lane=0,
                start=c.start,
                end=c.end,
            )
            for c in mine
            for _ in range(c.uses)
        ]
        rows += _in_lanes(tx, who, name, new)
    return rows


def _in_lanes(tx: Tx, who: Cast, name: str, new: list[ClaimRow]) -> list[ClaimRow]:
    """Give new claims of a resource their lanes."""
    resource, number = who.resources[name], who.numbers[name]
    if resource.lanes == 1 and name not in tx.world.extra_lanes:
        return new

    count = tx.world.lanes_of(name, resource.lanes)
    dealt = lanes.deal(tx.connection, tx.tenant, number, count, new)
    if dealt is None:
        raise taken_by(tx, who, new[0])
    return dealt


def location(tx: Tx, who: Cast, request: Request, wanted: Sequence[WantedVisit]) -> str | None:
    """Return where a booking takes place: where its first resource that does not travel stands."""
    for visit in wanted:
        for names in visit.resources.values():
            for name in names:
                resource = who.resources[name]
                if resource.location is not None and not resource.mobile:
                    return resource.location
    return service_of(tx, request, wanted[0]).location


def taken_by(tx: Tx, who: Cast, row: ClaimRow) -> Taken:
    """Return the refusal of a claim; it tells what is taken, and nobody else's business."""
    name = next(n for n, number in who.numbers.items() if number == row.resource)
    zone = tx.world.zone_of(who.resources[name].location)
    start, end = in_utc(row.start), in_utc(row.end)
    said = f"{who.resources[name].label} is taken between {start} and {end}."
    if tx.principal.own_only:
        known = tx.world.resources.get(name)
        said = unavailable(known.label if known else None, row.start, row.end)
    return Taken(
        said,
        resource=name,
        start=start,
        end=end,
        zone=zone,
        alternatives=[],
    )


def lies(tx: Tx, request: Request, row: Any, occurrence: int, who: Cast) -> Assignment:
    """Return where a stored visit lies.

    Roles that its service has no more are left out, and who is not there any more.
    """
    attending = [(r, tuple(n)) for r, n in row.resources.items() if r.startswith(ATTENDEE)]
    return Assignment(
        visit=request.visit_id(occurrence, row.step),
        start=row.span.lower,
        end=row.span.upper,
        resources=tuple(
            (role, tuple(name for name in names if name in who.resources))
            for role, names in (*_of_roles(tx, row), *attending)
        ),
        session=row.session,
    )


def as_wanted(tx: Tx, row: Any) -> WantedVisit:
    """Return where a stored visit lies, as something wanted; see ``lies`` for its roles."""
    return WantedVisit(
        occurrence=row.occurrence,
        step=row.step,
        start=row.span.lower,
        resources=dict(_of_roles(tx, row)),
        session=row.session,
        attending=_attending(row.resources),
    )


def _of_roles(tx: Tx, row: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return whom a stored visit has in the roles that its service has still."""
    service = tx.world.services.get(row.service)
    roles = {need.role for need in service.needs} if service else set()
    return tuple((role, tuple(names)) for role, names in row.resources.items() if role in roles)


def demand_spans(windows: Iterable[Span]) -> None:
    """Refuse windows that end before they begin.

    Raises
    ------
    Invalid
    """
    for window in windows:
        if window.start >= window.end:
            raise Invalid(
                f"A window starts at {window.start.isoformat()} and ends at"
                f" {window.end.isoformat()}."
            )


def wanted_of(request: Request, visits: Sequence[Assignment]) -> list[WantedVisit]:
    """Return where visits are to lie, by their occurrence and step.

    Raises
    ------
    WrongState
        Where the request has no such visit any more.
    """
    places = {
        request.visit_id(occurrence, step): (occurrence, step)
        for occurrence in range(1, request.occurrences + 1)
        for step in range(1, len(request.steps) + 1)
    }
    for a in visits:
        if a.visit not in places:
            raise WrongState(f"{request.id!r} has changed: it has no visit {a.visit!r} any more.")
    return [wanted(a, *places[a.visit]) for a in visits]


def wanted(
    assignment: Assignment, occurrence: int = 1, step: int = 1, *, session: str | None = None
) -> WantedVisit:
    """Return where a visit is to lie, by its occurrence and step, with those who come to it.

    Parameters
    ----------
    session
        The group session that it is, where it is the place of one.
    """
    resources = dict(assignment.resources)
    return WantedVisit(
        occurrence=occurrence,
        step=step,
        start=assignment.start,
        resources={r: names for r, names in resources.items() if not r.startswith(ATTENDEE)},
        session=session or assignment.session,
        attending=_attending(resources),
    )


def _attending(resources: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return who comes, by the roles that are filled."""
    return frozenset(n for r, names in resources.items() if r.startswith(ATTENDEE) for n in names)

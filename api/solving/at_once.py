"""Book many requests at once: the rules are run on all together, the claims inserted together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocator.domain.request import ATTENDEE, Request
from allocator.domain.schedule import Assignment, Claim
from api.auth.permissions import demand_location
from api.problems import Forbidden, NotFound, Problem, Taken, WrongState
from api.solving.asked import Asked
from api.solving.reading import Reading, look
from api.solving.units import Placed
from api.store import claims, lanes, many, people, sessions
from api.store.claims import ClaimRow
from api.store.ids import new_uid
from api.store.world import World
from api.usecases import confirming, expiry
from api.usecases.placing import WEEKS
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What of many requests is booked, and why the others are not.

    Attributes
    ----------
    held
        Whether what was read before still held: nobody else had changed anything.
    """

    booked: tuple[str, ...]
    lost: Mapping[str, Problem]
    held: bool = True


def book(tx: Tx, asked: Asked, placed: Sequence[Placed], reading: Reading) -> Outcome:
    """Book requests where a solve has placed them, each whole or not at all.

    Whoever cannot be booked any more is left out, and the others are booked nevertheless: the
    locks that are taken keep everybody else from what they need until the end.

    Parameters
    ----------
    asked
        What the solve was asked for.
    placed
        Requests that depend on nothing that moves.
    reading
        What was read of these and others. Where somebody else has changed something since, these
        are read again as they are now.
    """
    world = tx.world
    lost: dict[str, Problem] = {}
    many.go_by_indexes(tx.connection)
    rows = {
        row.ref: row
        for row in many.lock_requests(tx.connection, tx.tenant, [p.name for p in placed])
    }
    for one in placed:
        if one.name not in rows:
            lost[one.name] = WrongState(f"The request {one.name!r} is booked or withdrawn by now.")
    numbers = _numbers(tx, world, placed)
    for one in placed:
        gone = {name for a in one.visits for name in a.everyone() if name not in numbers}
        gone |= {a.session for a in one.visits if a.session and a.session not in world.sessions}
        if gone:
            said = f"{', '.join(sorted(gone))} is not there any more."
            lost.setdefault(one.name, NotFound(said))
    placed = [one for one in placed if one.name not in lost]
    if not placed:
        return Outcome(booked=(), lost=lost)
    joined = _lock(tx, world, placed, numbers, reading)
    expiry.free(tx.connection, tx.tenant, tx.now, list(numbers.values()), joined)
    held = reading.holds(tx, [rows[one.name] for one in placed])
    if not held:
        reading = Reading(look(tx, asked, placed), placed)
    lost.update({one.name: reading.lost[one.name] for one in placed if one.name in reading.lost})
    staying = [one for one in placed if one.name not in lost]
    lost.update(_elsewhere(tx, world, staying, reading.requests))
    staying = [one for one in staying if one.name not in lost]
    while staying:
        broken = reading.broken(staying)
        if not broken:
            break
        lost.update(broken)
        staying = [one for one in staying if one.name not in broken]
    if not staying:
        return Outcome(booked=(), lost=lost, held=held)
    booked, beaten = _write(tx, world, staying, rows, reading, numbers)
    lost.update(beaten)
    return Outcome(booked=tuple(booked), lost=lost, held=held)


def _numbers(tx: Tx, world: World, placed: Sequence[Placed]) -> dict[str, int]:
    """Return the numbers of all that is used, by name; people's, too, but for the erased."""
    names = {name for one in placed for a in one.visits for name in a.everyone()}
    known = {n: world.numbers["resource"][n] for n in names if n in world.resources}
    others = people.resources(tx.connection, tx.tenant, sorted(names - known.keys()))
    return {**known, **{row.ref: row.id for row in others if row.erased_at is None}}


def _lock(
    tx: Tx, world: World, placed: Sequence[Placed], numbers: Mapping[str, int], reading: Reading
) -> list[int]:
    """Take all locks that single bookings would take, in their order; return the sessions."""
    weeks = {key for one in placed for key in reading.weeks(one, world)}
    shared = {
        -numbers[name]
        for name in {name for one in placed for a in one.visits for name in a.everyone()}
        if (resource := world.resources.get(name)) is not None
        and (resource.lanes > 1 or name in world.extra_lanes)
    }
    names = {a.session for one in placed for a in one.visits if a.session}
    joined = [world.numbers["session"][name] for name in names]
    sessions.lock(tx.connection, joined)
    claims.lock(tx.connection, [numbers[name] * WEEKS + week % WEEKS for name, week in weeks])
    claims.lock(tx.connection, shared)
    return joined


def _write(
    tx: Tx,
    world: World,
    staying: Sequence[Placed],
    rows: Mapping[str, Any],
    reading: Reading,
    numbers: Mapping[str, int],
) -> tuple[list[str], dict[str, Problem]]:
    """Write bookings, visits and claims; take back those that find a claim taken."""
    requests = reading.requests
    uids = {one.name: str(new_uid()) for one in staying}
    ids = many.add_bookings(
        tx.connection,
        tx.tenant,
        tx.principal.actor,
        [
            {
                "uid": uids[one.name],
                "request_id": rows[one.name].id,
                "location": _location(world, one, requests[one.name]),
                "service": _first_service(world, one, requests[one.name]),
                "starts_at": min(a.start for a in one.visits),
                "review_until": _review(tx, world, one, requests[one.name]),
            }
            for one in staying
        ],
    )
    visit_uids: dict[str, str] = {}
    visit_rows = []
    for one in staying:
        request = requests[one.name]
        places = _places(request)
        for a in one.visits:
            visit_uids[a.visit] = str(new_uid())
            occurrence, step = places[a.visit]
            visit_rows.append(
                {
                    "uid": visit_uids[a.visit],
                    "booking_id": ids[uids[one.name]],
                    "session_id": world.numbers["session"][a.session] if a.session else None,
                    "occurrence": occurrence,
                    "step": step,
                    "service": _service(world, request, a, step),
                    "start": a.start,
                    "finish": a.end,
                    "resources": {role: list(names) for role, names in a.resources},
                }
            )
    visit_ids = many.add_visits(tx.connection, tx.tenant, visit_rows)
    owner = {visit_ids[visit_uids[a.visit]]: one.name for one in staying for a in one.visits}
    numbered = {a: visit_ids[uid] for a, uid in visit_uids.items()}
    beaten: dict[str, Problem] = {}
    taken = reading.claims(staying)
    claim_rows = _lanes(tx, world, taken, numbers, numbered, owner, beaten)
    for left in claims.insert(tx.connection, tx.tenant, claim_rows, "booked", None):
        name = owner[left.visit]
        beaten.setdefault(name, Taken(f"Somebody was faster: a resource of {name!r} is taken."))
    for visit in many.take_seats(tx.connection, tx.tenant, _seats(world, staying, numbered)):
        name = owner[visit]
        beaten.setdefault(name, Taken(f"Somebody was faster: {name!r} finds no seat any more."))
    if beaten:
        many.take_back(tx.connection, tx.tenant, [ids[uids[name]] for name in beaten])
    booked = [one.name for one in staying if one.name not in beaten]
    many.scheduled(
        tx.connection,
        tx.tenant,
        tx.principal.actor,
        [rows[name].id for name in booked],
        [uids[name] for name in booked],
    )
    return booked, beaten


def _lanes(
    tx: Tx,
    world: World,
    taken: Iterable[Claim],
    numbers: Mapping[str, int],
    visits: Mapping[str, int],
    owner: Mapping[int, str],
    beaten: dict[str, Problem],
) -> list[ClaimRow]:
    """Return the claims of some requests, with lanes where resources have several."""
    plain: list[ClaimRow] = []
    shared: dict[str, list[ClaimRow]] = {}
    for claim in taken:
        visit = visits[claim.visit]
        rows = [
            ClaimRow(
                resource=numbers[claim.resource],
                visit=visit,
                role=claim.role,
                lane=0,
                start=claim.start,
                end=claim.end,
            )
        ] * claim.uses
        resource = world.resources.get(claim.resource)
        if resource is not None and (resource.lanes > 1 or claim.resource in world.extra_lanes):
            shared.setdefault(claim.resource, []).extend(rows)
        else:
            plain += rows
    for name, rows in shared.items():
        count = world.lanes_of(name, world.resources[name].lanes)
        dealt = lanes.deal(tx.connection, tx.tenant, numbers[name], count, rows)
        if dealt is not None:
            plain += dealt
            continue
        for visit in dict.fromkeys(row.visit for row in rows):
            some = [row for row in rows if row.visit == visit]
            dealt = lanes.deal(tx.connection, tx.tenant, numbers[name], count, some)
            if dealt is None:
                beaten.setdefault(owner[visit], Taken(f"All lanes of {name} are taken."))
                continue
            # Written at once, so that the next is dealt beside it.
            claims.insert(tx.connection, tx.tenant, dealt, "booked", None)
    return plain


def _seats(
    world: World, staying: Sequence[Placed], visits: Mapping[str, int]
) -> list[tuple[int, int, int]]:
    """Return the seats that some requests need: session, how many it has, and the visit."""
    return [
        (
            world.numbers["session"][a.session],
            world.sessions[a.session].most,
            visits[a.visit],
        )
        for one in staying
        for a in one.visits
        if a.session
    ]


def _elsewhere(
    tx: Tx, world: World, staying: Sequence[Placed], requests: Mapping[str, Request]
) -> dict[str, Problem]:
    """Return the requests that would be booked where whoever asks does not work."""
    found: dict[str, Problem] = {}
    for one in staying:
        try:
            demand_location(tx.principal, _location(world, one, requests[one.name]))
        except Forbidden as problem:
            found[one.name] = problem
    return found


def _location(world: World, one: Placed, request: Request) -> str | None:
    """Return where a booking takes place: see ``placing.location``."""
    for a in one.visits:
        for role, names in a.resources:
            if role.startswith(ATTENDEE):
                continue
            for name in names:
                resource = world.resources.get(name)
                if resource is not None and resource.location and not resource.mobile:
                    return resource.location
    return world.services[_first_service(world, one, request)].location


def _review(tx: Tx, world: World, one: Placed, request: Request) -> datetime | None:
    """Return until when a reviewer has to look at a booking; None where nobody has to."""
    places = _places(request)
    asked = {_service(world, request, a, places[a.visit][1]) for a in one.visits}
    if not any(world.services[service].approval for service in asked):
        return None
    return confirming.review_until(tx, min(a.start for a in one.visits))


def _first_service(world: World, one: Placed, request: Request) -> str:
    _, step = _places(request)[one.visits[0].visit]
    return _service(world, request, one.visits[0], step)


def _service(world: World, request: Request, visit: Assignment, step: int) -> str:
    """Return the service of a visit; who joins a group session has the session's."""
    if visit.session:
        return world.sessions[visit.session].service
    return request.steps[step - 1].service


def _places(request: Request) -> dict[str, tuple[int, int]]:
    return {
        request.visit_id(occurrence, step): (occurrence, step)
        for occurrence in range(1, request.occurrences + 1)
        for step in range(1, len(request.steps) + 1)
    }

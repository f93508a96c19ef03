"""Book many requests at once: the rules are run on all together, the claims inserted together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from allocator.check.violations import violations
from allocator.domain.faults import InvalidSchedule
from allocator.domain.request import ATTENDEE, Request
from allocator.domain.schedule import Claim, Schedule
from allocator.goals import GOALS
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.rule import Violation
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook
from api.problems import NotFound, Problem, RuleBroken, Taken, WrongState
from api.solving.asked import Asked
from api.solving.clinic import clinic
from api.solving.units import Placed
from api.store import claims, lanes, many
from api.store.claims import ClaimRow
from api.store.ids import new_uid
from api.store.world import World
from api.usecases import rules
from api.usecases.placing import WEEKS
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What of many requests is booked, and why the others are not."""

    booked: tuple[str, ...]
    lost: Mapping[str, Problem]


def book(tx: Tx, asked: Asked, placed: Sequence[Placed]) -> Outcome:
    """Book requests where a solve has placed them, each whole or not at all.

    Whoever cannot be booked any more is left out, and the others are booked nevertheless: the
    locks that are taken keep everybody else from what they need until the end.

    Parameters
    ----------
    asked
        What the solve was asked for: the problem is read again as it is now.
    placed
        Requests that depend on nothing that moves, join no group session, and need no reviewer.
    """
    world = tx.world
    lost: dict[str, Problem] = {}
    rows = {
        row.ref: row
        for row in many.lock_requests(tx.connection, tx.tenant, [p.name for p in placed])
    }
    for one in placed:
        if one.name not in rows:
            lost[one.name] = WrongState(f"The request {one.name!r} is booked or withdrawn by now.")
    numbers = _numbers(tx, world, placed)
    for one in placed:
        gone = sorted({name for a in one.visits for name in a.everyone()} - numbers.keys())
        if gone:
            lost.setdefault(one.name, NotFound(f"{', '.join(gone)} is not there any more."))
    placed = [one for one in placed if one.name not in lost]
    _lock(tx, world, placed, numbers)
    found = clinic(tx, asked)
    visits = {a.visit: one.name for one in placed for a in one.visits}
    staying = [one for one in placed if one.name not in lost and one.name in found.requests]
    for one in placed:
        if one.name not in lost and one.name not in found.requests:
            lost[one.name] = NotFound(f"The request {one.name!r} is outside the horizon by now.")
    prepared = Prepared(found.problem)
    book = Rulebook(prepared, RULES, GOALS)
    lost.update(_unreadable(prepared, staying))
    staying = [one for one in staying if one.name not in lost]
    while staying:
        broken = _broken(prepared, book, staying, visits)
        if not broken:
            break
        lost.update(broken)
        staying = [one for one in staying if one.name not in broken]
    if not staying:
        return Outcome(booked=(), lost=lost)
    requests = {request.id: request for request in found.problem.requests}
    schedule = Schedule(assignments=tuple(a for one in staying for a in one.visits))
    taken = prepared.claims(schedule)
    booked, beaten = _write(tx, world, staying, rows, requests, taken, numbers)
    lost.update(beaten)
    return Outcome(booked=tuple(booked), lost=lost)


def _numbers(tx: Tx, world: World, placed: Sequence[Placed]) -> dict[str, int]:
    """Return the numbers of all that is used, by name; people's, too."""
    names = {name for one in placed for a in one.visits for name in a.everyone()}
    known = {n: world.numbers["resource"][n] for n in names if n in world.resources}
    others = tx.connection.execute(
        _NUMBERS, {"tenant": tx.tenant, "refs": sorted(names - known.keys())}
    )
    return {**known, **{row.ref: row.id for row in others}}


_NUMBERS = text("SELECT ref, id FROM resource WHERE tenant_id = :tenant AND ref = ANY(:refs)")


def _lock(tx: Tx, world: World, placed: Sequence[Placed], numbers: Mapping[str, int]) -> None:
    """Take all locks that single bookings would take, in their order."""
    weeks: set[int] = set()
    shared: set[int] = set()
    for one in placed:
        days = rules.window(world, (a.start for a in one.visits), (a.end for a in one.visits))
        first = days.first.toordinal() // 7
        for name in {name for a in one.visits for name in a.everyone()}:
            resource = world.resources.get(name)
            if resource is None or rules.looks_aside(world, resource):
                weeks |= {
                    numbers[name] * WEEKS + week % WEEKS
                    for week in range(first, first + days.days // 7 + 1)
                }
            if resource is not None and (resource.lanes > 1 or name in world.extra_lanes):
                shared.add(-numbers[name])
    claims.lock(tx.connection, weeks)
    claims.lock(tx.connection, shared)


def _unreadable(prepared: Prepared, staying: Sequence[Placed]) -> dict[str, Problem]:
    """Return the requests placed with what their services do not know any more, each with why."""
    with suppress(InvalidSchedule):
        prepared.placements(Schedule(assignments=tuple(a for one in staying for a in one.visits)))
        return {}
    found: dict[str, Problem] = {}
    for one in staying:
        try:
            prepared.placements(Schedule(assignments=tuple(one.visits)))
        except InvalidSchedule as error:
            found[one.name] = RuleBroken(error.faults[0].message, violations=[])
    return found


def _broken(
    prepared: Prepared,
    book: Rulebook,
    staying: Sequence[Placed],
    visits: Mapping[str, str],
) -> dict[str, Problem]:
    """Return the requests that break a rule beside everything that is booked, each with why."""
    schedule = Schedule(assignments=tuple(a for one in staying for a in one.visits))
    placements = list(prepared.placements(schedule))
    for visit, placement in prepared.published.items():
        placements[visit] = placement
    broken: dict[str, Problem] = {}
    for found in violations(book, Timetable(prepared, placements)):
        if found.inherited or found.rule in rules.WHOLE - {"series_completeness"}:
            continue
        for name in reversed(found.visits):  # the last that came gives way
            if name in visits:
                broken.setdefault(visits[name], _refusal(found))
                break
    return broken


def _refusal(found: Violation) -> Problem:
    kind = Taken if found.rule in rules.TAKEN else RuleBroken
    return kind(found.message, violations=[{"rule": found.rule, "message": found.message}])


def _write(
    tx: Tx,
    world: World,
    staying: Sequence[Placed],
    rows: Mapping[str, Any],
    requests: Mapping[str, Request],
    taken: Iterable[Claim],
    numbers: Mapping[str, int],
) -> tuple[list[str], dict[str, Problem]]:
    """Write bookings, visits and claims; take back those that find a claim taken."""
    uids = {one.name: str(new_uid()) for one in staying}
    ids = many.add_bookings(
        tx.connection,
        tx.tenant,
        tx.principal.actor,
        [
            {
                "uid": uids[one.name],
                "spec": rows[one.name].spec,
                "request_id": rows[one.name].id,
                "person_id": rows[one.name].person_id,
                "location": _location(world, one),
                "service": _service(requests[one.name], 1),
                "starts_at": min(a.start for a in one.visits),
            }
            for one in staying
        ],
    )
    visit_uids: dict[str, str] = {}
    visit_rows = []
    for one in staying:
        places = _places(requests[one.name])
        for a in one.visits:
            visit_uids[a.visit] = str(new_uid())
            occurrence, step = places[a.visit]
            visit_rows.append(
                {
                    "uid": visit_uids[a.visit],
                    "booking_id": ids[uids[one.name]],
                    "occurrence": occurrence,
                    "step": step,
                    "service": _service(requests[one.name], step),
                    "start": a.start,
                    "finish": a.end,
                    "resources": {role: list(names) for role, names in a.resources},
                }
            )
    visit_ids = many.add_visits(tx.connection, tx.tenant, visit_rows)
    owner = {visit_ids[visit_uids[a.visit]]: one.name for one in staying for a in one.visits}
    numbered = {a: visit_ids[uid] for a, uid in visit_uids.items()}
    beaten: dict[str, Problem] = {}
    claim_rows = _lanes(tx, world, taken, numbers, numbered, owner, beaten)
    for left in claims.insert(tx.connection, tx.tenant, claim_rows, "booked", None):
        name = owner[left.visit]
        beaten.setdefault(name, Taken(f"Somebody was faster: a resource of {name!r} is taken."))
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
        lanes_of = world.resources[name].lanes

        def count(start: Any, end: Any, name: str = name, lanes_of: int = lanes_of) -> int:
            return lanes_of + world.more_lanes(name, start, end, throughout=True)

        for visit in dict.fromkeys(row.visit for row in rows):
            some = [row for row in rows if row.visit == visit]
            dealt = lanes.deal(tx.connection, tx.tenant, numbers[name], count, some)
            if dealt is None:
                beaten.setdefault(owner[visit], Taken(f"All lanes of {name} are taken."))
                continue
            # Written at once, so that the next is dealt beside it.
            claims.insert(tx.connection, tx.tenant, dealt, "booked", None)
    return plain


def _location(world: World, one: Placed) -> str | None:
    for a in one.visits:
        for role, names in a.resources:
            if role.startswith(ATTENDEE):
                continue
            for name in names:
                resource = world.resources.get(name)
                if resource is not None and resource.location and not resource.mobile:
                    return resource.location
    return None


def _service(request: Request, step: int) -> str:
    return request.steps[step - 1].service


def _places(request: Request) -> dict[str, tuple[int, int]]:
    return {
        request.visit_id(occurrence, step): (occurrence, step)
        for occurrence in range(1, request.occurrences + 1)
        for step in range(1, len(request.steps) + 1)
    }

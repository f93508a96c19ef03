"""Bookings: looked at, and what every change of one begins and ends with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from allocator.domain.faults import Fault
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment
from allocator.frames.nested import Decoder
from api.auth.permissions import demand_own, may_see
from api.problems import Invalid, RuleBroken, Stale, Taken, WrongState
from api.store import bookings as store
from api.usecases import placing, series
from api.usecases.placing import Cast, WantedVisit
from api.usecases.tx import Tx

#: In which states of a booking something can be done to it.
OPEN = ("held", "pending_approval", "booked")


def found(tx: Tx, name: str, *, for_update: bool = False) -> Any:
    """Return a booking that is the asker's business."""
    row = store.find(tx.connection, tx.tenant, name, for_update=for_update)
    seen = row is not None and may_see(
        tx.principal,
        person=row.person_id,
        location=row.location,
        created_by=row.created_by,
        booking=row.id,
    )
    demand_own(tx.principal, f"booking {name!r}", seen)
    return row


def read(tx: Tx, name: str) -> Any:
    """Return a booking."""
    tx.demand("bookings.read")
    return found(tx, name)


def changing(tx: Tx, name: str, version: int | None, states: Sequence[str], what: str) -> Any:
    """Return a booking that is to be changed; nobody else changes it until the end.

    Raises
    ------
    NotFound, Stale, WrongState
    """
    row = found(tx, name, for_update=True)
    if version is not None and version != row.version:
        raise Stale(f"Booking {name} has version {row.version}; you name {version}.")
    state = row.state
    if row.expires_at is not None and row.expires_at <= tx.now:
        state = {"held": "expired", "pending_approval": "rejected"}[state]
    if state not in states:
        raise WrongState(
            f"Booking {name} is {state}; to {what} it, it has to be {' or '.join(states)}.",
            state=state,
        )
    return row


def request_of(row: Any) -> Request:
    """Return what a booking was asked for as."""
    faults: list[Fault] = []
    found: Request = Decoder(faults).object(Request, {**row.spec, "id": row.ref}, "")
    assert not faults, faults
    return found


def to_review(tx: Tx, row: Any) -> bool:
    """Say whether a reviewer has to look at a booking: it is urgent, or a service asks for it."""
    return reviewed(tx, row.urgent, (visit["service"] for visit in row.visits))


def reviewed(tx: Tx, urgent: bool, services: Iterable[str]) -> bool:
    """Say the same of a booking that is not written yet, by the services of its visits."""
    known = tx.world_now.services
    return urgent or any(known[name].approval for name in services if name in known)


def demand_once(wanted: Sequence[WantedVisit]) -> list[series.At]:
    """Return which visits are wanted; none is named twice."""
    places = [(visit.occurrence, visit.step) for visit in wanted]
    if len(set(places)) < len(places):
        raise Invalid("A visit of the request is named twice.")
    return places


def demand_notice(tx: Tx, row: Any, visits: Iterable[Any], minutes: int, what: str) -> None:
    """Hold clients to the tenant's terms, by the first of the visits that they change."""
    if not tx.principal.own_only or row.state != "booked":
        return
    first = min((visit.span.lower for visit in visits), default=tx.now)
    left = (first - tx.now) / timedelta(minutes=1)
    if left < minutes:
        raise RuleBroken(
            f"It starts in {max(0, int(left))} minutes; it can be {what} up to {minutes} minutes"
            " before.",
            violations=[{"rule": "notice", "message": f"less than {minutes} minutes are left"}],
        )


def write(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    assignments: Sequence[Any],
    taken: Sequence[Any],
    who: Cast,
    booking: int,
    state: str,
    expires: datetime | None,
) -> None:
    """Write visits and what they claim."""
    numbered = [
        (
            visit.occurrence,
            visit.step,
            placing.service_of(tx, request, visit).id,
            None if visit.session is None else tx.world.numbers["session"][visit.session],
            assignment,
        )
        for visit, assignment in zip(wanted, assignments, strict=True)
    ]
    numbers = store.add_visits(tx.connection, tx.tenant, booking, numbered)
    placing.claim(tx, who, taken, numbers, state, expires)
    take_seats(tx, wanted, [numbers[assignment.visit] for assignment in assignments])


def take_seats(tx: Tx, wanted: Sequence[WantedVisit], numbers: Sequence[int]) -> None:
    """Take a seat for each visit that joins a group session, by the visits' numbers."""
    for visit, number in zip(wanted, numbers, strict=True):
        if visit.session is not None:
            take_seat(tx, visit.session, number)


def take_seat(tx: Tx, session: str, visit: int) -> None:
    """Take a seat in a group session, whose lock is held."""
    most, number = tx.world.sessions[session].most, tx.world.numbers["session"][session]
    if not store.seat(tx.connection, tx.tenant, number, visit, most):
        raise Taken(
            f"Group session {session} has {most} seats; all are taken.",
            session=session,
            alternatives=[],
        )


def claimed(state: str) -> str:
    """Return the state of what a booking in some state claims."""
    return {"held": "hold"}.get(state, state)


def begin(tx: Tx, row: Any, starts: Iterable[datetime], **more: Any) -> None:
    """Write when a booking begins: with the first of the visits that are still to come.

    Where none is, it stays what it was.
    """
    every = list(starts) or [row.starts_at]
    ahead = [start for start in every if start > tx.now]
    store.change(tx.connection, tx.tenant, row.id, starts_at=min(ahead or every), **more)


def rename(tx: Tx, live: Mapping[series.At, Any], renamed: Mapping[int, int]) -> None:
    """Give occurrences their new numbers, by their old ones."""
    for (occurrence, _), visit in live.items():
        if renamed[occurrence] != occurrence:
            store.number_visit(tx.connection, tx.tenant, visit.id, renamed[occurrence])


def placed(uid: str, assignment: Assignment) -> dict[str, Any]:
    """Return what the audit log has of where a visit is to lie."""
    resources = {role: list(names) for role, names in assignment.resources}
    return {"id": uid, "start": assignment.start.isoformat(), "resources": resources}


def told(visit: Any) -> dict[str, Any]:
    """Return what the audit log has of where a stored visit lies."""
    start = visit.span.lower.isoformat()
    return {"id": str(visit.uid), "start": start, "resources": visit.resources}

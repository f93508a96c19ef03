"""Group sessions: placed once with their staff and room; whoever takes part takes a seat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allocator.domain.request import Request, Session, Step
from allocator.domain.schedule import Assignment
from api.auth.permissions import demand_location
from api.problems import InUse, NotFound, Taken, WrongState
from api.store import bookings, claims, sessions
from api.usecases import expiry, placing
from api.usecases.discretion import in_utc
from api.usecases.placing import Cast, WantedVisit
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A group session that has its place, and how many have a seat in it."""

    session: str
    uid: Any
    start: datetime
    end: datetime
    resources: Mapping[str, Sequence[str]]
    taken: int
    least: int
    most: int


def place(tx: Tx, name: str, start: datetime, resources: Mapping[str, Sequence[str]]) -> Held:
    """Give a group session its place: its staff and room are claimed, once for everybody.

    Raises
    ------
    NotFound, WrongState, Taken, RuleBroken
    """
    session = unplaced(tx, name)
    number = placing.session_number(tx, name)
    request, wanted, who = _asked(tx, session, start, resources)
    (assignment,), taken = placing.checked(tx, request, wanted, who)
    row = (1, 1, session.service, number, assignment)
    numbers = bookings.add_visits(tx.connection, tx.tenant, None, [row])
    placing.claim(tx, who, taken, numbers, "booked", None)
    held = read(tx, name)
    after = {"session": name, "start": assignment.start.isoformat()}
    tx.audit("session.placed", "visit", held.uid, None, after)
    return held


def unplaced(tx: Tx, name: str) -> Session:
    """Return a group session that has no place yet; nobody else gives it one meanwhile.

    Raises
    ------
    NotFound, WrongState
    """
    tx.demand("sessions.place")
    number = placing.session_number(tx, name)
    sessions.lock(tx.connection, [number])
    if number in sessions.placed(tx.connection, tx.tenant, [number]):
        raise WrongState(f"Group session {name} has its place already; take it back first.")
    return tx.world.sessions[name]


def alone(session: Session) -> Request:
    """Return the place of a group session as a request: its staff and room, and nobody else."""
    return Request(id="new", steps=(Step(service=session.service),), windows=session.windows)


def open(tx: Tx, name: str, start: datetime, resources: Mapping[str, Sequence[str]]) -> None:
    """Give a group session its place for the first who joins; it may have it by now.

    Raises
    ------
    NotFound, Taken, RuleBroken
    """
    number = placing.session_number(tx, name)
    sessions.lock(tx.connection, [number])
    there = sessions.placed(tx.connection, tx.tenant, [number]).get(number)
    if there is None:
        place(tx, name, start, resources)
    elif there.start != start:
        raise Taken(
            f"Group session {name} has its place at {in_utc(there.start)} by now, not at"
            f" {in_utc(start)}.",
            session=name,
            alternatives=[],
        )


def _asked(
    tx: Tx, session: Session, start: datetime, resources: Mapping[str, Sequence[str]]
) -> tuple[Request, list[WantedVisit], Cast]:
    """Return the place of a group session as something that is asked for."""
    request = alone(session)
    wanted = [WantedVisit(start=start, resources=resources)]
    who = placing.cast(tx, request, wanted)
    demand_location(tx.principal, placing.location(tx, who, request, wanted))
    return request, wanted, who


def read(tx: Tx, name: str) -> Held:
    """Return where a group session has its place."""
    tx.demand("catalogue.read")
    number = placing.session_number(tx, name)
    row = sessions.placed(tx.connection, tx.tenant, [number]).get(number)
    if row is None:
        raise NotFound(f"Group session {name} has no place yet.")
    session = tx.world.sessions[name]
    return Held(
        session=name,
        uid=row.uid,
        start=row.start,
        end=row.finish,
        resources=row.resources,
        taken=sessions.seats(tx.connection, tx.tenant, number),
        least=session.least,
        most=session.most,
    )


def changing(tx: Tx, name: str) -> Any | None:
    """Return the row by which a group session has its place; nobody else changes it.

    Who has a seat and did not confirm in time has none any more.
    """
    number = placing.session_number(tx, name)
    sessions.lock(tx.connection, [number])
    expiry.free(tx.connection, tx.tenant, tx.now, [], [number])
    return sessions.placed(tx.connection, tx.tenant, [number]).get(number)


def move(tx: Tx, name: str, row: Any, at: Assignment) -> None:
    """Give a group session another place; whoever takes part has to be moved along.

    Parameters
    ----------
    row
        By which it has its place, see ``changing``.

    Raises
    ------
    Taken, RuleBroken
    """
    tx.demand("sessions.place")
    session = tx.world.sessions[name]
    request, wanted, who = _asked(tx, session, at.start, dict(at.resources))
    before = placing.lies(tx, request, row, 1, who)
    (assignment,), taken = placing.checked(
        tx, request, wanted, who, before=[before], freed=[row.id]
    )
    bookings.move_visit(
        tx.connection, tx.tenant, row.id, session.service, row.session_id, assignment
    )
    numbers = {assignment.visit: row.id}
    placing.claim(tx, who, taken, numbers, "booked", None, replaced=[row.id])
    tx.audit(
        "session.moved",
        "visit",
        row.uid,
        {"session": name, "start": row.start.isoformat(), "resources": row.resources},
        {
            "session": name,
            "start": assignment.start.isoformat(),
            "resources": {role: list(names) for role, names in assignment.resources},
        },
    )


def demand_all_there(tx: Tx, name: str) -> None:
    """Refuse to leave somebody behind who has a seat in a group session that moves.

    Raises
    ------
    WrongState
    """
    number = placing.session_number(tx, name)
    behind = sessions.elsewhere(tx.connection, tx.tenant, number)
    if behind:
        raise WrongState(
            f"Group session {name} was read without {behind} of those who have a seat in it by now."
        )


def participants(tx: Tx, name: str) -> list[str]:
    """Return the bookings that have a seat in a group session, by their UUIDs."""
    number = placing.session_number(tx, name)
    return [str(uid) for uid in sessions.participants(tx.connection, tx.tenant, number)]


def unplace(tx: Tx, name: str) -> None:
    """Take back the place of a group session in which nobody has a seat."""
    tx.demand("sessions.place")
    row = changing(tx, name)
    held = read(tx, name)
    if held.taken:
        raise InUse(
            f"Group session {name} has {held.taken} participants; cancel or move them first."
        )
    assert row is not None  # whatever has no place cannot be read
    claims.delete(tx.connection, tx.tenant, [row.id])
    bookings.set_visits(tx.connection, tx.tenant, [row.id], "cancelled")
    before = {"session": name, "start": held.start.isoformat()}
    tx.audit("session.taken_back", "visit", held.uid, before, None)

"""What still needs a thing that is to be deleted or changed: nobody comes to what is not there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from allocator.domain.request import Session
from api.problems import InUse
from api.store import sessions, waitlist
from api.usecases import expiry
from api.usecases.tx import Tx

#: Which live visits need a thing, by its kind. Of a service, those of a booking in which it has
#: been attended, too: the rest of a chain or series cannot be moved without it.
NEEDS = {
    "service": "visit.booking_id IN (SELECT booking_id FROM visit WHERE tenant_id = :tenant"
    " AND service = :ref AND state <> 'cancelled')",
    "resource": "visit.id IN (SELECT visit_id FROM claim WHERE tenant_id = :tenant"
    " AND resource_id = :id AND ends_at > now())",
    "location": "booking.location = :ref",
    "session": "visit.session_id = :id",
    "request": "booking.request_id = :id",
}
_LIVE = """
    SELECT count(DISTINCT visit.booking_id) AS bookings,
           count(*) FILTER (WHERE visit.booking_id IS NULL) AS places
    FROM visit LEFT JOIN booking ON booking.tenant_id = visit.tenant_id
                                AND booking.id = visit.booking_id
    WHERE visit.tenant_id = :tenant AND visit.state IN ('booked', 'checked_in')
      AND visit.ends_at > now()
      AND (visit.booking_id IS NULL OR booking.state = 'booked' OR booking.expires_at > now())
      AND """
_COUNTS = {kind: text(_LIVE + needs) for kind, needs in NEEDS.items()}
_PEOPLE = text(
    "SELECT count(*) FROM resource WHERE tenant_id = :tenant AND person_id IS NOT NULL"
    " AND spec ->> :field = :ref"
)


def demand_unneeded(tx: Tx, kind: str, row: Any) -> None:
    """Refuse to delete what somebody needs; what is over needs nothing.

    Raises
    ------
    InUse
        Naming the thing, and how many bookings or people need it.
    """
    named = f"The {kind} {row.ref!r}"
    if kind == "resource" and row.person_id is not None:
        raise InUse(f"{named} is how a person takes part in visits; erase the person instead.")
    if kind in ("calendar", "location"):
        asked = {"tenant": tx.tenant, "field": kind, "ref": row.ref}
        people = tx.connection.execute(_PEOPLE, asked).scalar_one()
        if people:
            raise InUse(f"{named} is that of {_so_many(people, 'person', 'people')}.")
    if kind not in _COUNTS:
        return
    waits = waitlist.of_request(tx.connection, tx.tenant, row.id) if kind == "request" else None
    if waits is not None:
        raise InUse(f"{named} is waited for as entry {waits.uid} on the waitlist; withdraw that.")
    what = {"tenant": tx.tenant, "id": row.id, "ref": row.ref}
    found = tx.connection.execute(_COUNTS[kind], what).one()
    said = [_so_many(found.bookings, "live booking", "live bookings")] if found.bookings else []
    if found.places:
        said.append(_so_many(found.places, "place of a group session", "places of group sessions"))
    if said:
        raise InUse(
            f"{named} has {' and '.join(said)}; cancel, move or take them back first.",
            live_bookings=found.bookings,
        )


def demand_kept(tx: Tx, row: Any, session: Session) -> None:
    """Refuse to change a group session against whoever has a place or a seat in it.

    Raises
    ------
    InUse
        Naming both services, or both numbers of seats.
    """
    place = sessions.placed(tx.connection, tx.tenant, [row.id]).get(row.id)
    if place is not None and place.service != session.service:
        raise InUse(
            f"Group session {row.ref} has its place for the service {place.service}; take that back"
            f" before it is one of {session.service}."
        )
    taken = sessions.seats(tx.connection, tx.tenant, row.id)
    if taken > session.most:
        raise InUse(
            f"Group session {row.ref} has {taken} participants; at most {session.most} would be"
            " possible. Cancel or move some first."
        )


def _so_many(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def leave(tx: Tx, kind: str, number: int) -> None:
    """Delete what is kept of a thing that goes, and means nothing without it.

    Of a resource: what it has claimed, its lanes and absences. Of a group session: the places that
    it had. Visits of bookings that are over keep the name of a resource.
    """
    if kind == "resource":
        expiry.free(tx.connection, tx.tenant, tx.now, [number])
    for statement in _LEAVE.get(kind, ()):
        tx.connection.execute(statement, {"tenant": tx.tenant, "number": number})


_LEAVE = {
    "resource": tuple(
        text(f"DELETE FROM {table} WHERE tenant_id = :tenant AND resource_id = :number")
        for table in ("claim", "extra_lane", "absence")
    ),
    "request": (text("DELETE FROM waitlist WHERE tenant_id = :tenant AND request_id = :number"),),
    "session": (
        text(
            "DELETE FROM visit WHERE tenant_id = :tenant AND session_id = :number"
            " AND booking_id IS NULL"
        ),
    ),
}

"""Bookings and their visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, Range, dialect

from allocator.domain.schedule import Assignment
from api.store.database import fetched
from api.store.ids import as_uid, new_uid
from api.store.tables import BOOKING, PERSON, REQUEST, SEAT, SESSION, VISIT


def whole() -> Select[Any]:
    """Return the query of bookings with their people, requests and visits."""
    return select(
        BOOKING, PERSON.c.ref.label("person"), REQUEST.c.ref.label("request"), _VISITS
    ).select_from(
        BOOKING.outerjoin(
            PERSON,
            (PERSON.c.tenant_id == BOOKING.c.tenant_id) & (PERSON.c.id == BOOKING.c.person_id),
        ).outerjoin(
            REQUEST,
            (REQUEST.c.tenant_id == BOOKING.c.tenant_id) & (REQUEST.c.id == BOOKING.c.request_id),
        )
    )


_VISITS = literal_column(
    """
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', visit.uid, 'occurrence', visit.occurrence, 'step', visit.step,
        'service', visit.service, 'session', session.ref, 'start', lower(visit.span),
        'end', upper(visit.span), 'resources', visit.resources, 'state', visit.state)
        ORDER BY visit.occurrence, visit.step, visit.id), '[]')
     FROM visit LEFT JOIN session ON session.tenant_id = visit.tenant_id
                                  AND session.id = visit.session_id
     WHERE visit.tenant_id = booking.tenant_id AND visit.booking_id = booking.id)
    """,
    JSONB,
).label("visits")
#: The same query as text: of one booking it is asked again and again.
WHOLE = str(whole().compile(dialect=dialect()))


def find(connection: Connection, tenant: int, name: str, *, for_update: bool = False) -> Any | None:
    """Return a booking with its visits, by its UUID; None where there is none."""
    uid = as_uid(name)
    if uid is None:
        return None
    what = {"tenant": tenant, "uid": uid}
    row = next(iter(fetched(connection, _ONE_LOCKED if for_update else _ONE, what)), None)
    if for_update and row is not None and row.version != row.version_before:
        # Somebody had its lock till now: the row is as they left it, its visits as they were.
        (row,) = fetched(connection, _ONE, what)
    return row


_OF_UID = f"{WHOLE} WHERE booking.tenant_id = :tenant AND booking.uid = :uid"
_ONE = text(_OF_UID)
_ONE_LOCKED = text(
    "SELECT one.*, (SELECT version FROM booking WHERE tenant_id = :tenant AND id = one.id)"
    f" AS version_before FROM ({_OF_UID} FOR UPDATE OF booking) AS one"
)


def change(connection: Connection, tenant: int, booking: int, **values: Any) -> None:
    """Change a booking; its version goes up by one."""
    connection.execute(
        update(BOOKING)
        .where(BOOKING.c.tenant_id == tenant, BOOKING.c.id == booking)
        .values(version=BOOKING.c.version + 1, changed_at=text("now()"), **values)
    )


def save(connection: Connection, tenant: int, booking: int, saving: Any) -> None:
    """Write what whoever comes saves; it is part of the change that is under way."""
    connection.execute(
        update(BOOKING)
        .where(BOOKING.c.tenant_id == tenant, BOOKING.c.id == booking)
        .values(saving=saving)
    )


def add_visits(
    connection: Connection,
    tenant: int,
    booking: int | None,
    assignments: Sequence[tuple[int, int, str, int | None, Assignment]],
) -> dict[str, int]:
    """Write visits; return their numbers by their names in the request.

    Parameters
    ----------
    booking
        Whose visits they are; None for the place of a group session.
    assignments
        Each with its occurrence, step, service and session.
    """
    rows = [
        {
            "tenant_id": tenant,
            "uid": new_uid(),
            "booking_id": booking,
            "session_id": session,
            "occurrence": occurrence,
            "step": step,
            "service": service,
            "span": Range(assignment.start, assignment.end, bounds="[)"),
            "resources": {role: list(names) for role, names in assignment.resources},
            "state": "booked",
        }
        for occurrence, step, service, session, assignment in assignments
    ]
    written = connection.execute(
        insert(VISIT).values(rows).returning(VISIT.c.id, VISIT.c.occurrence, VISIT.c.step)
    )
    numbers = {(row.occurrence, row.step): row.id for row in written}
    return {a.visit: numbers[occurrence, step] for occurrence, step, _, _, a in assignments}


def move_visit(
    connection: Connection,
    tenant: int,
    visit: int,
    service: str,
    session: int | None,
    assignment: Assignment,
) -> None:
    """Write where a visit lies now, which group session it joins, and of what service that is."""
    connection.execute(
        update(VISIT)
        .where(VISIT.c.tenant_id == tenant, VISIT.c.id == visit)
        .values(
            span=Range(assignment.start, assignment.end, bounds="[)"),
            service=service,
            session_id=session,
            resources={role: list(names) for role, names in assignment.resources},
        )
    )


def visits(connection: Connection, tenant: int, bookings: Sequence[int]) -> Mapping[int, list[Any]]:
    """Return the visits of bookings, by booking, in order of occurrence and step."""
    found: dict[int, list[Any]] = {booking: [] for booking in bookings}
    if bookings:
        asked = (
            select(VISIT, SESSION.c.ref.label("session"))
            .select_from(
                VISIT.outerjoin(
                    SESSION,
                    (SESSION.c.tenant_id == VISIT.c.tenant_id)
                    & (SESSION.c.id == VISIT.c.session_id),
                )
            )
            .where(VISIT.c.tenant_id == tenant, VISIT.c.booking_id.in_(list(bookings)))
            .order_by(VISIT.c.occurrence, VISIT.c.step, VISIT.c.id)
        )
        for row in connection.execute(asked):
            found[row.booking_id].append(row)
    return found


def number_visit(connection: Connection, tenant: int, visit: int, occurrence: int) -> None:
    """Write which occurrence of its series a visit is."""
    connection.execute(
        update(VISIT)
        .where(VISIT.c.tenant_id == tenant, VISIT.c.id == visit)
        .values(occurrence=occurrence)
    )


def set_visits(connection: Connection, tenant: int, visits: Sequence[int], state: str) -> None:
    """Write the state of visits."""
    connection.execute(
        update(VISIT)
        .where(VISIT.c.tenant_id == tenant, VISIT.c.id.in_(list(visits)))
        .values(state=state)
    )


def become(
    connection: Connection,
    tenant: int,
    booking: Any,
    state: str,
    expires_at: datetime | None,
    actor: str,
) -> Any:
    """Bring a booking and all that it claims into another state, and write down who did.

    Returns
    -------
    row
        The booking as it is found now.
    """
    what = {
        "tenant": tenant,
        "booking": booking.id,
        "uid": booking.uid,
        "before": booking.state,
        "state": state,
        "expires": expires_at,
        "actor": actor,
    }
    (row,) = fetched(connection, _BECOME, what)
    return row


_BECOME = text(
    f"""
    WITH booking AS (
        UPDATE booking SET state = :state, expires_at = CAST(:expires AS timestamptz),
               version = version + 1, changed_at = now()
        WHERE tenant_id = :tenant AND id = :booking
        RETURNING *),
    claimed AS (
        UPDATE claim SET state = :state, expires_at = CAST(:expires AS timestamptz)
        FROM visit WHERE visit.tenant_id = :tenant AND visit.booking_id = :booking
        AND claim.tenant_id = :tenant AND claim.visit_id = visit.id),
    logged AS (
        INSERT INTO audit (tenant_id, actor, action, kind, object, before, after)
        VALUES (:tenant, :actor, 'booking.' || CAST(:state AS text), 'booking', :uid,
                jsonb_build_object('state', CAST(:before AS text)),
                jsonb_build_object('state', CAST(:state AS text))))
    {WHOLE}
    """
)


def seat(connection: Connection, tenant: int, session: int, visit: int, most: int) -> bool:
    """Take the first free seat of a group session; False where as many as there are are taken.

    The caller holds its lock.
    """
    taken = set(
        connection.execute(
            select(SEAT.c.number).where(SEAT.c.tenant_id == tenant, SEAT.c.session_id == session)
        ).scalars()
    )
    if len(taken) >= most:
        return False
    free = next(number for number in range(1, most + 1) if number not in taken)
    connection.execute(
        insert(SEAT).values(tenant_id=tenant, session_id=session, number=free, visit_id=visit)
    )
    return True


def leave_seats(connection: Connection, tenant: int, visits: Sequence[int]) -> None:
    """Give seats back."""
    connection.execute(
        text("DELETE FROM seat WHERE tenant_id = :tenant AND visit_id = ANY(:visits)"),
        {"tenant": tenant, "visits": list(visits)},
    )


def open_holds(
    connection: Connection, key: int, tenant: int, person: int | None, actor: str
) -> int:
    """Count open holds; nobody else counts by the same key until the transaction ends.

    Those are the ones that have not expired; what waits for a reviewer is one.

    Parameters
    ----------
    person, actor
        Whose they are; where nobody in particular, who has made them.
    """
    what = {"key": key, "tenant": tenant, "person": person, "actor": actor}
    ((found,),) = fetched(connection, _OPEN, what)
    return int(found)


_OPEN = text("SELECT open_holds(:key, :tenant, :person, :actor)")


def of_request(connection: Connection, tenant: int, request: int) -> Any | None:
    """Return the booking that a request has now; None where it has none."""
    return connection.execute(_OF_REQUEST, {"tenant": tenant, "request": request}).first()


_OF_REQUEST = text(
    "SELECT id, uid, state FROM booking WHERE tenant_id = :tenant AND request_id = :request"
    " AND (state = 'booked' OR expires_at > now()) LIMIT 1"
)

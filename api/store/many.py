"""Many bookings at once: a statement for all of a kind, however many they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text


def lock_requests(connection: Connection, tenant: int, names: Sequence[str]) -> list[Any]:
    """Lock the requests that nobody has booked or withdrawn; return their rows."""
    return list(connection.execute(_LOCK, {"tenant": tenant, "refs": list(names)}))


_LOCK = text(
    "SELECT * FROM request WHERE tenant_id = :tenant AND ref = ANY(:refs)"
    " AND state = 'requested' AND NOT EXISTS (SELECT 1 FROM booking WHERE"
    " booking.tenant_id = :tenant AND booking.request_id = request.id"
    " AND booking.state IN ('held', 'pending_approval', 'booked')) ORDER BY id FOR UPDATE"
)


def add_bookings(
    connection: Connection, tenant: int, actor: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Write bookings; return their numbers by UUID."""
    written = connection.execute(
        _BOOKINGS, {"tenant": tenant, "actor": actor, "rows": json.dumps(list(rows), default=str)}
    )
    return {str(row.uid): row.id for row in written}


_BOOKINGS = text(
    """
    INSERT INTO booking (tenant_id, uid, ref, spec, state, request_id, person_id, location,
                         service, starts_at, created_by)
    SELECT :tenant, w.uid, w.uid::text, w.spec, 'booked', w.request_id, w.person_id, w.location,
           w.service, w.starts_at, :actor
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w (
        uid uuid, spec jsonb, request_id bigint, person_id bigint, location text, service text,
        starts_at timestamptz)
    RETURNING id, uid
    """
)


def add_visits(
    connection: Connection, tenant: int, rows: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Write visits of bookings; return their numbers by UUID."""
    written = connection.execute(
        _VISITS, {"tenant": tenant, "rows": json.dumps(list(rows), default=str)}
    )
    return {str(row.uid): row.id for row in written}


_VISITS = text(
    """
    INSERT INTO visit (tenant_id, uid, booking_id, occurrence, step, service, span, resources,
                       state)
    SELECT :tenant, w.uid, w.booking_id, w.occurrence, w.step, w.service,
           tstzrange(w.start, w.finish), w.resources, 'booked'
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w (
        uid uuid, booking_id bigint, occurrence integer, step integer, service text,
        start timestamptz, finish timestamptz, resources jsonb)
    RETURNING id, uid
    """
)


def take_back(connection: Connection, tenant: int, bookings: Sequence[int]) -> None:
    """Delete bookings that have just been written, with all that is theirs."""
    what = {"tenant": tenant, "bookings": list(bookings)}
    for statement in _TAKE_BACK:
        connection.execute(statement, what)


_TAKE_BACK = (
    text(
        "DELETE FROM claim USING visit WHERE visit.tenant_id = :tenant"
        " AND visit.booking_id = ANY(:bookings) AND claim.tenant_id = :tenant"
        " AND claim.visit_id = visit.id"
    ),
    text("DELETE FROM visit WHERE tenant_id = :tenant AND booking_id = ANY(:bookings)"),
    text("DELETE FROM booking WHERE tenant_id = :tenant AND id = ANY(:bookings)"),
)


def scheduled(
    connection: Connection, tenant: int, actor: str, requests: Sequence[int], uids: Sequence[str]
) -> None:
    """Write that requests are booked, and who did it; bookings by their UUIDs."""
    connection.execute(_SCHEDULED, {"tenant": tenant, "requests": list(requests)})
    connection.execute(_AUDIT, {"tenant": tenant, "actor": actor, "uids": list(uids)})


_SCHEDULED = text(
    "UPDATE request SET state = 'scheduled', version = version + 1, changed_at = now()"
    " WHERE tenant_id = :tenant AND id = ANY(:requests)"
)
_AUDIT = text(
    "INSERT INTO audit (tenant_id, actor, action, kind, object, after)"
    " SELECT :tenant, :actor, 'booking.booked', 'booking', uid,"
    " jsonb_build_object('state', 'booked') FROM unnest(CAST(:uids AS uuid[])) AS w (uid)"
)

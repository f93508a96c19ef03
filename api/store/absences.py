"""Absences of resources, and what claims them meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


def add(
    connection: Connection,
    tenant: int,
    uid: UUID,
    resource: int,
    start: datetime,
    end: datetime,
    reason: str,
    actor: str,
) -> None:
    """Write an absence."""
    connection.execute(
        _ADD,
        {
            "tenant": tenant,
            "uid": uid,
            "resource": resource,
            "start": start,
            "end": end,
            "reason": reason,
            "actor": actor,
        },
    )


_ADD = text(
    "INSERT INTO absence (tenant_id, uid, resource_id, span, reason, created_by)"
    " VALUES (:tenant, :uid, :resource, tstzrange(:start, :end), :reason, :actor)"
)


def note_solve(connection: Connection, tenant: int, uid: UUID, solve: UUID) -> None:
    """Write which solve proposes what to do."""
    connection.execute(_NOTE, {"tenant": tenant, "uid": uid, "solve": solve})


_NOTE = text("UPDATE absence SET solve = :solve WHERE tenant_id = :tenant AND uid = :uid")
_WHOLE = (
    "SELECT absence.*, lower(span) AS start, upper(span) AS finish, resource.ref AS resource,"
    " resource.location FROM absence JOIN resource ON resource.tenant_id = absence.tenant_id"
    " AND resource.id = absence.resource_id WHERE absence.tenant_id = :tenant"
)


def find(connection: Connection, tenant: int, uid: UUID) -> Any | None:
    """Return an absence, with the name of its resource."""
    return connection.execute(_FIND, {"tenant": tenant, "uid": uid}).first()


_FIND = text(f"{_WHOLE} AND absence.uid = :uid")


def page(
    connection: Connection, tenant: int, locations: Sequence[str], after: int, limit: int
) -> Sequence[Any]:
    """Return absences by number, from after one number on; at all locations where none is named."""
    what = {"tenant": tenant, "locations": list(locations), "after": after, "limit": limit}
    return connection.execute(_PAGE, what).all()


_PAGE = text(
    f"{_WHOLE} AND absence.id > :after AND (cardinality(CAST(:locations AS text[])) = 0"
    " OR resource.location IS NULL OR resource.location = ANY(:locations))"
    " ORDER BY absence.id LIMIT :limit"
)


def remove(connection: Connection, tenant: int, number: int) -> None:
    """Delete an absence."""
    connection.execute(_REMOVE, {"tenant": tenant, "number": number})


_REMOVE = text("DELETE FROM absence WHERE tenant_id = :tenant AND id = :number")


def hits(
    connection: Connection, tenant: int, resource: int, start: datetime, end: datetime
) -> Sequence[Any]:
    """Return the visits and group sessions ahead that claim a resource in a span, by start.

    Whoever has a seat in such a session is hit with it.
    """
    return connection.execute(
        _HITS, {"tenant": tenant, "resource": resource, "start": start, "end": end}
    ).all()


_HITS = text(
    """
    WITH taken AS (
        SELECT DISTINCT visit_id AS id FROM claim
        WHERE tenant_id = :tenant AND resource_id = :resource
          AND span && tstzrange(:start, :end) AND ends_at > greatest(:start, now())
          AND (expires_at IS NULL OR expires_at > now()))
    SELECT visit.uid, booking.uid AS booking, booking.state, person.ref AS person,
           booking.location, session.ref AS session, lower(visit.span) AS start
    FROM visit
    LEFT JOIN booking ON booking.tenant_id = visit.tenant_id AND booking.id = visit.booking_id
    LEFT JOIN person ON person.tenant_id = booking.tenant_id AND person.id = booking.person_id
    LEFT JOIN session ON session.tenant_id = visit.tenant_id AND session.id = visit.session_id
    WHERE visit.tenant_id = :tenant AND (booking.expires_at IS NULL OR booking.expires_at > now())
      AND visit.state IN ('booked', 'checked_in') AND visit.id IN (
        SELECT id FROM taken
        UNION
        SELECT seat.visit_id
        FROM taken JOIN visit AS place ON place.tenant_id = :tenant AND place.id = taken.id
        JOIN seat ON seat.tenant_id = :tenant AND seat.session_id = place.session_id
        WHERE place.booking_id IS NULL)
    ORDER BY lower(visit.span), visit.id
    """
)

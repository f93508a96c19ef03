"""What is taken in a stretch of time: visits with what they claim, and who comes to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

#: A visit as it lies, with its claims: resource, role, start and end of each, a row for each lane.
_WHOLE = """
    SELECT visit.uid, visit.service, visit.occurrence, visit.step, visit.state,
           lower(visit.span) AS start, upper(visit.span) AS finish, visit.resources,
           session.ref AS session, booking.uid AS booking, booking.expires_at,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(
                resource.ref, claim.role, lower(claim.span), upper(claim.span)) ORDER BY claim.id),
                '[]')
            FROM claim JOIN resource ON resource.tenant_id = claim.tenant_id
                                    AND resource.id = claim.resource_id
            WHERE claim.tenant_id = visit.tenant_id AND claim.visit_id = visit.id) AS claims
    FROM visit
    LEFT JOIN booking ON booking.tenant_id = visit.tenant_id AND booking.id = visit.booking_id
    LEFT JOIN session ON session.tenant_id = visit.tenant_id AND session.id = visit.session_id
    WHERE visit.tenant_id = :tenant AND visit.state <> 'cancelled'
      AND visit.ends_at > :start AND visit.starts_at < :end
"""


def within(connection: Connection, tenant: int, start: datetime, end: datetime) -> Sequence[Any]:
    """Return the visits of a stretch of time."""
    return connection.execute(_WITHIN, {"tenant": tenant, "start": start, "end": end}).all()


_WITHIN = text(f"{_WHOLE} ORDER BY visit.id")


def of(
    connection: Connection,
    tenant: int,
    start: datetime,
    end: datetime,
    objects: Sequence[UUID],
) -> Sequence[Any]:
    """Return those of some bookings, and those of these UUIDs."""
    what = {"tenant": tenant, "start": start, "end": end, "objects": list(objects)}
    return connection.execute(_OF, what).all()


_OF = text(
    f"""{_WHOLE} AND visit.id IN (
        SELECT id FROM visit WHERE tenant_id = :tenant AND uid = ANY(:objects)
        UNION
        SELECT visit.id FROM booking JOIN visit ON visit.tenant_id = booking.tenant_id
                                               AND visit.booking_id = booking.id
        WHERE booking.tenant_id = :tenant AND booking.uid = ANY(:objects))
    ORDER BY visit.id"""
)


#: A request, and whether it waits: neither booked nor withdrawn.
_REQUESTS = """
    SELECT request.uid, request.ref, request.spec, request.state = 'requested' AND NOT EXISTS (
               SELECT 1 FROM booking
               WHERE booking.tenant_id = request.tenant_id AND booking.request_id = request.id
                 AND booking.state IN ('held', 'pending_approval', 'booked')) AS waits
    FROM request WHERE request.tenant_id = :tenant
"""


def waiting(connection: Connection, tenant: int, most: int) -> Sequence[Any]:
    """Return requests that have windows, and may wait; the latest, where there are more."""
    return connection.execute(_WAITING, {"tenant": tenant, "most": most}).all()


_WAITING = text(
    f"{_REQUESTS} AND request.state = 'requested' AND request.spec ? 'windows'"
    " ORDER BY request.id DESC LIMIT :most"
)


def requests_of(connection: Connection, tenant: int, objects: Sequence[UUID]) -> Sequence[Any]:
    """Return the requests of some bookings, and those of these UUIDs."""
    return connection.execute(_OF_OBJECTS, {"tenant": tenant, "objects": list(objects)}).all()


_OF_OBJECTS = text(
    f"""{_REQUESTS} AND request.id IN (
        SELECT id FROM request WHERE tenant_id = :tenant AND uid = ANY(:objects)
        UNION
        SELECT request_id FROM booking WHERE tenant_id = :tenant AND uid = ANY(:objects))"""
)

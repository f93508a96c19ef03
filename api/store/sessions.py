"""Where group sessions are: each has one visit that is nobody's booking, for staff and room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from api.store import claims

#: Below every key that stands for a resource: those of group sessions.
KEYS = -(2**40)


def lock(connection: Connection, sessions: Iterable[int]) -> None:
    """Wait until nobody else places these group sessions, or takes a seat in them."""
    claims.lock(connection, [KEYS - number for number in sessions])


def placed(connection: Connection, tenant: int, sessions: Sequence[int]) -> dict[int, Any]:
    """Return the visits by which group sessions have their place, by their numbers."""
    if not sessions:
        return {}
    found = connection.execute(_PLACED, {"tenant": tenant, "sessions": list(sessions)})
    return {row.session_id: row for row in found}


_PLACED = text(
    "SELECT id, uid, session_id, service, span, lower(span) AS start, upper(span) AS finish,"
    " resources, step, NULL AS session FROM visit WHERE tenant_id = :tenant"
    " AND session_id = ANY(:sessions) AND booking_id IS NULL AND state <> 'cancelled'"
)


def seats(connection: Connection, tenant: int, session: int) -> int:
    """Count the seats that are taken in a group session; a hold whose time is over takes none."""
    return connection.execute(_SEATS, {"tenant": tenant, "session": session}).scalar_one()


_SEATS = text(
    "SELECT count(*) FROM seat"
    " JOIN visit ON visit.tenant_id = seat.tenant_id AND visit.id = seat.visit_id"
    " JOIN booking ON booking.tenant_id = visit.tenant_id AND booking.id = visit.booking_id"
    " WHERE seat.tenant_id = :tenant AND seat.session_id = :session"
    " AND (booking.expires_at IS NULL OR booking.expires_at > now())"
)


def participants(connection: Connection, tenant: int, session: int) -> Sequence[UUID]:
    """Return the bookings that have a seat in a group session, but for holds that are over."""
    what = {"tenant": tenant, "session": session}
    return connection.execute(_PARTICIPANTS, what).scalars().all()


_PARTICIPANTS = text(
    "SELECT DISTINCT booking.uid FROM seat"
    " JOIN visit ON visit.tenant_id = seat.tenant_id AND visit.id = seat.visit_id"
    " JOIN booking ON booking.tenant_id = visit.tenant_id AND booking.id = visit.booking_id"
    " WHERE seat.tenant_id = :tenant AND seat.session_id = :session"
    " AND (booking.expires_at IS NULL OR booking.expires_at > now()) ORDER BY booking.uid"
)


def elsewhere(connection: Connection, tenant: int, session: int) -> int:
    """Count those who have a seat in a group session, and are not there when it is held."""
    return connection.execute(_ELSEWHERE, {"tenant": tenant, "session": session}).scalar_one()


_ELSEWHERE = text(
    "SELECT count(*) FROM seat JOIN visit ON visit.tenant_id = :tenant AND visit.id = seat.visit_id"
    " JOIN visit AS place ON place.tenant_id = :tenant AND place.session_id = seat.session_id"
    " AND place.booking_id IS NULL AND place.state <> 'cancelled'"
    " WHERE seat.tenant_id = :tenant AND seat.session_id = :session AND visit.span <> place.span"
)

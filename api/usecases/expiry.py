"""What happens when the time to confirm or to approve is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from api.store import claims

#: What a booking becomes when its time is over.
BECOMES = {"held": "expired", "pending_approval": "rejected"}


def free(
    connection: Connection,
    tenant: int,
    now: datetime,
    resources: Sequence[int],
    sessions: Sequence[int] = (),
) -> None:
    """Free the bookings whose time is over and that still take some resources or sessions."""
    for booking in claims.expired(connection, tenant, resources, sessions):
        expire(connection, tenant, booking, now)


def expire(
    connection: Connection, tenant: int, booking: int, now: datetime, *, wait: bool = True
) -> bool:
    """Free a booking whose time is over; say whether it was this call that did.

    The booking's row decides between this and a confirmation that comes at the same moment.

    Parameters
    ----------
    wait
        Whether to wait for somebody who is doing something with it; else it is left alone then.
    """
    over = {"tenant": tenant, "booking": booking, "now": now}
    row = connection.execute(_LOCK if wait else _LOCK_FREE, over).first()
    if row is None:
        return False
    became = BECOMES[row.state]
    what = {"tenant": tenant, "booking": booking, "state": became}
    connection.execute(_FREE, what)
    connection.execute(_CANCEL, what)
    connection.execute(_EXPIRE, what)
    connection.execute(_REOPEN, what)
    connection.execute(_AUDIT, {**what, "object": row.uid, "before": row.state})
    return True


_OVER = (
    "SELECT uid, state FROM booking WHERE tenant_id = :tenant AND id = :booking"
    " AND expires_at <= :now FOR UPDATE"
)
_LOCK, _LOCK_FREE = text(_OVER), text(f"{_OVER} SKIP LOCKED")
_FREE = text(
    "DELETE FROM claim USING visit WHERE visit.tenant_id = :tenant"
    " AND visit.booking_id = :booking AND claim.tenant_id = :tenant"
    " AND claim.visit_id = visit.id"
)
_CANCEL = text(
    "WITH gone AS (DELETE FROM seat USING visit WHERE visit.tenant_id = :tenant"
    " AND visit.booking_id = :booking AND seat.tenant_id = :tenant AND seat.visit_id = visit.id)"
    " UPDATE visit SET state = 'cancelled' WHERE tenant_id = :tenant AND booking_id = :booking"
)
_EXPIRE = text(
    "UPDATE booking SET state = :state, expires_at = NULL, version = version + 1,"
    " changed_at = now() WHERE tenant_id = :tenant AND id = :booking"
)
_REOPEN = text(
    "UPDATE request SET state = 'requested' WHERE tenant_id = :tenant AND state = 'scheduled'"
    " AND id = (SELECT request_id FROM booking WHERE tenant_id = :tenant AND id = :booking)"
    " AND NOT EXISTS (SELECT 1 FROM booking WHERE tenant_id = :tenant AND request_id = request.id"
    " AND id <> :booking AND (state = 'booked' OR expires_at > now()))"  # booked anew meanwhile
)
_AUDIT = text(
    "INSERT INTO audit (tenant_id, actor, action, kind, object, before, after)"
    " VALUES (:tenant, 'service', 'booking.' || :state, 'booking', :object,"
    " jsonb_build_object('state', CAST(:before AS text)),"
    " jsonb_build_object('state', CAST(:state AS text)))"
)

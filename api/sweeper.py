"""The sweeper: frees what has expired, and forgets what need not be kept."""

from __future__ import annotations

import structlog
from sqlalchemy import text

from api.store import events
from api.store.database import Database
from api.usecases.expiry import expire

LOG = structlog.get_logger("allocator.sweeper")
#: Seconds between two looks.
EVERY = 0.5


def sweep(database: Database) -> int:
    """Free the bookings whose time is over; return how many.

    Each has a transaction of its own: one that cannot be freed now holds up no other.
    """
    with database.transaction() as (connection, now):
        found = connection.execute(
            text(
                "SELECT tenant_id, id FROM booking WHERE expires_at <= now()"
                " ORDER BY expires_at LIMIT 500"
            )
        ).all()
    freed = 0
    for row in found:
        with database.transaction() as (connection, now):
            freed += expire(connection, row.tenant_id, row.id, now)
    if freed:
        LOG.info("swept", action="sweeper.expired", bookings=freed)
    return freed


def forget(database: Database) -> None:
    """Delete idempotency keys of yesterday, sessions that are over, and what is old."""
    with database.transaction() as (connection, _):
        for statement in (
            "DELETE FROM idempotency WHERE created_at < now() - interval '24 hours'",
            "DELETE FROM web_session WHERE expires_at < now()",
            "DELETE FROM allowance WHERE period < now() - interval '10 minutes'",
        ):
            connection.execute(text(statement))
        events.forget(connection)

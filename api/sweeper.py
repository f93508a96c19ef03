"""The sweeper: frees what has expired, and forgets what need not be kept."""

from __future__ import annotations

from contextlib import suppress

import structlog
from sqlalchemy import text

from api.problems import StoreUnavailable
from api.store import events, solves
from api.store.database import Again, Database
from api.usecases.expiry import expire

LOG = structlog.get_logger("allocator.sweeper")
#: Seconds between two looks.
EVERY = 0.5
#: Rows of a table that are forgotten at once, at most.
MOST = 50_000


def sweep(database: Database) -> int:
    """Free the bookings whose time is over; return how many.

    Each has a transaction of its own: one that cannot be freed now holds up no other, and is
    looked at again the next time. So is one with which somebody does something at the moment.
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
        try:
            with suppress(Again), database.transaction() as (connection, now):
                freed += expire(connection, row.tenant_id, row.id, now, wait=False)
        except StoreUnavailable:
            raise
        except Exception as error:  # one that cannot be freed at all holds up no other either
            LOG.error("bug", action="sweeper.bug", exc_info=error)
    if freed:
        LOG.info("swept", action="sweeper.expired", bookings=freed)
    return freed


def forget(database: Database) -> None:
    """Delete idempotency keys of yesterday, sessions that are over, old allowances and solves.

    So many of each at most, each in a transaction of its own: after a long pause, too, that takes
    no longer than a statement may.
    """
    for table, old in (
        ("idempotency", "created_at < now() - interval '24 hours'"),
        ("web_session", "expires_at < now()"),
        ("allowance", "period < now() - interval '10 minutes'"),
    ):
        with database.transaction() as (connection, _):
            connection.execute(
                text(
                    f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("
                    f"SELECT ctid FROM {table} WHERE {old} LIMIT :most))"
                ),
                {"most": MOST},
            )
    with database.transaction() as (connection, _):
        events.forget(connection)
    with database.transaction() as (connection, _):
        solves.forget(connection)

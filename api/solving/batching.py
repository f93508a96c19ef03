"""Batches by policy: requests that wait are solved once they are enough, or have waited enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from allocator.domain.faults import Fault
from allocator.frames.nested import Decoder
from api.auth.principal import Principal, Role
from api.problems import StoreUnavailable, Taken
from api.solving import queue
from api.store.changes import unseen
from api.store.database import Database
from api.store.world import Worlds
from api.usecases.policy import Policy
from api.usecases.tx import Tx

LOG = structlog.get_logger("allocator.batching")
#: Events after which a request that was left out may find a place; a change of the world is one.
FREED = (
    *("booking.cancelled", "booking.rejected", "booking.expired", "booking.reduced"),
    *("booking.moved", "booking.reassigned", "session.moved", "session.taken_back"),
)


def batch(database: Database, now: datetime | None = None) -> list[UUID]:
    """Queue a solve for each tenant whose policy asks for one; return them.

    Never while one of the tenant's is queued, runs or is to be published. Requests that the last
    solve left out wait anew from its end on; before, they count again once something has changed.
    What was committed after it had read is new to it, whenever that was begun: nobody is missed.

    Parameters
    ----------
    database
        The relay's: it sees all tenants.
    now
        The time; the database's where it is not given.
    """
    with database.transaction() as (connection, at):
        tenants = connection.execute(_TENANTS).all()
    found = []
    for tenant in tenants:

        def work(connection: Connection, _: datetime, tenant: Any = tenant) -> UUID | None:
            return _batch(connection, tenant, now or at)

        try:
            uid = database.run(tenant.id, work)
        except StoreUnavailable:
            raise
        except Exception as error:  # a tenant's own trouble is no other's
            LOG.error("bug", action="batching.bug", exc_info=error)
            continue
        found += [uid] if uid else []
    return found


#: Whether a tenant has a solve that is not over: nothing else is queued before.
_BUSY = (
    "EXISTS (SELECT 1 FROM solve WHERE solve.tenant_id = tenant.id AND (state IN ('queued',"
    " 'running') OR (publish AND NOT cancel AND state IN ('solved', 'publishing'))))"
)
_TENANTS = text(
    "SELECT id FROM tenant WHERE (coalesce((policy #>> '{terms,batch_enough}')::int, 0) > 0"
    " OR coalesce((policy #>> '{terms,batch_wait_minutes}')::int, 0) > 0)"
    f" AND NOT {_BUSY} ORDER BY id"
)


def _batch(connection: Connection, tenant: Any, now: datetime) -> UUID | None:
    """Queue a solve for a tenant where it is time; no other worker does at the same moment."""
    if not connection.execute(_ALONE, {"tenant": tenant.id}).scalar_one():
        return None
    row = connection.execute(_TENANT, {"tenant": tenant.id}).one()
    terms = _terms(row)
    if row.busy or not _due(connection, row, terms, now):
        return None
    who = Principal(tenant=row.id, actor="batching", role=Role.ADMINISTRATOR)
    tx = Tx(connection=connection, now=now, principal=who, worlds=Worlds())
    asked = {"days": terms.batch_days, "time_limit_seconds": terms.batch_seconds}
    uid: UUID = queue.ask(tx, asked, publish=terms.batch_publish).uid
    return uid


_ALONE = text("SELECT pg_try_advisory_xact_lock(2, CAST(:tenant AS integer))")
_TENANT = text(f"SELECT id, policy, world_version, {_BUSY} AS busy FROM tenant WHERE id = :tenant")


def _terms(row: Any) -> Policy:
    faults: list[Fault] = []
    found: Policy = Decoder(faults).object(Policy, dict(row.policy.get("terms", {})), "terms")
    assert not faults, faults
    return found


def _due(connection: Connection, tenant: Any, terms: Policy, now: datetime) -> bool:
    """Say whether it is time to solve."""
    last = connection.execute(_LAST, {"tenant": tenant.id}).first()
    waiting = connection.execute(
        _WAITING,
        {
            "tenant": tenant.id,
            "seen": None if last is None else last.read_snapshot,
            "lost": [] if last is None else _beaten(last.published),
        },
    ).one()
    if not waiting.everything:
        return False
    if terms.batch_enough:
        if waiting.fresh >= terms.batch_enough:
            return True
        if waiting.everything >= terms.batch_enough and _changed(connection, tenant, last):
            return True
    if not terms.batch_wait_minutes:
        return False
    patience = timedelta(minutes=terms.batch_wait_minutes)
    if waiting.oldest is not None and waiting.oldest + patience <= now:
        return True
    return last is not None and bool(last.ended_at + patience <= now)


#: The last solve of all that waited, however it ended: one that failed is not begun at once again.
_LAST = text(
    "SELECT read_snapshot, ended_at, world_version, published FROM solve"
    " WHERE tenant_id = :tenant AND ended_at IS NOT NULL"
    " AND coalesce((asked ->> 'pending')::boolean, true)"
    " AND coalesce(asked -> 'requests', '[]') = '[]' AND asked ->> 'location' IS NULL"
    " ORDER BY id DESC LIMIT 1"
)
_WAITING = text(
    f"""
    SELECT count(*) AS everything, count(*) FILTER (WHERE fresh) AS fresh,
           min(changed_at) FILTER (WHERE fresh) AS oldest
    FROM (SELECT changed_at, CAST(:seen AS text) IS NULL OR ref = ANY(:lost)
                             OR {unseen("transaction_id", ":seen")} AS fresh
          FROM request WHERE tenant_id = :tenant AND state = 'requested' AND NOT EXISTS (
              SELECT 1 FROM booking WHERE booking.tenant_id = :tenant
              AND booking.request_id = request.id
              AND booking.state IN ('held', 'pending_approval', 'booked'))) AS waiting
    """
)


def _beaten(published: Any | None) -> list[str]:
    """Return the requests that were placed and lost a race: they wait as if they were new."""
    lost = (published or {}).get("lost", [])
    return [one["request"] for one in lost if one["problem"]["type"].endswith(Taken.type)]


def _changed(connection: Connection, tenant: Any, last: Any) -> bool:
    """Say whether anything has changed that may give a request a place that it had not."""
    if last.world_version != tenant.world_version:
        return True
    what = {"tenant": tenant.id, "seen": last.read_snapshot, "types": list(FREED)}
    return bool(connection.execute(_SINCE, what).scalar_one())


_SINCE = text(
    "SELECT EXISTS (SELECT 1 FROM event WHERE tenant_id = :tenant"
    " AND kind IN ('booking', 'visit') AND type = ANY(:types)"
    " AND transaction_id >= CAST(CAST(pg_snapshot_xmin(CAST(:seen AS pg_snapshot)) AS text)"
    f" AS bigint) AND {unseen('transaction_id', ':seen')})"
)

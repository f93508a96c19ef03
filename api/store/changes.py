"""What has changed since somebody last looked: bookings, requests, who was erased, the world.

Whoever looks keeps the snapshot that they looked with. What is visible now and was not then is
what has changed: nothing is missed and nothing is seen twice, in whatever order transactions end,
and one that takes long holds up no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from api.store.database import Ask

#: Objects that are told of, at most; where more have changed, nobody says which.
MOST = 2_000


def unseen(transaction: str, snapshot: str) -> str:
    """Return SQL that says whether what a transaction wrote was not visible to a snapshot yet.

    Clocks, and numbers that sequences deal, do not tell: transactions end in another order than
    they began. Where data came out of another server, whose transactions had other numbers,
    everything is new to a snapshot of there, and what was written there is new to none of here.

    Parameters
    ----------
    transaction, snapshot
        Expressions: the transaction's number, and the snapshot as text.
    """
    snapshot = f"CAST({snapshot} AS pg_snapshot)"
    number = f"CAST(CAST({transaction} AS text) AS xid8)"
    here = "pg_snapshot_xmax(pg_current_snapshot())"
    return (
        f"(pg_snapshot_xmax({snapshot}) > {here} OR ({number} < {here}"
        f" AND NOT pg_visible_in_snapshot({number}, {snapshot})))"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What somebody looked with.

    Attributes
    ----------
    snapshot
        Which transactions were committed then.
    started
        Since when the server had run. One that has started since may have forgotten what it had
        told: another has taken its place, or it does not wait for the disk.
    """

    snapshot: str
    started: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What has changed.

    Attributes
    ----------
    asked_at
        When that was, by the database's clock.
    seen
        What to look with the next time.
    world_version
        Of the tenant's world now.
    learnt_at
        When its load was learnt last, or None.
    objects
        Bookings, visits and requests, and people who were erased, by their UUIDs; None where nobody
        can say, or there are too many.
    """

    asked_at: datetime
    seen: Seen
    world_version: int
    learnt_at: datetime | None
    objects: tuple[UUID, ...] | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What has changed, and what was looked with."""

    seen: Seen
    found: Changes


def look(connection: Connection) -> Seen:
    """Look for the first time: what is read after it is not older."""
    row = connection.execute(_LOOK).one()
    return Seen(snapshot=row.snapshot, started=row.started)


_LOOK = text(
    "SELECT CAST(pg_current_snapshot() AS text) AS snapshot, pg_postmaster_start_time() AS started"
)


def since(ask: Ask, tenant: int, seen: Seen) -> Changes:
    """Return what of a tenant's has changed since somebody looked; no transaction is needed."""
    (row,) = ask(_SINCE, {"tenant": tenant, **asked(seen)})
    return found(row, seen)


def asked(seen: Seen) -> dict[str, Any]:
    """Return the values that ``changes_since`` takes beside the tenant."""
    return {"seen": seen.snapshot, "most": MOST + 1}


def found(row: Any, seen: Seen) -> Changes:
    """Return what a row of ``changes_since`` says."""
    objects: Sequence[UUID] = row.objects or ()
    known = row.started == seen.started and len(objects) <= MOST
    return Changes(
        asked_at=row.asked_at,
        seen=Seen(snapshot=row.snapshot, started=row.started),
        world_version=row.world_version,
        learnt_at=row.learnt_at,
        objects=tuple(objects) if known else None,
    )


_SINCE = text("SELECT * FROM changes_since(:tenant, CAST(:seen AS pg_snapshot), :most)")


def number(connection: Connection) -> int:
    """Return the number of this transaction."""
    found: int = connection.execute(_NUMBER).scalar_one()
    return found


_NUMBER = text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")


def by_others(
    connection: Connection,
    tenant: int,
    seen: Seen,
    own: Sequence[int],
    requests: Sequence[UUID],
) -> bool:
    """Say whether others have changed what is booked since somebody looked, or some requests.

    Parameters
    ----------
    own
        Numbers of the transactions of whoever looked: what these did is known.
    requests
        The requests that matter.
    """
    what = {"tenant": tenant, "seen": seen.snapshot, "started": seen.started, "own": list(own)}
    found: bool = connection.execute(_OTHERS, {**what, "requests": list(requests)}).scalar_one()
    return found


_OTHERS = text(
    """
    SELECT pg_postmaster_start_time() <> :started OR EXISTS (
        SELECT FROM event, CAST(:seen AS pg_snapshot) AS seen
        WHERE tenant_id = :tenant AND kind IN ('booking', 'visit', 'request')
          AND (kind <> 'request' OR object = ANY(:requests))
          AND transaction_id >= CAST(CAST(pg_snapshot_xmin(seen) AS text) AS bigint)
          AND transaction_id <> ALL(CAST(:own AS bigint[]))
          AND NOT pg_visible_in_snapshot(CAST(CAST(transaction_id AS text) AS xid8), seen))
    """
)

"""Events: placed in order, handed to webhooks, sent in turn, and at last forgotten.

Numbers are dealt when a row is written, and transactions end in another order than they began.
So no reader goes by them: the relay gives each event that it finds written a position, one relay
at a time, and whoever reads from a position on misses nothing. Whoever changes an object holds its
row, so what is written of one object later has the higher number and is seen no earlier: events
of an object are placed in the order in which they came to pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

#: Events that are placed at once, at most.
MOST = 500
#: Seconds after which a delivery that a relay took, and said no more of, is taken again.
LEASE = 20
#: Of those, and of deliveries, that are old: so many are deleted at once, at most.
FORGOTTEN = 50_000
#: Days that events, and deliveries that have ended, are kept.
DAYS = 30


def document(row: Any) -> dict[str, Any]:
    """Return an event as it is listed, streamed and sent: what changed, and no more."""
    return {
        "type": row.type,
        "timestamp": row.at.isoformat().replace("+00:00", "Z"),
        "data": {"id": str(row.uid), "kind": row.kind, "object": str(row.object)},
    }


def fan_out(connection: Connection) -> int:
    """Place new events, and make deliveries of them; return how many events it was.

    One relay at a time does, until its transaction ends; for others there is nothing to do.
    """
    if not connection.execute(_TURN).scalar_one():
        return 0
    count: int = connection.execute(_FAN_OUT, {"most": MOST}).scalar_one()
    return count


_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended('allocator.relay', 0))")
_FAN_OUT = text(
    """
    WITH next AS (
        SELECT tenant_id, id, nextval('event_position') AS position
        FROM (SELECT tenant_id, id FROM event WHERE position IS NULL ORDER BY id LIMIT :most) AS new
    ), placed AS (
        UPDATE event SET position = next.position FROM next
        WHERE event.tenant_id = next.tenant_id AND event.id = next.id
        RETURNING event.tenant_id, event.id, event.type, event.object, event.position
    ), made AS (
        INSERT INTO delivery (tenant_id, webhook_id, event_id, object)
        SELECT placed.tenant_id, webhook.id, placed.id, placed.object
        FROM placed JOIN webhook ON webhook.tenant_id = placed.tenant_id
        WHERE webhook.disabled_at IS NULL AND webhook.types
              && ARRAY['*', split_part(placed.type, '.', 1) || '.*', placed.type]
        ORDER BY placed.position
    )
    SELECT count(*) FROM placed
    """
)


def take(
    connection: Connection, *, busy: Sequence[tuple[int, int, int]], each: int
) -> Sequence[Any]:
    """Return deliveries that are due, with what to send; they are this relay's for a while.

    Of an object, a webhook hears one event after the other: what waits behind another is not due.
    Those that somebody else is taking at the moment are passed over.

    Parameters
    ----------
    busy
        Tenant, webhook, and how many deliveries of it are under way here.
    each
        Deliveries of a webhook under way at once, at most: one that is slow holds up no other.
    """
    tenants, webhooks, counts = zip(*busy, strict=True) if busy else ((), (), ())
    return connection.execute(
        _TAKE,
        {
            "tenants": list(tenants),
            "webhooks": list(webhooks),
            "counts": list(counts),
            "each": each,
            "lease": LEASE,
        },
    ).all()


_TAKE = text(
    """
    WITH due AS (
        SELECT first.tenant_id, first.id FROM webhook
        LEFT JOIN unnest(CAST(:tenants AS bigint[]), CAST(:webhooks AS bigint[]),
                         CAST(:counts AS bigint[])) AS busy (tenant_id, id, count)
               ON busy.tenant_id = webhook.tenant_id AND busy.id = webhook.id
        CROSS JOIN LATERAL (
            SELECT d.tenant_id, d.id FROM delivery AS d
            WHERE d.tenant_id = webhook.tenant_id AND d.webhook_id = webhook.id
              AND d.state = 'waiting' AND d.next_at <= now()
              AND NOT EXISTS (
                  SELECT FROM delivery AS earlier
                  WHERE earlier.tenant_id = d.tenant_id AND earlier.webhook_id = d.webhook_id
                    AND earlier.object = d.object AND earlier.state = 'waiting'
                    AND earlier.id < d.id
                  OFFSET 0)  -- asked row by row, by its index: no plan for many rows is as quick
            ORDER BY d.next_at, d.id LIMIT greatest(0, :each - coalesce(busy.count, 0))
            FOR UPDATE SKIP LOCKED) AS first
        WHERE webhook.disabled_at IS NULL
    )
    UPDATE delivery AS d
    SET attempts = d.attempts + 1, next_at = now() + make_interval(secs => :lease)
    FROM due, webhook, event
    WHERE d.tenant_id = due.tenant_id AND d.id = due.id
      AND webhook.tenant_id = d.tenant_id AND webhook.id = d.webhook_id
      AND event.tenant_id = d.tenant_id AND event.id = d.event_id
    RETURNING d.tenant_id, d.id, d.webhook_id, d.attempts, webhook.url,
              (SELECT array_agg(known.sealed ORDER BY known.id DESC) FROM webhook_secret AS known
               WHERE known.tenant_id = d.tenant_id AND known.webhook_id = d.webhook_id
                 AND (known.until IS NULL OR known.until > now())) AS sealed,
              event.uid, event.type, event.kind, event.object, event.at
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of sending a delivery.

    Attributes
    ----------
    tenant, delivery, attempt
        Which, and the how-manieth time it was.
    status, error
        What the target answered, and what went wrong; None where there is none.
    after
        Seconds until it is tried again; None where it is not.
    """

    tenant: int
    delivery: int
    attempt: int
    status: int | None = None
    error: str | None = None
    after: float | None = None

    @property
    def state(self) -> str:
        """What the delivery becomes."""
        if self.error is None:
            return "delivered"
        return "given_up" if self.after is None else "waiting"


def mark(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Write what came of deliveries.

    What is delivered is delivered, whoever sent it; a failure counts where nobody has taken the
    delivery since. Those that wait behind one that failed wait as long as it does, so that nobody
    looks at them in vain, and are due at once where it has ended.
    """
    if not outcomes:
        return
    columns = {
        "tenants": [one.tenant for one in outcomes],
        "deliveries": [one.delivery for one in outcomes],
        "attempts": [one.attempt for one in outcomes],
        "states": [one.state for one in outcomes],
        "statuses": [one.status for one in outcomes],
        "errors": [one.error for one in outcomes],
        "afters": [one.after for one in outcomes],
    }
    connection.execute(_MARK, columns)
    again = [one for one in outcomes if one.attempt > 1 or one.error is not None]
    if again:
        connection.execute(
            _BEHIND,
            {"tenants": [o.tenant for o in again], "deliveries": [o.delivery for o in again]},
        )


_MARK = text(
    """
    UPDATE delivery AS d SET state = told.state, status = told.status, error = told.error,
        next_at = CASE WHEN told.state = 'waiting' THEN now() + make_interval(secs => told.after)
                       ELSE d.next_at END,
        ended_at = CASE WHEN told.state <> 'waiting' THEN now() END
    FROM unnest(CAST(:tenants AS bigint[]), CAST(:deliveries AS bigint[]),
                CAST(:attempts AS int[]), CAST(:states AS text[]), CAST(:statuses AS int[]),
                CAST(:errors AS text[]), CAST(:afters AS float8[]))
         AS told (tenant_id, id, attempt, state, status, error, after)
    WHERE d.tenant_id = told.tenant_id AND d.id = told.id AND d.state = 'waiting'
      AND (told.state = 'delivered' OR d.attempts = told.attempt)
    """
)
_BEHIND = text(
    """
    UPDATE delivery AS behind
    SET next_at = CASE WHEN d.state = 'waiting' THEN d.next_at ELSE now() END
    FROM unnest(CAST(:tenants AS bigint[]), CAST(:deliveries AS bigint[])) AS told (tenant_id, id)
    JOIN delivery AS d ON d.tenant_id = told.tenant_id AND d.id = told.id
    WHERE behind.tenant_id = d.tenant_id AND behind.webhook_id = d.webhook_id
      AND behind.object = d.object AND behind.id > d.id AND behind.state = 'waiting'
      AND behind.attempts = 0
    """
)


def disable(connection: Connection, tenant: int, webhook: int, actor: str = "service") -> None:
    """Let a webhook hear no more, and give up what waits for it."""
    what = {"tenant": tenant, "webhook": webhook}
    row = connection.execute(_DISABLE, what).first()
    if row is None:
        return
    connection.execute(_GIVE_UP, what)
    connection.execute(_AUDIT, {"tenant": tenant, "object": row.uid, "actor": actor})


_DISABLE = text(
    "UPDATE webhook SET disabled_at = now(), version = version + 1"
    " WHERE tenant_id = :tenant AND id = :webhook AND disabled_at IS NULL RETURNING uid"
)
_GIVE_UP = text(
    "UPDATE delivery SET state = 'given_up', ended_at = now(), error = 'the webhook is disabled'"
    " WHERE tenant_id = :tenant AND webhook_id = :webhook AND state = 'waiting'"
)
_AUDIT = text(
    "INSERT INTO audit (tenant_id, actor, action, kind, object, before, after)"
    " VALUES (:tenant, :actor, 'webhook.disabled', 'webhook', :object, NULL, NULL)"
)


def page(
    connection: Connection,
    tenant: int,
    *,
    type: str | None,
    object: UUID | None,
    after: int,
    limit: int,
) -> Sequence[Any]:
    """Return events from after a position on; ``id`` is the position of each."""
    return connection.execute(
        _PAGE,
        {"tenant": tenant, "type": type, "object": object, "after": after, "limit": limit},
    ).all()


_PAGE = text(
    """
    SELECT position AS id, uid, at, type, kind, object FROM event
    WHERE tenant_id = :tenant AND position > :after
      AND (CAST(:type AS text) IS NULL
           OR CAST(:type AS text) IN ('*', split_part(type, '.', 1) || '.*', type))
      AND (CAST(:object AS uuid) IS NULL OR object = CAST(:object AS uuid))
    ORDER BY position LIMIT :limit
    """
)


def last(connection: Connection, tenant: int) -> int:
    """Return the position of the latest event."""
    found: int = connection.execute(_LAST, {"tenant": tenant}).scalar_one()
    return found


_LAST = text("SELECT coalesce(max(position), 0) FROM event WHERE tenant_id = :tenant")


def forget(connection: Connection) -> None:
    """Delete deliveries that ended long ago, old events that nobody waits for, old secrets.

    So many at most: after a long pause, too, that takes no longer than a statement may.
    """
    connection.execute(_FORGET_DELIVERIES, {"days": DAYS, "most": FORGOTTEN})
    connection.execute(_FORGET_EVENTS, {"days": DAYS, "most": FORGOTTEN})
    connection.execute(_FORGET_SECRETS)


_FORGET_DELIVERIES = text(
    "DELETE FROM delivery WHERE ctid = ANY(ARRAY(SELECT ctid FROM delivery"
    " WHERE state <> 'waiting' AND ended_at < now() - make_interval(days => :days) LIMIT :most))"
)
_FORGET_SECRETS = text("DELETE FROM webhook_secret WHERE until < now()")
_FORGET_EVENTS = text(
    "DELETE FROM event WHERE ctid = ANY(ARRAY(SELECT ctid FROM event"
    " WHERE at < now() - make_interval(days => :days) AND position IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM delivery WHERE delivery.tenant_id = event.tenant_id"
    " AND delivery.event_id = event.id) LIMIT :most))"
)

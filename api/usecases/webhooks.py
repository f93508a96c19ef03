"""Webhooks: whom to tell of what, and what has become of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from api.problems import Invalid, NotFound, PreconditionRequired, Stale, WrongState
from api.sealing import Seal
from api.signing import new_secret
from api.store import events
from api.store.ids import as_uid, new_uid
from api.targets import demand_target
from api.usecases.events import demand_type
from api.usecases.tx import Tx

#: Secrets of a webhook that sign at the same time, at most: each makes every message longer.
MOST_SECRETS = 5
_COLUMNS = (
    "webhook.*, (SELECT max(until) FROM webhook_secret AS known"
    " WHERE known.tenant_id = webhook.tenant_id AND known.webhook_id = webhook.id"
    " AND known.until > now()) AS old_secret_until"
)


def create(tx: Tx, *, url: str, types: Sequence[str], private: bool, seal: Seal) -> tuple[Any, str]:
    """Make a webhook; its secret is told this once."""
    tx.demand("webhooks.write")
    _demand(url, types, private)
    uid = new_uid()
    made: int = tx.connection.execute(
        _ADD, {"tenant": tx.tenant, "uid": uid, "url": url, "types": list(types)}
    ).scalar_one()
    secret = _new_secret(tx, made, seal)
    tx.audit("webhook.created", "webhook", uid, None, {"types": list(types)})
    return _find(tx, str(uid)), secret


_ADD = text(
    "INSERT INTO webhook (tenant_id, uid, url, types)"
    " VALUES (:tenant, :uid, :url, :types) RETURNING id"
)


def rotate(tx: Tx, name: str, *, grace_hours: int, seal: Seal) -> tuple[Any, str]:
    """Give a webhook a new secret, which is told this once.

    Those before it sign beside it for a while, so that no message is refused by a receiver that
    knows the new one a little later.

    Raises
    ------
    WrongState
        Where too many sign already.
    """
    tx.demand("webhooks.write")
    row = _find(tx, name, for_update=True)
    until = tx.now + timedelta(hours=grace_hours)
    many: int = tx.connection.execute(
        _RETIRE, {"tenant": tx.tenant, "webhook": row.id, "until": until}
    ).scalar_one()
    if many >= MOST_SECRETS:
        raise WrongState(
            f"Webhook {name} has {many} secrets that sign; {MOST_SECRETS} are possible. End the"
            " old ones with a grace of 0 hours.",
            state="rotating",
        )
    secret = _new_secret(tx, row.id, seal)
    tx.audit("webhook.rotated", "webhook", row.uid, None, {"old_until": until.isoformat()})
    return _find(tx, name), secret


_RETIRE = text(
    """
    WITH ending AS (
        UPDATE webhook_secret SET until = least(until, :until)
        WHERE tenant_id = :tenant AND webhook_id = :webhook RETURNING until
    )
    SELECT count(*) FROM ending WHERE until > now()
    """
)


def _new_secret(tx: Tx, webhook: int, seal: Seal) -> str:
    secret = new_secret()
    tx.connection.execute(
        _ADD_SECRET, {"tenant": tx.tenant, "webhook": webhook, "sealed": seal.close(secret)}
    )
    return secret


_ADD_SECRET = text(
    "INSERT INTO webhook_secret (tenant_id, webhook_id, sealed) VALUES (:tenant, :webhook, :sealed)"
)


def read(tx: Tx, name: str) -> Any:
    """Return a webhook."""
    tx.demand("webhooks.read")
    return _find(tx, name)


def page(tx: Tx, *, after: int, limit: int) -> Sequence[Any]:
    """Return webhooks, some at a time."""
    tx.demand("webhooks.read")
    return tx.connection.execute(_PAGE, {"tenant": tx.tenant, "after": after, "limit": limit}).all()


_PAGE = text(
    f"SELECT {_COLUMNS} FROM webhook"
    " WHERE tenant_id = :tenant AND id > :after ORDER BY id LIMIT :limit"
)


def change(
    tx: Tx,
    name: str,
    version: int | None,
    *,
    url: str,
    types: Sequence[str],
    enabled: bool,
    private: bool,
) -> Any:
    """Write where a webhook leads and what it hears; switch it off, or on again."""
    tx.demand("webhooks.write")
    row = _find(tx, name, for_update=True)
    if version is None:
        raise PreconditionRequired(f"Send If-Match with the version; it is {row.version}.")
    if version != row.version:
        raise Stale(f"Webhook {name} has version {row.version}; you name {version}.")
    _demand(url, types, private)
    if not enabled:
        events.disable(tx.connection, tx.tenant, row.id, tx.principal.actor)
    tx.connection.execute(
        _CHANGE,
        {
            "tenant": tx.tenant,
            "id": row.id,
            "url": url,
            "types": list(types),
            "enabled": enabled,
            "version": row.version + 1,
        },
    )
    changed = _find(tx, name)
    before, after = ({"types": list(each.types)} for each in (row, changed))
    tx.audit("webhook.changed", "webhook", row.uid, before, {**after, "enabled": enabled})
    return changed


_CHANGE = text(
    "UPDATE webhook SET url = :url, types = :types, version = :version,"
    " disabled_at = CASE WHEN :enabled THEN NULL ELSE disabled_at END"
    " WHERE tenant_id = :tenant AND id = :id"
)


def delete(tx: Tx, name: str) -> None:
    """Delete a webhook, and all that waits for it."""
    tx.demand("webhooks.write")
    row = _find(tx, name, for_update=True)
    tx.connection.execute(_DELETE, {"tenant": tx.tenant, "id": row.id})
    tx.audit("webhook.deleted", "webhook", row.uid, {"types": list(row.types)}, None)


_DELETE = text("DELETE FROM webhook WHERE tenant_id = :tenant AND id = :id")


def replay(tx: Tx, name: str, *, event: str | None, since: datetime | None) -> int:
    """Send again what a webhook hears, from an event or an instant on; return how much it is."""
    tx.demand("webhooks.write")
    row = _find(tx, name, for_update=True)
    if row.disabled_at is not None:
        raise WrongState(f"Webhook {name} is disabled; enable it first.", state="disabled")
    if (event is None) == (since is None):
        raise Invalid("Name an event or an instant to begin with, and not both.")
    first = 0
    if event is not None:
        uid = as_uid(event)
        found = tx.connection.execute(_POSITION, {"tenant": tx.tenant, "uid": uid}).first()
        if found is None:
            raise Invalid(f"There is no event {event!r}; they are kept for {events.DAYS} days.")
        first = found.position
    made = tx.connection.execute(
        _REPLAY, {"tenant": tx.tenant, "webhook": row.id, "first": first, "since": since}
    )
    count = int(made.rowcount)
    tx.audit("webhook.replayed", "webhook", row.uid, None, {"deliveries": count})
    return count


_POSITION = text(
    "SELECT position FROM event WHERE tenant_id = :tenant AND uid = :uid AND position IS NOT NULL"
)
_REPLAY = text(
    """
    INSERT INTO delivery (tenant_id, webhook_id, event_id, object)
    SELECT event.tenant_id, webhook.id, event.id, event.object
    FROM event JOIN webhook ON webhook.tenant_id = event.tenant_id AND webhook.id = :webhook
    WHERE event.tenant_id = :tenant AND event.position >= :first
      AND (CAST(:since AS timestamptz) IS NULL OR event.at >= :since)
      AND webhook.types && ARRAY['*', split_part(event.type, '.', 1) || '.*', event.type]
    ORDER BY event.position
    """
)


def deliveries(tx: Tx, name: str, *, state: str | None, after: int, limit: int) -> Sequence[Any]:
    """Return what was sent to a webhook, or is to be."""
    tx.demand("webhooks.read")
    row = _find(tx, name)
    return tx.connection.execute(
        _DELIVERIES,
        {
            "tenant": tx.tenant,
            "webhook": row.id,
            "state": state,
            "after": after,
            "limit": limit,
        },
    ).all()


_DELIVERIES = text(
    """
    SELECT d.*, event.uid, event.type FROM delivery AS d
    JOIN event ON event.tenant_id = d.tenant_id AND event.id = d.event_id
    WHERE d.tenant_id = :tenant AND d.webhook_id = :webhook AND d.id > :after
      AND (CAST(:state AS text) IS NULL OR d.state = :state)
    ORDER BY d.id LIMIT :limit
    """
)


def _find(tx: Tx, name: str, *, for_update: bool = False) -> Any:
    row = tx.connection.execute(
        _FIND_LOCKED if for_update else _FIND, {"tenant": tx.tenant, "uid": as_uid(name)}
    ).first()
    if row is None:
        raise NotFound(f"There is no webhook {name!r}.")
    return row


_FIND = text(f"SELECT {_COLUMNS} FROM webhook WHERE tenant_id = :tenant AND uid = :uid")
_FIND_LOCKED = text("SELECT * FROM webhook WHERE tenant_id = :tenant AND uid = :uid FOR UPDATE")


def _demand(url: str, types: Sequence[str], private: bool) -> None:
    demand_target(url, private=private)
    for name in types:
        demand_type(name)

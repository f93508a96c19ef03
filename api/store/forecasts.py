"""What is needed to forecast the load, and what was learnt of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text


def due(connection: Connection, hours: float, most: int, after: int = 0) -> list[int]:
    """Return tenants of whom nothing was learnt for so long, and who have visits to learn from.

    The connection is the relay's: it sees all tenants.

    Parameters
    ----------
    after
        The tenant whose turn it was last: those with higher numbers come first.
    """
    what = {"hours": hours, "most": most, "after": after}
    return list(connection.execute(_DUE, what).scalars())


_DUE = text(
    """
    SELECT tenant.id FROM tenant
    LEFT JOIN (SELECT tenant_id, max(learnt_at) AS at FROM learnt_forecast GROUP BY 1) AS learnt
           ON learnt.tenant_id = tenant.id
    WHERE (learnt.at IS NULL OR learnt.at < now() - make_interval(secs => 3600 * :hours))
      AND EXISTS (SELECT 1 FROM visit WHERE visit.tenant_id = tenant.id)
    ORDER BY tenant.id <= :after, tenant.id LIMIT :most
    """
)


def taken(connection: Connection, tenant: int, start: datetime) -> Sequence[Any]:
    """Return what was and is taken of each kind of resource: by service, role, time and booking.

    Of what was cancelled, when; holds that were never confirmed, and what was rejected, count for
    nothing.
    """
    return connection.execute(_TAKEN, {"tenant": tenant, "start": start}).all()


_TAKEN = text(
    """
    SELECT resource.kind, visit.service, filled.role, lower(visit.span) AS start,
           upper(visit.span) AS finish, least(date_trunc('hour', booking.created_at),
                                              lower(visit.span)) AS booked,
           CASE WHEN visit.state = 'cancelled'
                THEN date_trunc('hour', booking.changed_at) END AS cancelled, count(*) AS uses
    FROM visit
    LEFT JOIN booking ON booking.tenant_id = visit.tenant_id AND booking.id = visit.booking_id
    CROSS JOIN LATERAL jsonb_each(visit.resources) AS filled (role, names)
    CROSS JOIN LATERAL jsonb_array_elements_text(filled.names) AS name (ref)
    JOIN resource ON resource.tenant_id = visit.tenant_id AND resource.ref = name.ref
                 AND resource.person_id IS NULL
    WHERE visit.tenant_id = :tenant AND visit.ends_at > :start
      AND (booking.id IS NULL OR booking.state IN ('booked', 'cancelled')
           OR booking.expires_at > now())
      AND (booking.id IS NOT NULL OR visit.state <> 'cancelled')
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    """
)


def refused(connection: Connection, tenant: int, start: datetime) -> Sequence[Any]:
    """Return the demand that found no place, by service, hour, and day of asking."""
    return connection.execute(_REFUSED, {"tenant": tenant, "start": start}).all()


_REFUSED = text(
    "SELECT service, hour, asked_on, count FROM refused_demand"
    " WHERE tenant_id = :tenant AND hour >= :start"
)


def write(connection: Connection, tenant: int, kinds: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what was learnt, by kind; what was known of others is forgotten."""
    rows = [{"tenant": tenant, "kind": k, "spec": json.dumps(spec)} for k, spec in kinds.items()]
    connection.execute(_FORGET, {"tenant": tenant, "kinds": list(kinds)})
    if rows:
        connection.execute(_WRITE, rows)


_FORGET = text("DELETE FROM learnt_forecast WHERE tenant_id = :tenant AND kind <> ALL(:kinds)")
_WRITE = text(
    "INSERT INTO learnt_forecast (tenant_id, kind, spec) VALUES (:tenant, :kind,"
    " CAST(:spec AS jsonb)) ON CONFLICT (tenant_id, kind) DO UPDATE SET spec = excluded.spec,"
    " learnt_at = now()"
)


def read(connection: Connection, tenant: int) -> Sequence[Any]:
    """Return what was learnt, by kind."""
    return connection.execute(_READ, {"tenant": tenant}).all()


_READ = text(
    "SELECT kind, spec, learnt_at FROM learnt_forecast WHERE tenant_id = :tenant ORDER BY kind"
)


def forget(connection: Connection, tenant: int, start: datetime) -> None:
    """Delete refused demand that nobody learns from any more."""
    connection.execute(_OLD, {"tenant": tenant, "start": start})


_OLD = text("DELETE FROM refused_demand WHERE tenant_id = :tenant AND hour < :start")

"""Demand that found no place: how often, by service, the hour wanted, and the day of asking.

Nobody is named. That is enough to know when more people would come than there is room for.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text


def note(connection: Connection, tenant: int, service: str, wanted: datetime) -> None:
    """Count one refusal."""
    connection.execute(_NOTE, {"tenant": tenant, "service": service, "wanted": wanted})


_NOTE = text(
    "INSERT INTO refused_demand AS r (tenant_id, service, hour, asked_on, count)"
    " VALUES (:tenant, :service, date_trunc('hour', CAST(:wanted AS timestamptz)), current_date, 1)"
    " ON CONFLICT (tenant_id, service, hour, asked_on) DO UPDATE SET count = r.count + 1"
)

"""Lanes that are added to a resource for a while: deliberate overbooking, which everybody sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import Range

from api.auth.permissions import demand_location
from api.problems import InUse, Invalid, NotFound
from api.store import things
from api.store.ids import as_uid, new_uid
from api.store.tables import EXTRA_LANE, RESOURCE
from api.store.world import changing
from api.usecases.things import KINDS, found, narrow
from api.usecases.tx import Tx

#: Lanes of a resource that are listed.
MOST = 1000
COLUMNS = (
    EXTRA_LANE,
    func.lower(EXTRA_LANE.c.span).label("start"),
    func.upper(EXTRA_LANE.c.span).label("finish"),
)


def add(tx: Tx, resource: str, *, start: datetime, end: datetime, lanes: int, reason: str) -> Any:
    """Overbook a resource on purpose."""
    tx.demand("bookings.overbook")
    changing(tx.connection, tx.tenant)
    row = _resource(tx, resource)
    if start >= end:
        raise Invalid(f"It starts at {start.isoformat()} and ends at {end.isoformat()}.")
    lane = tx.connection.execute(
        insert(EXTRA_LANE)
        .values(
            tenant_id=tx.tenant,
            uid=new_uid(),
            resource_id=row.id,
            span=Range(start, end, bounds="[)"),
            lanes=lanes,
            reason=reason,
            created_by=tx.principal.actor,
        )
        .returning(*COLUMNS)
    ).one()
    tx.audit("lane.added", "resource", row.uid, None, _audited(row, lane))
    return lane


def remove(tx: Tx, resource: str, name: str) -> None:
    """Take added lanes back, where what is claimed fits into the others."""
    tx.demand("bookings.overbook")
    changing(tx.connection, tx.tenant)
    row = _resource(tx, resource)
    lane = tx.connection.execute(
        delete(EXTRA_LANE)
        .where(
            EXTRA_LANE.c.tenant_id == tx.tenant,
            EXTRA_LANE.c.resource_id == row.id,
            EXTRA_LANE.c.uid == as_uid(name),
        )
        .returning(*COLUMNS)
    ).first()
    if lane is None:
        raise NotFound(f"No lanes {name!r} were added to the resource {resource!r}.")
    own = row.spec.get("lanes", 1)
    if not narrow(tx, row, own):
        raise InUse(
            f"What is taken of {row.ref} does not fit into its lanes ({own}) without those added"
            f" ({lane.lanes}) from {lane.start.isoformat()} to {lane.finish.isoformat()}; cancel or"
            " move some of it first."
        )
    tx.audit("lane.removed", "resource", row.uid, _audited(row, lane), None)


def listed(tx: Tx, resource: str) -> Sequence[Any]:
    """Return the lanes that were added to a resource, by start."""
    tx.demand("catalogue.read")
    row = found(tx, KINDS["resources"], resource)
    return tx.connection.execute(
        select(*COLUMNS)
        .where(EXTRA_LANE.c.tenant_id == tx.tenant, EXTRA_LANE.c.resource_id == row.id)
        .order_by(func.lower(EXTRA_LANE.c.span), EXTRA_LANE.c.id)
        .limit(MOST)
    ).all()


def _resource(tx: Tx, name: str) -> Any:
    """Return a resource whose lanes change, where the asker works."""
    row = things.find(tx.connection, RESOURCE, tx.tenant, name)
    if row is None:
        raise NotFound(f"There is no resource {name!r}.")
    demand_location(tx.principal, row.location)
    return row


def _audited(resource: Any, lane: Any) -> dict[str, Any]:
    return {
        "resource": resource.ref,
        "start": lane.start.isoformat(),
        "end": lane.finish.isoformat(),
        "lanes": lane.lanes,
        "reason": lane.reason,
    }

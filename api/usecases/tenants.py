"""Tenants: founded by whoever runs the service, settled by their administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range

from allocator.domain.faults import Fault
from allocator.domain.resource import Travel
from allocator.domain.service import Turnaround
from allocator.frames.nested import Decoder
from api.auth import credentials
from api.auth.principal import Role
from api.problems import Invalid, NotFound, PreconditionRequired, Stale
from api.store import things
from api.store.ids import new_uid
from api.store.tables import API_KEY, EXTRA_LANE, RESOURCE, TENANT
from api.store.world import changing
from api.usecases.policy import Policy, demand_possible
from api.usecases.rules import faults as told
from api.usecases.tx import Tx


def found(connection: Connection, *, ref: str, name: str, zone: str, grain_minutes: int) -> int:
    """Found a tenant, as the owner of the tables; return its number."""
    number: int = connection.execute(
        insert(TENANT)
        .values(uid=new_uid(), ref=ref, name=name, zone=zone, grain_minutes=grain_minutes)
        .returning(TENANT.c.id)
    ).scalar_one()
    return number


def first_key(connection: Connection, tenant: int, name: str, role: Role, **more: Any) -> str:
    """Make a key of a tenant that has none yet; return its secret."""
    publishable = bool(more.get("publishable"))
    secret, hashed = credentials.new_secret(
        credentials.PUBLISHABLE if publishable else credentials.SECRET
    )
    connection.execute(
        insert(API_KEY).values(
            tenant_id=tenant,
            uid=new_uid(),
            hash=hashed,
            name=name,
            role=role.value,
            **{"scopes": ["*"], **more},
        )
    )
    return secret


def read(tx: Tx) -> Any:
    """Return the asker's tenant."""
    tx.demand("tenant.read")
    return tx.connection.execute(select(TENANT).where(TENANT.c.id == tx.tenant)).one()


def change(tx: Tx, version: int | None, *, name: str, policy: Mapping[str, Any]) -> Any:
    """Write a tenant's name and policy."""
    tx.demand("tenant.write")
    changing(tx.connection, tx.tenant)
    row = read(tx)
    if version is None:
        raise PreconditionRequired(f"Send If-Match with the version; it is {row.version}.")
    if version != row.version:
        raise Stale(f"The tenant has version {row.version}; you name {version}.")
    faults: list[Fault] = []
    decoder = Decoder(faults)
    terms = decoder.object(Policy, policy.get("terms", {}), "policy.terms")
    decoder.value(tuple[Travel, ...], policy.get("travel", []), "policy.travel")
    decoder.value(tuple[Turnaround, ...], policy.get("turnarounds", []), "policy.turnarounds")
    for key in sorted(policy.keys() - {"terms", "travel", "turnarounds"}):
        raise Invalid(f"The policy {key!r} is unknown; known are: terms, travel, turnarounds.")
    if faults:
        raise Invalid(faults[0].message, faults=told(faults))
    demand_possible(terms)
    changed = tx.connection.execute(
        update(TENANT)
        .where(TENANT.c.id == tx.tenant)
        .values(name=name, policy=dict(policy), version=TENANT.c.version + 1)
        .returning(TENANT)
    ).one()
    before = {"name": row.name, "policy": dict(row.policy)}
    tx.audit("tenant.changed", "tenant", row.uid, before, {"name": name, "policy": dict(policy)})
    return changed


def add_lane(tx: Tx, resource: str, start: Any, end: Any, lanes: int, reason: str) -> Any:
    """Overbook a resource on purpose: a lane more for a while, which everybody sees."""
    tx.demand("bookings.overbook")
    changing(tx.connection, tx.tenant)
    row = things.find(tx.connection, RESOURCE, tx.tenant, resource)
    if row is None:
        raise NotFound(f"There is no resource {resource!r}.")
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
        .returning(
            EXTRA_LANE,
            func.lower(EXTRA_LANE.c.span).label("start"),
            func.upper(EXTRA_LANE.c.span).label("finish"),
        )
    ).one()
    after = {"resource": row.ref, "start": start.isoformat(), "end": end.isoformat()}
    tx.audit("lane.added", "resource", row.uid, None, {**after, "lanes": lanes, "reason": reason})
    return lane


def lanes(tx: Tx, resource: str) -> Any:
    """Return the lanes that a policy adds to a resource."""
    tx.demand("catalogue.read")
    row = things.find(tx.connection, RESOURCE, tx.tenant, resource)
    if row is None:
        raise NotFound(f"There is no resource {resource!r}.")
    return tx.connection.execute(
        text(
            "SELECT uid, lower(span) AS start, upper(span) AS finish, lanes, reason, created_at"
            " FROM extra_lane WHERE tenant_id = :tenant AND resource_id = :resource"
            " ORDER BY lower(span), id LIMIT 1000"
        ),
        {"tenant": tx.tenant, "resource": row.id},
    ).all()

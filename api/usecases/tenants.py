"""Tenants: founded by whoever runs the service, settled by their administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from allocator.domain.faults import Fault, InvalidProblem
from allocator.domain.resource import Travel
from allocator.domain.service import Turnaround
from allocator.domain.steering import SteeringPolicy
from allocator.frames.nested import Decoder, encode
from api.auth import credentials
from api.auth.principal import Role
from api.problems import Invalid, PreconditionRequired, Stale
from api.store.ids import new_uid
from api.store.tables import API_KEY, TENANT
from api.store.world import changing
from api.usecases import waitlist_policy, weights
from api.usecases.policy import Policy, demand_possible, steering_of
from api.usecases.rules import faults as told
from api.usecases.tx import Tx

#: What a policy may hold.
KNOWN = frozenset({"terms", "travel", "turnarounds", "steering", "waitlist", "weights"})


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
    row = _changing(tx, version)
    faults: list[Fault] = []
    decoder = Decoder(faults)
    terms = decoder.object(Policy, policy.get("terms", {}), "policy.terms")
    decoder.value(tuple[Travel, ...], policy.get("travel", []), "policy.travel")
    decoder.value(tuple[Turnaround, ...], policy.get("turnarounds", []), "policy.turnarounds")
    waiting = waitlist_policy.read(faults, policy.get("waitlist", {}))
    valued = weights.read(faults, policy.get("weights", []))
    for key in sorted(policy.keys() - KNOWN):
        raise Invalid(f"The policy {key!r} is unknown; known are: {', '.join(sorted(KNOWN))}.")
    if faults:
        raise Invalid(faults[0].message, faults=told(faults))
    demand_possible(terms)
    waitlist_policy.demand_possible(waiting)
    weights.demand_possible(valued)
    if "steering" in policy:
        _steering(policy["steering"])
    return _write(tx, row, name, policy)


def steer(tx: Tx, version: int | None, given: Mapping[str, Any]) -> Any:
    """Change how people are steered to quiet hours; what is not named stays as it is."""
    row = _changing(tx, version)
    kept = encode(_steering({**row.policy.get("steering", {}), **given}))
    return _write(tx, row, row.name, {**row.policy, "steering": kept})


def _changing(tx: Tx, version: int | None) -> Any:
    """Return the tenant, which nobody else changes until the end."""
    tx.demand("tenant.write")
    changing(tx.connection, tx.tenant)
    row = read(tx)
    if version is None:
        raise PreconditionRequired(f"Send If-Match with the version; it is {row.version}.")
    if version != row.version:
        raise Stale(f"The tenant has version {row.version}; you name {version}.")
    return row


def _steering(given: Any) -> SteeringPolicy:
    """Return a steering policy that makes sense."""
    if not isinstance(given, Mapping):
        raise Invalid("The policy 'steering' is an object.")
    try:
        return steering_of(given)
    except InvalidProblem as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error


def _write(tx: Tx, row: Any, name: str, policy: Mapping[str, Any]) -> Any:
    changed = tx.connection.execute(
        update(TENANT)
        .where(TENANT.c.id == tx.tenant)
        .values(name=name, policy=dict(policy), version=TENANT.c.version + 1)
        .returning(TENANT)
    ).one()
    before = {"name": row.name, "policy": dict(row.policy)}
    tx.audit("tenant.changed", "tenant", row.uid, before, {"name": name, "policy": dict(policy)})
    return changed

"""Resources by which people take part: no part of a tenant's world, and read by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


def resources(connection: Connection, tenant: int, refs: Sequence[str]) -> Sequence[Any]:
    """Return the resources of some people, with whose they are, and since when they are erased.

    What is no person's is left out.
    """
    if not refs:
        return []
    return connection.execute(_RESOURCES, {"tenant": tenant, "refs": list(refs)}).all()


def erased(connection: Connection, tenant: int, objects: Sequence[UUID]) -> Sequence[Any]:
    """Return the resources of people, of these UUIDs, who are erased, with since when they are."""
    return connection.execute(_ERASED, {"tenant": tenant, "objects": list(objects)}).all()


_RESOURCES = text(
    "SELECT resource.id, resource.ref, resource.spec, person_id, person.erased_at FROM resource"
    " JOIN person ON person.tenant_id = :tenant AND person.id = resource.person_id"
    " WHERE resource.tenant_id = :tenant AND resource.ref = ANY(:refs)"
)
_ERASED = text(
    "SELECT resource.ref, person.erased_at FROM person"
    " JOIN resource ON resource.tenant_id = :tenant AND resource.person_id = person.id"
    " WHERE person.tenant_id = :tenant AND person.uid = ANY(:objects) AND erased_at IS NOT NULL"
)

"""Resources by which people take part: no part of a tenant's world, and read by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text


def resources(connection: Connection, tenant: int, refs: Sequence[str]) -> Sequence[Any]:
    """Return the resources of some people, with whose they are; others are left out."""
    if not refs:
        return []
    return connection.execute(_RESOURCES, {"tenant": tenant, "refs": list(refs)}).all()


_RESOURCES = text(
    "SELECT id, ref, spec, person_id FROM resource"
    " WHERE tenant_id = :tenant AND ref = ANY(:refs) AND person_id IS NOT NULL"
)

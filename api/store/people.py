"""Resources by which people take part: no part of a tenant's world, and read by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from api.store.database import asking


def resources(connection: Connection, tenant: int, refs: Sequence[str]) -> Sequence[Any]:
    """Return the resources of some people, with whose they are, and since when they are erased.

    What is no person's is left out.
    """
    if not refs:
        return []
    return asking(connection)(_RESOURCES, {"tenant": tenant, "refs": list(refs)})


_RESOURCES = text("SELECT id, ref, spec, person_id, erased_at FROM people_named(:tenant, :refs)")

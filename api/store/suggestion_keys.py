"""The secrets that suggestions are signed with: one for each tenant, made when it is needed."""

from __future__ import annotations

import secrets
from threading import Lock

from sqlalchemy import Connection, text

LENGTH = 32


class Secrets:
    """The secrets that this process has read; they never change."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}
        self._lock = Lock()

    def of(self, connection: Connection, tenant: int) -> bytes:
        """Return a tenant's secret."""
        known = self._known.get(tenant)
        if known is not None:
            return known
        found = connection.execute(_FIND, {"tenant": tenant}).scalar()
        if found is None:  # what is made here is not remembered: it may yet be rolled back
            made = {"tenant": tenant, "secret": secrets.token_bytes(LENGTH)}
            connection.execute(_MAKE, made)
            return bytes(connection.execute(_FIND, {"tenant": tenant}).scalar_one())
        with self._lock:
            self._known[tenant] = bytes(found)
        return bytes(found)


_FIND = text("SELECT secret FROM suggestion_key WHERE tenant_id = :tenant")
_MAKE = text(
    "INSERT INTO suggestion_key (tenant_id, secret) VALUES (:tenant, :secret)"
    " ON CONFLICT DO NOTHING"
)

"""What a use case works with: its transaction, who asks, and the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert

from api.auth.permissions import demand
from api.auth.principal import Principal
from api.store.tables import AUDIT
from api.store.world import World, Worlds


@dataclass(kw_only=True)
class Tx:
    """A transaction of one tenant, on behalf of somebody.

    Attributes
    ----------
    connection
        The open transaction.
    now
        When it began, by the database's clock.
    principal
        Who asks.
    worlds
        What is known of tenants' worlds.
    """

    connection: Connection
    now: datetime
    principal: Principal
    worlds: Worlds

    @property
    def tenant(self) -> int:
        """Number of the tenant."""
        return self.principal.tenant

    @cached_property
    def world(self) -> World:
        """The tenant's world, held still until the transaction ends."""
        return self.worlds.get(self.connection, self.tenant)

    @property
    def world_now(self) -> World:
        """The tenant's world as it was at the first look; it may change meanwhile."""
        return self.world if "world" in self.__dict__ else self._glanced

    @cached_property
    def _glanced(self) -> World:
        return self.worlds.glance(self.connection, self.tenant)

    def demand(self, action: str) -> None:
        """Refuse an action that whoever asks may not take."""
        demand(self.principal, action)

    def audit(
        self,
        action: str,
        kind: str,
        object: UUID,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down who changed what; personal data stays out of it."""
        self.connection.execute(
            insert(AUDIT).values(
                tenant_id=self.tenant,
                actor=self.principal.actor,
                action=action,
                kind=kind,
                object=object,
                before=before,
                after=after,
            )
        )

    def audit_all(
        self, action: str, kind: str, made: Sequence[tuple[UUID, Mapping[str, Any] | None]]
    ) -> None:
        """Write down that many things were made, each with what it is."""
        rows = [
            {
                "tenant_id": self.tenant,
                "actor": self.principal.actor,
                "action": action,
                "kind": kind,
                "object": uid,
                "after": after,
            }
            for uid, after in made
        ]
        if rows:
            self.connection.execute(insert(AUDIT), rows)

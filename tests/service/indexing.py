"""Indexes of what is free, as an API process has them, and what the database says beside."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from api.auth.principal import Principal, Role
from api.store.database import Database
from api.store.world import Worlds
from api.suggesting.index import TenantIndex
from api.suggesting.indexes import Indexes
from api.usecases.tx import Tx

if TYPE_CHECKING:
    from service.conftest import Clinic

BERLIN = ZoneInfo("Europe/Berlin")


def monday() -> date:
    """The Monday after next: within the days that are looked ahead, and not in this week."""
    today = datetime.now(BERLIN).date()
    return today + timedelta(days=14 - today.weekday())


def at(hour: float, day: int = 0) -> str:
    """A local wall time so many days after that Monday, as it is sent."""
    on = datetime.combine(monday() + timedelta(days=day), datetime.min.time(), tzinfo=BERLIN)
    return (on + timedelta(hours=hour)).isoformat()


def window(first: float, last: float, day: int = 0) -> dict[str, str]:
    """A window between two local wall times of a day, as it is sent."""
    return {"start": at(first, day), "end": at(last, day)}


class Process:
    """What a process of the API knows of tenants, with connections of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url, size=2)
        self.indexes = Indexes()
        self.worlds = Worlds()

    def index(self, clinic: Clinic) -> TenantIndex:
        """Have the index of a tenant as for a question."""
        who = Principal(tenant=clinic.tenant, actor="test", role=Role.ADMINISTRATOR)

        def work(connection: Any, now: datetime) -> TenantIndex:
            tx = Tx(connection=connection, now=now, principal=who, worlds=self.worlds)
            return self.indexes.of(tx)

        return self.database.run(clinic.tenant, work)


def in_index(index: TenantIndex) -> dict[tuple[str, int], int]:
    """Return the lanes taken by resource and tick."""
    state = index.index.state
    found: Counter[tuple[str, int]] = Counter()
    for claims in state.claims:
        for claim in claims:
            resource = state.prepared.resources[claim.resource].id
            for tick in range(max(claim.first, 0), min(claim.end, state.prepared.ticks)):
                found[resource, tick] += claim.uses
    return dict(found)


def in_database(clinic: Clinic, index: TenantIndex) -> dict[tuple[str, int], int]:
    """Return the same by the claims that are live."""
    horizon = index.horizon
    found: Counter[tuple[str, int]] = Counter()
    for row in clinic.sql(
        "SELECT resource.ref, lower(span) AS start, upper(span) AS finish FROM claim"
        " JOIN resource ON resource.tenant_id = claim.tenant_id AND resource.id = resource_id"
        " WHERE claim.tenant_id = :t AND (expires_at IS NULL OR expires_at > now())",
        t=clinic.tenant,
    ):
        first, end = horizon.tick(row.start), horizon.tick_at_or_after(row.finish)
        for tick in range(max(first, 0), min(end, horizon.ticks)):
            found[row.ref, tick] += 1
    return dict(found)

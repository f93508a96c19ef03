"""A problem of the library's, brought in as a tenant of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text, update

from allocator.domain.problem import Problem
from allocator.domain.resource import Resource
from allocator.frames.nested import encode
from api.auth.principal import Principal, Role
from api.problems import Duplicate
from api.store import things
from api.store.tables import PERSON, TENANT
from api.store.world import Worlds
from api.usecases import tenants
from api.usecases.sense import look_at_world
from api.usecases.things import KINDS, columns, spec
from api.usecases.tx import Tx

#: Resources of this kind are people.
PATIENT = "patient"
#: Who the audit log says brought it in.
ACTOR = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came in.

    Attributes
    ----------
    tenant, uid
        The tenant's number, and its name in the API.
    counts
        How many of each, by the plural that paths have.
    left
        What a problem has and a tenant has not, and how many: they stay outside.
    """

    tenant: int
    uid: UUID
    counts: dict[str, int]
    left: dict[str, int]


def bring_in(
    connection: Connection, now: datetime, problem: Problem, *, ref: str, name: str
) -> Imported:
    """Found a tenant with the world and the requests of a problem, in this one transaction.

    The connection is the owner's of the tables: nobody else founds tenants. Patients become
    people, each with the resource whose time their visits take.
    """
    if connection.execute(select(TENANT.c.id).where(TENANT.c.ref == ref)).first() is not None:
        raise Duplicate(f"There is a tenant {ref!r} already.", id=ref)
    horizon = problem.horizon
    tenant = tenants.found(
        connection, ref=ref, name=name, zone=horizon.zone, grain_minutes=horizon.grain_minutes
    )
    see(connection, tenant)
    policy = {"travel": encode(problem.travel), "turnarounds": encode(problem.turnarounds)}
    (row,) = connection.execute(
        update(TENANT).where(TENANT.c.id == tenant).values(policy=policy).returning(TENANT)
    )
    patients = [resource for resource in problem.resources if resource.kind == PATIENT]
    others = [resource for resource in problem.resources if resource.kind != PATIENT]
    counts = {
        "locations": _add(connection, "locations", tenant, problem.locations),
        "calendars": _add(connection, "calendars", tenant, problem.calendars),
        "resources": _add(connection, "resources", tenant, others),
        "services": _add(connection, "services", tenant, problem.services),
        "sessions": _add(connection, "sessions", tenant, problem.sessions),
    }
    numbers = _add_people(connection, tenant, patients)
    counts["people"] = len(numbers)
    counts["requests"] = _add(
        connection,
        "requests",
        tenant,
        problem.requests,
        [
            next((numbers[a.resource] for a in one.attendees if a.resource in numbers), None)
            for one in problem.requests
        ],
    )
    tx = Tx(
        connection=connection,
        now=now,
        principal=Principal(tenant=tenant, actor=ACTOR, role=Role.ADMINISTRATOR),
        worlds=Worlds(),
    )
    look_at_world(tx)
    tx.audit("tenant.imported", "tenant", row.uid, None, counts)
    return Imported(tenant=tenant, uid=row.uid, counts=counts, left=_left(problem))


def see(connection: Connection, tenant: int) -> None:
    """Have an owner's transaction see a tenant's rows."""
    connection.execute(_SEE, {"tenant": str(tenant)})


def _add(
    connection: Connection,
    plural: str,
    tenant: int,
    made: Sequence[Any],
    people: Sequence[int | None] = (),
) -> int:
    """Write things of a kind, each with the person that it belongs to; return how many."""
    kind = KINDS[plural]
    rows = [{"ref": thing.id, "spec": spec(thing), **columns(kind, thing)} for thing in made]
    for row, person in zip(rows, people, strict=False):
        row["person_id"] = person
    return len(things.add(connection, kind.table, tenant, rows))


def _add_people(
    connection: Connection, tenant: int, patients: Sequence[Resource]
) -> dict[str, int]:
    """Write people and their resources; return the people's numbers by name.

    What they are called is the person's alone.
    """
    rows = [{"ref": patient.id, "name": patient.label} for patient in patients]
    written = things.add(connection, PERSON, tenant, rows)
    nameless = [replace(patient, name="") for patient in patients]
    _add(connection, "resources", tenant, nameless, [row.id for row in written])
    return {row.ref: row.id for row in written}


def _left(problem: Problem) -> dict[str, int]:
    """Count what has no place in the store: a solve names these for itself."""
    parts = ("published", "pins", "relations", "precedences", "apart", "forecast")
    return {part: len(getattr(problem, part)) for part in parts}


_SEE = text("SELECT set_config('allocator.tenant', :tenant, true)")

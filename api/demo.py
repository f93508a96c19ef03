"""The demonstration clinic: brought in once, with keys that are kept beside the data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

import api
from allocator.domain.problem import Problem
from allocator.domain.shift import shifted, weeks_until
from api.auth.credentials import digest
from api.auth.principal import Role
from api.embedded.private import write_private
from api.store.database import Database
from api.store.tables import API_KEY, TENANT
from api.usecases import importing, tenants

REF = "demo"
NAME = "Demonstration clinic"
#: File in the data folder that holds the keys.
KEYS = "keys.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What one tries the clinic with.

    Attributes
    ----------
    key
        An administrator's.
    publishable_key
        One that may stand in a public page.
    tenant
        The clinic's name in the API.
    """

    key: str
    publishable_key: str
    tenant: str


def furnish(owner: Database, folder: Path, today: date) -> Keys:
    """Bring the clinic in where it is not there yet; return its keys.

    Its weeks begin on the Monday after the day on which it comes in. Keys that are kept but do
    not fit (the data are others') are made anew. They are kept before they are valid: a crash
    between the two leaves a file with keys that are made anew, never a clinic without any.
    """
    with owner.transaction() as (connection, now):
        row = connection.execute(select(TENANT).where(TENANT.c.ref == REF)).first()
        if row is None:
            from allocator.frames import read_problem  # pandas: every other start does without

            problem = next_week(read_problem(clinic()), today)
            found = importing.bring_in(connection, now, problem, ref=REF, name=NAME)
            tenant, uid = found.tenant, found.uid
        else:
            tenant, uid = row.id, row.uid
            importing.see(connection, tenant)
        kept = read_keys(folder)
        if kept is not None and kept.tenant == str(uid) and _fits(connection, tenant, kept):
            return kept
        keys = Keys(
            key=tenants.first_key(connection, tenant, "demonstration", Role.ADMINISTRATOR),
            publishable_key=tenants.first_key(
                connection, tenant, "demonstration page", Role.CLIENT, publishable=True
            ),
            tenant=str(uid),
        )
        write_private(folder / KEYS, asdict(keys))
    return keys


def read_keys(folder: Path) -> Keys | None:
    """Return the keys that are kept in a data folder."""
    path = folder / KEYS
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return Keys(**found)


def next_week(problem: Problem, today: date) -> Problem:
    """Return a problem whose first week begins on the Monday after today."""
    monday = today + timedelta(days=7 - today.weekday())
    return shifted(problem, weeks_until(problem, monday))


def clinic() -> Path:
    """Return the folder of the demonstration clinic: the project's, or the package's copy."""
    package = Path(api.__file__).parent
    found = package.parent / "data" / "clinic-demo"
    return found if found.is_dir() else package / "clinic-demo"


def _fits(connection: Connection, tenant: int, keys: Keys) -> bool:
    """Say whether both keys are the tenant's, and valid."""
    valid = select(API_KEY.c.hash).where(
        API_KEY.c.tenant_id == tenant, API_KEY.c.revoked_at.is_(None)
    )
    known = {bytes(row.hash) for row in connection.execute(valid)}
    return {digest(keys.key), digest(keys.publishable_key)} <= known

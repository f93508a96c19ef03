"""What is taken in a stretch of time: visits with what they claim, and who comes to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from api.store.database import Ask


def within(connection: Connection, tenant: int, start: datetime, end: datetime) -> Sequence[Any]:
    """Return the visits of a stretch of time."""
    return connection.execute(_WITHIN, {"tenant": tenant, "start": start, "end": end}).all()


_WITHIN = text(
    "SELECT * FROM lying_visit WHERE tenant_id = :tenant AND ends_at > :start AND starts_at < :end"
    " ORDER BY id"
)


def waiting(connection: Connection, tenant: int, most: int) -> Sequence[Any]:
    """Return requests that have windows, and may wait; the latest, where there are more."""
    return connection.execute(_WAITING, {"tenant": tenant, "most": most}).all()


_WAITING = text(
    "SELECT uid, ref, spec, waits FROM asked_request WHERE tenant_id = :tenant"
    " AND state = 'requested' AND spec ? 'windows' ORDER BY id DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What has changed, as it is by now.

    Attributes
    ----------
    visits, requests
        As above: of some bookings, or those themselves.
    people
        The resources of the people who come to them.
    erased
        Those of people who were erased themselves, with since when they are.
    """

    visits: Sequence[Any] = ()
    requests: Sequence[Any] = ()
    people: Sequence[Any] = ()
    erased: Sequence[Any] = ()


def changed(
    ask: Ask, tenant: int, start: datetime, end: datetime, objects: Sequence[UUID]
) -> Changed:
    """Return what bookings, visits, requests and people are by now; no transaction is needed.

    Parameters
    ----------
    start, end
        The stretch of time in which visits matter.
    objects
        Their UUIDs.
    """
    found: dict[str, list[Any]] = {"visits": [], "requests": [], "people": [], "erased": []}
    what = {"tenant": tenant, "start": start, "end": end, "objects": list(objects)}
    for row in ask(_CHANGED, what):
        found[row.what].append(SimpleNamespace(**_read(row.found)))
    return Changed(**found)


_CHANGED = text("SELECT what, found FROM as_changed(:tenant, :start, :end, :objects)")


def _read(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row that came as JSON with what its columns hold."""
    return {
        name: value if value is None or name not in _AS else _AS[name](value)
        for name, value in found.items()
    }


_AS: Mapping[str, Any] = {
    "uid": UUID,
    "booking": UUID,
    "start": datetime.fromisoformat,
    "finish": datetime.fromisoformat,
    "expires_at": datetime.fromisoformat,
    "erased_at": datetime.fromisoformat,
}

"""Those who wait, and a backfiller in the test's own process, as a worker has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from service.booking import booked
from service.conftest import Asker, Clinic, physio
from service.indexing import BERLIN, at, window

from api.backfill.backfiller import Backfiller
from api.settings import Settings
from api.store.database import Database

#: Looks after which there is nothing left to offer.
LOOKS = 6


@contextmanager
def backfiller(settings: Settings) -> Iterator[Backfiller]:
    """A backfiller with connections of its own."""
    relay = Database(settings.relay_database_url, size=1)
    worker = Database(settings.worker_database_url, size=1)
    try:
        yield Backfiller(relay, worker)
    finally:
        relay.close()
        worker.close()


def look(filler: Backfiller) -> int:
    """Have it look until there is nothing to do; return how many places were offered."""
    return sum(filler.look() for _ in range(LOOKS))


def fill(asks: Asker, first: float = 8, last: float = 18, day: int = 0) -> dict[float, str]:
    """Book Anna in the first room and Ben in the second all day; return Anna's by hour."""
    found = {}
    hour = first
    while hour + 0.75 <= last:
        found[hour] = booked(asks, physio(at(hour, day), None))
        ben = {"practitioner": ["ben"], "room": ["room-2"]}
        booked(asks, physio(at(hour, day), None, resources=ben))
        hour += 0.75
    return found


def join(asks: Asker, **body: Any) -> str:
    """Put somebody on the waitlist, for physio that day unless something else is said."""
    what: dict[str, Any] = {"service": "physio", "windows": [window(8, 18)]}
    if {"request", "session"} & body.keys():
        what = {}
    elif "booking" in body:
        del what["service"]
    answer = asks.post("/v1/waitlist", {**what, **body})
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["id"]
    return name


def entry(asks: Asker, name: str) -> Any:
    answer = asks.get(f"/v1/waitlist/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def states(asks: Asker, *names: str) -> list[str]:
    return [entry(asks, name)["state"] for name in names]


def local(instant: str) -> str:
    """The local wall time of an answer's instant."""
    return datetime.fromisoformat(instant).astimezone(BERLIN).strftime("%a %H:%M")


def offered_at(asks: Asker, name: str) -> str:
    """When the place is that somebody is offered."""
    return local(entry(asks, name)["offer"]["starts_at"])


def settle(clinic: Clinic, **terms: Any) -> None:
    """Write the tenant's terms for its waitlist."""
    admin = clinic.asker()
    now = admin.get("/v1/tenant")
    body = {"name": now.json()["name"], "policy": {"waitlist": terms}}
    changed = admin("PUT", "/v1/tenant", body, If_Match=now.headers["etag"])
    assert changed.status_code == 200, changed.text


def late(clinic: Clinic) -> None:
    """Let the time of every hold be over."""
    for table in ("booking", "claim"):
        clinic.sql(
            f"UPDATE {table} SET expires_at = now() - interval '1 second'"
            " WHERE tenant_id = :t AND expires_at IS NOT NULL",
            t=clinic.tenant,
        )


def actions(clinic: Clinic, name: str) -> list[str]:
    """What the audit log has of an entry, in order."""
    rows = clinic.sql("SELECT action FROM audit WHERE object = :o ORDER BY id", o=name)
    return [row.action for row in rows]

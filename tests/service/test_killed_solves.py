"""SIGKILL at every point of a solve and of its publication: the next worker ends it, once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service import crashing_solve
from service.conftest import Asker, Clinic, physio
from service.solving import alone, work

from api.settings import Settings
from api.store import solves
from api.store.database import Database

ROOT = Path(__file__).parents[2]
#: Statements that have to be among the points at which it was killed.
NEEDED = (
    "UPDATE solve SET world_version",
    "UPDATE solve SET state",
    "INSERT INTO audit",
    "SELECT tenant_id, id, uid, state",
    "INSERT INTO booking",
    "INSERT INTO visit",
    "INSERT INTO claim",
    "UPDATE request SET state = 'scheduled'",
    "DELETE FROM claim",
    "UPDATE visit",
    "commit",
    "commit sent",
    "committed",
)


@pytest.fixture
def killing(settings: Settings) -> Iterator[Any]:
    """Runs a solve up to a point at which it is killed; returns the point, or ``done``."""
    process = subprocess.Popen(
        [sys.executable, crashing_solve.__file__],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
            "ALLOCATOR_WORKER_DATABASE_URL": settings.worker_database_url,
        },
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    told, asked = process.stdout, process.stdin

    def run(row: Any, point: int) -> str:
        print(row.tenant_id, row.uid, "mortal", point, file=asked, flush=True)
        return told.readline().strip()

    with process:
        yield run
        asked.close()


def full(asks: Asker, day: str) -> list[str]:
    """Fill nine o'clock of a day, and ask for it, and for any other time; return what is booked.

    One of two bookings has to move for the first.
    """
    nine, done = f"{day}T09:00:00+01:00", f"{day}T09:45:00+01:00"
    other = {"resources": {"practitioner": ["ben"], "room": ["room-2"]}}
    found = []
    for body in (physio(nine, None), physio(nine, None, **other)):
        held = asks.post("/v1/holds", body)
        assert held.status_code == 201, held.text
        found.append(held.json()["id"])
        assert asks.post(f"/v1/holds/{found[-1]}/confirm").status_code == 200
    wanted = {"steps": [{"service": "physio"}]}
    made = asks.post(
        "/v1/requests",
        [
            {"id": f"{day} urgent", "windows": [{"start": nine, "end": done}], **wanted},
            {"id": f"{day} plain", **wanted},
        ],
    )
    assert made.status_code == 201, made.text
    return found


def test_a_solve_is_killed_at_every_point(
    clinic: Clinic, settings: Settings, killing: Any, relay: Database
) -> None:
    """Every request is booked once, the one together with the move that makes room for it."""
    alone(settings)
    asks = clinic.asker()
    points: list[str] = []
    while not points or points[-1] != "done":
        day = f"2028-{1 + len(points) // 28:02}-{1 + len(points) % 28:02}"
        before = full(asks, day)
        body = {"first": day, "days": 1, "may_move": True, "publish": True, "time_limit_seconds": 5}
        name = asks.post("/v1/solves", body).json()["id"]
        with relay.transaction() as (connection, _):
            row = solves.take(connection, "mortal")
        points.append(killing(row, len(points) + 1))
        assert clinic.overlaps() == 0
        urgent, moved = booked(clinic, day), movers(asks, before, day)
        assert (f"{day} urgent" in urgent) == (len(moved) == 1)
        clinic.sql("UPDATE solve SET beat_at = now() - interval '1 minute'")
        work(settings)
        found = asks.get(f"/v1/solves/{name}").json()
        assert found["state"] == "published", (points[-1], found)
        assert found["published"] == {
            "booked": [f"{day} plain", f"{day} urgent"],
            "moved": movers(asks, before, day),
            "lost": [],
        }, points[-1]
        assert len(found["published"]["moved"]) == 1
        assert sorted(booked(clinic, day)) == [f"{day} plain", f"{day} urgent"]
        assert clinic.overlaps() == 0
    log = clinic.sql("SELECT action, count(*) FROM audit GROUP BY action")
    counts = dict(map(tuple, log))
    assert counts["booking.moved"] == counts["solve.solved"] == len(points)
    assert counts["solve.published"] >= len(points)
    for words in NEEDED:
        assert any(point.startswith(words) for point in points), words


def booked(clinic: Clinic, day: str) -> list[str]:
    """Return the requests of a day that have a booking, each as often as it has one."""
    rows = clinic.sql(
        "SELECT request.ref FROM booking JOIN request ON request.id = booking.request_id"
        " WHERE request.ref LIKE :day || '%' AND booking.state = 'booked'",
        day=day,
    )
    return [row.ref for row in rows]


def movers(asks: Asker, before: list[str], day: str) -> list[str]:
    """Return the bookings that do not start at nine any more."""
    return [
        name
        for name in before
        if asks.get(f"/v1/bookings/{name}").json()["starts_at"] != f"{day}T08:00:00Z"
    ]

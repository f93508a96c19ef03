"""SIGKILL in the middle of bookings: of the API at every point, and of the database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import IO, Any

import httpx2
import psutil
import pytest
from service import crashing
from service.conftest import Clinic, furnish, physio, vanishing
from service.processes import gone, until
from service.racing import insisting, race, statuses
from service.solving import work
from service.test_events import fan_out
from service.whole import whole
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from starlette.testclient import TestClient

from api.app import application
from api.embedded import EmbeddedServer
from api.settings import Settings
from api.store.database import Database, engine_url
from api.store.migrate import migrate
from api.usecases import tenants

ROOT = Path(__file__).parents[2]


@dataclass
class Mortal:
    """An API that a call can kill, and that is replaced."""

    web: httpx2.Client
    told: IO[str]

    def __call__(
        self,
        key: str,
        path: str,
        body: Any = None,
        once: str = "",
        crash_at: int = 0,
        crash_from: str = "",
    ) -> Any:
        """Call it; return its answer, or at which point it was killed."""
        headers = {"Authorization": f"Bearer {key}"}
        if once:
            headers["Idempotency-Key"] = once
        if crash_at:
            headers["Crash-At"] = str(crash_at)
        if crash_from:
            headers["Crash-From"] = crash_from
        try:
            return self.web.post(path, json=body, headers=headers)
        except httpx2.TransportError:
            return self.told.readline().strip()


@pytest.fixture(scope="module")
def mortal(settings: Settings) -> Iterator[Mortal]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        process = subprocess.Popen(
            [sys.executable, crashing.__file__, str(listening.fileno())],
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
                "ALLOCATOR_DATABASE_URL": settings.database_url,
                "ALLOCATOR_SEALING_KEYS": settings.sealing_keys,
                "ALLOCATOR_POOL_SIZE": "2",
            },
            cwd=ROOT,
            pass_fds=[listening.fileno()],
            stdout=subprocess.PIPE,
            text=True,
        )
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        fresh = httpx2.Limits(max_keepalive_connections=0)
        with process, httpx2.Client(base_url=url, limits=fresh, timeout=60) as web:
            assert process.stdout is not None
            yield Mortal(web, process.stdout)
            parts = [*psutil.Process(process.pid).children(), psutil.Process(process.pid)]
            for part in reversed(parts):
                part.kill()


def state(clinic: Clinic) -> list[tuple[Any, ...]]:
    """What is kept of a clinic's bookings."""
    rows = clinic.sql(
        "SELECT b.id, b.state, b.version, v.span, count(c.id),"
        " (SELECT count(*) FROM audit a WHERE a.tenant_id = :t AND a.object = b.uid)"
        " FROM booking b JOIN visit v ON v.tenant_id = b.tenant_id AND v.booking_id = b.id"
        " LEFT JOIN claim c ON c.tenant_id = v.tenant_id AND c.visit_id = v.id"
        " WHERE b.tenant_id = :t GROUP BY b.id, b.state, b.version, b.uid, v.id, v.span"
        " ORDER BY b.id",
        t=clinic.tenant,
    )
    return [tuple(row) for row in rows]


def at(day: int, hour: int = 9) -> str:
    return f"2030-01-{day:02}T{hour:02}:00:00+01:00"


@dataclass
class Day:
    """A day on which a booking is held, confirmed, moved and cancelled, or booked at once."""

    mortal: Mortal
    key: str
    day: int
    booking: str = ""
    token: str = ""

    def do(self, deed: str, once: str = "", crash_at: int = 0) -> Any:
        """Do something; return the answer, or at which point the API was killed."""
        if deed == "book" and not self.token:
            found = self.mortal(self.key, "/v1/suggestions", {"service": "physio", "limit": 1})
            self.token = found.json()["suggestions"][0]["token"]
        path = {
            "hold": "/v1/holds",
            "book": "/v1/bookings",
            "confirm": f"/v1/holds/{self.booking}/confirm",
        }.get(deed, f"/v1/bookings/{self.booking}/{deed}")
        answer = self.mortal(self.key, path, self._body(deed), once, crash_at)
        if deed == "hold" and not isinstance(answer, str):
            self.booking = answer.json()["id"]
        return answer

    def _body(self, deed: str) -> Any:
        if deed == "book":
            return {"token": self.token}
        if deed == "hold":
            return physio(at(self.day), None)
        resources = {"practitioner": ["ben"], "room": ["room-2"]}
        visit = {"occurrence": 1, "step": 1, "start": at(self.day, 10), "resources": resources}
        return {"visits": [visit]} if deed == "reschedule" else None


#: What is done to a booking, what it has to be before, and statements that have to be among the
#: points at which it was tried.
DEEDS: dict[str, tuple[list[str], list[str]]] = {
    "hold": ([], ["WITH booking AS ( INSERT INTO booking"]),
    "book": ([], ["WITH booking AS ( INSERT INTO booking"]),
    "confirm": (["hold"], ["WITH booking AS ( UPDATE booking"]),
    "reschedule": (["hold", "confirm"], ["UPDATE visit", "INSERT INTO claim"]),
    "cancel": (["hold", "confirm"], ["DELETE FROM claim", "UPDATE booking"]),
}
ALWAYS = ["INSERT INTO idempotency", "UPDATE idempotency", "commit", "commit sent", "committed"]
ALWAYS += ["http.response.start", "http.response.body"]


@pytest.mark.parametrize("deed", DEEDS)
def test_the_api_is_killed_at_every_point_of_a_call(
    clinic: Clinic, mortal: Mortal, deed: str
) -> None:
    """All is there, or nothing; the same call, sent again, does it once and tells the same."""
    key = clinic.asker("scheduler").key
    before, needed = DEEDS[deed]
    points: list[str] = []
    while True:
        number = len(points) + 1
        day = Day(mortal, key, number)
        for earlier in before:
            assert day.do(earlier).status_code in (200, 201)
        refused = mortal(key, "/v1/holds", physio(at(1, 3), None))
        assert refused.status_code == 409  # the process knows the clinic now
        was = state(clinic)
        once = f"{deed}-{number}"
        point = day.do(deed, once, number)
        if not isinstance(point, str):
            break
        points.append(point)
        found = state(clinic)
        whole(clinic)
        first = day.do(deed, once)
        is_now = state(clinic)
        again = day.do(deed, once)
        assert first.status_code == (201 if deed in ("hold", "book") else 200), first.text
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (first.status_code, first.json()) == (again.status_code, again.json())
        assert found in (was, is_now)
        replayed = "Idempotency-Replayed" in first.headers
        assert replayed == (found == is_now) or (replayed and point == "commit sent")
        assert len(is_now) == number and state(clinic) == is_now != was
        whole(clinic)
    for words in [*needed, *ALWAYS]:
        assert any(point.startswith(words) for point in points), words


def test_the_api_is_killed_at_every_point_of_a_publication(
    clinic: Clinic, mortal: Mortal, settings: Settings
) -> None:
    """Sent again it goes on, and in the end each request is booked once, and each move made once.

    U1 asks for an hour that two others have, so one of them has to move; R1 is booked with all that
    need nothing but a place, R2 needs a reviewer, R3 joins a group session, which has to be placed.
    Afterwards all of it is taken back, and the same solve is published anew.
    """
    asks, monday = clinic.asker(), "2028-01-10T09:00:00+01:00"
    there = {"P1": {"practitioner": ["anna"], "room": ["room-1"]}}
    there["P2"] = {"practitioner": ["ben"], "room": ["room-2"]}
    held = {}
    for person, resources in there.items():
        held[person] = asks.post("/v1/holds", physio(monday, person, resources=resources)).json()
        assert asks.post(f"/v1/holds/{held[person]['id']}/confirm").status_code == 200
    span = {"start": monday, "end": "2028-01-10T09:45:00+01:00"}
    session = {"id": "G1", "service": "training", "least": 1, "most": 2}
    assert asks.post("/v1/sessions", session).status_code == 201
    for name, more in {
        "U1": {"steps": [{"service": "physio"}], "windows": [span], "priority": 1},
        "R1": {"steps": [{"service": "physio"}]},
        "R2": {"steps": [{"service": "surgery"}]},
        "R3": {"steps": [{"sessions": ["G1"]}], "attendees": [{"resource": "P1"}]},
    }.items():
        made = asks.post("/v1/requests", {"id": name, **more})
        assert made.status_code == 201, made.text
    asked = {"first": "2028-01-10", "days": 5, "time_limit_seconds": 5, "may_move": True}
    solve = asks.post("/v1/solves", asked).json()["id"]
    work(settings)
    path = f"/v1/solves/{solve}/publish"
    result = asks.get(f"/v1/solves/{solve}").json()["result"]
    assert result["unplaced"] == [] and len(result["moved"]) == 1
    (moved,) = (one for one in held.values() if one["id"] == result["moved"][0]["booking"])
    back = {"visits": [{"start": monday, "resources": there[moved["person"]]}]}
    points: list[str] = []
    while True:
        since = clinic.sql("SELECT coalesce(max(id), 0) AS id FROM audit")[0].id
        clinic.sql("DELETE FROM allowance")  # a process that dies takes its share along
        point = mortal(asks.key, path, crash_at=len(points) + 1, crash_from="UPDATE solve SET st")
        once_booked(clinic)
        again = asks.post(path)
        assert again.status_code == 200 and again.json()["lost"] == [], (point, again.text)
        once_booked(clinic)
        told = asks.get(f"/v1/solves/{solve}").json()["published"]
        assert told == {"booked": ["R1", "R2", "R3", "U1"], "moved": [moved["id"]], "lost": []}
        log = clinic.sql(
            "SELECT action, count(*) AS many FROM audit WHERE id > :since AND action IN"
            " ('booking.booked', 'booking.pending_approval', 'booking.moved', 'session.placed')"
            " GROUP BY action",
            since=since,
        )
        assert {row.action: row.many for row in log} == {
            "booking.booked": 3,
            "booking.pending_approval": 1,
            "booking.moved": 1,
            "session.placed": 1,
        }
        if not isinstance(point, str):
            break
        points.append(point)
        undone = [
            asks.post(f"/v1/bookings/{row.uid}/cancel")
            for row in clinic.sql(
                "SELECT uid FROM booking WHERE request_id IS NOT NULL AND state <> 'cancelled'"
            )
        ]
        undone.append(asks.post(f"/v1/bookings/{moved['id']}/reschedule", back))
        assert [answer.status_code for answer in undone] == [200] * 5
        assert asks("DELETE", "/v1/sessions/G1/place").status_code == 204
        clinic.sql("UPDATE solve SET state = 'solved', published = NULL")
    needed = ["INSERT INTO booking", "INSERT INTO visit", "INSERT INTO claim", "DELETE FROM claim"]
    needed += ["UPDATE solve SET state = %(state)s, published", *ALWAYS[2:]]
    for words in needed:
        assert any(point.startswith(words) for point in points), words


def once_booked(clinic: Clinic) -> None:
    """No request has two live bookings, every live visit has its claims, and nothing overlaps."""
    rows = clinic.sql(
        "SELECT request_id FROM booking WHERE state IN ('held', 'pending_approval', 'booked')"
        " AND request_id IS NOT NULL"
    )
    assert len(rows) == len(set(rows))
    bare = clinic.sql(
        "SELECT b.uid FROM booking b JOIN visit v ON v.booking_id = b.id"
        " LEFT JOIN claim c ON c.visit_id = v.id"
        " WHERE b.state IN ('pending_approval', 'booked') AND v.session_id IS NULL"
        " GROUP BY b.uid, v.id HAVING count(c.id) < 2"
    )
    assert bare == []
    assert clinic.overlaps() == 0


#: What is asked for, with which body, what it makes, and how many of these.
KEPT: dict[str, tuple[str, Any, str, int]] = {
    "replay": ("webhooks/{hook}/replay", {"since": "2020-01-01T00:00:00Z"}, "delivery", 3),
    "rotate": ("webhooks/{hook}/rotate", {"grace_hours": 0}, "webhook_secret", 1),
    "solve": ("solves", {"days": 7}, "solve", 1),
    "absence": ("absences", {"resource": "anna", "start": at(7, 0), "end": at(8, 0)}, "absence", 1),
}


@pytest.mark.parametrize("what", KEPT)
def test_the_api_is_killed_at_every_point_of_what_is_kept(
    clinic: Clinic, mortal: Mortal, relay: Database, what: str
) -> None:
    """Sent again with its key, it is made once, and the answer is the same, secrets included."""
    asks = clinic.asker()
    hook = asks.post("/v1/webhooks", {"url": "https://example.org/hook", "types": ["booking.*"]})
    for day in (7, 8, 9):
        assert asks.post("/v1/holds", physio(at(day), None)).status_code == 201
    fan_out(relay)
    clinic.sql("DELETE FROM delivery")
    path, body, table, many = KEPT[what]
    path = "/v1/" + path.format(hook=hook.json()["id"])

    def count() -> int:
        return int(clinic.sql(f"SELECT count(*) FROM {table}")[0][0])

    points: list[str] = []
    while True:
        before, once = count(), f"{what}-{len(points)}"
        point = mortal(asks.key, path, body, once, len(points) + 1)
        assert count() - before in (0, many)
        if not isinstance(point, str):
            break
        points.append(point)
        first, again = (mortal(asks.key, path, body, once) for _ in range(2))
        assert first.is_success, first.text
        assert (first.status_code, first.json()) == (again.status_code, again.json())
        assert count() - before == many
        if what == "rotate":
            clinic.sql("DELETE FROM webhook_secret WHERE until IS NOT NULL")
    for words in [f"INSERT INTO {table}", *ALWAYS]:
        assert any(point.startswith(words) for point in points), words


def test_the_database_is_killed_while_four_clients_book(tmp_path: Path, quiet: None) -> None:
    """What was acknowledged is there, once; whoever repeats a call with its key has booked once."""
    with vanishing(tmp_path) as folder, EmbeddedServer(folder) as server:
        migrate(server.url("allocator_owner"))
        owner = create_engine(engine_url(server.url("allocator_owner")), poolclass=NullPool)
        settings = Settings(database_url=server.url("allocator_api"))
        with TestClient(application(settings), raise_server_exceptions=False) as client:
            with owner.begin() as connection:
                tenant = tenants.found(
                    connection, ref="t", name="T", zone="Europe/Berlin", grain_minutes=15
                )
            clinic = Clinic(tenant=tenant, http=client, owner=owner)
            furnish(clinic.asker())
            asks = clinic.asker("scheduler")
            busy = Barrier(5)

            def use(day: int) -> list[Any]:
                """Book a day full; each call is repeated until it is acknowledged."""
                made = []
                for hour in range(8, 17):
                    if hour == 10:
                        busy.wait()
                    once, body = f"{day}-{hour}", physio(at(day, hour), None)
                    held = insisting(asks, "/v1/holds", once, body)
                    path = f"/v1/holds/{held.json()['id']}/confirm"
                    made += [held, insisting(asks, path, once)]
                return made

            with ThreadPoolExecutor(1) as beside:
                booking = beside.submit(race, [partial(use, day) for day in range(7, 11)])
                busy.wait()
                killed = psutil.Process(server.pid)
                os.kill(server.pid, signal.SIGKILL)
                until(lambda: gone(killed))
                server.start()
                answers = [answer for made in booking.result() for answer in made]
            assert statuses(answers) == {201: 36, 200: 36}
            names = {answer.json()["id"] for answer in answers}
            kept = clinic.sql("SELECT uid, state FROM booking WHERE tenant_id = :t", t=tenant)
            assert {(str(row.uid), row.state) for row in kept} == {(n, "booked") for n in names}
            assert len(names) == len(kept) == 36
            whole(clinic)

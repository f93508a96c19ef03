"""The service, running as it does for its users: a server of its own, and API processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.conftest import SEALING_KEY, vanishing
from sqlalchemy import create_engine, text

from api.auth.principal import Role
from api.embedded import EmbeddedServer
from api.running import BACKLOG
from api.store.database import engine_url
from api.store.migrate import migrate
from api.usecases import tenants


@dataclass
class Running:
    """A service under measurement."""

    server: EmbeddedServer
    url: str
    key: str
    tenant: int
    listening: socket.socket
    processes: list[subprocess.Popen[bytes]]

    def call(self, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        """Call it, and return what it answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        asked = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return json.loads(answer.read() or b"null")

    def sql(self, statement: str) -> list[Any]:
        """Ask the database as the owner."""
        engine = create_engine(engine_url(self.server.url("allocator_owner")))
        with engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('allocator.tenant', :tenant, true)"),
                {"tenant": str(self.tenant)},
            )
            found = list(connection.execute(text(statement)).all())
        engine.dispose()
        return found

    def overlaps(self) -> int:
        """Count pairs of claims that take one lane at one time."""
        return int(
            self.sql(
                "SELECT count(*) FROM claim a JOIN claim b ON a.tenant_id = b.tenant_id"
                " AND a.resource_id = b.resource_id AND a.lane = b.lane AND a.id < b.id"
                " AND a.span && b.span"
            )[0][0]
        )

    def fill(self, bookings: int) -> None:
        """Write bookings behind the service's back, each with a visit and a claim."""
        engine = create_engine(engine_url(self.server.url("allocator_owner")))
        with engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('allocator.tenant', :tenant, true)"),
                {"tenant": str(self.tenant)},
            )
            for statement in FILL:
                connection.execute(text(statement), {"tenant": self.tenant, "count": bookings})
        engine.dispose()

    def shorten(self, hold: str, *, seconds: float) -> float:
        """Let a hold end soon; return when, by the clock of this machine."""
        self.sql(
            f"WITH b AS (UPDATE booking SET expires_at = now() + interval '{seconds} s'"
            f" WHERE uid = '{hold}' RETURNING id) UPDATE claim SET"
            f" expires_at = now() + interval '{seconds} s' FROM visit, b"
            " WHERE visit.booking_id = b.id AND claim.visit_id = visit.id RETURNING claim.id"
        )
        return time.time() + seconds

    def restart(self) -> float:
        """Kill everything (-9) and start it; return the seconds until it is ready."""
        for process in self.processes:
            process.kill()
        os.kill(self.server.pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()
        began = time.perf_counter()
        self.server.stop()
        self.server.start()
        self.processes = _api(self.server, self.listening, len(self.processes))
        _await(self)
        return time.perf_counter() - began


FILL = (
    """
    INSERT INTO booking (tenant_id, uid, ref, spec, state, service, starts_at, created_by,
                         person_id)
    SELECT :tenant, gen_random_uuid(), 'fill-' || n, '{"steps": [{"service": "physio"}]}',
           'booked', 'physio', timestamptz '2010-01-01' + n / 40 * interval '45 minutes', 'fill',
           p.id
    FROM generate_series(0, :count - 1) AS n
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS people
          FROM person WHERE tenant_id = :tenant) AS p ON p.place = n % p.people
    """,
    "ANALYZE",
    """
    INSERT INTO visit (tenant_id, uid, booking_id, occurrence, step, service, span, resources,
                       state)
    SELECT :tenant, gen_random_uuid(), id, 1, 1, 'physio',
           tstzrange(starts_at, starts_at + interval '45 minutes'),
           jsonb_build_object('practitioner', jsonb_build_array(
               'practitioner-' || substr(ref, 6)::int % 40)), 'booked'
    FROM booking WHERE tenant_id = :tenant AND created_by = 'fill'
    """,
    "ANALYZE",
    """
    INSERT INTO claim (tenant_id, resource_id, visit_id, role, lane, span, state)
    SELECT :tenant, resource.id, visit.id, 'practitioner', 0, visit.span, 'booked'
    FROM booking
    JOIN visit ON visit.tenant_id = booking.tenant_id AND visit.booking_id = booking.id
    JOIN resource ON resource.tenant_id = booking.tenant_id
         AND resource.ref = visit.resources -> 'practitioner' ->> 0
    WHERE booking.tenant_id = :tenant AND booking.created_by = 'fill'
    """,
    "ANALYZE",
)


@contextmanager
def running(folder: Path, *, processes: int = 2) -> Iterator[Running]:
    """Start the service on data that waits for the disk, and vanishes in the end."""
    with vanishing(folder), EmbeddedServer(folder) as server:
        migrate(server.url("allocator_owner"))
        engine = create_engine(engine_url(server.url("allocator_owner")))
        with engine.begin() as connection:
            tenant = tenants.found(
                connection, ref="bench", name="Bench", zone="Europe/Berlin", grain_minutes=15
            )
            connection.execute(
                text("SELECT set_config('allocator.tenant', :tenant, true)"),
                {"tenant": str(tenant)},
            )
            key = tenants.first_key(connection, tenant, "bench", Role.ADMINISTRATOR)
        engine.dispose()
        with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listening:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            started = _api(server, listening, processes)
            service = Running(server, url, key, tenant, listening, started)
            try:
                _await(service)
                yield service
            finally:
                for process in service.processes:
                    process.terminate()
                for process in service.processes:
                    process.wait(20)


def _api(
    server: EmbeddedServer, listening: socket.socket, processes: int
) -> list[subprocess.Popen[bytes]]:
    """Start processes of the API as ``allocator serve`` does, their limits out of the way."""
    handed = listening.fileno()
    limits = ("SEARCH", "HOLD", "BOOK", "ADDRESS")
    environment = {
        **os.environ,
        "ALLOCATOR_DATABASE_URL": server.url("allocator_api"),
        "ALLOCATOR_SEALING_KEYS": SEALING_KEY,
        "ALLOCATOR_WEBHOOK_PRIVATE": "true",
        **{f"ALLOCATOR_{limit}_PER_MINUTE": "1000000" for limit in limits},
    }
    quiet = subprocess.DEVNULL
    return [
        subprocess.Popen(
            [sys.executable, "-m", "api.serving", str(handed)],
            env=environment,
            stdout=quiet,
            stderr=quiet,
            pass_fds=[handed],
        )
        for _ in range(processes)
    ]


def _await(service: Running) -> None:
    for _ in range(300):
        try:
            service.call("GET", "/health/ready")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the service was not ready after 30 s")


def furnish(service: Running, *, practitioners: int, patients: int) -> None:
    """Send a clinic whose practitioners have a room each."""
    hours = {"start_minute": 8 * 60, "end_minute": 18 * 60}
    service.call(
        "POST",
        "/v1/calendars",
        {"id": "office", "weekly": [{"weekdays": [0, 1, 2, 3, 4], "hours": hours}]},
    )
    resources = []
    for number in range(practitioners):
        for kind in ("practitioner", "room"):
            resources.append({"id": f"{kind}-{number}", "kind": kind, "calendar": "office"})
    service.call("POST", "/v1/resources", resources)
    needs = [{"role": kind, "alternatives": [{"kind": kind}]} for kind in ("practitioner", "room")]
    service.call("POST", "/v1/services", {"id": "physio", "minutes": 45, "needs": needs})
    people = [
        {"id": f"patient-{number}", "name": f"Patient {number}"} for number in range(patients)
    ]
    service.call("POST", "/v1/people/import", people)
    tenant = service.call("GET", "/v1/tenant")
    terms = {"most_open_holds": 1_000_000}
    service.call(
        "PUT",
        "/v1/tenant",
        {"name": tenant["name"], "policy": {"terms": terms}},
        version=tenant["version"],
    )


def load(kind: str, **asked: Any) -> dict[str, Any]:
    """Run a load in a process of its own, and return its figures."""
    script, tests = Path(__file__).parent / "load.py", Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, str(script), kind, json.dumps(asked)],
        check=True,
        env={**os.environ, "PYTHONPATH": f"{tests.parent}:{tests}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: dict[str, Any] = json.loads(found.stdout)
    return figures

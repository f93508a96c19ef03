"""The service, running as it does for its users: a server of its own, and API processes."""

from __future__ import annotations

import json
import os
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

from sqlalchemy import create_engine, text

from api.auth.principal import Role
from api.embedded import EmbeddedServer
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

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call it, and return what it answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
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


@contextmanager
def running(folder: Path, *, processes: int = 2) -> Iterator[Running]:
    """Start the service on data that waits for the disk."""
    with EmbeddedServer(folder) as server:
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
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:application"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(processes)]
        command += ["--no-access-log", "--log-level", "warning"]
        environment = {
            **os.environ,
            "ALLOCATOR_DATABASE_URL": server.url("allocator_api"),
            "ALLOCATOR_SEARCH_PER_MINUTE": "1000000",
            "ALLOCATOR_HOLD_PER_MINUTE": "1000000",
            "ALLOCATOR_BOOK_PER_MINUTE": "1000000",
            "ALLOCATOR_ADDRESS_PER_MINUTE": "1000000",
            "ALLOCATOR_LOG_LEVEL": "warning",
        }
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
        try:
            service = Running(server, f"http://127.0.0.1:{port}", key, tenant)
            _await(service)
            yield service
        finally:
            process.terminate()
            process.wait(20)


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
    needs = [
        {"role": kind, "alternatives": [{"kind": kind}]} for kind in ("practitioner", "room")
    ]
    service.call("POST", "/v1/services", {"id": "physio", "minutes": 45, "needs": needs})
    for number in range(patients):
        service.call(
            "POST",
            "/v1/people",
            {"id": f"patient-{number}", "name": f"Patient {number}"},
        )


def load(kind: str, **asked: Any) -> dict[str, Any]:
    """Run a load in a process of its own, and return its figures."""
    script = Path(__file__).parent / "load.py"
    found = subprocess.run(
        [sys.executable, str(script), kind, json.dumps(asked)],
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, Any] = json.loads(found.stdout)
    return figures

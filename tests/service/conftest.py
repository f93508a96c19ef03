"""A real PostgreSQL for every test of the service, and a tenant of its own for each."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from service.indexing import Process
from service.receiver import Receiver, receiving
from sqlalchemy import Engine, create_engine, text
from starlette.testclient import TestClient

from api.app import application
from api.auth.principal import Role
from api.backfill.backfiller import Backfiller
from api.embedded import VERSIONS, EmbeddedServer, folder
from api.sealing import Seal
from api.settings import Settings
from api.store import events
from api.store.database import Database, engine_url
from api.store.migrate import migrate
from api.usecases import tenants

#: Numbers the tenants of a test run.
NUMBERS = itertools.count(1)
#: What secrets are sealed with.
SEALING_KEY = "dGhpcyBpcyBhIGtleSBvZiAzMiBieXRlczogdGVzdHM="
SEAL = Seal([SEALING_KEY])


def version_of_tests() -> int:
    """Return the major version of PostgreSQL that the tests run on."""
    return int(os.environ.get("ALLOCATOR_TEST_POSTGRES", VERSIONS[0]))


@contextmanager
def vanishing(folder: Path) -> Iterator[Path]:
    """A folder whose database goes with it, for a service in a process of its own.

    So does the folder of the socket, where that process was killed.
    """
    try:
        yield folder
    finally:
        note = folder / "socket"
        if note.exists():
            shutil.rmtree(note.read_text(), ignore_errors=True)
        shutil.rmtree((folder / "postgres").resolve(), ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def nothing_stays() -> Iterator[None]:
    """Data that root's private folders cannot hold vanish with the tests as well."""
    with TemporaryDirectory(prefix="allocator-tests-") as name, pytest.MonkeyPatch.context() as m:
        Path(name).chmod(0o755)
        m.setattr(folder, "SYSTEM", Path(name))
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server whose data vanishes with the tests."""
    data = tmp_path_factory.mktemp("store")
    with EmbeddedServer(data, version=version_of_tests(), durable=False) as running:
        migrate(running.url("allocator_owner"))
        yield running


@pytest.fixture(scope="session")
def owner(server: EmbeddedServer) -> Iterator[Engine]:
    """The owner of the tables, for what tests do behind the service's back."""
    engine = create_engine(engine_url(server.url("allocator_owner")))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def settings(server: EmbeddedServer) -> Settings:
    return Settings(
        database_url=server.url("allocator_api"),
        worker_database_url=server.url("allocator_worker"),
        relay_database_url=server.url("allocator_relay"),
        sealing_keys=SEALING_KEY,
        secure_cookies=False,
        failed_per_minute=10**6,
        webhook_private=True,
        stream_seconds=0,
    )


@pytest.fixture(scope="session")
def app(settings: Settings) -> FastAPI:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return application(settings)


@pytest.fixture(scope="session")
def http(app: FastAPI) -> Iterator[TestClient]:
    """The service, started; whoever calls sends a key."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """The lines that the service logs meanwhile, as it would write them."""
    before, capture = structlog.get_config(), structlog.testing.LogCapture()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO), processors=[capture]
    )
    yield capture.entries
    structlog.configure(**before)


@pytest.fixture
def quiet(app: FastAPI) -> Iterator[None]:
    """Errors are expected, and writing many of them takes long."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def relay(server: EmbeddedServer) -> Iterator[Database]:
    """What the sweeper works with."""
    database = Database(server.url("allocator_relay"), size=2)
    yield database
    database.close()


@pytest.fixture
def process(server: EmbeddedServer) -> Iterator[Process]:
    """A process of the API that looks at what others do."""
    made = Process(server.url("allocator_api"))
    yield made
    made.database.close()


@pytest.fixture
def filler(settings: Settings, relay: Database) -> Iterator[Backfiller]:
    """A backfiller for whom nobody waits but those of the test."""
    from service.waiting import backfiller

    with relay.transaction() as (connection, _):
        connection.execute(
            text(
                "UPDATE waitlist SET state = 'withdrawn', offer_id = NULL"
                " WHERE state IN ('waiting', 'offered')"
            )
        )
    with backfiller(settings) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def no_webhooks(relay: Database) -> None:
    """Those of other tests are gone, with what is still to be sent to them and to be placed."""
    with relay.transaction() as (connection, _):
        connection.execute(text("DELETE FROM webhook"))
        while events.fan_out(connection):
            pass


@pytest.fixture
def hook(clinic: Clinic, receiver: Receiver) -> dict[str, Any]:
    """A webhook that hears of bookings."""
    body = {"url": receiver.url, "types": ["booking.*"]}
    made = clinic.asker().post("/v1/webhooks", body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


@dataclass
class Asker:
    """Somebody with a key, who calls the service."""

    http: TestClient
    key: str

    def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, path, json=json, headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, json: Any = None, **headers: str) -> Any:
        return self("POST", path, json, **headers)


@dataclass
class Clinic:
    """A tenant with a key for each role."""

    tenant: int
    http: TestClient
    owner: Engine
    keys: dict[str, str] = field(default_factory=dict)

    def asker(self, role: str = "administrator", **more: Any) -> Asker:
        """Somebody in a role; with more said, a key of their own."""
        if more or role not in self.keys:
            with self.owner.begin() as connection:
                scope(connection, self.tenant)
                key = tenants.first_key(connection, self.tenant, role, Role(role), **more)
            if more:
                return Asker(self.http, key)
            self.keys[role] = key
        return Asker(self.http, self.keys[role])

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Ask the database, behind the service's back, as this tenant."""
        with self.owner.begin() as connection:
            scope(connection, self.tenant)
            found = connection.execute(text(statement), values)
            return list(found.all()) if found.returns_rows else []

    def settle(self, **terms: Any) -> None:
        """Write the tenant's terms."""
        admin = self.asker()
        now = admin.get("/v1/tenant")
        body = {"name": now.json()["name"], "policy": {"terms": terms}}
        changed = admin("PUT", "/v1/tenant", body, If_Match=now.headers["etag"])
        assert changed.status_code == 200, changed.text

    def everything_about(self, word: str) -> list[str]:
        """Return the tables of which some row of this tenant holds a word, in whatever column."""
        tables = self.sql(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
        return [
            table
            for (table,) in tables
            if self.sql(
                f"SELECT 1 FROM {table} AS t WHERE to_jsonb(t)::text ILIKE '%' || :word || '%'"
                " LIMIT 1",
                word=word,
            )
        ]

    def overlaps(self) -> int:
        """Count pairs of claims that take one lane at one time: the invariant says none."""
        found = self.sql(
            "SELECT count(*) FROM claim a JOIN claim b ON a.tenant_id = b.tenant_id"
            " AND a.resource_id = b.resource_id AND a.lane = b.lane AND a.id < b.id"
            " AND a.span && b.span"
        )
        count: int = found[0][0]
        return count


def scope(connection: Any, tenant: int) -> None:
    connection.execute(
        text("SELECT set_config('allocator.tenant', :tenant, true)"), {"tenant": str(tenant)}
    )


@pytest.fixture(scope="module")
def new_clinic(http: TestClient, owner: Engine) -> Callable[[], Clinic]:
    """Founds tenants; whoever has signed in before with a cookie is forgotten."""

    def found() -> Clinic:
        http.cookies.clear()
        name = f"clinic-{os.getpid()}-{next(NUMBERS)}"
        with owner.begin() as connection:
            tenant = tenants.found(
                connection, ref=name, name=name, zone="Europe/Berlin", grain_minutes=15
            )
        return Clinic(tenant=tenant, http=http, owner=owner)

    return found


@pytest.fixture
def clinic(new_clinic: Callable[[], Clinic]) -> Clinic:
    """A tenant with two practitioners, two rooms, a gym for three, and two patients."""
    made = new_clinic()
    furnish(made.asker())
    return made


def need(role: str, **selector: Any) -> dict[str, Any]:
    return {"role": role, "alternatives": [{"kind": role, **selector}]}


def furnish(admin: Asker) -> None:
    """Send what a small practice consists of."""
    hours = {"start_minute": 8 * 60, "end_minute": 18 * 60}
    week = {"id": "office", "weekly": [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "hours": hours}]}
    made = [admin.post("/v1/calendars", week)]
    made.append(
        admin.post(
            "/v1/resources",
            [
                {"id": "anna", "kind": "practitioner", "calendar": "office", "name": "Anna"},
                {"id": "ben", "kind": "practitioner", "calendar": "office", "name": "Ben"},
                {"id": "room-1", "kind": "room", "calendar": "office"},
                {"id": "room-2", "kind": "room", "calendar": "office"},
                {"id": "gym", "kind": "gym", "calendar": "office", "lanes": 3},
            ],
        )
    )
    made.append(
        admin.post(
            "/v1/services",
            [
                {"id": "physio", "minutes": 45, "needs": [need("practitioner"), need("room")]},
                {"id": "training", "minutes": 60, "needs": [need("gym")]},
                {
                    "id": "surgery",
                    "minutes": 60,
                    "needs": [need("practitioner"), need("room")],
                    "approval": True,
                },
            ],
        )
    )
    for person in ("P1", "P2"):
        made.append(admin.post("/v1/people", {"id": person, "name": f"Person {person}"}))
    for answer in made:
        assert answer.status_code == 201, answer.text


def physio(start: str, person: str | None = "P1", **more: Any) -> dict[str, Any]:
    """The body of a hold for a single visit with Anna in room 1."""
    body: dict[str, Any] = {
        "service": "physio",
        "start": start,
        "resources": {"practitioner": ["anna"], "room": ["room-1"]},
    }
    if person is not None:
        body["attendees"] = [person]
    return {**body, **more}

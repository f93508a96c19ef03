"""``allocator serve``: the whole service, as whoever has just installed it meets it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

import holidays
import httpx2
import psutil
import psycopg
import pytest
from cli.running import HANDMADE, ROOT, run
from service.conftest import SEALING_KEY, vanishing
from service.processes import gone, until

from allocator import read_problem
from api import demo, running
from api.embedded import EmbeddedServer

COMMAND = [sys.executable, "-m", "allocator"]
URLS = ("DATABASE_URL", "WORKER_DATABASE_URL", "RELAY_DATABASE_URL", "ADMIN_DATABASE_URL")


@dataclass
class Serving:
    """A service that runs."""

    process: subprocess.Popen[str]
    data: Path
    told: dict[str, Any]

    def ask(
        self, method: str, path: str, json: Any = None, key: str = "", **more: str
    ) -> httpx2.Response:
        """Call it, as the demonstration clinic's administrator where no key is named."""
        headers = {"Authorization": f"Bearer {key or self.told['key']}", **more}
        return httpx2.request(
            method, f"{self.told['url']}{path}", json=json, headers=headers, timeout=60
        )

    def parts(self, name: str = "") -> list[psutil.Process]:
        """Its processes, those that a word in their command tells."""
        found = psutil.Process(self.process.pid).children()
        return [one for one in found if name in " ".join(one.cmdline())]

    def stop(self) -> int:
        """Stop it; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def start(
    *words: str | Path, log: IO[str] | int = subprocess.PIPE, **settings: str
) -> subprocess.Popen[str]:
    """Start the command in a process of its own, without settings of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ALLOCATOR_")}
    return subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *map(str, words)],
        cwd=ROOT,
        env={**clean, **settings},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


@contextmanager
def served(data: Path, *words: str, **settings: str) -> Iterator[Serving]:
    """The service once it is ready, and gone in the end."""
    path = data.with_suffix(".log")
    with path.open("a") as log:
        process = start("--data", data, "--json", *words, log=log, **settings)
    assert process.stdout is not None
    with process:
        try:
            line = process.stdout.readline()
            assert line, path.read_text()
            yield Serving(process=process, data=data, told=json.loads(line))
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One service for the tests of this page, with the demonstration clinic."""
    with (
        vanishing(tmp_path_factory.mktemp("serving")) as data,
        served(data, "--demo") as service,
    ):
        yield service


def monday() -> date:
    """The first Monday after today on which the clinic is open."""
    closed = holidays.country_holidays("DE", subdiv="BE")
    today = date.today()
    mondays = (today + timedelta(days=7 * week - today.weekday()) for week in range(1, 9))
    return next(day for day in mondays if day not in closed)


def hold(serving: Serving, start: str) -> httpx2.Response:
    """Hold a consultation at a time of that Monday."""
    body = {
        "service": "consultation",
        "start": f"{monday()}T{start}:00Z",
        "attendees": ["P0001"],
        "resources": {"practitioner": ["doctor-2"], "room": ["room-11"]},
    }
    return serving.ask("POST", "/v1/holds", body)


def book(serving: Serving, start: str) -> str:
    """Hold and confirm; return the booking's name."""
    held = hold(serving, start)
    assert held.status_code == 201, held.text
    confirmed = serving.ask("POST", f"/v1/holds/{held.json()['id']}/confirm")
    assert confirmed.json()["state"] == "booked", confirmed.text
    return str(confirmed.json()["id"])


def kill(serving: Serving, part: str) -> psutil.Process:
    """Kill a part, as nothing hears it, and wait for its end."""
    (process,) = serving.parts(part)
    process.kill()
    until(lambda: gone(process))
    return process


def state_of(serving: Serving, booking: str) -> str:
    """Ask what became of a booking, as often as there is no answer."""
    found: dict[str, Any] = {}

    def answered() -> bool:
        nonlocal found
        answer = serving.ask("GET", f"/v1/bookings/{booking}")
        assert answer.status_code in (200, 503), answer.text
        found = answer.json()
        return answer.status_code == 200

    until(answered)
    return str(found["state"])


def test_it_tells_where_it_is_and_what_to_try_it_with(serving: Serving):
    """One line with an address of this machine, the docs, two keys and the tenant."""
    told = serving.told
    assert set(told) == {"url", "docs", "key", "publishable_key", "tenant"}
    assert told["url"].startswith("http://127.0.0.1:")
    assert httpx2.get(told["docs"]).status_code == 200
    assert httpx2.get(f"{told['url']}/openapi.json").json()["openapi"] == "3.1.0"
    tenant = serving.ask("GET", "/v1/tenant").json()
    assert (tenant["id"], tenant["name"]) == (told["tenant"], "Demonstration clinic")
    public = serving.ask("GET", "/v1/services?limit=1", key=told["publishable_key"])
    assert len(public.json()["items"]) == 1
    assert serving.ask("GET", "/v1/people", key=told["publishable_key"]).status_code == 403


@pytest.mark.parametrize(
    ("today", "first"),
    [
        pytest.param(date(2026, 11, 28), date(2026, 11, 30), id="Saturday"),
        pytest.param(date(2026, 11, 29), date(2026, 11, 30), id="Sunday"),
        pytest.param(date(2026, 11, 30), date(2026, 12, 7), id="Monday"),
        pytest.param(date(2026, 12, 1), date(2026, 12, 7), id="Tuesday"),
    ],
)
def test_the_clinic_s_weeks_begin_next_monday(today: date, first: date):
    """Today's week is never the first: what is asked for lies ahead."""
    assert demo.next_week(read_problem(HANDMADE), today).horizon.first == first


def test_a_practitioner_of_the_clinic_s_can_be_booked(serving: Serving):
    """On a day on which they work, at a place that is free."""
    assert state_of(serving, book(serving, "09:00")) == "booked"


def test_an_api_process_that_is_killed_is_replaced_and_nobody_is_turned_away(serving: Serving):
    """The call after the kill waits for the new process."""
    before = kill(serving, "api.serving")
    assert serving.ask("GET", "/v1/tenant").status_code == 200
    (after,) = serving.parts("api.serving")
    assert after.pid != before.pid


def test_a_worker_that_is_killed_is_replaced_and_frees_what_expires(serving: Serving):
    """A hold whose time is over is expired without anybody asking."""
    booking = hold(serving, "10:00").json()["id"]
    kill(serving, "api.worker")
    lapse(serving, booking)
    until(lambda: state_of(serving, booking) == "expired")
    assert hold(serving, "10:00").status_code == 201


def test_a_database_that_is_killed_is_replaced_with_all_that_was_acknowledged(serving: Serving):
    """Bookings are there, the API answers again, and the worker goes on."""
    booked = book(serving, "11:00")
    held = hold(serving, "12:00").json()["id"]
    kill(serving, "postgres")
    assert state_of(serving, booked) == "booked"
    lapse(serving, held)
    until(lambda: state_of(serving, held) == "expired")


def lapse(serving: Serving, booking: str) -> None:
    """Have a hold's time be over."""
    with owner(serving) as connection:
        connection.execute("SELECT set_config('allocator.tenant', id::text, true) FROM tenant")
        changed = connection.execute(
            "UPDATE booking SET expires_at = now() - interval '1 second' WHERE uid = %s", [booking]
        )
        assert changed.rowcount == 1


@contextmanager
def owner(serving: Serving) -> Iterator[psycopg.Connection[Any]]:
    """The owner of the tables, at the server that runs."""
    server = EmbeddedServer(serving.data)
    server.reach()
    with psycopg.connect(server.url("allocator_owner")) as connection:
        yield connection


def test_a_clinic_of_one_s_own_comes_in_while_it_runs(serving: Serving):
    """Its key opens its own world alone."""
    words = ("seed", HANDMADE, "--tenant", "handmade", "--data", serving.data)
    found = json.loads(run(*words, "--json").stdout)
    tenant = serving.ask("GET", "/v1/tenant", key=found["key"]).json()
    assert (tenant["id"], tenant["name"]) == (found["tenant"], "handmade")
    requests = serving.ask("GET", "/v1/requests", key=found["key"]).json()["items"]
    assert len(requests) == found["in"]["requests"] == 6
    again = run(*words)
    assert again.exit_code == 2
    assert "There is a tenant 'handmade' already." in again.stderr


def test_one_folder_is_served_once(serving: Serving):
    """The second is told, and the first goes on."""
    second = start("--data", serving.data)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out) == (2, "")
    assert err == f"Another process serves from {serving.data}; stop it first.\n"
    assert serving.process.poll() is None


def test_a_port_that_somebody_else_has_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """After a while: it may be about to be given back."""
    monkeypatch.setattr(running, "FREED", 0.0)
    monkeypatch.setattr(running, "Stopping", lambda: None)
    monkeypatch.setattr(running.logs, "configure", lambda level: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = run("serve", "--port", str(port), "--data", tmp_path / "data")
    assert answer.exit_code == 2
    assert answer.stderr == f"Port {port} of 127.0.0.1 cannot be had: Address already in use.\n"
    assert not (tmp_path / "data" / "postgres").exists()


def test_stopped_and_started_it_is_as_before(serving: Serving):
    """It ends with 0 and leaves nothing running; keys, bookings and secrets are there again."""
    booking, parts = book(serving, "13:00"), serving.parts()
    hook = {"url": "https://example.org/hook"}
    once: dict[str, Any] = {"json": hook, "Idempotency-Key": "k"}
    told = serving.ask("POST", "/v1/webhooks", **once).json()
    assert (serving.data / running.SEALING).stat().st_mode & 0o777 == 0o600
    assert len(parts) == 3
    assert serving.stop() == 0
    assert all(map(gone, parts))
    with served(serving.data, "--demo", "--processes", "2") as again:
        same = ("key", "publishable_key", "tenant")
        assert [again.told[name] for name in same] == [serving.told[name] for name in same]
        assert state_of(again, booking) == "booked"
        assert again.ask("POST", "/v1/webhooks", **once).json() == told != {}
        assert len(again.parts("api.serving")) == 2
        parts = again.parts()
        again.process.kill()
        again.process.wait()
        until(lambda: all(map(gone, parts)))


def test_a_database_of_one_s_own_is_served(server: EmbeddedServer, tmp_path: Path):
    """No embedded server runs then; without the clinic there are no keys to tell."""
    roles = ("allocator_api", "allocator_worker", "allocator_relay", "allocator_owner")
    settings = {
        f"ALLOCATOR_{name}": server.url(role) for name, role in zip(URLS, roles, strict=True)
    }
    settings["ALLOCATOR_SEALING_KEYS"] = SEALING_KEY
    with served(tmp_path / "own", **settings) as service:
        assert [service.told[name] for name in ("key", "publishable_key", "tenant")] == [None] * 3
        ready = httpx2.get(f"{service.told['url']}/health/ready").json()
        assert ready == {"status": "ready", "constraint": True, "migrations": True}
        assert len(service.parts()) == 2
        assert not (tmp_path / "own" / "postgres").exists()
        assert not (tmp_path / "own" / running.SEALING).exists()
        # The owner's password is no business of what answers.
        for part in service.parts():
            assert part.environ()["ALLOCATOR_ADMIN_DATABASE_URL"] == ""


@pytest.mark.parametrize(
    ("words", "settings", "told"),
    [
        pytest.param(
            ("serve",), ("DATABASE_URL",), "ALLOCATOR_RELAY_DATABASE_URL is not set", id="relay"
        ),
        pytest.param(
            ("serve", "--demo"),
            ("DATABASE_URL", "RELAY_DATABASE_URL", "WORKER_DATABASE_URL"),
            "ALLOCATOR_ADMIN_DATABASE_URL is not set",
            id="owner",
        ),
        pytest.param(
            ("serve",),
            ("DATABASE_URL", "RELAY_DATABASE_URL"),
            "ALLOCATOR_WORKER_DATABASE_URL is not set",
            id="solves",
        ),
        pytest.param(
            ("serve",),
            ("DATABASE_URL", "RELAY_DATABASE_URL", "WORKER_DATABASE_URL"),
            "ALLOCATOR_SEALING_KEYS is not set",
            id="sealing",
        ),
        pytest.param(("worker",), (), "ALLOCATOR_RELAY_DATABASE_URL is not set", id="worker"),
        pytest.param(
            ("worker",),
            ("RELAY_DATABASE_URL",),
            "ALLOCATOR_WORKER_DATABASE_URL is not set",
            id="worker-solves",
        ),
        pytest.param(
            ("worker",),
            ("RELAY_DATABASE_URL", "WORKER_DATABASE_URL"),
            "ALLOCATOR_SEALING_KEYS is not set",
            id="worker-sealing",
        ),
        pytest.param(
            ("worker",),
            ("SEALING_KEYS",),
            "ALLOCATOR_SEALING_KEYS: Value error, key 1 is not in base64.",
            id="sealing-key",
        ),
        pytest.param(("migrate",), (), "ALLOCATOR_ADMIN_DATABASE_URL is not set", id="migrate"),
        pytest.param(
            ("migrate", "--data", "nowhere"),
            (),
            "nowhere holds no data of an embedded server",
            id="folder",
        ),
        pytest.param(
            ("seed", HANDMADE, "--tenant", "x"),
            (),
            "ALLOCATOR_ADMIN_DATABASE_URL is not set",
            id="seed",
        ),
        pytest.param(("worker",), ("LOG_LEVEL",), "ALLOCATOR_LOG_LEVEL: Input should", id="level"),
    ],
)
def test_what_is_missing_is_told(
    words: Sequence[str | Path],
    settings: Sequence[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    """By its name, before anything is started."""
    monkeypatch.chdir(tmp_path)
    for name in (*URLS, "LOG_LEVEL", "SEALING_KEYS"):
        monkeypatch.delenv(f"ALLOCATOR_{name}", raising=False)
    for name in settings:
        monkeypatch.setenv(f"ALLOCATOR_{name}", "postgresql://nobody@nowhere/none")
    answer = run(*words)
    assert answer.exit_code == 2
    assert told in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_migrations_go_down_and_up(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch):
    """By the command, in a database of its own."""
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated OWNER allocator_owner")
    url = server.url("allocator_owner", "migrated")
    monkeypatch.setenv("ALLOCATOR_ADMIN_DATABASE_URL", url)
    assert run("migrate").stdout == "The database has revision 0003.\n"
    assert run("migrate", "--revision", "base").stdout == "The database has revision none.\n"
    assert run("migrate", "--revision", "0001").stdout == "The database has revision 0001.\n"
    assert run("migrate").stdout == "The database has revision 0003.\n"
    unknown = run("migrate", "--revision", "4711")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert unknown.stderr == "There is no revision '4711'; there are: 0001, 0002, 0003.\n"


def test_keys_that_do_not_fit_the_data_are_made_anew(server: EmbeddedServer, tmp_path: Path):
    """As after data were restored without the file beside them; the clinic is the same."""
    from api.store.database import Database

    with closing(Database(server.url("allocator_owner"), size=1)) as database:
        first = demo.furnish(database, tmp_path, date.today())
        assert demo.furnish(database, tmp_path, date.today()) == first
        assert (tmp_path / demo.KEYS).stat().st_mode & 0o777 == 0o600
        (tmp_path / demo.KEYS).unlink()
        second = demo.furnish(database, tmp_path, date.today())
    assert second.tenant == first.tenant
    assert second.key != first.key

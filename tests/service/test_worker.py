"""The worker: frees what expires, forgets what is old, and outlives its database."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from cli.running import ROOT
from service.conftest import SEALING_KEY, Clinic, physio, scope
from service.indexing import window
from service.processes import until
from service.waiting import join, states
from sqlalchemy import text

from api import sweeper, worker
from api.embedded import EmbeddedServer
from api.lifetime import Stopping
from api.problems import StoreUnavailable
from api.settings import Settings
from api.store.database import Again, Database


class Looks(Stopping):
    """Lets the worker look so many times."""

    def __init__(self, count: int) -> None:
        self.left = count

    def wait(self, seconds: float) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the worker does, in order."""
    told: list[str] = []
    monkeypatch.setattr(worker, "sweep", lambda database: told.append("sweep"))
    monkeypatch.setattr(worker, "forget", lambda database: told.append("forget"))
    monkeypatch.setattr(worker, "batch", lambda database: [])
    monkeypatch.setattr(worker.Runner, "tend", lambda self: None)
    return told


NO_DATABASE = cast(Database, None)


def test_it_forgets_at_its_first_look_and_then_once_in_a_while(
    done: list[str], monkeypatch: pytest.MonkeyPatch
):
    """It sweeps at every look."""
    worker.work(NO_DATABASE, Looks(3))
    assert done == ["sweep", "forget", "sweep", "sweep"]
    done.clear()
    monkeypatch.setattr(worker, "FORGET", 0.0)
    worker.work(NO_DATABASE, Looks(2))
    assert done == ["sweep", "forget", "sweep", "forget"]


@pytest.mark.parametrize("error", [StoreUnavailable, Again])
def test_a_database_that_is_gone_is_waited_for(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, done: list[str], lines: list[Any]
):
    """It says once that it waits, and once that the database is back."""
    answers: list[Any] = [error(), error(), 0, 0]

    def sweep(database: Database) -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    monkeypatch.setattr(worker, "sweep", sweep)
    worker.work(NO_DATABASE, Looks(4))
    assert [line["action"] for line in lines] == ["worker.waiting", "worker.back"]
    assert done == ["forget"]


def test_what_is_old_is_forgotten_some_at_a_time(
    clinic: Clinic, relay: Database, monkeypatch: pytest.MonkeyPatch
):
    """Keys of yesterday, sessions that are over and old allowances go; what is not old stays."""
    monkeypatch.setattr(sweeper, "MOST", 10**9)
    sweeper.forget(relay)  # whatever other tests have left
    asks = clinic.asker("scheduler")
    for hour in range(9, 13):
        body = physio(f"2030-01-07T{hour:02}:00:00+01:00", None)
        assert asks.post("/v1/holds", body, Idempotency_Key=f"k{hour}").status_code == 201
        assert asks.post("/v1/session").status_code == 200
    clinic.sql("UPDATE idempotency SET created_at = now() - interval '25 hours' WHERE key <> 'k9'")
    clinic.sql(
        "UPDATE web_session SET expires_at = now() WHERE id > (SELECT min(id) FROM web_session)"
    )
    clinic.sql(
        "INSERT INTO allowance SELECT tenant_id, 'old', now() - n * interval '1 hour', 1"
        " FROM (SELECT DISTINCT tenant_id FROM allowance) AS a, generate_series(1, 3) AS n"
    )

    def counts() -> list[int]:
        kept = clinic.sql(
            "SELECT (SELECT count(*) FROM idempotency), (SELECT count(*) FROM web_session),"
            " (SELECT count(*) FROM allowance WHERE bucket = 'old')"
        )
        return list(kept[0])

    monkeypatch.setattr(sweeper, "MOST", 2)
    found = [counts()]
    for _ in range(3):
        sweeper.forget(relay)
        found.append(counts())
    assert found == [[4, 4, 3], [2, 2, 1], [1, 1, 0], [1, 1, 0]]


def test_the_command_frees_what_expires_offers_what_is_free_and_stops_when_asked(
    clinic: Clinic, server: EmbeddedServer
):
    """``allocator worker`` at a database of one's own, until SIGTERM."""
    asks = clinic.asker("scheduler")
    booking = asks.post("/v1/holds", physio("2030-01-07T09:00:00+01:00")).json()["id"]
    waits = join(asks, windows=[window(9, 10)])
    clinic.sql("UPDATE booking SET expires_at = now() - interval '1 second'")
    process = subprocess.Popen(
        [sys.executable, "-m", "allocator", "worker"],
        cwd=ROOT,
        env={
            "ALLOCATOR_RELAY_DATABASE_URL": server.url("allocator_relay"),
            "ALLOCATOR_WORKER_DATABASE_URL": server.url("allocator_worker"),
            "ALLOCATOR_SEALING_KEYS": SEALING_KEY,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            until(lambda: asks.get(f"/v1/bookings/{booking}").json()["state"] == "expired")
            until(lambda: states(asks, waits) == ["offered"])
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0


@pytest.mark.parametrize("missing", ["relay", "worker"])
def test_a_database_that_is_not_named_is_told(missing: str) -> None:
    """A worker starts with the addresses of both its roles, or says which one it lacks."""
    urls = {
        f"{role}_database_url": "postgresql://somebody@nowhere/x" for role in ("relay", "worker")
    }
    with pytest.raises(SystemExit, match=f"ALLOCATOR_{missing.upper()}_DATABASE_URL is not set"):
        worker.main(Settings(**(urls | {f"{missing}_database_url": ""})))


def expired(clinic: Clinic, *clocks: str) -> list[str]:
    """Hold some places, for requests of their own, whose time is over; return the bookings."""
    asks, found = clinic.asker("scheduler"), []
    for clock in clocks:
        assert asks.post("/v1/requests", {"id": clock, "steps": [{"service": "physio"}]}).is_success
        visit = {
            "start": f"2030-01-07T{clock}:00+01:00",
            "resources": {"practitioner": ["anna"], "room": ["room-1"]},
        }
        held = asks.post("/v1/holds", {"request": clock, "visits": [visit]})
        assert held.status_code == 201, held.text
        found.append(held.json()["id"])
    clinic.sql("UPDATE booking SET expires_at = now() - interval '1 second'")
    return found


def test_a_booking_that_somebody_has_in_hand_holds_up_no_other(
    clinic: Clinic, relay: Database
) -> None:
    """It is passed over, and freed at the next look."""
    asks = clinic.asker("scheduler")
    first, second = expired(clinic, "09:00", "10:00")

    def states() -> list[str]:
        return [asks.get(f"/v1/bookings/{name}").json()["state"] for name in (first, second)]

    with clinic.owner.begin() as holding:
        scope(holding, clinic.tenant)
        holding.execute(text("SELECT 1 FROM booking WHERE uid = :uid FOR UPDATE"), {"uid": first})
        sweeper.sweep(relay)
        assert states() == ["held", "expired"]
    sweeper.sweep(relay)
    assert states() == ["expired", "expired"]


def test_a_booking_that_cannot_be_freed_at_all_holds_up_no_other(
    clinic: Clinic, relay: Database, monkeypatch: pytest.MonkeyPatch, lines: list[Any]
) -> None:
    """It is told in the log, and tried again."""
    asks = clinic.asker("scheduler")
    first, second = expired(clinic, "09:00", "10:00")
    (row,) = clinic.sql("SELECT id FROM booking WHERE uid = :uid", uid=first)
    real = sweeper.expire

    def failing(connection: Any, tenant: int, booking: int, *words: Any, **named: Any) -> bool:
        assert (tenant, booking) != (clinic.tenant, row.id)
        return real(connection, tenant, booking, *words, **named)

    with monkeypatch.context() as patched:
        patched.setattr(sweeper, "expire", failing)
        sweeper.sweep(relay)
    found = [asks.get(f"/v1/bookings/{name}").json()["state"] for name in (first, second)]
    assert found == ["held", "expired"]
    assert [line["action"] for line in lines if line["log_level"] == "error"] == ["sweeper.bug"]
    sweeper.sweep(relay)
    assert asks.get(f"/v1/bookings/{first}").json()["state"] == "expired"


def test_a_deadlock_with_one_booking_holds_up_no_other(clinic: Clinic, relay: Database) -> None:
    """Somebody has locked its request and wants the booking, which the sweeper has locked."""
    asks = clinic.asker("scheduler")
    first, second = expired(clinic, "09:00", "10:00")
    clinic.sql("UPDATE request SET state = 'scheduled'")  # as if they waited for a reviewer
    with ThreadPoolExecutor(1) as beside:
        with clinic.owner.begin() as holding:
            scope(holding, clinic.tenant)
            holding.execute(text("SELECT 1 FROM request WHERE ref = '09:00' FOR UPDATE"))
            sweeping = beside.submit(sweeper.sweep, relay)
            until(
                lambda: (
                    bool(clinic.sql("SELECT 1 FROM pg_locks WHERE NOT granted")) or sweeping.done()
                )
            )
            holding.execute(
                text("SELECT 1 FROM booking WHERE uid = :uid FOR UPDATE"), {"uid": first}
            )
        assert sweeping.result() >= 1
    assert asks.get(f"/v1/bookings/{second}").json()["state"] == "expired"
    sweeper.sweep(relay)
    assert asks.get(f"/v1/bookings/{first}").json()["state"] == "expired"

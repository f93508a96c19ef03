"""A database behind a proxy that cuts connections, or falls silent: nothing is half done."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

import pytest
from fastapi import FastAPI
from service.conftest import Asker, Clinic, physio
from service.processes import until
from service.proxy import Proxy, proxied
from service.racing import insisting, race, statuses
from service.whole import whole
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from starlette.testclient import TestClient

from api.app import application
from api.call import Service
from api.settings import Settings

NINE, TEN = "2030-01-07T09:00:00+01:00", "2030-01-07T10:00:00+01:00"
#: The statements of these tests, in seconds.
PATIENCE = 1.5
#: Threads that answer calls; further calls wait for one of them.
THREADS = 40


@pytest.fixture(scope="module")
def running(settings: Settings) -> Iterator[Proxy]:
    with proxied(str(make_url(settings.database_url).query["host"])) as proxy:
        yield proxy


@pytest.fixture
def proxy(running: Proxy) -> Iterator[Proxy]:
    """The proxy, which passes everything on."""
    yield running
    running.life = lambda: (None, None)
    running.speak()


@pytest.fixture(scope="module")
def far_app(settings: Settings, running: Proxy, app: FastAPI) -> FastAPI:
    there = running.url(settings.database_url)
    return application(
        settings.model_copy(update={"database_url": there, "statement_seconds": PATIENCE})
    )


@pytest.fixture(scope="module")
def web(far_app: FastAPI) -> Iterator[TestClient]:
    """The service, whose database is far away."""
    with TestClient(far_app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def asks(clinic: Clinic, web: TestClient, quiet: None) -> Asker:
    return Asker(web, clinic.asker("scheduler").key)


def count(clinic: Clinic, table: str) -> int:
    ((found,),) = clinic.sql(f"SELECT count(*) FROM {table} WHERE tenant_id = :t", t=clinic.tenant)
    return int(found)


def test_connections_that_are_cut_while_idle_are_replaced(asks: Asker, proxy: Proxy) -> None:
    """Nobody notices: neither a call, nor whoever asks whether the service is ready."""
    assert asks.get("/v1/tenant").status_code == 200
    proxy.cut()
    assert asks.http.get("/health/ready").status_code == 200
    proxy.cut()
    assert asks.post("/v1/holds", physio(NINE, None)).status_code == 201


def test_connections_that_are_cut_in_the_middle_of_anything(
    clinic: Clinic, asks: Asker, proxy: Proxy
) -> None:
    """Whoever repeats a call with its key books once, at whatever byte the connections end."""
    lives, lock, cut_before = random.Random(5), Lock(), proxy.cuts

    def life() -> tuple[int, int]:
        with lock:
            return lives.randrange(500, 12_000), lives.randrange(500, 12_000)

    def use(day: int) -> list[Any]:
        made = []
        for hour in range(8, 17):
            body = physio(f"2030-01-{7 + day:02}T{hour:02}:00:00+01:00", None)
            key = f"{day}-{hour}"
            held = insisting(asks, "/v1/holds", key, body)
            path = f"/v1/holds/{held.json()['id']}/confirm"
            made += [held, insisting(asks, path, key)]
        return made

    proxy.life = life
    proxy.cut()
    answers = [one for some in race([partial(use, day) for day in range(4)]) for one in some]
    assert proxy.cuts - cut_before > 20
    assert statuses(answers) == {201: 36, 200: 36}
    assert len({answer.json()["id"] for answer in answers}) == 36
    assert count(clinic, "booking") == 36
    assert count(clinic, "claim") == 72
    whole(clinic)


def test_a_database_that_falls_silent(
    clinic: Clinic, asks: Asker, proxy: Proxy, far_app: FastAPI
) -> None:
    """503 and not ready, but alive, with more calls waiting than there are threads; then as ever.

    What was held before the silence is there, and what was asked for meanwhile is done once at
    most: the same key finds out.
    """
    held = asks.post("/v1/holds", physio(NINE, None))
    calls = [
        partial(asks.post, "/v1/holds", physio(TEN, None), Idempotency_Key="k"),
        partial(asks.get, "/v1/bookings"),
        partial(asks.http.get, "/health/ready"),
        *[partial(asks.get, "/v1/tenant") for _ in range(THREADS)],
    ]
    service: Service = far_app.state.service
    pool: Any = service.database.engine.pool
    proxy.fall_silent()
    with ThreadPoolExecutor(len(calls)) as threads:
        waiting = [threads.submit(call) for call in calls]
        until(lambda: pool.checkedout() == service.settings.pool_size)
        live = asks.http.get("/health/live")
        assert not any(call.done() for call in waiting)
        answers = [call.result() for call in waiting]
    proxy.speak()
    assert statuses(answers) == {503: len(answers)}
    assert live.status_code == 200
    assert asks.http.get("/health/ready").status_code == 200
    again = asks.post("/v1/holds", physio(TEN, None), Idempotency_Key="k")
    assert again.status_code == 201
    assert count(clinic, "booking") == 2
    assert asks.get(f"/v1/bookings/{held.json()['id']}").json()["state"] == "held"
    whole(clinic)


@pytest.mark.parametrize("words", ["INSERT INTO claim", "COMMIT"])
def test_a_database_that_falls_silent_in_the_middle_of_a_booking(
    clinic: Clinic, asks: Asker, proxy: Proxy, words: str
) -> None:
    """Nobody waits for ever, and the same key makes the booking, or tells of it."""
    body = physio(NINE, None)
    assert asks.get("/v1/tenant").status_code == 200
    proxy.cut()  # on a new connection, statements go by their text
    proxy.last = words.encode()
    lost = asks.post("/v1/holds", body, Idempotency_Key="k")
    assert lost.status_code == 503, lost.text
    assert ("Idempotency-Key" in lost.json()["detail"]) == (words == "COMMIT")
    proxy.speak()
    again = insisting(asks, "/v1/holds", "k", body)
    assert again.status_code == 201
    assert count(clinic, "booking") == 1
    whole(clinic)


def test_a_statement_that_takes_too_long_is_ended(
    clinic: Clinic, asks: Asker, owner: Engine
) -> None:
    """Whoever waits for a row that somebody keeps gets 503 and has changed nothing."""
    name = asks.post("/v1/holds", physio(NINE, None)).json()["id"]
    with owner.begin() as connection:
        connection.exec_driver_sql(
            f"SELECT set_config('allocator.tenant', '{clinic.tenant}', true)"
        )
        connection.exec_driver_sql("SELECT id FROM booking FOR UPDATE")
        waited = asks.post(f"/v1/holds/{name}/confirm", Idempotency_Key="k")
    assert waited.status_code == 503
    assert waited.json()["detail"].startswith("The database has taken too long over this")
    assert asks.post(f"/v1/holds/{name}/confirm", Idempotency_Key="k").status_code == 200

"""How soon everybody hears of a change, and how many changes a second they can be told of."""

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
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from benchmarks.figures import conditions, table, write
from benchmarks.service.running import Running, furnish, load, running
from service.conftest import SEALING_KEY
from sqlalchemy import Engine, create_engine, text

from api.store.database import engine_url

pytestmark = pytest.mark.benchmark

#: Seconds of bookings alone, and of bookings while others write events too.
SECONDS = float(os.environ.get("ALLOCATOR_BENCH_EVENT_SECONDS", "60"))
#: Events that others write a second, in so many transactions.
RATE, TRANSACTIONS = 1_000, 20
#: Events that wait when they begin to be sent.
WAITING = 20_000


class Receiver:
    """Receives in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"

    def told(self, *, whole: bool = False) -> dict[str, Any]:
        """Return how many events have come, came again, and are moves, which no booking here makes.

        The whole are the seconds of each event, sorted; they are forgotten then.
        """
        with urllib.request.urlopen(self.url + ("?whole" if whole else "")) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def wait(self, count: int) -> list[float]:
        """Wait until so many events have come; return the seconds of each."""
        deadline = time.monotonic() + 300
        while self.told()["count"] < count:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        found: list[float] = self.told(whole=True)["seconds"]
        return found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with two API processes, on data that waits for the disk."""
    with running(tmp_path_factory.mktemp("service") / "data") as started:
        furnish(started, practitioners=40, patients=4_000)
        yield started


@pytest.fixture(scope="module")
def receiver(service: Running) -> Iterator[Receiver]:
    """A worker, and a receiver that hears of bookings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "ALLOCATOR_RELAY_DATABASE_URL": service.server.url("allocator_relay"),
        "ALLOCATOR_WORKER_DATABASE_URL": service.server.url("allocator_worker"),
        "ALLOCATOR_SEALING_KEYS": SEALING_KEY,
        "ALLOCATOR_WEBHOOK_PRIVATE": "true",
    }
    script = Path(__file__).parent / "service" / "receiving.py"
    found = Receiver(port)
    with (
        ended(subprocess.Popen([sys.executable, str(script), str(port)])),
        ended(subprocess.Popen([sys.executable, "-m", "api.worker"], env=environment)),
    ):
        while True:
            try:
                found.told()
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        while service.sql("SELECT count(*) FROM event WHERE position IS NULL")[0][0]:
            time.sleep(0.1)
        service.call("POST", "/v1/webhooks", {"url": found.url, "types": ["booking.*"]})
        yield found


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a process at the end."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def write_events(engine: Engine, tenant: int, count: int) -> None:
    """Write events behind the service's back, each of an object of its own."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit (tenant_id, actor, action, kind, object)"
                " SELECT :tenant, 'bench', 'booking.moved', 'booking', gen_random_uuid()"
                " FROM generate_series(1, :count)"
            ),
            {"tenant": tenant, "count": count},
        )


def booked(service: Running, seconds: float, seed: int) -> Any:
    """Let bookings go on for a while."""
    return load(
        "open",
        url=service.url,
        key=service.key,
        seconds=seconds,
        practitioners=40,
        patients=4_000,
        seed=seed,
    )


def of(found: list[float]) -> list[object]:
    """Return how many, p50, p95, p99 and the most, in seconds."""
    at = [found[int(len(found) * share)] for share in (0.5, 0.95, 0.99)]
    return [f"{len(found):,}", *(f"{seconds:.2f}" for seconds in (*at, found[-1]))]


def events_of(service: Running) -> int:
    return int(service.sql("SELECT count(*) FROM delivery")[0][0])


def test_webhooks(service: Running, receiver: Receiver) -> None:
    """Bookings alone; then a thousand events a second beside them; then many that have waited."""
    rows, busy = [], os.getloadavg()[0]
    engine = create_engine(engine_url(service.server.url("allocator_relay")))
    booked(service, SECONDS, 3)
    rows.append(["bookings alone", *of(receiver.wait(events_of(service)))])

    before = events_of(service)
    bookings: list[Any] = []
    thread = Thread(target=lambda: bookings.append(booked(service, SECONDS, 4)))
    thread.start()
    began = time.perf_counter()
    for number in range(int(SECONDS * TRANSACTIONS)):
        time.sleep(max(0.0, began + number / TRANSACTIONS - time.perf_counter()))
        write_events(engine, service.tenant, RATE // TRANSACTIONS)
    wrote = SECONDS * RATE / (time.perf_counter() - began)
    thread.join()
    while service.sql("SELECT count(*) FROM event WHERE position IS NULL")[0][0]:
        time.sleep(0.1)
    found = receiver.wait(events_of(service) - before)
    rows.append([f"bookings, and {wrote:.0f} events a second of others", *of(found)])
    loaded = bookings[0]["all"]

    thread = Thread(target=lambda: booked(service, 30, 5))
    thread.start()
    time.sleep(5)
    began, before = time.perf_counter(), receiver.told()["others"]
    write_events(engine, service.tenant, WAITING)
    while receiver.told()["others"] < before + WAITING:
        time.sleep(0.1)
    drained = WAITING / (time.perf_counter() - began)
    thread.join()
    again = receiver.told()["again"]
    engine.dispose()
    write(
        "Webhooks",
        f"Seconds from the beginning of a transaction until its event has arrived by webhook. 70"
        f" searches, 20 holds and 10 confirmations a second for {SECONDS:.0f} s, open loop; one"
        " worker, one webhook; receiver and load generator on the same machine.",
        table(("events of", "how many", "p50, s", "p95", "p99", "most"), rows),
        table(
            ("what", "figure"),
            [
                [
                    f"{WAITING:,} events at once while bookings go on, sent a second",
                    f"{drained:.0f}",
                ],
                ["answers to those who book and search meanwhile, p95, ms", f"{loaded['p95']:.1f}"],
                ["events that came twice", again],
            ],
        ),
        conditions(
            PostgreSQL=service.server.version,
            processes=2,
            **{"load average before": f"{busy:.1f}"},
        ),
    )
    assert service.overlaps() == 0
    assert again == 0

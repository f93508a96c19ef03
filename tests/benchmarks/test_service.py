"""How fast the service books, lists and imports, and whether it keeps its promise under load."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from benchmarks.figures import conditions, table, write
from benchmarks.service import pgbench
from benchmarks.service.running import Running, furnish, load, running
from sqlalchemy import event

from api.auth.principal import Principal, Role
from api.store.database import Database
from api.store.world import Worlds
from api.usecases import holding
from api.usecases.placing import WantedVisit
from api.usecases.tx import Tx

pytestmark = pytest.mark.benchmark

PRACTITIONERS, PATIENTS = 40, 4_000
#: Seconds of the open load; ten minutes where nothing else is said.
SECONDS = float(os.environ.get("ALLOCATOR_BENCH_LOAD_SECONDS", "600"))
MONDAY = datetime(2030, 1, 7, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with two API processes, on data that waits for the disk."""
    with running(tmp_path_factory.mktemp("service") / "data") as started:
        furnish(started, practitioners=PRACTITIONERS, patients=PATIENTS)
        yield started


def _row(name: str, found: dict[str, float]) -> list[object]:
    return [
        name,
        f"{found['requests']:,}",
        *(f"{found[key]:.1f}" for key in ("mean", "p50", "p95", "p99", "max")),
    ]


LATENCY = ("request", "how many", "mean, ms", "p50", "p95", "p99", "most")


def test_booking_path(service: Running, tmp_path: Path) -> None:
    """A hold by the store alone, against pgbench on the same statements, in the same run."""
    database = Database(service.server.url("allocator_api"), size=4)
    who = Principal(tenant=service.tenant, actor="bench", role=Role.ADMINISTRATOR)
    worlds = Worlds()
    number = iter(range(10**9))

    def hold() -> None:
        n = next(number)
        practitioner, slot = n % PRACTITIONERS, n // PRACTITIONERS
        start = MONDAY + timedelta(days=7 * (slot // 10) + 3650, minutes=45 * (slot % 10))
        database.run(
            service.tenant,
            lambda connection, now: holding.hold(
                Tx(connection=connection, now=now, principal=who, worlds=worlds),
                holding.simple("physio", [f"patient-{n % PATIENTS}"]),
                [
                    WantedVisit(
                        start=start,
                        resources={
                            "practitioner": (f"practitioner-{practitioner}",),
                            "room": (f"room-{practitioner}",),
                        },
                    )
                ],
            ),
        )

    for _ in range(50):
        hold()
    statements = pgbench.written_down(database.engine, hold)
    trips: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *_: trips.append(statement),
    )
    hold()
    count = 600
    began = time.perf_counter()
    for _ in range(count):
        hold()
    ours = count / (time.perf_counter() - began)
    script = tmp_path / "hold.sql"
    script.write_text(pgbench.as_bookings(statements, PRACTITIONERS))
    theirs = pgbench.run(service.server, script, clients=1, transactions=count)
    rate = _pairs(service)
    write(
        "The store's booking path",
        "A hold of a practitioner, a room and a patient, one after another: through the store, and"
        " by pgbench, which sends the same statements at the same data. Then pairs of a hold and"
        " its confirmation over HTTP, eight clients, two processes of the API, load generator"
        " included.",
        table(
            ("what", "a second"),
            [
                ["pgbench, the same statements, one client", f"{theirs:.0f}"],
                ["the store, one client", f"{ours:.0f}"],
                ["ratio", f"{ours / theirs:.2f}"],
                ["pairs over HTTP, eight clients", f"{rate:.0f}"],
                ["ratio of pairs to pgbench's holds", f"{rate / theirs:.2f}"],
            ],
        ),
        conditions(PostgreSQL=service.server.version, statements=len(statements)),
    )
    database.close()
    assert service.overlaps() == 0


def _pairs(service: Running) -> float:
    found = load(
        "closed",
        url=service.url,
        key=service.key,
        pairs=2_000,
        clients=8,
        practitioners=PRACTITIONERS,
        patients=PATIENTS,
        seed=1,
    )
    assert found["statuses"] == {"hold 201": 2_000, "confirm 200": 2_000}
    return float(2_000 / found["seconds"])


def test_open_load(service: Running) -> None:
    """70 searches, 20 holds and 10 confirmations a second, 5 % of the holds on hot slots."""
    found = load(
        "open",
        url=service.url,
        key=service.key,
        seconds=SECONDS,
        practitioners=PRACTITIONERS,
        patients=PATIENTS,
        seed=2,
    )
    errors = {s: n for s, n in found["statuses"].items() if s.split()[-1].startswith("5")}
    overlaps = service.overlaps()
    possible, made = found["possible"], found["made"]
    write(
        "The service under load",
        f"70 searches, 20 holds and 10 confirmations a second for {SECONDS:.0f} s, open loop:"
        " latency counts from when a request should have been sent. 5 % of the holds are for five"
        " slots that everybody wants. A hold is possible where its slot is free when the holds"
        " that were made are replayed in order.",
        table(LATENCY, [_row(kind, found[kind]) for kind in ("all", "search", "hold", "confirm")]),
        table(
            ("what", "figure"),
            [
                ["answers by status", json.dumps(found["statuses"])],
                ["possible holds made", f"{made} of {possible} ({100 * made / possible:.2f} %)"],
                ["5xx", sum(errors.values())],
                ["overlaps in the claims afterwards", overlaps],
            ],
        ),
        conditions(PostgreSQL=service.server.version, seed=2, processes=2),
    )
    assert not errors
    assert overlaps == 0


def test_volume(service: Running) -> None:
    """A million bookings: how long until it is ready again, and how fast lists are."""
    began = time.perf_counter()
    service.fill(int(os.environ.get("ALLOCATOR_BENCH_BOOKINGS", "1000000")))
    filled = time.perf_counter() - began
    seconds = service.restart()
    began = time.perf_counter()
    service.call("GET", "/health/ready")
    rows = []
    for path in (
        "/v1/bookings?limit=50",
        "/v1/bookings?limit=50&state=booked",
        "/v1/bookings?limit=50&from=2011-01-03T00:00:00Z&to=2011-01-10T00:00:00Z",
        "/v1/bookings?limit=50&person=patient-7",
        "/v1/bookings?limit=50&resource=practitioner-7",
        "/v1/audit?limit=50",
    ):
        taken = []
        for _ in range(40):
            began = time.perf_counter()
            service.call("GET", path)
            taken.append(1000 * (time.perf_counter() - began))
        taken.sort()
        rows.append([path, f"{taken[20]:.1f}", f"{taken[38]:.1f}", f"{taken[-1]:.1f}"])
    claims = service.sql("SELECT count(*) FROM claim")[0][0]
    write(
        "The service with a million bookings",
        f"{claims:,} claims. Filled behind the service's back in {filled:.0f} s; then killed"
        f" (-9, database and all) and started: ready after {seconds:.1f} s.",
        table(("list, 50 a page", "p50, ms", "p95", "most"), rows),
        conditions(PostgreSQL=service.server.version),
    )


def test_expiry(service: Running) -> None:
    """How long after its end an expired hold's place is booked by somebody else."""
    waits = []
    for number in range(20):
        start = MONDAY + timedelta(days=7 * (2000 + number))
        body = {
            "service": "physio",
            "start": start.isoformat(),
            "resources": {"practitioner": ["practitioner-0"], "room": ["room-0"]},
        }
        held: dict[str, Any] = service.call("POST", "/v1/holds", body)
        ends = service.shorten(held["id"], seconds=0.3)
        while True:
            try:
                service.call("POST", "/v1/holds", body)
                break
            except OSError:
                time.sleep(0.01)
        waits.append(1000 * (time.time() - ends))
    waits.sort()
    write(
        "Expired holds",
        "Milliseconds from the end of a hold until the same place is held by somebody else, who"
        " asks every 10 ms.",
        table(("p50", "most"), [[f"{waits[10]:.0f}", f"{waits[-1]:.0f}"]]),
        conditions(PostgreSQL=service.server.version, holds=len(waits)),
    )

"""Thousands of pending requests: read, placed and published; and what a solve is to those beside.

``ALLOCATOR_BENCH_VISITS`` says how many visits wait, 17,600 where nothing is said: those of some
10,000 requests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from benchmarks.figures import conditions, table, write
from benchmarks.service.running import Running, furnish, load, running
from service.conftest import scope, vanishing
from sqlalchemy import Engine, create_engine, text

from allocator.client import Client, Solve
from allocator.domain.problem import Problem
from allocator.frames import read_problem
from allocator.generate import clinic as generated
from allocator.solve import Params, solve
from api.auth.principal import Principal, Role
from api.demo import clinic as demonstration
from api.demo import next_week
from api.embedded import EmbeddedServer
from api.solving import queue
from api.solving.clinic import clinic
from api.solving.outcome import document
from api.solving.publishing import Publisher
from api.store.database import Database, engine_url
from api.store.migrate import migrate
from api.store.world import Worlds
from api.usecases import importing, tenants
from api.usecases.tx import Tx

pytestmark = pytest.mark.benchmark

T = TypeVar("T")
VISITS = int(os.environ.get("ALLOCATOR_BENCH_VISITS", "17600"))
#: Seconds in which they are placed; how well does not matter here.
SECONDS = float(os.environ.get("ALLOCATOR_BENCH_SOLVE_SECONDS", "120"))
#: Seconds of the booking load beside a solve.
LOAD_SECONDS = float(os.environ.get("ALLOCATOR_BENCH_BESIDE_SECONDS", "120"))
PRACTITIONERS, PATIENTS = 40, 4_000


def test_many_requests_are_read_and_published(tmp_path: Path) -> None:
    """Built from the database, and published, each by one process."""
    problem = next_week(
        generated(visits=VISITS, weeks=8, booked=False, seed=1), datetime.now().date()
    )
    with vanishing(tmp_path / "data") as folder, EmbeddedServer(folder) as server:
        migrate(server.url("allocator_owner"))
        owner = create_engine(engine_url(server.url("allocator_owner")))
        tenant, _ = brought_in(owner, problem)
        figures = _published(server, tenant, problem)
        claims = _counted(owner, tenant)
        owner.dispose()
    write(
        "Thousands of requests at once",
        f"`allocator generate clinic --visits {VISITS} --weeks 8 --empty --seed 1`: all of its"
        " requests wait in a database that waits for the disk. The problem is built from it; what"
        f" a solve of {SECONDS:.0f} s places is published. Wall time, one process.",
        table(("what", "how many", "seconds"), figures(claims)),
        conditions(PostgreSQL=server.version),
    )


def brought_in(owner: Engine, problem: Problem) -> tuple[int, str]:
    """Bring a clinic in as a tenant of its own; return its number, and a key."""
    with owner.begin() as connection:
        now = connection.execute(text("SELECT now()")).scalar_one()
        tenant = importing.bring_in(connection, now, problem, ref="batches", name="Batches").tenant
        key = tenants.first_key(connection, tenant, "bench", Role.ADMINISTRATOR)
    with owner.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return tenant, key


def _counted(owner: Engine, tenant: int) -> int:
    with owner.begin() as connection:
        scope(connection, tenant)
        count: int = connection.execute(text("SELECT count(*) FROM claim")).scalar_one()
        return count


def _published(
    server: EmbeddedServer, tenant: int, problem: Problem
) -> Callable[[int], list[list[object]]]:
    """Read what waits, place it, and publish it; return the rows of a table."""
    database, worlds = Database(server.url("allocator_worker"), size=2), Worlds()
    who = Principal(tenant=tenant, actor="bench", role=Role.ADMINISTRATOR)

    def run(work: Callable[[Tx], T]) -> T:
        return database.run(
            tenant,
            lambda connection, now: work(
                Tx(connection=connection, now=now, principal=who, worlds=worlds)
            ),
        )

    days = {"first": problem.horizon.first.isoformat(), "days": problem.horizon.days}
    began = time.perf_counter()
    found = run(lambda tx: clinic(tx, queue.parsed(days)))
    built = time.perf_counter() - began
    result = solve(found.problem, Params(time_limit_seconds=SECONDS, workers=1))
    answer = json.dumps(document(result, found, ()))

    def keep(tx: Tx) -> Any:
        row = queue.ask(tx, days, publish=False)
        done = {"id": row.id, "answer": answer}
        tx.connection.execute(_SOLVED, done)
        return row.uid

    uid = run(keep)
    began = time.perf_counter()
    done = Publisher(database, worlds, who).publish(uid)
    published = time.perf_counter() - began
    database.close()
    assert not done.lost
    return lambda claims: [
        ["requests in the problem built", f"{len(found.requests):,}", f"{built:.2f}"],
        ["requests published", f"{len(done.booked):,}", f"{published:.2f}"],
        ["visits of these", f"{result.visits_placed:,}", ""],
        ["claims of these", f"{claims:,}", ""],
    ]


_SOLVED = text(
    "UPDATE solve SET state = 'solved', ended_at = now(), result = CAST(:answer AS jsonb)"
    " WHERE id = :id"
)


@contextmanager
def worker(environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Let a worker run, in a group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.worker"],
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def solving(folder: Path) -> Iterator[tuple[Running, Client, dict[str, str]]]:
    """A service in which the requests of the demonstration clinic wait, beside another tenant."""
    with running(folder) as service:
        furnish(service, practitioners=PRACTITIONERS, patients=PATIENTS)
        owner = create_engine(engine_url(service.server.url("allocator_owner")))
        problem = next_week(read_problem(demonstration()), datetime.now().date())
        _, key = brought_in(owner, problem)
        owner.dispose()
        environment = {
            "ALLOCATOR_RELAY_DATABASE_URL": service.server.url("allocator_relay"),
            "ALLOCATOR_WORKER_DATABASE_URL": service.server.url("allocator_worker"),
        }
        with Client(service.url, key) as client:
            yield service, client, environment


def until(client: Client, name: str, true: Callable[[Solve], bool]) -> Solve:
    """Wait until a solve stands so."""
    deadline = time.monotonic() + 300
    while not true(found := client.solves.read(name)):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def placed(found: Solve) -> int:
    """Return how many visits the best schedule so far places."""
    return int((found.progress or {}).get("visits_placed", 0))


def test_bookings_beside_a_solve(tmp_path: Path) -> None:
    """The open load of the service's benchmark, with a solve on the same two cores."""
    with solving(tmp_path / "data") as (service, client, environment), worker(environment):
        asked = client.solves.ask(time_limit_seconds=int(LOAD_SECONDS) + 300)
        until(client, asked.id, lambda found: placed(found) > 0)
        found = load(
            "open",
            url=service.url,
            key=service.key,
            seconds=LOAD_SECONDS,
            practitioners=PRACTITIONERS,
            patients=PATIENTS,
            seed=6,
        )
        still = client.solves.read(asked.id)
        client.solves.cancel(asked.id)
        overlaps = service.overlaps()
    errors = {s: n for s, n in found["statuses"].items() if s.split()[-1].startswith("5")}
    kinds = ("all", "search", "hold", "confirm")
    columns = ("requests", "mean", "p50", "p95", "p99", "max")
    rows = [
        [kind, f"{found[kind]['requests']:,}", *(f"{found[kind][c]:.1f}" for c in columns[1:])]
        for kind in kinds
    ]
    write(
        "Bookings beside a solve",
        f"70 searches, 20 holds and 10 confirmations a second for {LOAD_SECONDS:.0f} s, open loop,"
        " while all requests of the demonstration clinic are placed on the same machine: one"
        f" worker, one thread, nice 10. The solve was {still.state} when the load ended, with"
        f" {placed(still):,} visits placed.",
        table(("request", "how many", "mean, ms", "p50", "p95", "p99", "most"), rows),
        conditions(PostgreSQL=service.server.version, seed=6, processes=2),
    )
    assert still.state == "running"
    assert not errors
    assert overlaps == 0


def test_a_killed_worker(tmp_path: Path) -> None:
    """kill -9 of a worker with all that it has started: how soon its solve goes on elsewhere."""
    rows = []
    with solving(tmp_path / "data") as (_, client, environment):
        asked = client.solves.ask(time_limit_seconds=600)
        with worker(environment) as process:
            until(client, asked.id, lambda found: placed(found) > 0)
            time.sleep(5)
            before = client.solves.read(asked.id)
            mortal = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
            for part in mortal:
                part.send_signal(signal.SIGKILL)
            killed = time.perf_counter()
        with worker(environment):
            until(client, asked.id, lambda found: found.attempt == 2)
            rows.append(["taken by another worker", f"{time.perf_counter() - killed:.1f}", ""])
            told = (before.progress or {}).get("seconds")
            after = until(
                client,
                asked.id,
                lambda found: (found.progress or {}).get("seconds") != told,
            )
            rows.append(
                ["tells how it stands", f"{time.perf_counter() - killed:.1f}", placed(after)]
            )
            client.solves.cancel(asked.id)
            until(client, asked.id, lambda found: found.ended)
    write(
        "A killed worker",
        "All requests of the demonstration clinic are being placed;"
        f" {placed(before):,} visits were when the worker was killed (-9) with its solve. Another"
        " worker is there at once.",
        table(("its solve", "seconds after the kill", "visits placed"), rows),
        conditions(),
    )
    assert placed(after) >= placed(before)

"""How fast the service suggests, and how soon a process knows what another has booked."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from benchmarks.figures import conditions, table, write
from benchmarks.service.running import Running, furnish, load, running
from benchmarks.service.suggesting import CLIENTS
from sqlalchemy import create_engine, text

from api.store.database import engine_url

pytestmark = pytest.mark.benchmark

PRACTITIONERS, PATIENTS, DAYS = 12, 1_000, 90
#: Seconds of each load.
SECONDS = float(os.environ.get("ALLOCATOR_BENCH_SUGGEST_SECONDS", "60"))
#: Suggestions a second, to see up to which p95 stays under 25 ms.
RATES = (100, 125, 150, 175, 200, 225, 250, 275, 300)
BERLIN = ZoneInfo("Europe/Berlin")

#: One in so many places of the days ahead: a visit with its practitioner and room.
FILL = (
    """
    INSERT INTO booking (tenant_id, uid, ref, spec, state, service, starts_at, created_by)
    SELECT :tenant, gen_random_uuid(), 'fill-' || p || '-' || d || '-' || n,
           '{"steps": [{"service": "physio"}]}', 'booked', 'physio',
           ((current_date + d) + time '08:00') AT TIME ZONE 'Europe/Berlin'
               + n * interval '45 minutes', 'fill'
    FROM generate_series(0, :practitioners - 1) AS p, generate_series(1, :days) AS d,
         generate_series(0, 12) AS n
    WHERE extract(isodow FROM current_date + d) < 6
      AND hashint4(p * 7919 + d * 104729 + n) % :every = 0
    """,
    """
    INSERT INTO visit (tenant_id, uid, booking_id, occurrence, step, service, span, resources,
                       state)
    SELECT :tenant, gen_random_uuid(), id, 1, 1, 'physio',
           tstzrange(starts_at, starts_at + interval '45 minutes'),
           jsonb_build_object(
               'practitioner', jsonb_build_array('practitioner-' || split_part(ref, '-', 2)),
               'room', jsonb_build_array('room-' || split_part(ref, '-', 2))), 'booked'
    FROM booking WHERE tenant_id = :tenant AND created_by = 'fill'
    """,
    """
    INSERT INTO claim (tenant_id, resource_id, visit_id, role, lane, span, state)
    SELECT :tenant, resource.id, visit.id, filled.key, 0, visit.span, 'booked'
    FROM visit, jsonb_each(visit.resources) AS filled, resource
    WHERE visit.tenant_id = :tenant AND resource.tenant_id = :tenant
      AND resource.ref = filled.value ->> 0
    """,
    "ANALYZE",
)


def fill(service: Running, *, days: int = DAYS, every: int = 2) -> int:
    """Book one in so many places behind the service's back; return how many visits it is."""
    engine = create_engine(engine_url(service.server.url("allocator_owner")))
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('allocator.tenant', :tenant, true)"),
            {"tenant": str(service.tenant)},
        )
        what = {"practitioners": PRACTITIONERS, "days": days, "every": every}
        what["tenant"] = service.tenant
        for statement in FILL:
            connection.execute(text(statement), what)
    engine.dispose()
    return int(service.sql("SELECT count(*) FROM visit")[0][0])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with two API processes, on data that waits for the disk, half booked."""
    with running(tmp_path_factory.mktemp("service") / "data") as started:
        furnish(started, practitioners=PRACTITIONERS, patients=PATIENTS)
        fill(started)
        yield started


def asked(service: Running, rate: float, bookings: float, seconds: float, seed: int) -> Any:
    return load(
        "suggest",
        url=service.url,
        key=service.key,
        seconds=seconds,
        rate=rate,
        bookings=bookings,
        patients=PATIENTS,
        days=DAYS - 15,
        seed=seed,
    )


def row(name: str, found: dict[str, float]) -> list[object]:
    return [
        name,
        f"{found['requests']:,}",
        *(f"{found[key]:.1f}" for key in ("mean", "p50", "p95", "p99", "max")),
    ]


LATENCY = ("request", "how many", "mean, ms", "p50", "p95", "p99", "most")


def test_suggestions_under_load(service: Running) -> None:
    """150 suggestions a second while 20 of what was suggested are booked; then rising rates."""
    asked(service, 20, 5, 5, seed=1)  # every process has read its index
    found = asked(service, 150, 20, SECONDS, seed=2)
    rising = []
    best = 0
    for number, rate in enumerate(RATES):
        step = asked(service, rate, 20, max(5.0, SECONDS / 4), seed=10 + number)["suggestions"]
        rising.append([rate, *(f"{step[key]:.1f}" for key in ("p50", "p95", "p99"))])
        if step["p95"] >= 25:
            break
        best = rate
    visits = service.sql("SELECT count(*) FROM visit")[0][0]
    overlaps = service.overlaps()
    write(
        "Suggestions over HTTP",
        f"{PRACTITIONERS} practitioners and {PRACTITIONERS} rooms, {DAYS} days at 15 minutes, half"
        f" booked ({visits:,} visits in the end), {PATIENTS:,} patients, five suggestions for each"
        " question: half of them near to a time, half within two weeks. 150 questions and 20"
        f" bookings of what was suggested a second for {SECONDS:.0f} s, open loop, from {CLIENTS}"
        " clients with connections of their own; two processes of the API, the load generator on"
        " the same cores.",
        table(LATENCY, [row(kind, found[kind]) for kind in ("suggestions", "booking")]),
        table(
            ("what", "figure"),
            [
                ["answers by status", json.dumps(found["statuses"])],
                ["overlaps in the claims afterwards", overlaps],
                ["highest rate with p95 under 25 ms, bookings at 20 a second", best],
            ],
        ),
        "Rising rates, bookings at 20 a second:",
        table(("suggestions a second", "p50, ms", "p95", "p99"), rising),
        conditions(PostgreSQL=service.server.version, seed=2, processes=2),
    )
    assert overlaps == 0
    assert not any(status.split()[-1].startswith("5") for status in found["statuses"])


def test_following(tmp_path_factory: pytest.TempPathFactory, service: Running) -> None:
    """From a booking's answer by one process until another no longer suggests its place."""
    zone = BERLIN
    day = datetime.now(zone).date() + timedelta(days=7)
    day += timedelta(days=-day.weekday() % 7)
    waits, late = [], 0
    for number in range(200):
        start = datetime.combine(day, datetime.min.time(), zone) + timedelta(
            days=number // 25, hours=8, minutes=15 * (number % 25)
        )
        window = {"start": start.isoformat(), "end": (start + timedelta(minutes=45)).isoformat()}
        body = {"service": "physio", "windows": [window], "limit": 1}
        offered = service.call("POST", "/v1/suggestions", body)["suggestions"]
        if not offered:
            continue
        service.call("POST", "/v1/bookings", {"token": offered[0]["token"]})
        began = time.perf_counter()
        while True:
            now = service.call("POST", "/v1/suggestions", body)["suggestions"]
            if not now or now[0]["visits"] != offered[0]["visits"]:
                break
            late += 1
        waits.append(1000 * (time.perf_counter() - began))
    waits.sort()
    write(
        "Suggestions follow bookings",
        "A place is booked, and asked for again at once, of whichever of two processes: until the"
        " first answer that knows of it, the time of the question included.",
        table(
            ("bookings", "answers that did not know of it", "p50, ms", "p99", "most"),
            [
                [
                    len(waits),
                    late,
                    f"{waits[len(waits) // 2]:.1f}",
                    f"{waits[int(len(waits) * 0.99)]:.1f}",
                    f"{waits[-1]:.1f}",
                ]
            ],
        ),
        conditions(PostgreSQL=service.server.version, processes=2),
    )


def test_reading(service: Running) -> None:
    """How long the first question of a process takes, which reads the index."""
    today = date.today()
    rows = []
    for _ in range(5):
        service.restart()
        began = time.perf_counter()
        service.call("POST", "/v1/suggestions", {"service": "physio", "limit": 1})
        rows.append(1000 * (time.perf_counter() - began))
    rows.sort()
    visits = service.sql("SELECT count(*) FROM visit WHERE upper(span) > now()")[0][0]
    write(
        "The index of what is free, read",
        f"The first question after a start reads {visits:,} visits ahead of {today}.",
        table(("p50, ms", "most"), [[f"{rows[2]:.0f}", f"{rows[-1]:.0f}"]]),
        conditions(PostgreSQL=service.server.version, at=datetime.now(UTC).date()),
    )

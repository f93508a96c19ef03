"""The waitlist: how much of what is cancelled is taken again, and how soon it is offered."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from benchmarks.figures import conditions, table, write
from benchmarks.refilling import ACCEPTS, EARLIER, JOINS, SILENT, Refilled, Stream
from benchmarks.service.running import Running, furnish, running
from benchmarks.test_service_suggest import BERLIN, PRACTITIONERS, fill

from allocator.generate.stream import stream

pytestmark = pytest.mark.benchmark

#: Weeks of a stream, those of them that only fill the clinic, and how many streams.
WEEKS, BEFORE, SEEDS = 12, 2, (1, 2, 3)
#: Those who wait, days that are booked full, and cancellations.
ENTRIES, DAYS, CANCELLED = 300, 14, 50


def test_what_is_cancelled_is_taken_again() -> None:
    """The same people ask and cancel, with what comes free offered to those who wait and not."""
    rows = []
    for load in (75, 85, 95):
        problems = [(seed, stream("small", load, seed, weeks=WEEKS)) for seed in SEEDS]
        some = [(s, p, p.horizon.start + timedelta(weeks=BEFORE)) for s, p in problems]
        for name, backfill in (("no", False), ("yes", True)):
            rows.append(_row(load, name, [Stream(p, backfill, s).run(f) for s, p, f in some]))
    write(
        "Waitlist: cancelled time taken again",
        f"A small clinic (33 appointments a day when full), {WEEKS} weeks, its requests one at a"
        " time in the order in which they come in; each is suggested five places and takes one, or"
        " none (`allocator.replay.Chooser`), 16.4 % of those who book cancel. Of those who take"
        f" none {100 * JOINS:.0f} % join the waitlist, and {100 * EARLIER:.0f} % of those who are"
        f" booked a day or more after the one wanted; {100 * ACCEPTS:.0f} % accept what they are"
        f" offered, {100 * SILENT:.0f} % are silent until its time is over, the others decline, at"
        " any moment (assumed). With the"
        " default terms. Cancelled time is that of practitioners, from the"
        f" {BEFORE + 1}rd week on; it is taken again by whoever has it in the end: those who ask"
        f" later have some of it anyway. {len(SEEDS)} streams: means, with the least and the most.",
        table(
            (
                *("load, %", "backfill", "visits cancelled", "time taken again, %"),
                *("of less than 2 days' notice, %", "requests served, %"),
                *("waiting", "offers", "accepted", "of these moved earlier"),
            ),
            rows,
        ),
        conditions(seeds="1 to 3"),
    )


def _row(load: int, name: str, runs: list[Refilled]) -> list[object]:
    """Return what streams come to together, and the least and the most of each."""

    def share(of: str) -> str:
        some = [100 * getattr(one, of) for one in runs]
        return f"{sum(some) / len(some):.1f} ({min(some):.1f} to {max(some):.1f})"

    many = ("cancelled", "waited", "offers", "accepted", "moved")
    cancelled, *others = (sum(getattr(one, of) for one in runs) for of in many)
    shares = [share(of) for of in ("share", "share_soon", "served")]
    return [load, name, cancelled, *shares, *others]


@contextmanager
def working(service: Running) -> Iterator[None]:
    """A worker beside."""
    environment = {
        **os.environ,
        "ALLOCATOR_RELAY_DATABASE_URL": service.server.url("allocator_relay"),
        "ALLOCATOR_WORKER_DATABASE_URL": service.server.url("allocator_worker"),
    }
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-m", "api.worker"]
    process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def test_from_a_cancellation_to_its_offer(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A full clinic with a long waitlist; one visit after the other is cancelled."""
    folder: Path = tmp_path_factory.mktemp("backfill") / "data"
    with running(folder, processes=1) as service:
        furnish(service, practitioners=PRACTITIONERS, patients=ENTRIES)
        visits = fill(service, days=DAYS, every=1)
        service.sql("UPDATE booking SET ref = CAST(uid AS text) RETURNING id")  # as all others
        for number in range(ENTRIES):
            _join(service, number)
        with working(service):
            _until(service, lambda: _looked(service))
            times = [_cancelled(service, number) for number in range(CANCELLED)]
        overlaps = service.overlaps()
    times.sort()
    shares = [times[int(share * (len(times) - 1))] for share in (0.5, 0.95, 1)]
    write(
        "Waitlist: from a cancellation to its offer",
        f"{PRACTITIONERS} practitioners and as many rooms, full for {DAYS} days ({visits:,}"
        f" visits); {ENTRIES} people wait, each for a visit on one of these days. {CANCELLED}"
        " visits are cancelled, one after the other: from the answer to that until the API tells of"
        " the offer, asked every 5 ms. One process of the API, one worker, on data that waits for"
        " the disk.",
        table(
            ("cancelled", "p50, ms", "p95", "most", "overlaps in the claims"),
            [[len(times), *(f"{1000 * one:.0f}" for one in shares), overlaps]],
        ),
        conditions(PostgreSQL=service.server.version),
    )
    assert overlaps == 0


def _day(number: int) -> datetime:
    """A working day of those that are booked."""
    days = [date.today() + timedelta(days=n) for n in range(2, DAYS)]
    some = [day for day in days if day.weekday() < 5]
    return datetime.combine(some[number % len(some)], datetime.min.time(), BERLIN)


def _join(service: Running, number: int) -> None:
    day = _day(number)
    window = {"start": day.isoformat(), "end": (day + timedelta(days=1)).isoformat()}
    body = {"service": "physio", "attendees": [f"patient-{number}"], "windows": [window]}
    service.call("POST", "/v1/waitlist", body)


def _looked(service: Running) -> bool:
    return bool(service.sql("SELECT count(*) FROM waitlist WHERE NOT looked")[0][0] == 0)


def _offered(service: Running) -> int:
    return len(service.call("GET", "/v1/waitlist?state=offered&limit=200")["items"])


def _cancelled(service: Running, number: int) -> float:
    """Cancel a visit; return the seconds until it is offered."""
    start = _day(number) + timedelta(hours=8, minutes=45 * (number % 13))
    found = service.sql(
        "SELECT uid FROM booking WHERE state = 'booked' AND created_by = 'fill'"
        f" AND starts_at = '{start.isoformat()}' ORDER BY id LIMIT 1"
    )
    before = _offered(service)
    service.call("POST", f"/v1/bookings/{found[0][0]}/cancel")
    began = time.perf_counter()
    _until(service, lambda: _offered(service) > before)
    return time.perf_counter() - began


def _until(service: Running, true: object) -> None:
    assert callable(true)
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)

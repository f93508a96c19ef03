"""How long loading, checking and stopping take."""

from __future__ import annotations

import signal
import time
import tracemalloc
from pathlib import Path

import pytest
from benchmarks.figures import conditions, table, write
from cli.running import start

from allocator.check.check import check
from allocator.domain.schedule import Schedule
from allocator.frames import read_problem, write_problem
from allocator.generate import clinic

pytestmark = pytest.mark.benchmark

DATA = Path(__file__).parents[2] / "data"


def test_loading_ten_thousand_requests(tmp_path: Path) -> None:
    """Reading and validating 10,000 requests from CSV and from JSON."""
    problem = clinic(requests=9_700, booked=False, seed=1)
    rows = []
    for form in ("clinic", "clinic.json"):
        path = tmp_path / form
        write_problem(problem, path)
        began = time.perf_counter()
        loaded = read_problem(path)
        taken = time.perf_counter() - began
        assert len(loaded.requests) >= 10_000
        tracemalloc.start()
        read_problem(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        rows.append(
            [
                "CSV folder" if form == "clinic" else "JSON",
                f"{len(loaded.requests):,}",
                f"{len(loaded.resources):,}",
                f"{taken:.2f}",
                f"{peak / 1e6:.0f}",
            ]
        )
    write(
        "Loading",
        "Reading and validating a generated clinic.",
        table(("form", "requests", "resources", "seconds", "peak memory, MB"), rows),
        conditions(seed=1),
    )


def test_checking_twenty_thousand_visits() -> None:
    """Every twin on a schedule of 20,000 visits: the bookings of a large generated clinic."""
    problem = clinic(requests=4_100, seed=1)
    schedule = Schedule(assignments=problem.published)
    assert len(schedule) >= 20_000
    began = time.perf_counter()
    found = check(problem, schedule)
    taken = time.perf_counter() - began
    assert found.valid
    write(
        "Checking",
        f"{len(schedule):,} visits of {len(problem.resources):,} resources, every rule's plain"
        f" check and every goal's score, preparation included: {taken:.2f} s.",
        conditions(seed=1),
    )


def test_ctrl_c(tmp_path: Path) -> None:
    """From Ctrl-C to the end of the command, after 3, 6 and 9 seconds of the demonstration."""
    rows = []
    for after in (3.0, 6.0, 9.0):
        process = start("solve", DATA / "clinic-demo", "--json", cwd=tmp_path)
        time.sleep(after)
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        rows.append([f"{after:g}", f"{time.perf_counter() - began:.2f}", process.returncode])
    write(
        "Ctrl-C",
        "`allocator solve data/clinic-demo --json`, interrupted.",
        table(("after, s", "until the answer, s", "exit code"), rows),
        conditions(),
    )

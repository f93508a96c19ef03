"""How often one hears of a solve, and how soon it has ended once it is cancelled."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from benchmarks.figures import conditions, table, write

from allocator.client import Client
from allocator.frames import read_problem
from api.demo import clinic, next_week
from api.demo_service import seeded, serving

pytestmark = pytest.mark.benchmark

#: Solves, and the seconds after which each is cancelled.
SOLVES, AFTER = 6, (2, 4, 8, 12, 16, 20)


def test_following_and_cancelling() -> None:
    """All requests of the demonstration clinic wait; each solve is cancelled while it improves."""
    problem = next_week(read_problem(clinic()), datetime.now().date())
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ALLOCATOR_")}
    gaps: list[float] = []
    rows = []
    with TemporaryDirectory(prefix="allocator-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with (
            serving(folder / "data", environment) as url,
            Client(url, seeded(problem, folder, environment)) as client,
        ):
            client.requests.create_many(problem.requests)
            for after in AFTER[:SOLVES]:
                rows.append(_cancelled(client, after, gaps))
    gaps.sort()
    write(
        "Following and cancelling a solve",
        f"{len(problem.requests):,} requests of the demonstration clinic wait, and nothing is"
        " booked. A solve is cancelled so many seconds after it has begun; what is told is"
        " the time until whoever follows it by server-sent events hears that it has ended, and"
        " how many visits its result places.",
        table(("cancelled after, s", "ended after, s", "phase", "visits placed"), rows),
        f"Between two events lay {gaps[len(gaps) // 2]:.2f} s as a rule, and {gaps[-1]:.2f} s at"
        f" most ({len(gaps):,} gaps).",
        conditions(),
    )


def _cancelled(client: Client, after: int, gaps: list[float]) -> list[object]:
    """Cancel a solve; return how long that took, and what came of it."""
    asked = client.solves.ask(time_limit_seconds=120)
    began, cancelled, last, phase = 0.0, 0.0, time.perf_counter(), ""
    for news in client.solves.follow(asked.id):
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
        if news.state == "running" and not began:
            began = now
        if began and not cancelled and now >= began + after:
            phase = (news.progress or {}).get("phase", "preparing")
            client.solves.cancel(asked.id)
            cancelled = time.perf_counter()
    took = time.perf_counter() - cancelled
    found = client.solves.read(asked.id)
    placed = len((found.result or {}).get("visits", ()))
    return [after, f"{took:.2f}", phase, f"{placed:,}"]

"""How much of what can be served for certain is served, of clinics that are nearly full."""

from __future__ import annotations

import pytest
from benchmarks.figures import conditions, table, write

from allocator.check.check import check
from allocator.domain.schedule import Schedule
from allocator.generate.planted import planted
from allocator.solve.params import Params
from allocator.solve.solve import solve

pytestmark = pytest.mark.benchmark

#: Seconds by how many visits are asked for.
LIMITS = {1000: 60.0, 5000: 120.0}
WORKERS = 2


def test_planted_clinics() -> None:
    """Of each class, the share of its value that is served, all of which can be."""
    rows = []
    for visits, limit in LIMITS.items():
        problem, _ = planted(visits)
        nothing = list(check(problem, Schedule()).objective.values())
        result = solve(problem, Params(time_limit_seconds=limit, workers=WORKERS))
        served = [
            f"{100 * (1 - level.cost / most):.2f} %"
            for level, most in zip(result.levels, nothing, strict=True)
            if level.total is not None and most
        ]
        rows.append(
            [
                f"{result.visits:,}",
                f"{limit:g}",
                " / ".join(served),
                f"{result.requests_served:,} of {result.requests:,}",
                f"{result.visits_placed:,}",
                f"{result.first_schedule_seconds or limit:.2f}",
                f"{result.seconds:.1f}",
            ]
        )
    write(
        "Planted clinics",
        "Clinics of which everything can be served for certain: a schedule is made first, until"
        " nobody finds a place any more, with some 90 % of the staff's time booked; and each of its"
        " visits is asked for again, on its own day or one day before or after. The share of the"
        f" value of each class that is served; {WORKERS} workers.",
        table(
            (
                "visits",
                "limit, s",
                "value served",
                "requests served",
                "visits placed",
                "first schedule, s",
                "seconds",
            ),
            rows,
        ),
        conditions(seed=0),
    )

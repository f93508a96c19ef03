"""Comfort of a clinic of 600 visits, against one model of the whole given ten times as long."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from benchmarks.figures import conditions, table, write

from allocator.generate import clinic
from allocator.goals import GOALS
from allocator.rules import RULES
from allocator.solve.budget import Budget
from allocator.solve.direct import prove
from allocator.solve.incumbent import Incumbent
from allocator.solve.params import Params
from allocator.solve.solve import solve
from allocator.solve.work import Work

pytestmark = pytest.mark.benchmark

VISITS, WEEKS = 600, 8
#: Seconds and workers of a solve, and of one model of the whole.
LIMIT, WORKERS = 60.0, 2
LONG, THREADS = 600.0, 8


class Course:
    """When the first schedule was found, and when the last better one."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.first: float | None = None
        self.last: float | None = None
        self._costs: tuple[int, ...] | None = None

    def __call__(self, best: Incumbent | None, bounds: Sequence[int | None], level: str) -> None:
        if best is not None and best.costs != self._costs:
            self._costs = best.costs
            self.last = self.budget.seconds
            self.first = self.last if self.first is None else self.first


def costs_of(levels: Sequence[int]) -> str:
    return " / ".join(f"{cost:,}" for cost in levels)


def bounds_of(levels: Sequence[int | None]) -> str:
    return " / ".join("no bound" if bound is None else f"{bound:,}" for bound in levels)


def when(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f}"


def test_comfort_against_one_model() -> None:
    """The same clinic by a solve of a minute, and as one model given ten minutes and no hint."""
    problem = clinic(visits=VISITS, weeks=WEEKS, booked=False, seed=1)
    result = solve(problem, Params(time_limit_seconds=LIMIT, workers=WORKERS))
    rows = [
        [
            f"solve, {WORKERS} workers",
            f"{LIMIT:g}",
            costs_of([level.cost for level in result.levels]),
            bounds_of([level.bound for level in result.levels]),
            f"{result.visits_placed} of {result.visits}",
            when(result.first_schedule_seconds),
            f"{result.seconds:.1f}",
        ]
    ]
    params = Params(time_limit_seconds=LONG, workers=THREADS)
    budget = Budget(LONG)
    work = Work(problem, params, budget, None, RULES, GOALS)
    course = Course(budget)
    floors = [None] * len(work.book.levels)
    proof = prove(
        work.book, work.frozen, work.free, work.must, None, floors, params, budget, course
    )
    best = proof.best
    placed = 0 if best is None else sum(best.placements[v] is not None for v in work.free)
    rows.append(
        [
            f"one model, {THREADS} workers",
            f"{LONG:g}",
            "none found" if best is None else costs_of(best.costs),
            bounds_of(proof.bounds),
            f"{placed} of {len(work.free)}, group sessions included",
            when(course.first),
            f"{budget.seconds:.1f}",
        ]
    )
    write(
        "Comfort at 600 visits, against one model",
        f"`allocator generate clinic --visits {VISITS} --weeks {WEEKS} --empty --seed 1`, solved,"
        " and as one CP-SAT model with intervals of all visits, which knows of no schedule to begin"
        " with. Costs and bounds by level: what is missed of each class, then comfort.",
        table(
            ("how", "limit, s", "cost by level", "bounds", "visits placed", "first, s", "seconds"),
            rows,
        ),
        f"The last better schedule of the one model came after {when(course.last)} s.",
        conditions(seed=0),
    )

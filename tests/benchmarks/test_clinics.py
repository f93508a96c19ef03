"""How good schedules of generated clinics are, how soon, and how near the bound."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
from benchmarks.figures import conditions, table, write

from allocator.frames import read_problem
from allocator.generate import clinic
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import Result
from allocator.solve.solve import solve

pytestmark = pytest.mark.benchmark

DATA = Path(__file__).parents[2] / "data"
SEEDS = range(5)
LIMIT = 30.0
LONG = 300.0


class Watch:
    """Notes when the served levels were proved."""

    def __init__(self, served: int) -> None:
        self.served = served
        self.proved: float | None = None

    def __call__(self, news: Progress) -> None:
        pairs = list(zip(news.costs, news.bounds, strict=False))[: self.served]
        done = len(pairs) == self.served and all(b is not None and c <= b for c, b in pairs)
        if done and self.proved is None:
            self.proved = news.seconds


def percent(share: float | None) -> str:
    return "no bound" if share is None else f"{100 * share:.2f} %"


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def served_gaps(result: Result) -> list[float | None]:
    return [level.gap for level in result.levels if level.total is not None]


def row_of(name: object, result: Result) -> list[object]:
    gaps = ", ".join(percent(gap) for gap in served_gaps(result))
    return [
        name,
        seconds(result.first_schedule_seconds),
        f"{result.requests_served} of {result.requests}",
        f"{result.visits_placed} of {result.visits}",
        gaps,
        f"{result.levels[-1].cost:,}",
        percent(result.levels[-1].gap),
        seconds(result.seconds),
    ]


HEAD = (
    "seed",
    "first schedule, s",
    "requests served",
    "visits placed",
    "gap of each served level",
    "comfort",
    "gap of comfort",
    "seconds",
)


def test_demonstration_clinic() -> None:
    """The clinic of ``make demo``, five seeds of the solver, 30 s each."""
    problem = read_problem(DATA / "clinic-demo")
    results = [
        solve(problem, Params(time_limit_seconds=LIMIT, workers=8, seed=seed)) for seed in SEEDS
    ]
    first = median(r.first_schedule_seconds or 0 for r in results)
    worst = max(max(g for g in served_gaps(r) if g is not None) for r in results)
    write(
        "Demonstration clinic",
        f"`data/clinic-demo`, {LIMIT:g} s, 8 workers. Median first schedule after {first:.2f} s;"
        f" widest gap of a served level over all seeds {percent(worst)}.",
        table(HEAD, [row_of(seed, r) for seed, r in zip(SEEDS, results, strict=True)]),
        conditions(),
    )


@pytest.mark.parametrize("name", ["clinic-overloaded", "clinic-small-85", "clinic-large-95"])
def test_other_clinics(name: str) -> None:
    """Other folders of data/, one seed each."""
    result = solve(read_problem(DATA / name), Params(time_limit_seconds=LIMIT, workers=8))
    write(f"{name}", f"`data/{name}`, {LIMIT:g} s.", table(HEAD, [row_of(0, result)]), conditions())


def test_sixty_six_visits() -> None:
    """Five clinics of about 66 visits: served levels proved, and how near all levels come."""
    rows = []
    for seed in SEEDS:
        problem = clinic(visits=66, weeks=2, booked=False, seed=seed + 1)
        levels = len({r.priority for r in problem.requests})
        watch = Watch(levels)
        result = solve(
            problem, Params(time_limit_seconds=LIMIT, workers=8, seed=seed), on_progress=watch
        )
        rows.append([*row_of(seed + 1, result), seconds(watch.proved)])
    write(
        "66 visits",
        "`allocator generate clinic --visits 66 --weeks 2 --empty --seed N`, "
        f"{LIMIT:g} s, 8 workers.",
        table((*HEAD, "served levels proved after, s"), rows),
        conditions(),
    )


@pytest.mark.parametrize(("visits", "weeks"), [(66, 2), (100, 3), (150, 4)])
def test_comfort_against_the_optimum(visits: int, weeks: int) -> None:
    """Comfort after 30 s against the best schedule and the bound of a run ten times as long."""
    problem = clinic(visits=visits, weeks=weeks, booked=False, seed=1)
    short = solve(problem, Params(time_limit_seconds=LIMIT, workers=8))
    long = solve(problem, Params(time_limit_seconds=LONG, workers=8))
    after, best = short.levels[-1].cost, long.levels[-1].cost
    bound = long.levels[-1].bound
    write(
        f"Comfort at {visits} visits",
        f"`allocator generate clinic --visits {visits} --weeks {weeks} --empty --seed 1`:"
        f" comfort {after:,} after {LIMIT:g} s, {best:,} after {LONG:g} s"
        f" (proved: at least {bound if bound is None else f'{bound:,}'}), so"
        f" {percent((after - best) / max(1, best))} above the best known.",
        table(HEAD, [row_of(f"0, {LIMIT:g} s", short), row_of(f"0, {LONG:g} s", long)]),
        conditions(),
    )

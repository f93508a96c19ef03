"""The sets of ``allocator bench``: costs by their own scorers, and how they fell over time.

Each takes as long as its limits say; one by itself with ``-k``. Instances that lie in no folder
here are skipped.
"""

from __future__ import annotations

import re
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import altair as alt
import pytest
from benchmarks.figures import PAGE, conditions, table, write

from allocator.bench.case import Case
from allocator.bench.run import Run, run
from allocator.bench.sets import Unknown, data_folder, select, set_named
from allocator.plots import save, style
from allocator.solve.params import Params

pytestmark = pytest.mark.benchmark

WORKERS = 8
WIDTH, HEIGHT = 250, 130


@dataclass(frozen=True)
class Plan:
    """Instances of a set, with limits in seconds, and how many seeds."""

    title: str
    of: str
    limits: dict[str, float]
    seeds: int

    @property
    def slug(self) -> str:
        """Its title as part of a file's name."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower())


COURSES = tuple(f"comp{number:02}" for number in range(1, 22))
PLANS = (
    Plan("Meetings", "meetings", dict.fromkeys(("50", "100", "200"), 60.0), 5),
    Plan("Meetings, half the time", "meetings", dict.fromkeys(("50", "100", "200"), 30.0), 5),
    Plan("Larger meetings", "meetings", dict.fromkeys(("made-400", "made-800"), 60.0), 1),
    Plan(
        "Overloaded clinics",
        "clinic",
        {"overloaded-1000": 60.0, "overloaded-5000": 120.0, "overloaded-20000": 300.0},
        1,
    ),
    Plan("Clinic of 600 visits", "clinic", {"visits-600": 60.0}, 1),
    Plan("Courses", "cbctt", dict.fromkeys(COURSES, 300.0), 1),
    Plan("Classes, soon proved", "itc2019", {"lums-sum17": 10.0, "bet-sum18": 60.0}, 5),
    Plan("Classes", "itc2019", {"tg-fal17": 600.0, "lums-spr18": 600.0}, 1),
)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.slug)
def test_set(plan: Plan) -> None:
    """All runs, their medians beside what others published, and the course of each."""
    rows: list[list[object]] = []
    pictures: list[alt.Chart] = []
    for name, limit in plan.limits.items():
        of = set_named(plan.of)
        try:
            (source,) = select(of, data_folder() / of.name, [name])
        except Unknown as missing:
            pytest.skip(str(missing))
        case = source.case()
        settings = [
            Params(time_limit_seconds=limit, workers=WORKERS, seed=seed)
            for seed in range(plan.seeds)
        ]
        runs = [run(case, params) for params in settings]
        assert not [wrong for one in runs for wrong in (*one.broken, *one.disputed)]
        rows += _rows(case, limit, runs)
        pictures += _courses(case, runs)
    picture = PAGE.parent / "benchmarks" / f"{plan.slug}.svg"
    save(alt.concat(*pictures, columns=3), picture)
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    write(
        plan.title,
        f"`allocator bench {plan.of} {' '.join(plan.limits)}`, {WORKERS} workers,"
        f" seeds 0 to {plan.seeds - 1}. Costs are the scorer's; below each instance what others"
        " reach. A level's gap is to the library's own bound: of the value served, or of the cost.",
        table(
            ("instance", "limit, s", "cost by level", "gap", "first schedule, s", "seconds"), rows
        ),
        f"![How costs fell](benchmarks/{picture.name})",
        conditions(**{"most memory": f"{gib:.1f} GiB"}),
    )


def _rows(case: Case, limit: float, runs: Sequence[Run]) -> list[list[object]]:
    """Return a row for the median by cost, one for the worst, and one for each known result."""
    ranked = sorted(runs, key=lambda one: one.rank)
    some = {"": ranked[0]}
    if len(runs) > 1:
        some = {", median": ranked[len(ranked) // 2], ", worst": ranked[-1]}
    firsts = median(one.first_schedule_seconds or limit for one in runs)
    rows: list[list[object]] = [
        [
            case.name + what,
            f"{limit:g}",
            " / ".join(f"{cost:,}" for cost in one.levels.values()),
            " / ".join(_gap(gap) for gap in one.gaps.values()),
            f"{firsts:.2f}",
            f"{median(each.seconds for each in runs):.1f}",
        ]
        for what, one in some.items()
    ]
    rows += [
        [
            who,
            "",
            known if isinstance(known, str) else " / ".join(f"{k:,}" for k in known),
            *[""] * 3,
        ]
        for who, known in case.known.items()
    ]
    return rows


def _gap(gap: float | None) -> str:
    return "no bound" if gap is None else f"{100 * gap:.1f} %" if gap else "proved"


def _courses(case: Case, runs: Sequence[Run]) -> list[alt.Chart]:
    """Draw how each level's cost fell that fell at all, a line for each seed."""
    charts = []
    for number, name in enumerate(runs[0].levels):
        rows = [
            {"seconds": seconds, "cost": costs[number], "seed": str(one.seed)}
            for one in runs
            for seconds, costs in (*one.course, (one.seconds, one.course[-1][1]))
        ]
        if len({row["cost"] for row in rows}) > 1:
            charts.append(
                alt.Chart(style.data(rows))
                .mark_line(interpolate="step-after", strokeWidth=1.5)
                .encode(
                    x=alt.X(
                        "seconds:Q", scale=alt.Scale(nice=False), axis=style.axis(title="seconds")
                    ),
                    y=alt.Y("cost:Q", scale=alt.Scale(zero=False), axis=style.axis(title="cost")),
                    color=alt.Color(
                        "seed:N",
                        legend=None,
                        scale=alt.Scale(
                            range=[style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY]
                        ),
                    ),
                )
                .properties(width=WIDTH, height=HEIGHT, title=style.title(case.name, name))
            )
    return charts

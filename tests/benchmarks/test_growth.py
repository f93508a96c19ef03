"""How time and memory grow with the size of a clinic, up to its first schedule."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import altair as alt
import pytest
from benchmarks.figures import PAGE, conditions, table, write

from allocator.frames import write_problem
from allocator.generate import clinic
from allocator.plots import save, style

pytestmark = pytest.mark.benchmark

SIZES = (250, 500, 1000, 2000, 4000, 8000)
WEEKS = 8
STEPS = {"load": "read", "prepare": "prepared", "insert": "inserted and checked"}
TESTS = Path(__file__).parents[1]


def measured(folder: Path) -> dict[str, float]:
    """Return what a process of its own measures."""
    path = os.pathsep.join((str(TESTS.parent), str(TESTS)))
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.growing", str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(told.stdout)
    return figures


def total(figures: dict[str, float]) -> float:
    """Return the seconds of all steps."""
    return sum(figures[step] for step in STEPS)


def test_growth(tmp_path: Path) -> None:
    """Clinics of the same load, each twice as large as the one before."""
    found = []
    for size in SIZES:
        folder = tmp_path / str(size)
        write_problem(clinic(visits=size, weeks=WEEKS, booked=False, seed=1), folder)
        found.append(measured(folder))
    factors = ["", *(f"{total(b) / total(a):.2f}" for a, b in pairwise(found))]
    rows = [
        [
            f"{one['visits']:,.0f}",
            f"{one['placed']:,.0f}",
            f"{one['resources']:,.0f}",
            *(f"{one[step]:.2f}" for step in STEPS),
            f"{total(one):.2f}",
            factor,
            f"{one['memory']:.0f}",
        ]
        for one, factor in zip(found, factors, strict=True)
    ]
    picture = PAGE.parent / "benchmarks" / "growth.svg"
    save(_lines(found), picture)
    write(
        "Growth",
        f"`allocator generate clinic --visits N --weeks {WEEKS} --empty --seed 1`: from its CSV"
        " folder to the first schedule that is checked, each in a process of its own. Processor"
        " time; the factor is to the row before, of half the size.",
        table(
            (
                "visits",
                "placed",
                "resources",
                *(f"{done}, s" for done in STEPS.values()),
                "in all, s",
                "factor",
                "most memory, MB",
            ),
            rows,
        ),
        f"![Seconds with size](benchmarks/{picture.name})",
        conditions(seed=1),
    )


def _lines(found: list[dict[str, float]]) -> alt.Chart:
    """Draw the seconds of each step with size, both in doublings."""
    rows = [
        {"visits": one["visits"], "seconds": one[step], "step": done}
        for one in found
        for step, done in STEPS.items()
    ]
    return (
        alt.Chart(style.data(rows))
        .mark_line(point=True, strokeWidth=1.5)
        .encode(
            x=alt.X(
                "visits:Q",
                scale=alt.Scale(type="log", base=2),
                axis=style.axis(title="visits", values=list(SIZES)),
            ),
            y=alt.Y(
                "seconds:Q",
                scale=alt.Scale(type="log", base=2),
                axis=style.axis(title="seconds"),
            ),
            color=alt.Color(
                "step:N",
                title=None,
                sort=list(STEPS.values()),
                scale=alt.Scale(range=[style.BLUE, style.ORANGE, style.GREEN]),
            ),
        )
        .properties(width=420, height=240, title=style.title("Growth", "to the first schedule"))
    )

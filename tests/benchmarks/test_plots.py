"""How soon plots and the report of a large schedule are drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from benchmarks.figures import conditions, table, write

from allocator.generate import clinic
from allocator.plots import History, before_after, load, progress, report, save, unplaced, week
from allocator.plots.extra import require
from allocator.plots.left_out import SECONDS
from allocator.solve import Params, solve

pytestmark = pytest.mark.benchmark


def seconds(draw: Callable[[], object], tries: int = 3) -> float:
    """Return the processor time of a call, the median of three tries."""
    spent = []
    for _ in range(tries):
        began = time.process_time()
        draw()
        spent.append(time.process_time() - began)
    return median(spent)


def test_plots(tmp_path: Path) -> None:
    """Every plot, as a chart and as a file, and the report with reasons and without."""
    began = time.process_time()
    require()
    loading = time.process_time() - began
    problem, history = clinic("large", 95, seed=1, weeks=17), History()
    result = solve(problem, Params(time_limit_seconds=30, seed=0), on_progress=history)
    schedule = result.schedule
    assert schedule is not None
    charts: dict[str, Callable[[], Any]] = {
        "week": lambda: week(problem, schedule),
        "day": lambda: week(problem, schedule, view="day"),
        "month": lambda: week(problem, schedule, view="month"),
        "load": lambda: load(problem, schedule),
        "unplaced": lambda: unplaced(schedule),
        "progress": lambda: progress(history, problem=problem),
        "before and after": lambda: before_after(problem, None, schedule),
    }
    lines, whole = [], 0.0
    for name, draw in charts.items():
        chart, spent = draw(), [seconds(draw)]
        for ending in ("svg", "png"):
            file = tmp_path / f"chart.{ending}"
            spent.append(seconds(lambda chart=chart, file=file: save(chart, file)))  # type: ignore[misc]
        whole += spent[0]
        lines.append((name, *(f"{one:.2f}" for one in spent)))
    page = report(problem, result, history=history, explain=0)
    drawn = seconds(lambda: report(problem, result, history=history, explain=0))
    explained = seconds(lambda: report(problem, result, history=history))
    serving = sum(resource.kind != "patient" for resource in problem.resources)
    write(
        "Plots",
        f"`allocator generate clinic --size large --load 95 --weeks 17 --seed 1`, solved in 30 s:"
        f" {len(schedule):,} visits placed, {serving} resources that serve. All plots together"
        f" {whole:.2f} s as charts; the report {drawn:.2f} s, and {explained:.2f} s with the"
        f" reasons of the most urgent requests that are left out, which stop after"
        f" {SECONDS:.0f} s. It weighs"
        f" {len(page.encode()) / 1e6:.1f} MB. Loading Altair, once in a process, took"
        f" {loading:.2f} s. Processor time, medians of three.",
        table(("plot", "chart, s", "as SVG, s", "as PNG, s"), lines),
        conditions(altair=version("altair"), seed=0),
    )

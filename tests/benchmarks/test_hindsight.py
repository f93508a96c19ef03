"""What is served when each takes its first suggestion, against a solve that knows them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import fmean

import pytest
from benchmarks.figures import conditions, table, write

from allocator.domain.objective import COMFORT, Level, served_first
from allocator.domain.problem import Problem
from allocator.generate import stream
from allocator.replay import Chooser, replay
from allocator.solve import Params, solve

pytestmark = pytest.mark.benchmark

#: Size of a clinic, its seeds, and the time limit of a solve in seconds.
CLINICS = (("small", range(3), 60.0), ("medium", range(1), 180.0))
LOADS, WEEKS = (75, 85, 95), 6
#: Everybody takes what is suggested first, and comes.
FIRST = Chooser(content=1e9, walk_away=1e9, cancels=0.0)
#: Goals of comfort that are left out: none, or that visits lie near the time wanted.
HEEDED = {"heeded": frozenset[str](), "left out": frozenset({"near_wanted"})}


def comfort_without(problem: Problem, some: frozenset[str]) -> Problem:
    """Return a problem with all goals but some."""
    served = served_first(request.priority for request in problem.requests)
    goals = tuple((goal, weight) for goal, weight in COMFORT if goal not in some)
    return replace(problem, levels=(*served, Level(name="comfort", goals=goals)))


def first_served(problem: Problem) -> tuple[float, float, float]:
    """Return the share served by first suggestions, and how far from the time wanted."""
    asked = replay(problem, chooser=FIRST).asked
    booked = asked[asked["outcome"] == "booked"]
    return (
        float(booked["weight"].sum() / asked["weight"].sum()),
        float(booked["hours_off"].mean()),
        float(booked["days_off"].mean()),
    )


def solved(problem: Problem, limit: float) -> tuple[float, float]:
    """Return the share that a solve serves, and the most that any schedule serves."""
    alone = replace(problem, relations=(), precedences=())
    result = solve(alone, Params(time_limit_seconds=limit, workers=2, seed=1))
    levels = [level for level in result.levels if level.total is not None]
    whole = sum(level.total or 0 for level in levels)
    return (
        1 - sum(level.cost for level in levels) / whole,
        1 - sum(level.bound or 0 for level in levels) / whole,
    )


def measured() -> Iterator[tuple[object, ...]]:
    """Yield a row for each clinic, load and way of ranking."""
    for size, seeds, limit in CLINICS:
        for load in LOADS:
            streams = [stream(size, load, seed, weeks=WEEKS) for seed in seeds]
            batch = [solved(problem, limit) for problem in streams]
            for name, some in HEEDED.items():
                first = [first_served(comfort_without(problem, some)) for problem in streams]
                apart = [100 * (f[0] / b[0] - 1) for f, b in zip(first, batch, strict=True)]
                yield (
                    size,
                    f"{load} %",
                    len(streams),
                    f"{fmean(len(problem.requests) for problem in streams):,.0f}",
                    name,
                    f"{100 * fmean(f[0] for f in first):.1f}",
                    f"{100 * fmean(b[0] for b in batch):.1f}",
                    f"{100 * fmean(b[1] for b in batch):.1f}",
                    f"{fmean(apart):+.1f} ({min(apart):+.1f} to {max(apart):+.1f})",
                    f"{fmean(f[1] for f in first):.1f}",
                    f"{fmean(f[2] for f in first):.1f}",
                )


def test_first_suggestions_against_hindsight() -> None:
    """At three loads, with and without wishes for a time."""
    limits = " and ".join(f"{limit:.0f} s for a {size} one" for size, _, limit in CLINICS)
    write(
        "First suggestions against hindsight",
        f"A clinic with nothing booked and the requests of {WEEKS} weeks, one at a time in the"
        " order in which they come in. Each takes its first suggestion, whatever it is, nobody"
        " cancels, and whoever finds nothing goes. Against it a solve that knows all requests"
        f" beforehand ({limits}, two workers), and the bound that it proves: no schedule serves"
        " more. Served is in percent of the weight asked for. Wishes for a time are heeded as"
        " usual, or left out (`near_wanted` without weight: the earliest in each request's windows"
        " comes first).",
        table(
            (
                *("clinic", "load", "seeds", "requests", "wishes for a time"),
                *("served, %", "with hindsight", "bound", "apart, % (least to most)"),
                *("hours off", "days off"),
            ),
            list(measured()),
        ),
        conditions(),
    )

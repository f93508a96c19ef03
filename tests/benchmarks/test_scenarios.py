"""Studies of the demonstration clinic: how long they take, again, side by side, and warm."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from benchmarks.figures import PAGE, conditions, table, write

from allocator import Schedule, read_problem
from allocator.domain.problem import Problem
from allocator.generate import clinic as made
from allocator.scenario import (
    Capacity,
    Carers,
    Change,
    Close,
    Demand,
    Extend,
    Hire,
    Leave,
    Limits,
    Open,
    Rules,
    Scenario,
    Study,
    Weigh,
    figures,
    moves,
)
from allocator.scenario.study import carried
from allocator.solve import Params, Result, solve

pytestmark = pytest.mark.benchmark

DATA = PAGE.parents[1] / "data"
SECONDS = 20.0
#: What a planner of the demonstration clinic may ask.
ASKED: dict[str, tuple[Change, ...]] = {
    "as it is": (),
    "half a physiotherapist more": (Hire(like="physio-1", id="physio-3", percent=50),),
    "one more doctor": (Hire(like="doctor-1", id="doctor-3"),),
    "gym closed on Fridays": (Close(resources=("gym-1",), weekdays=frozenset({4})),),
    "open until 20:00": (Open(kind="practitioner", start_minute=17 * 60, end_minute=20 * 60),),
    "an hour longer": (Extend(kind="practitioner", minutes=60),),
    "carers may change": (Carers(most=None),),
    "15 % more": (Demand(percent=15),),
    "15 % less": (Demand(percent=-15),),
    "a doctor leaves": (Leave(resources=("doctor-2",)),),
    "continuity counts twice": (Weigh(goal="same_carer", weight=1200),),
    "rooms for two": (Capacity(kind="room", lanes=2),),
}


def clinic() -> Problem:
    """Return the demonstration clinic."""
    return read_problem(DATA / "clinic-demo")


def scenarios(base: Problem) -> tuple[Scenario, ...]:
    """Return the twelve."""
    return tuple(Scenario(name=name, base=base, changes=some) for name, some in ASKED.items())


def seconds(began: float) -> str:
    return f"{time.perf_counter() - began:.2f}"


def test_a_study(tmp_path: Path) -> None:
    """Twelve scenarios, twice: solved, then read from disk."""
    base = clinic()
    rows = []
    params = Params(time_limit_seconds=SECONDS, workers=1)
    for run in ("solved", "unchanged, read from disk"):
        began = time.perf_counter()
        study = Study(scenarios=scenarios(base), options={"": params}, folder=tmp_path)
        outcomes = study.run()
        rows.append([run, len(outcomes), seconds(began)])
        assert not outcomes.failures
    began = time.perf_counter()
    compared = list(outcomes.compare())
    rows.append(["all figures compared", len(compared), seconds(began)])
    write(
        "A study of twelve scenarios",
        "The demonstration clinic, so many outcomes (or figures), seconds in all:"
        f" {SECONDS:g} s and one core for each, processes for as many as there are cores.",
        table(("what", "how many", "seconds"), rows),
        conditions(seed=0),
    )


def served(result: Result) -> list[float]:
    """Return the value served by level, and the cost of comfort below 0."""
    return [
        level.served if level.served is not None else -float(level.cost) for level in result.levels
    ]


def test_a_warm_start() -> None:
    """From the schedule of the base in a third of the time, against a cold start in all of it."""
    base = clinic()
    params = Params(time_limit_seconds=30.0, workers=1)
    first = solve(base, params)
    assert first.schedule is not None
    rows = []
    for name in ("half a physiotherapist more", "a doctor leaves", "15 % less"):
        problem = Scenario(name=name, base=base, changes=ASKED[name]).problem
        cold = solve(problem, params)
        third = replace(params, time_limit_seconds=params.time_limit_seconds / 3)
        warm = solve(problem, third, start=carried(first.schedule, problem))
        for what, result in (("cold, 30 s", cold), ("warm, 10 s", warm)):
            values = " / ".join(f"{value:,.0f}" for value in served(result))
            rows.append([name, what, values, f"{result.seconds:.1f}"])
        better = served(warm) >= served(cold)
        rows.append([name, "warm is as good", "yes" if better else "no", ""])
    write(
        "Scenarios from a warm start",
        "The demonstration clinic. Value served by priority, then the cost of comfort with a minus;"
        " an earlier one counts first. Warm starts from the schedule of the clinic as it is.",
        table(("scenario", "start", "served / comfort", "seconds"), rows),
        conditions(seed=0, workers=1),
    )


def test_two_schedules_compared() -> None:
    """Of some 5,000 visits: what moved, whom to tell, and the figures of both."""
    problem = made(visits=7_000, load="overloaded", booked=False, seed=1)
    result = solve(problem, Params(time_limit_seconds=30.0, workers=2))
    assert result.schedule is not None
    later = Schedule(
        assignments=tuple(
            replace(a, start=a.start + timedelta(days=7), end=a.end + timedelta(days=7))
            if number % 3 == 0
            else a
            for number, a in enumerate(result.schedule.assignments)
        )
    )
    began = time.perf_counter()
    found = moves((problem, result.schedule), (problem, later))
    tell = {id for move in found for id in move.tell()}
    moved = seconds(began)
    began = time.perf_counter()
    some = figures(problem, result.schedule)
    told = seconds(began)
    write(
        "Two schedules compared",
        "An overloaded clinic; a third of its visits lie a week later in the second schedule.",
        table(
            ("what", "how many", "seconds"),
            [
                ["visits placed", f"{len(later):,}", ""],
                ["moves and whom to tell", f"{len(found):,} and {len(tell):,}", moved],
                ["figures of a schedule", len(some), told],
            ],
        ),
        conditions(seed=0),
    )


def test_a_hundred_scenarios() -> None:
    """What a hundred scenarios and their outcomes weigh."""
    base = clinic()
    some = tuple(
        Scenario(name=f"{percent} %, {limit} minutes", base=base).then(
            Demand(percent=percent),
            Limits(kind="practitioner", limits=base.resources[0].limits),
            Rules(off=() if limit else ("breaks",)),
        )
        for percent in range(-20, 30)
        for limit in (0, 1)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    study = Study(scenarios=some, options={"": Params(time_limit_seconds=1.0, workers=1)})
    outcomes = study.run()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert len(outcomes) == 100
    write(
        "A hundred scenarios",
        "The demonstration clinic with other demand, one second for each: most memory of the"
        " process that keeps all of them, of which before the study, and of a process that solves.",
        table(
            ("what", "MiB"),
            [
                ["in all", f"{own / 1024:,.0f}"],
                ["before the study", f"{before / 1024:,.0f}"],
                ["a process that solves", f"{child / 1024:,.0f}"],
            ],
        ),
        conditions(seed=0),
    )

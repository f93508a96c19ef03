"""Tiny days that are run, with what chance does to each visit given by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
from tiny import at, problem, request

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.simulate import Exactly, Simulation, Uncertainty, simulate


def placed(visit: str, day: int, hour: float, minutes: int, **roles: str) -> Assignment:
    """Return an assignment of a visit at a wall time, such as 9.5, with one resource a role."""
    start = at(day, 0) + timedelta(hours=hour)
    session = roles.pop("session", None)
    return Assignment(
        visit=visit,
        start=start,
        end=start + timedelta(minutes=minutes),
        resources=tuple((role.replace("__", ":"), (id,)) for role, id in roles.items()),
        session=session,
    )


def schedule(*assignments: Assignment) -> Schedule:
    """Return a schedule."""
    return Schedule(assignments=assignments)


def longer(factor: float, **lengths: float) -> Uncertainty:
    """Return where all visits, and those of some services, last longer than planned."""
    return Uncertainty(
        length=Exactly(factor), lengths=tuple((s, Exactly(f)) for s, f in lengths.items())
    )


def run(some: Problem, plan: Schedule, uncertainty: Uncertainty, **more: Any) -> Simulation:
    """Run a day twice: what is certain comes out alike."""
    return simulate(some, plan, uncertainty, **{"runs": 2, **more})


def delays(simulation: Simulation) -> dict[str, float]:
    """Return by visit how many minutes late it begins in the first run."""
    return dict(zip(simulation.visits["visit"], simulation.delay[:, 0].tolist(), strict=True))


def waits(simulation: Simulation) -> dict[str, float]:
    """Return by visit how many minutes people wait in the first run."""
    return dict(zip(simulation.visits["visit"], simulation.waiting[:, 0].tolist(), strict=True))


def workday(simulation: Simulation, resource: str) -> dict[str, float]:
    """Return what the first workday of a resource comes to in the first run."""
    [place, *_] = simulation.workdays.index[simulation.workdays["resource"] == resource]
    return {
        "work": float(simulation.work[place, 0]),
        "overtime": float(simulation.overtime[place, 0]),
        "idle": float(simulation.idle[place, 0]),
    }


def figure(simulation: Simulation, measure: str, column: str = "mean") -> float:
    """Return one of the figures."""
    told: pd.DataFrame = simulation.figures().set_index("measure")
    return float(told.loc[measure, column])


def three(**more: Any) -> tuple[Problem, Schedule]:
    """Return three visits of an hour with Ann, at 8, 9 and 11; she works from 8 to 12."""
    some = problem(request("A"), request("B"), request("C"), grain=15, **more)
    return some, schedule(
        placed("A", 0, 8, 60, practitioner="ann"),
        placed("B", 0, 9, 60, practitioner="ann"),
        placed("C", 0, 11, 60, practitioner="ann"),
    )

"""Schedules compared under the same chance, and the cheapest by a planner's prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.prepare.prepared import Prepared
from allocator.report.intervals import mean_and_reach
from allocator.report.notebook import shown
from allocator.simulate.distributions import Draws
from allocator.simulate.forward import Attendance
from allocator.simulate.simulate import RUNS, simulate_prepared
from allocator.simulate.simulation import Simulation
from allocator.simulate.uncertainty import Uncertainty


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a minute costs, in any unit; only how they stand to each other matters.

    Attributes
    ----------
    waiting, overtime, idle
        Of a minute that people wait, of a minute that a resource works outside its hours, and of
        one in which it has nothing to do between its first and its last visit.
    held
        What each visit that takes place is worth. Where candidates have different visits, as with
        overbooking, it must not be 0, or the fewest visits would be the cheapest.

    Raises
    ------
    InvalidProblem
        Where one is below 0.
    """

    waiting: float
    overtime: float
    idle: float
    held: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            Fault(
                FaultCode.WRONG_NUMBER,
                "prices",
                "",
                f"Prices: {name} costs {price:g}; at least 0.",
            )
            for name in self.__slots__
            if not (price := getattr(self, name)) >= 0
        ]
        if faults:
            raise InvalidProblem(faults)

    def cost(self, simulation: Simulation, kind: str = "") -> Draws:
        """Return what a schedule costs in each run: all its visits, all workdays of a kind."""
        days = (simulation.workdays["kind"] == simulation.kind(kind)).to_numpy()
        cost = self.waiting * np.nansum(simulation.waiting, axis=0)
        cost = cost + self.overtime * simulation.overtime[days].sum(axis=0)
        cost = cost + self.idle * simulation.idle[days].sum(axis=0)
        held: Draws = (simulation.attendance == Attendance.HELD).sum(axis=0)
        return cost - self.held * held


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """Candidates compared.

    Attributes
    ----------
    frame
        A row for each candidate, in the order given: ``candidate``; ``visits``, and ``held``, on
        average; ``waiting``, ``long_waits``, ``overtime``, ``idle`` (as ``Simulation.figures`` has
        them); ``cost`` on average over the runs; ``difference`` from the first candidate's, under
        the same chance, with ``low`` and ``high``, between which it lies with 95 % confidence;
        ``shown``, whether these agree that it is more, or less.
    cheapest
        The candidate with the least cost.
    simulations
        By candidate.
    """

    frame: pd.DataFrame
    cheapest: str
    simulations: Mapping[str, Simulation]

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row for each candidate."""
        return shown(self.frame)


def choose(
    candidates: Mapping[str, tuple[Problem, Schedule]],
    prices: Prices,
    uncertainty: Uncertainty | None = None,
    *,
    kind: str = "",
    runs: int = RUNS,
    seed: int = 0,
) -> Choice:
    """Run schedules forward under the same chance, and find the cheapest.

    A visit has the same luck in every schedule that has it (common random numbers), so that
    differences are told apart in few runs.

    Parameters
    ----------
    candidates
        By name, the schedules with their problems; the first is what the others are compared to.
    prices
        What waiting, overtime and idle time cost.
    uncertainty
        What may come otherwise; by default ``Uncertainty.from_profile()``.
    kind
        The kind of resource whose overtime and idle time count; by default practitioners.
    runs, seed
        As for ``simulate``.

    Raises
    ------
    ValueError
        Where there is no candidate.
    """
    if not candidates:
        raise ValueError("There is nothing to choose from: 0 candidates; at least 1.")
    chance = uncertainty or Uncertainty.from_profile()
    distinct = {id(problem): problem for problem, _ in candidates.values()}
    prepared = {key: Prepared(problem) for key, problem in distinct.items()}
    simulations, costs = {}, {}
    for name, (problem, schedule) in candidates.items():
        run = simulate_prepared(prepared[id(problem)], schedule, chance, runs, seed)
        simulations[name], costs[name] = run, prices.cost(run, kind)
    base = next(iter(costs.values()))
    rows = [_row(name, run, kind, costs[name], base) for name, run in simulations.items()]
    return Choice(
        frame=pd.DataFrame(rows),
        cheapest=min(costs, key=lambda name: float(costs[name].mean())),
        simulations=simulations,
    )


def _row(name: str, run: Simulation, kind: str, cost: Draws, base: Draws) -> dict[str, object]:
    told = run.figures(kind).set_index("measure")["mean"]
    difference, reach = mean_and_reach(cost - base)
    low, high = difference - reach, difference + reach
    return {
        "candidate": name,
        "visits": len(run.visits),
        "held": float((run.attendance == Attendance.HELD).sum(axis=0).mean()),
        "waiting": told["waiting"],
        "long_waits": told["long waits"],
        "overtime": told["overtime"],
        "idle": told["idle"],
        "cost": float(cost.mean()),
        "difference": difference,
        "low": low,
        "high": high,
        "shown": low > 0 or high < 0,
    }

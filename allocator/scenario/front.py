"""Trade-offs: how much of one goal has to be given for how much of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from allocator.domain.faults import FaultCode
from allocator.report.notebook import shown
from allocator.scenario.changes import Weigh
from allocator.scenario.changes.change import refuse
from allocator.scenario.outcome import Outcome
from allocator.scenario.outcomes import Outcomes
from allocator.scenario.scenario import Scenario
from allocator.scenario.study import ONE_CORE, Study
from allocator.solve.params import Params

if TYPE_CHECKING:
    from pandas import DataFrame


#: A step of a goal's weight is at least so much, so that the 1 in place of none is next to nothing.
FINE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A schedule, by what is missed of each goal.

    Attributes
    ----------
    weights
        Of the goals, with which it was found.
    amounts
        Missed of each goal, in the goal's unit; less is better.
    on_front
        Whether no other point is at least as good in every goal, and better in one.
    outcome
        Where it comes from.
    """

    weights: tuple[int, ...]
    amounts: tuple[int, ...]
    on_front: bool
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The points of a trade-off between two or three goals.

    Attributes
    ----------
    goals, units
        Names of the goals, and of their amounts.
    points
        In order of the first goal's amount.
    outcomes
        Of the study behind it, with those that failed or came to no schedule: they are no points.
    """

    goals: tuple[str, ...]
    units: tuple[str, ...]
    points: tuple[Point, ...]
    outcomes: Outcomes

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row for each point."""
        return shown(self.frame())

    def frame(self) -> DataFrame:
        """Return a row for each point: each goal's amount and weight, and ``on_front``."""
        from pandas import DataFrame

        return DataFrame(
            [
                {
                    **dict(zip(self.goals, point.amounts, strict=True)),
                    **{
                        f"weight of {goal}": weight
                        for goal, weight in zip(self.goals, point.weights, strict=True)
                    },
                    "on_front": point.on_front,
                    "seed": point.outcome.params.seed,
                }
                for point in self.points
            ]
        )


def front(
    scenario: Scenario,
    goals: Sequence[str],
    *,
    steps: int = 6,
    seeds: tuple[int, ...] = (0,),
    params: Params = ONE_CORE,
    folder: Path | str | None = None,
    executor: Executor | None = None,
) -> Front:
    """Find what can be had of two or three goals together, at the levels before them.

    Each point is a solve with other weights, in proportion to those of the scenario: the goals'
    shares of their sum go in so many steps from none (a weight of 1, so that nothing is given
    away for nothing) to all. Weights are whole numbers: where a step of them would be less than
    ten, all weights of the level are multiplied first, which changes nothing in how they stand to
    each other. Points found so lie on the convex part of the front (the weighting
    method: Ehrgott, *Multicriteria Optimization*, chapter 3).

    Parameters
    ----------
    scenario
        What is looked at.
    goals
        Names of goals that weigh something in it.
    steps
        Steps from all weight on one goal to all on another.
    seeds, params, folder, executor
        As for a ``Study``.

    Returns
    -------
    Front
        All points; some may be worse in everything than others, which is where the solver
        stopped too early.

    Raises
    ------
    InvalidProblem
        Where there are fewer than two goals or more than three, one weighs nothing, or they are
        of different levels, which are never traded for each other.
    """
    names = tuple(goals)
    weighed = {goal: weight for one in scenario.problem.objective for goal, weight in one.goals}
    if not 2 <= len({*names}) == len(names) <= 3:
        said = f"A trade-off is between 2 or 3 different goals; here are {len(names)}."
        raise refuse(FaultCode.WRONG_NUMBER, "study", "", said)
    if steps < 1:
        said = f"A trade-off of {steps} steps; at least 1 is needed."
        raise refuse(FaultCode.WRONG_NUMBER, "study", "", said)
    for name in names:
        if not weighed.get(name):
            said = f"Goal {name} weighs nothing in scenario {scenario.name}."
            raise refuse(FaultCode.UNKNOWN_NAME, "goal", name, said)
    levels = [one for one in scenario.problem.objective if {*names} & {*dict(one.goals)}]
    if len(levels) > 1:
        said = (
            f"The goals {', '.join(names)} are of {len(levels)} levels,"
            f" {' and '.join(one.name for one in levels)}; a trade-off is inside 1."
        )
        raise refuse(FaultCode.CONTRADICTION, "study", "", said)
    least = len(names) * min(weighed[name] for name in names)
    times = max(1, -(-FINE * steps // least))
    others = [
        Weigh(goal=goal, weight=times * weight)
        for goal, weight in levels[0].goals
        if goal not in names and times > 1
    ]
    some: dict[str, tuple[tuple[int, ...], Scenario]] = {}
    for shares in _shares(len(names), steps):
        weights = tuple(
            max(1, times * len(names) * weighed[name] * share // steps)
            for name, share in zip(names, shares, strict=True)
        )
        changes = [Weigh(goal=g, weight=w) for g, w in zip(names, weights, strict=True)] + others
        name = ", ".join(f"{g} {w}" for g, w in zip(names, weights, strict=True))
        some[name] = (weights, scenario.then(*changes, name=name))
    outcomes = Study(
        scenarios=tuple(one for _, one in some.values()),
        seeds=seeds,
        options={"": params},
        folder=folder,
    ).run(executor)
    found = []
    units: dict[str, str] = {}
    for one in outcomes:
        if one.result is not None and one.schedule is not None:
            scores = {goal.goal: goal for goal in one.result.goals}
            units |= {name: scores[name].unit for name in names if name in scores}
            amounts = tuple(scores[name].amount if name in scores else 0 for name in names)
            found.append((some[one.scenario.name][0], amounts, one))
    return Front(
        goals=names,
        outcomes=outcomes,
        units=tuple(units.get(name, "") for name in names),
        points=tuple(
            Point(weights=weights, amounts=amounts, on_front=on_front, outcome=one)
            for (weights, amounts, one), on_front in sorted(
                zip(found, on_the_front([a for _, a, _ in found]), strict=True),
                key=lambda pair: pair[0][1],
            )
        ),
    )


def on_the_front(amounts: Sequence[tuple[int, ...]]) -> list[bool]:
    """Say of each point whether no other is as good in everything and better in something."""
    return [
        not any(
            other != mine and all(o <= m for o, m in zip(other, mine, strict=True))
            for other in amounts
        )
        for mine in amounts
    ]


def _shares(goals: int, steps: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways to give so many steps to goals: stars and bars."""
    for bars in combinations(range(steps + goals - 1), goals - 1):
        edges = (-1, *bars, steps + goals - 1)
        yield tuple(edges[n + 1] - edges[n] - 1 for n in range(goals))

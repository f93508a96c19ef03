"""Sensitivity: what more time of each sort of resource would be worth, and what is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from allocator.domain.problem import Problem
from allocator.domain.resource import Resource
from allocator.domain.schedule import Schedule
from allocator.prepare.prepared import Prepared
from allocator.report.load import to_be_had, workable
from allocator.report.notebook import shown
from allocator.scenario.changes import Extend
from allocator.scenario.comparison import VALUE, Comparison, Shown
from allocator.scenario.outcomes import Outcomes
from allocator.scenario.scenario import Scenario
from allocator.scenario.study import ONE_CORE, Study
from allocator.solve.params import Params

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What more time of one sort of resource brings.

    Attributes
    ----------
    of
        Which sort.
    hours
        Open hours that come on top, over the whole horizon.
    used
        Share of the time that it may work, within all limits, that is claimed without them.
    gain
        Value that is served more, over all levels, in weights of requests.
    shown
        Whether that is more than the solver's gap or chance, in any level; unknown where there is
        no schedule with or without it.
    """

    of: str
    hours: float
    used: float
    gain: float
    shown: Shown

    @property
    def gain_per_hour(self) -> float:
        """Value of one more hour, in weights of requests."""
        return self.gain / self.hours if self.hours else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worths:
    """What more time of each sort of resource brings, the most wanted first.

    Attributes
    ----------
    all
        By the value of an hour.
    outcomes
        Of the solves behind it.
    """

    all: tuple[Worth, ...]
    outcomes: Outcomes

    @property
    def bottleneck(self) -> str | None:
        """The sort of which an hour is worth most; None where no gain is shown."""
        return next((one.of for one in self.all if one.shown is Shown.YES and one.gain > 0), None)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row for each sort."""
        return shown(self.frame())

    def frame(self) -> DataFrame:
        """Return a row for each sort: ``of``, ``hours``, ``used``, ``gain``, ``gain_per_hour``."""
        from pandas import DataFrame

        return DataFrame(
            [
                {
                    "of": one.of,
                    "hours": one.hours,
                    "used": one.used,
                    "gain": one.gain,
                    "gain_per_hour": one.gain_per_hour,
                    "shown": one.shown.name.lower(),
                }
                for one in self.all
            ],
            columns=["of", "hours", "used", "gain", "gain_per_hour", "shown"],
        )


def worth(
    scenario: Scenario,
    *,
    of: Mapping[str, Sequence[str]] | None = None,
    minutes: int = 60,
    seeds: tuple[int, ...] = (0,),
    params: Params = ONE_CORE,
    folder: Path | str | None = None,
    executor: Executor | None = None,
) -> Worths:
    """Find out what one more hour of each sort of resource would be worth.

    Each sort is given longer days, all else stays, and the problem is solved from the schedule
    without them. What comes of it is divided by the hours given: exact where solves are proved.

    Parameters
    ----------
    scenario
        What is looked at.
    of
        Ids of resources by the name of their sort; by default those alike in kind and skills.
    minutes
        By how much each day is longer.
    seeds, params, folder, executor
        As for a ``Study``.

    Returns
    -------
    Worths
        The most wanted first.
    """
    sorts = {name: tuple(ids) for name, ids in (of or alike(scenario.problem)).items()}
    names = {f"{minutes} minutes more, {name}": name for name in sorts}
    outcomes = Study(
        scenarios=(
            scenario,
            *(
                scenario.then(Extend(resources=sorts[sort], minutes=minutes), name=name)
                for name, sort in names.items()
            ),
        ),
        seeds=seeds,
        options={"": params},
        folder=folder,
        warm=True,
    ).run(executor)
    before = outcomes.of(scenario.name)
    world = Prepared(before.problem)
    found = []
    for name, sort in names.items():
        hours = _hours(world, sorts[sort])
        claimed = 0.0 if before.schedule is None else _claimed(world, before.schedule, sorts[sort])
        worked = sum(workable(world, n) for n in _numbers(world, sorts[sort])) / 60
        served = [
            one
            for one in Comparison(outcomes.all, scenario.name)
            if one.scenario == name and one.figure.startswith(VALUE)
        ]
        shown = {one.shown for one in served} or {Shown.UNKNOWN}  # of what has no schedule
        found.append(
            Worth(
                of=sort,
                hours=_hours(Prepared(outcomes.of(name).problem), sorts[sort]) - hours,
                used=claimed / worked if worked else 0.0,
                gain=sum(one.difference for one in served),
                shown=next(
                    (s for s in (Shown.YES, Shown.NO, Shown.UNKNOWN) if s in shown), Shown.SAME
                ),
            )
        )
    found.sort(key=lambda one: -one.gain_per_hour)
    return Worths(all=tuple(found), outcomes=outcomes)


def alike(problem: Problem) -> dict[str, tuple[str, ...]]:
    """Return ids by kind and skills, of whoever has a calendar and is needed by what is asked."""
    prepared = Prepared(problem)

    def sort(resource: Resource) -> str:
        skills = ", ".join(sorted({skill.name for skill in resource.skills}))
        return f"{resource.kind} ({skills})" if skills else resource.kind

    found: dict[str, tuple[str, ...]] = {}
    for number, resource in enumerate(prepared.resources):
        if resource.calendar is not None and not prepared.attends_only(number):
            found[sort(resource)] = (*found.get(sort(resource), ()), resource.id)
    return found


def _hours(prepared: Prepared, ids: Sequence[str]) -> float:
    """Return the hours in which resources are to be had; lanes count each."""
    ticks = sum(
        to_be_had(prepared, number).bit_count() * prepared.resources[number].lanes
        for number in _numbers(prepared, ids)
    )
    return ticks * prepared.grain / 60


def _numbers(prepared: Prepared, ids: Sequence[str]) -> list[int]:
    """Return the numbers of resources."""
    return [n for n, resource in enumerate(prepared.resources) if resource.id in ids]


def _claimed(prepared: Prepared, schedule: Schedule, ids: Sequence[str]) -> float:
    """Return the hours that a schedule claims of resources."""
    spans = (
        (claim.end - claim.start) * claim.uses
        for claim in prepared.claims(schedule)
        if claim.resource in ids
    )
    return sum(spans, timedelta()) / timedelta(hours=1)

"""With and without: what a steering policy does, over several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from allocator.domain.problem import Problem
from allocator.domain.steering import SteeringPolicy
from allocator.replay.choice import Chooser
from allocator.replay.figures import MEASURES, figures, loads
from allocator.replay.replay import Replay, replay
from allocator.report.intervals import mean_and_reach

#: The measure that only a pair of replays has.
MOVED = "moved"
#: Days from the first steered one until the hours are looked at: they fill up before.
SETTLE_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """The same streams of requests, replayed with and without steering.

    Attributes
    ----------
    figures
        A row for each seed, ``steered`` or not, and ``measure``: its ``value``.
    hours
        A row for each seed, ``steered`` or not, and open hour that is looked at: ``day``,
        ``hour``, ``open``, ``claimed``, ``load``.
    first, last
        Local days that are looked at, both included.
    """

    figures: pd.DataFrame
    hours: pd.DataFrame
    first: date
    last: date


def steer(
    problem: Problem | Callable[[int], Problem],
    policy: SteeringPolicy,
    *,
    seeds: Iterable[int] = range(3),
    kind: str = "",
    chooser: Chooser | None = None,
    since: date | None = None,
    settle_days: int = SETTLE_DAYS,
    on_progress: Callable[[int, bool], None] | None = None,
) -> Steered:
    """Replay streams of requests with and without steering.

    Parameters
    ----------
    problem
        A problem with its requests, or what makes one of a seed, such as
        ``allocator.generate.stream``.
    policy
        How people are steered.
    seeds
        Seeds of the people, and of the streams where these are made.
    kind
        The kind of resource whose load is told; by default the first of the policy.
    chooser, since
        As for ``replay``.
    settle_days
        Days from ``since``, or from the first of the horizon, before hours are looked at.
    on_progress
        Called before each replay, with its seed and whether it is steered.

    Returns
    -------
    Steered
        Measures and hours; ``differences`` tells what steering did.

    Raises
    ------
    ValueError
        When no day is left to be looked at.
    """
    told: list[dict[str, object]] = []
    hours: list[pd.DataFrame] = []
    first = last = date.min
    for seed in seeds:
        asked = problem(seed) if callable(problem) else problem
        start = since or asked.horizon.first
        first = start + timedelta(days=settle_days)
        last = asked.horizon.first + timedelta(days=asked.horizon.days - 1)
        if first > last:
            raise ValueError(
                f"Nothing is left to look at: steering starts on {start}, hours are looked at"
                f" {settle_days} days later, and the horizon ends on {last}."
            )
        runs = {}
        for steered in (False, True):
            if on_progress is not None:
                on_progress(seed, steered)
            run = runs[steered] = replay(
                asked, policy=policy if steered else None, chooser=chooser, since=since, seed=seed
            )
            of = kind or policy.kinds[0]
            found = figures(run, of, first, last)
            hours.append(loads(run, of, first, last).assign(seed=seed, steered=steered))
            told += [_row(seed, steered, measure, value) for measure, value in found.items()]
        told.append(_row(seed, False, MOVED, 0.0))
        told.append(_row(seed, True, MOVED, _moved(runs[False], runs[True])))
    return Steered(
        figures=pd.DataFrame(told, columns=["seed", "steered", "measure", "value"]),
        hours=pd.concat(hours, ignore_index=True),
        first=first,
        last=last,
    )


def differences(figures: pd.DataFrame) -> pd.DataFrame:
    """Return what steering did to each measure, with intervals over the seeds.

    Seeds are pairs: the same people ask, with and without. The interval holds the mean difference
    with 95 % confidence, by Student's distribution; it is empty where there is one seed.

    Parameters
    ----------
    figures
        As ``steer`` tells them.

    Returns
    -------
    pandas.DataFrame
        By ``measure``: ``without``, ``with``, ``difference``, ``low``, ``high``, ``seeds``.
    """
    wide = figures.pivot(index=["measure", "seed"], columns="steered", values="value")
    rows = []
    for measure in (*MEASURES, MOVED):
        pair = wide.loc[measure]
        gap = (pair[True] - pair[False]).to_numpy()
        mean, reach = mean_and_reach(gap)
        rows.append(
            {
                "measure": measure,
                "without": float(pair[False].mean()),
                "with": float(pair[True].mean()),
                "difference": mean,
                "low": mean - reach,
                "high": mean + reach,
                "seeds": len(gap),
            }
        )
    return pd.DataFrame(rows)


def _row(seed: int, steered: bool, measure: str, value: float) -> dict[str, object]:
    return {"seed": seed, "steered": steered, "measure": measure, "value": value}


def _moved(without: Replay, steered: Replay) -> float:
    """Return the percentage of those who asked while steered and lie elsewhere than without."""
    one, other = (run.asked.set_index("request") for run in (without, steered))
    both = one["start"].notna() & other["start"].reindex(one.index).notna()
    if steered.since is not None:
        both &= one["requested"].dt.tz_convert(without.zone).dt.date >= steered.since
    if not both.any():
        return 0.0
    return 100 * float((one["start"][both] != other["start"][both]).mean())

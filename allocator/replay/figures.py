"""What a replay comes to: loads, refusals, waiting, and how far people were moved."""

from __future__ import annotations

from datetime import date, datetime, time

import numpy as np
import pandas as pd

from allocator.domain.time import zone_of
from allocator.forecast.hours import hourly
from allocator.replay.replay import Replay

#: The measures, with what each is, in the order in which they are told.
MEASURES = {
    "mean load": "Percent of the open time of the kind that is claimed.",
    "busiest tenth": "Load of the tenth of the open hours with the highest, in percent.",
    "excess of the busiest tenth": "Its points above the mean load.",
    "busy hours": "Percent of the open hours with a load of 85 % or more.",
    "refused": "Percent of the requests that found nothing they would take.",
    "weight served": "Sum of the weights of requests that got a visit.",
    "waiting days": "From asking to the visit, on average.",
    "hours off": "From the time of day wanted, on average.",
    "days off": "From the day wanted, on average.",
    "savings": "Percent of the price that is saved, on average over all visits.",
    "savings in cents": "Saved by a visit, on average over all visits.",
}
#: The load from which an hour counts as busy.
BUSY = 0.85
MINUTES = 1e-6


def loads(run: Replay, kind: str, first: date, last: date) -> pd.DataFrame:
    """Return the load of each open hour of a kind, between two local days, both included.

    ``day``, ``hour``, ``open`` and ``claimed`` (minutes), and ``load``.
    """
    found = hourly(run.claims, run.opening, zone=run.zone)
    inside = (found["kind"] == kind) & (found["day"] >= first) & (found["day"] <= last)
    return found[inside].drop(columns="kind").reset_index(drop=True)


def figures(run: Replay, kind: str, first: date, last: date) -> dict[str, float]:
    """Return each of the ``MEASURES`` of a replay.

    Parameters
    ----------
    run
        The replay.
    kind
        The kind of resource whose load is told.
    first, last
        Local days that are looked at, both included: hours on them, and requests that want one of
        them.
    """
    hours = loads(run, kind, first, last)
    load, opened = hours["load"].to_numpy(), hours["open"].to_numpy()
    mean = float((load * opened).sum() / opened.sum())
    busiest = _busiest_tenth(load, opened)
    zone = zone_of(run.zone)
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(last, time(), zone) + pd.Timedelta(days=1)
    asked = run.asked
    wanted = asked["wanted"].fillna(asked["start"]).fillna(asked["requested"])
    some = asked[(wanted >= start) & (wanted < end)]
    served = some[some["start"].notna()]
    waiting = (served["start"] - served["requested"]).dt.total_seconds() / (24 * 3600)
    return {
        "mean load": 100 * mean,
        "busiest tenth": 100 * busiest,
        "excess of the busiest tenth": 100 * (busiest - mean),
        "busy hours": 100 * float(opened[load >= BUSY - MINUTES].sum() / opened.sum()),
        "refused": 100 * (1 - len(served) / max(len(some), 1)),
        "weight served": float(served["weight"].sum()),
        "waiting days": float(waiting.mean()),
        "hours off": float(served["hours_off"].mean()),
        "days off": float(served["days_off"].mean()),
        "savings": float(served["percent"].mean()),
        "savings in cents": float(served["cents"].mean()),
    }


def _busiest_tenth(load: np.ndarray, opened: np.ndarray) -> float:
    """Return the mean load of that tenth of the open time in which it is highest."""
    order = np.argsort(-load, kind="stable")
    room = opened.sum() / 10
    taken = np.clip(room - (np.cumsum(opened[order]) - opened[order]), 0, opened[order])
    return float((taken * load[order]).sum() / room)

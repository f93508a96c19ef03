"""How wrong the forecast is, measured on days that it was not shown."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from allocator.forecast.hours import counted
from allocator.forecast.learn import learn
from allocator.forecast.opening import as_array
from allocator.forecast.pieces import NEVER, Real, Whole, numbers_of, pieces_of

#: Days ahead at which bands of errors begin.
BANDS = (0, 1, 2, 4, 8, 15)
METHODS = ("forecast", "last_week", "last_weeks", "booked")


def held_back(
    claims: pd.DataFrame,
    opening: pd.DataFrame,
    *,
    zone: str,
    origins: Sequence[datetime],
    days: int = 28,
    refused: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Forecast again and again, from one origin after another, and tell what came.

    A rolling origin (Tashman, "Out-of-sample tests of forecasting accuracy", International
    Journal of Forecasting 16, 2000): at each only what was known then is shown. Hours that have
    begun are left out.

    Parameters
    ----------
    claims, opening, zone, refused
        As for ``learn``; the claims of all days that are looked at are known in the end.
    origins
        Instants from which to look ahead.
    days
        Local days to look ahead from each.

    Returns
    -------
    pandas.DataFrame
        A row for each origin, kind, day and open hour: ``days_ahead``, ``actual`` (the load that
        came), ``forecast``, ``last_week`` (the load of the same hour in the last week that was
        over), ``last_weeks`` (its mean over four weeks) and ``booked`` (the load on the books).
        Empty where such an hour was not open.
    """
    kinds = sorted(set(opening["kind"]))
    today = [pd.Timestamp(origin).tz_convert(zone).date().toordinal() for origin in origins]
    first = min(today) - 7 * 5
    span = max(today) + days - first
    opened = as_array(opening, kinds, first, span)
    pieces = pieces_of(claims, kinds, zone, pd.Timestamp.max.tz_localize("UTC"))
    claimed = counted(pieces, pieces.cancelled == NEVER, len(kinds), first, span)
    with np.errstate(divide="ignore", invalid="ignore"):
        loads = np.where(opened > 0, np.minimum(claimed / opened, 1.0), np.nan)
    told = []
    for origin, start in zip(origins, today, strict=True):
        found = learn(claims, opening, zone=zone, now=origin, refused=refused, days=days)
        rows = _told(found.to_frame(), origin, start, first, loads, kinds)
        begun = pd.Timestamp(origin).tz_convert(zone).hour
        told.append(rows[(rows["days_ahead"] > 0) | (rows["hour"] > begun)])
    return pd.concat(told, ignore_index=True)


def _told(
    frame: pd.DataFrame, origin: datetime, start: int, first: int, loads: Real, kinds: list[str]
) -> pd.DataFrame:
    """Put what came beside what one forecast said."""
    kind = numbers_of(frame["kind"], kinds)
    hour = frame["hour"].to_numpy(dtype=np.int64)
    ahead = np.array([day.toordinal() for day in frame["day"]], dtype=np.int64) - start

    def load(days_back: Whole | int) -> Real:
        found: Real = loads[kind, start - first + ahead - days_back, hour]
        return found

    back = 7 * (ahead // 7 + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of hours that were never open
        weeks = np.nanmean([load(back + 7 * n) for n in range(4)], axis=0)
    return pd.DataFrame(
        {
            "origin": origin,
            "kind": frame["kind"],
            "day": frame["day"],
            "hour": hour,
            "days_ahead": ahead,
            "open": frame["open"],
            "actual": load(0),
            "forecast": frame["load"],
            "last_week": load(back),
            "last_weeks": weeks,
            "booked": np.minimum(frame["booked"] / frame["open"], 1.0),
        }
    )


def errors(
    frame: pd.DataFrame,
    methods: Sequence[str] = METHODS,
    *,
    measure: Literal["absolute", "squared"] = "absolute",
) -> pd.DataFrame:
    """Return errors in points of load, by kind and days ahead.

    Hours of which some method says nothing, as a week after a holiday, are left out for all.

    Parameters
    ----------
    frame
        As ``held_back`` gives it.
    methods
        Columns to compare with ``actual``.
    measure
        Mean absolute errors, or roots of mean squared ones.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``days_ahead`` (a band), ``hours``, ``mean_load`` in percent, and the error of
        each method.
    """
    told = frame.dropna(subset=["actual", *methods])
    number = np.searchsorted(BANDS, told["days_ahead"], side="right") - 1
    labels = [_band(*ends) for ends in zip(BANDS, [*BANDS[1:], None], strict=True)]
    bands = pd.Categorical([labels[n] for n in number], labels, ordered=True)
    columns = {
        "kind": told["kind"],
        "days_ahead": bands,
    }
    power = 2 if measure == "squared" else 1
    missed = {method: (100 * (told[method] - told["actual"]).abs()) ** power for method in methods}
    rows = pd.DataFrame({**columns, "mean_load": 100 * told["actual"], **missed})
    groups = rows.groupby(["kind", "days_ahead"], observed=True)
    found = groups.mean()
    found[list(methods)] **= 1 / power
    found.insert(0, "hours", groups.size())
    return found.reset_index()


def _band(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} and more"
    return f"{low}" if high == low + 1 else f"{low} to {high - 1}"

"""Claims counted by local hour."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.forecast.opening import as_array
from allocator.forecast.pieces import NEVER, Flags, Pieces, Real, pieces_of


def counted(pieces: Pieces, some: Flags, kinds: int, first: int, days: int) -> Real:
    """Return the minutes of some pieces by kind, day and hour, for so many days from an ordinal."""
    day = pieces.day - first
    inside = some & (day >= 0) & (day < days)
    cell = ((pieces.kind * days + day) * 24 + pieces.hour)[inside]
    found = np.zeros(kinds * days * 24)
    np.add.at(found, cell, pieces.minutes[inside])
    return found.reshape(kinds, days, 24)


def hourly(claims: pd.DataFrame, opening: pd.DataFrame, *, zone: str) -> pd.DataFrame:
    """Return the load of each open hour: what was claimed in the end of what was open.

    Parameters
    ----------
    claims, opening, zone
        As for ``learn``; all claims count, however late they were made.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``day``, ``hour``, ``open`` and ``claimed`` (minutes), and ``load``, at most 1.
    """
    kinds = sorted(set(opening["kind"]))
    ordinals = [day.toordinal() for day in opening["day"]]
    first, days = min(ordinals, default=1), max(ordinals, default=0) - min(ordinals, default=1) + 1
    opened = as_array(opening, kinds, first, days)
    pieces = pieces_of(claims, kinds, zone, pd.Timestamp.max.tz_localize("UTC"))
    claimed = counted(pieces, pieces.cancelled == NEVER, len(kinds), first, days)
    kind, day, hour = at = np.nonzero(opened)
    dates = np.array(
        [pd.Timestamp.fromordinal(first + n).date() for n in range(days)], dtype=object
    )
    return pd.DataFrame(
        {
            "kind": np.array(kinds, dtype=object)[kind],
            "day": dates[day],
            "hour": hour,
            "open": opened[at],
            "claimed": claimed[at],
            "load": np.minimum(claimed[at] / opened[at], 1.0),
        }
    )

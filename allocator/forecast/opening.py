"""How much of each kind's time is open, by local day and hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.forecast.pieces import Real, numbers_of, refuse_without
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared

COLUMNS = ["kind", "day", "hour", "minutes"]


def open_hours(
    problem: Problem, *, first: date | None = None, days: int | None = None
) -> pd.DataFrame:
    """Return the open minutes of every kind whose time is limited, by local day and hour.

    Overtime counts, blocks do not, lanes count each, and nobody counts outside a contract. Who
    only attends, such as patients, is left out, as is who is always open.

    Parameters
    ----------
    problem
        The world: resources, calendars, services.
    first, days
        Local days to look at, in the horizon or not; by default those of the horizon.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``day`` (a date), ``hour`` and ``minutes``, a row for each hour with any.
    """
    horizon = problem.horizon
    start = horizon.first if first is None else first
    many = horizon.days if days is None else days
    grain = horizon.grain_minutes if not horizon.by_day else 60
    looked_at = replace(horizon, first=start, days=many, grain_minutes=grain, now=None)
    world = Prepared(
        replace(
            problem,
            horizon=looked_at,
            requests=(),
            sessions=(),
            relations=(),
            precedences=(),
            apart=(),
            published=(),
            pins=(),
            freeze_before=None,
            forecast=(),
        )
    )
    found: dict[str, Real] = {}
    for number, resource in enumerate(world.resources):
        if resource.calendar is None or number not in world.drawn_on:
            continue
        clock, opening = world.clock_of(number), world.opening(number)
        flags = masks.flags(opening.open & ~opening.blocked, world.ticks)
        if resource.contracts:
            held = [any(c.holds_on(day) for c in resource.contracts) for day in clock.dates]
            flags &= np.array(held)[clock.day_of]
        skipped = clock.day_index(start)
        cell = 24 * (clock.day_of.astype(np.int64) - skipped) + clock.minute_of // 60
        inside = flags & (cell >= 0) & (cell < 24 * many)
        ticks = np.bincount(cell[inside], minlength=24 * many)
        minutes = found.setdefault(resource.kind, np.zeros(24 * many))
        minutes += grain * resource.lanes * ticks
    rows = [
        pd.DataFrame(
            {
                "kind": kind,
                "day": [start + timedelta(days=int(cell) // 24) for cell in cells],
                "hour": cells % 24,
                "minutes": minutes[cells],
            }
        )
        for kind, minutes in sorted(found.items())
        if len(cells := np.flatnonzero(minutes))
    ]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=COLUMNS)


def as_array(opening: pd.DataFrame, kinds: Sequence[str], first: int, days: int) -> Real:
    """Return open minutes by kind, day and hour, for so many days from an ordinal.

    Raises
    ------
    InvalidProblem
        When a column is missing, or an hour or its minutes are impossible.
    """
    refuse_without(opening, COLUMNS, "opening hours")
    hour = opening["hour"].to_numpy(dtype=np.int64)
    minutes = opening["minutes"].to_numpy(dtype=np.float64)
    for column, wrong in (("hour", (hour < 0) | (hour > 23)), ("minutes", ~(minutes >= 0))):
        if wrong.any():
            row = opening.iloc[int(wrong.argmax())]
            raise InvalidProblem(
                [
                    Fault(
                        FaultCode.WRONG_NUMBER,
                        "opening hours",
                        str(row["kind"]),
                        f"Opening hours of {row['kind']} on {row['day']}: {column} is"
                        f" {row[column]}; hours are 0 to 23, and minutes at least 0.",
                    )
                ]
            )
    unique, which = np.unique(opening["day"].to_numpy(), return_inverse=True)
    ordinals = np.array([pd.Timestamp(day).toordinal() for day in unique], dtype=np.int64)
    day = ordinals[which] - first if len(unique) else np.zeros(0, dtype=np.int64)
    code = numbers_of(opening["kind"], kinds)
    inside = (code >= 0) & (day >= 0) & (day < days)
    cell = ((code * days + day) * 24 + hour)[inside]
    found = np.zeros(len(kinds) * days * 24)
    np.add.at(found, cell, minutes[inside])
    return found.reshape(len(kinds), days, 24)

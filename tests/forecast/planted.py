"""Claims that follow a pattern which the tests know: ten practitioners, open from 8 to 18."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from allocator.forecast import LoadForecast, learn

ZONE = "Europe/Berlin"
BERLIN = ZoneInfo(ZONE)
#: A Monday; the history before it starts in winter and sees the clocks change.
TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 7, tzinfo=BERLIN)
HOURS = range(8, 18)
PEOPLE = 10


def opening(
    weeks: int, *, days: int = 28, closed: frozenset[date] = frozenset(), kind: str = "practitioner"
) -> pd.DataFrame:
    """Return ten open hours on each working day, in so many weeks before today and some days on."""
    first = TODAY - timedelta(days=7 * weeks)
    rows = [
        (kind, day, hour, 60.0 * PEOPLE)
        for number in range(7 * weeks + days)
        if (day := first + timedelta(days=number)).weekday() < 5 and day not in closed
        for hour in HOURS
    ]
    return pd.DataFrame(rows, columns=["kind", "day", "hour", "minutes"])


def claims(
    opened: pd.DataFrame,
    people: Callable[[date, int], int],
    ahead: Callable[[date, int], float] = lambda day, hour: 3.0,
    kind: str = "practitioner",
) -> pd.DataFrame:
    """Return, for each open hour, claims of so many people, made so many days ahead."""
    rows = []
    for row in opened[["day", "hour"]].itertuples():
        start = datetime.combine(row.day, datetime.min.time(), BERLIN) + timedelta(hours=row.hour)
        booked = start - timedelta(days=ahead(row.day, row.hour))
        rows += [(kind, start, start + timedelta(hours=1), booked)] * people(row.day, row.hour)
    frame = pd.DataFrame(rows, columns=["kind", "start", "end", "booked"])
    for column in ("start", "end", "booked"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame


def weekly(day: date, hour: int) -> int:
    """Say how many of the ten are taken in each hour of the week, every week alike."""
    return (3 * day.weekday() + 7 * hour) % 11


def forecast(made: pd.DataFrame, opened: pd.DataFrame, **more: Any) -> LoadForecast:
    """Learn from claims, with today's morning as now, four weeks ahead."""
    return learn(made, opened, **{"zone": ZONE, "now": NOW, "days": 28, **more})


def expected(found: LoadForecast, people: Callable[[date, int], float]) -> np.ndarray:
    """Return the loads of a pattern on the days that a forecast looks ahead."""
    loads = np.zeros((found.days, 24))
    for number in range(found.days):
        day = found.first + timedelta(days=number)
        for hour in HOURS if day.weekday() < 5 else ():
            loads[number, hour] = people(day, hour) / PEOPLE
    return loads

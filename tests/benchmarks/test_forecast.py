"""How wrong the load forecast is on weeks held back, and how soon it is learnt and read."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from benchmarks.figures import conditions, table, write

from allocator.domain.problem import Problem
from allocator.forecast import errors, held_back, learn, open_hours
from allocator.generate import stream
from allocator.replay import replay

pytestmark = pytest.mark.benchmark

ZONE = "Europe/Berlin"
WEEKS, SEEDS = 32, range(2)
CLINICS = (("small", 85), ("medium", 75))
#: Weeks of history before the first origin, and origins: one a week, each a weekday on.
BEFORE, ORIGINS = 13, 15
DAYS = 28


def milliseconds(call: Callable[[], object], times: int) -> float:
    """Return the median of so many calls."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def quickness(clinic: Problem, claims: pd.DataFrame, now: datetime) -> tuple[object, ...]:
    """Return how many claims are known, and how soon it is learnt, kept in step and read."""
    opening = open_hours(clinic)
    forecast = learn(claims, opening, zone=ZONE, now=now)
    view, ticks = forecast.on(clinic.horizon), range(clinic.horizon.ticks)
    start, end = now + timedelta(days=3, hours=3), now + timedelta(days=3, hours=4)
    before = forecast.load("practitioner").copy()
    forecast.claim("practitioner", start, end)
    assert not np.array_equal(forecast.load("practitioner"), before)
    learning = milliseconds(lambda: learn(claims, opening, zone=ZONE, now=now), 5)
    counting = milliseconds(lambda: forecast.claim("practitioner", start, end), 200)
    reading = milliseconds(lambda: view.load("practitioner", ticks), 200)
    known = int((claims["booked"] <= now).sum())
    return known, f"{learning:.0f}", f"{1000 * counting:.0f}", f"{1000 * reading:.0f}", len(ticks)


def test_errors_on_weeks_held_back() -> None:
    """Against last week, four weeks, and the books."""
    told: list[pd.DataFrame] = []
    speed = []
    for size, load in CLINICS:
        for seed in SEEDS:
            clinic = stream(size, load, seed, weeks=WEEKS)
            claims = replay(clinic, seed=seed).claims
            opening = open_hours(clinic)
            first = datetime.combine(clinic.horizon.first, datetime.min.time(), ZoneInfo(ZONE))
            origins = [
                first + timedelta(days=7 * (BEFORE + n) + n % 5, hours=7) for n in range(ORIGINS)
            ]
            found = held_back(claims, opening, zone=ZONE, origins=origins, days=DAYS)
            told.append(found.assign(clinic=f"{size}, {load} %"))
            speed.append((f"{size}, {load} %", seed, *quickness(clinic, claims, origins[-1])))
    frame = pd.concat(told, ignore_index=True)
    people = frame[frame["kind"] == "practitioner"]
    rows = []
    for clinic, some in people.groupby("clinic"):
        plain, squared = errors(some), errors(some, measure="squared")
        for one, other in zip(plain.to_dict("records"), squared.to_dict("records"), strict=True):
            methods = ("forecast", "last_week", "last_weeks", "booked")
            rows.append(
                (
                    clinic,
                    one["days_ahead"],
                    one["hours"],
                    f"{one['mean_load']:.0f}",
                    *(f"{one[m]:.1f} / {other[m]:.1f}" for m in methods),
                )
            )
    head = (
        "clinic",
        "days ahead",
        "hours",
        "mean load, %",
        "forecast",
        "last week",
        "last four weeks",
        "on the books",
    )
    sure = people.dropna(subset=["actual", "last_week"])
    gain = 1 - np.abs(sure["forecast"] - sure["actual"]).mean() / (
        np.abs(sure["last_week"] - sure["actual"]).mean()
    )
    text = (
        "Errors of the load of practitioners by hour, in points of load: mean absolute / root of"
        f" the mean square. {ORIGINS} origins at 7 o'clock, a week and a weekday apart, after"
        f" {BEFORE} weeks of history; seeds {SEEDS[0]} to {SEEDS[-1]} of each clinic; claims made"
        f" by replaying {WEEKS} weeks of requests. Over all hours the mean absolute error is"
        f" {100 * gain:.0f} % below that of last week's value."
    )
    quick = (
        "clinic",
        "seed",
        "claims known",
        "learn, ms",
        "count a claim, µs",
        "read a kind over the horizon, µs",
        "ticks read",
    )
    busy = f"{os.getloadavg()[0]:.1f}"
    write(
        "Load forecast",
        text,
        table(head, rows),
        table(quick, speed),
        conditions(**{"load of the machine meanwhile": busy}),
    )

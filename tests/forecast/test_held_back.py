"""Errors on days that were held back."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.planted import BERLIN, PEOPLE, ZONE, claims, opening, weekly

from allocator.forecast import errors, held_back

ORIGINS = [datetime(2026, 5, 4, 7, tzinfo=BERLIN) + timedelta(days=8 * n) for n in range(3)]


def test_nothing_is_missed_of_a_constant_pattern():
    """By the forecast, and by last week; the books lack what comes later."""
    opened = opening(20)
    made = claims(opened, weekly)
    told = errors(held_back(made, opened, zone=ZONE, origins=ORIGINS, days=14))
    assert told["forecast"].max() == pytest.approx(0, abs=1e-9)
    assert told["last_week"].max() == 0
    later = told[told["days_ahead"].isin(["4 to 7", "8 to 14"])]
    assert (later["booked"] == later["mean_load"]).all()


def test_last_week_is_the_last_one_that_is_over():
    """Eight days ahead it is the week before the last: the last is not over yet."""
    opened = opening(20)
    weeks = claims(opened, lambda day, hour: day.isocalendar().week % 11)
    told = held_back(weeks, opened, zone=ZONE, origins=ORIGINS[:1], days=14)
    by_day = told.drop_duplicates("days_ahead").set_index("days_ahead")
    week = ORIGINS[0].isocalendar().week % 11
    assert by_day.loc[0, "actual"] == week / 10
    assert by_day.loc[0, "last_week"] == (week - 1) / 10
    assert by_day.loc[7, "actual"] == (week + 1) / 10
    assert by_day.loc[7, "last_week"] == (week - 1) / 10
    assert by_day.loc[0, "last_weeks"] == pytest.approx(
        np.mean([week - n for n in range(1, 5)]) / 10
    )


def test_it_is_better_than_last_week_where_chance_has_a_part():
    """Demand of independent people about a pattern, booked days ahead by three quarters."""
    rng = np.random.default_rng(7)
    opened = opening(24)
    usual = {(d, h): (2 + (d * 3 + h) % 7) / PEOPLE for d in range(5) for h in range(24)}
    drawn = {
        (row.day, row.hour): int(rng.binomial(PEOPLE, usual[row.day.weekday(), row.hour]))
        for row in opened[["day", "hour"]].itertuples()
    }
    made = claims(opened, lambda d, h: drawn[d, h])
    made["booked"] = made["start"] - pd.to_timedelta(rng.exponential(6, len(made)), unit="D")
    told = errors(held_back(made, opened, zone=ZONE, origins=ORIGINS, days=21))
    assert (told["forecast"] < 0.8 * told["last_week"]).all()
    assert (told["forecast"] < told["last_weeks"]).all()


def test_a_week_that_was_closed_is_left_out_for_all():
    """Nothing can be said by last week, so nothing is compared."""
    closed = frozenset({datetime(2026, 4, 27).date()})
    opened = opening(20, closed=closed)
    told = held_back(claims(opened, weekly), opened, zone=ZONE, origins=ORIGINS[:1], days=7)
    monday = told[told["days_ahead"] == 0]
    assert monday["last_week"].isna().all()
    assert "0" not in set(errors(told)["days_ahead"])


def test_errors_are_means_or_roots_of_mean_squares():
    """Misses of 10 and 30 points: 20 on average, and the root of 500."""
    frame = pd.DataFrame(
        {
            "kind": "room",
            "days_ahead": [0, 0],
            "actual": [0.5, 0.5],
            "forecast": [0.6, 0.2],
        }
    )
    plain = errors(frame, ["forecast"]).iloc[0]
    assert plain[["kind", "days_ahead", "hours"]].tolist() == ["room", "0", 2]
    assert (plain["mean_load"], plain["forecast"]) == pytest.approx((50.0, 20.0))
    squared = errors(frame, ["forecast"], measure="squared").iloc[0]
    assert squared["forecast"] == pytest.approx(500**0.5)

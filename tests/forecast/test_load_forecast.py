"""The forecast as it is read, and kept in step with claims."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.planted import BERLIN, NOW, TODAY, ZONE, claims, forecast, opening, weekly

from allocator.domain.time import Horizon, Span

KIND = "practitioner"


def test_a_claim_that_is_counted_makes_what_learning_anew_would():
    """Two hours and a half, two days ahead; and back again."""
    opened = opening(30)
    made = claims(opened, lambda d, h: (weekly(d, h) + d.day) % 8, lambda d, h: h % 7 + 0.3)
    found, before = forecast(made, opened), forecast(made, opened)
    start = datetime(2026, 6, 3, 9, 30, tzinfo=BERLIN)
    end = start + timedelta(hours=2, minutes=30)
    found.claim(KIND, start, end)
    new = pd.DataFrame({"kind": [KIND], "start": [start], "end": [end], "booked": [NOW]})
    again = forecast(pd.concat([made, new], ignore_index=True), opened)
    np.testing.assert_allclose(found.load(KIND), again.load(KIND), atol=1e-12)
    assert (found.load(KIND) >= before.load(KIND)).all()
    assert (found.load(KIND)[2] > before.load(KIND)[2]).any()
    found.claim(KIND, start, end, uses=-1)
    np.testing.assert_allclose(found.load(KIND), before.load(KIND), atol=1e-12)


def test_a_claim_outside_the_forecast_changes_nothing():
    """Of another kind, yesterday, or in a year."""
    opened = opening(4)
    found = forecast(claims(opened, weekly), opened)
    before = found.load(KIND).copy()
    for kind, days in (("patient", 3), (KIND, -1), (KIND, 365)):
        found.claim(kind, NOW + timedelta(days=days), NOW + timedelta(days=days, hours=1))
    np.testing.assert_array_equal(found.load(KIND), before)


@pytest.mark.parametrize("grain", [5, 15, 60])
def test_ticks_have_the_load_of_their_hour(grain: int):
    """On days ahead those of the forecast, before and after them those of an ordinary week."""
    opened = opening(6, days=7)
    found = forecast(claims(opened, weekly), opened, days=7)
    horizon = Horizon(first=TODAY - timedelta(days=7), days=28, zone=ZONE, grain_minutes=grain)
    at = horizon.tick(datetime(2026, 6, 2, 9, 55, tzinfo=BERLIN))
    loads = found.on(horizon).load(KIND, range(horizon.ticks))
    assert loads[at] == found.load(KIND)[1, 9]
    for day in (-6, 8):
        at = horizon.tick(datetime(2026, 6, 1, 9, tzinfo=BERLIN) + timedelta(days=day))
        assert loads[at] == found.usual(KIND)[1, 9]
    some = range(at, at + 7)
    np.testing.assert_array_equal(found.on(horizon).load(KIND, some), loads[list(some)])
    assert not found.on(horizon).load("lift", some).any()


def test_ticks_follow_the_clocks_when_they_change():
    """On the last Sunday of October a day has 25 hours, and Monday's nine o'clock is Monday's."""
    opened = opening(6)
    found = forecast(claims(opened, weekly), opened)
    horizon = Horizon(first=date(2026, 10, 25), days=2, zone=ZONE, grain_minutes=60)
    loads = found.on(horizon).load(KIND, range(horizon.ticks))
    assert len(loads) == 49
    assert loads[25 + 9] == found.usual(KIND)[0, 9]


def test_claims_that_are_counted_reach_whoever_reads():
    """The view over a horizon is of the forecast, not of its past."""
    opened = opening(4)
    found = forecast(claims(opened, lambda *_: 2), opened)
    horizon = Horizon(first=TODAY, days=7, zone=ZONE, grain_minutes=60)
    view = found.on(horizon)
    start = datetime(2026, 6, 3, 9, tzinfo=BERLIN)
    at = horizon.tick(start)
    assert view.load(KIND, range(at, at + 1)) == pytest.approx([0.2])
    for _ in range(9):
        found.claim(KIND, start, start + timedelta(hours=1))
    assert view.load(KIND, range(at, at + 1)) > 0.8


def test_frames_have_a_row_for_each_open_hour():
    """Those of the days ahead, and those of an ordinary week."""
    opened = opening(4)
    made = claims(opened, weekly)
    found = forecast(made, opened)
    frame = found.to_frame()
    assert len(frame) == 4 * 5 * 10
    assert frame.iloc[11][["kind", "day", "hour", "open"]].tolist() == [
        KIND,
        TODAY + timedelta(days=1),
        9,
        600.0,
    ]
    np.testing.assert_array_equal(
        frame["load"], np.minimum((frame["expected"] + frame["refused"]) / frame["open"], 1)
    )
    week = found.popular_hours()
    assert list(week.columns) == ["kind", "weekday", "hour", "load"]
    assert len(week) == 50
    assert week.iloc[10].tolist() == [KIND, 1, 8, pytest.approx(weekly(date(2026, 6, 2), 8) / 10)]


def test_a_problem_takes_what_is_still_to_come():
    """What is expected beyond the books, hour by hour."""
    opened = opening(8)
    made = claims(opened, lambda *_: 6, lambda d, h: 50.0 if h < 12 else 0.1)
    found = forecast(made, opened)
    coming = found.still_to_come([KIND])
    assert {one.minutes for one in coming} == {360}
    day = datetime(2026, 6, 2, tzinfo=BERLIN)
    spans = [one.span for one in coming if one.span.start.date() == day.date()]
    assert spans[0] == Span(start=day + timedelta(hours=12), end=day + timedelta(hours=13))
    assert len(spans) == 6

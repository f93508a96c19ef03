"""What is learnt: patterns that the tests planted come out again."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from forecast.planted import (
    BERLIN,
    HOURS,
    NOW,
    PEOPLE,
    TODAY,
    claims,
    expected,
    forecast,
    opening,
    weekly,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import problem

from allocator.domain.faults import InvalidProblem
from allocator.forecast import learn_for

KIND = "practitioner"


@pytest.mark.parametrize("weeks", [1, 2, 5, 30, 60])
@pytest.mark.parametrize("ahead", [0.5, 10.0])
def test_the_forecast_of_a_constant_weekly_pattern_is_that_pattern(weeks: int, ahead: float):
    """However long it is known, however far ahead people book, across a change of the clocks."""
    opened = opening(weeks)
    found = forecast(claims(opened, weekly, lambda *_: ahead), opened)
    np.testing.assert_allclose(found.load(KIND), expected(found, weekly), atol=1e-9)
    week = found.usual(KIND)
    for weekday in range(5):
        day = TODAY + timedelta(days=weekday)
        assert week[weekday, list(HOURS)] == pytest.approx([weekly(day, h) / PEOPLE for h in HOURS])
    assert not week[5:].any()


def test_a_pattern_is_that_pattern_whoever_books_how_far_ahead():
    """Mornings are booked weeks ahead, afternoons on the day; both are known for what they are."""
    opened = opening(20)
    made = claims(opened, weekly, lambda day, hour: 20.0 if hour < 13 else 0.2)
    found = forecast(made, opened)
    np.testing.assert_allclose(found.load(KIND), expected(found, weekly), atol=1e-9)


def test_holidays_have_no_load_and_leave_the_pattern_as_it_is():
    """Easter Monday, and a Thursday that is still to come."""
    closed = frozenset({date(2026, 4, 6), date(2026, 6, 4)})
    opened = opening(20, closed=closed)
    found = forecast(claims(opened, weekly), opened)
    assert not found.load(KIND)[3].any()
    again = expected(found, lambda d, h: 0 if d in closed else weekly(d, h))
    np.testing.assert_allclose(found.load(KIND), again, atol=1e-9)


def test_days_after_a_holiday_are_fuller_where_they_always_were():
    """On each Tuesday after a closed Monday two more are taken in each hour."""
    mondays = [date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25), date(2026, 6, 8)]

    def people(day: date, hour: int) -> int:
        return 7 if day - timedelta(days=1) in mondays else 5

    opened = opening(20, closed=frozenset(mondays))
    found = forecast(claims(opened, people), opened)
    tuesdays = found.load(KIND)[[1, 8], 9]
    assert tuesdays == pytest.approx([0.5, 0.7], abs=0.04)


def test_months_are_told_apart_once_a_year_is_known():
    """In June and July half as much is taken as else; it is known from the June before."""

    def people(day: date, hour: int) -> int:
        return 3 if day.month in (6, 7) else 6

    opened = opening(80)
    made = claims(opened, people, lambda *_: 0.1)
    june = forecast(made, opened).load(KIND)[1:5, 9]
    assert june == pytest.approx([0.3] * 4, abs=0.03)
    half_a_year = forecast(made[made["start"] > NOW - timedelta(days=180)], opened)
    assert half_a_year.load(KIND)[1:5, 9] == pytest.approx([0.6] * 4, abs=0.03)


def test_newer_weeks_count_more_where_things_change():
    """Since eight weeks seven are taken instead of three: that is what is expected."""
    changed = TODAY - timedelta(days=56)
    opened = opening(40)
    found = forecast(claims(opened, lambda day, hour: 7 if day >= changed else 3), opened)
    assert found.half_lives == {KIND: 2.0}
    assert found.load(KIND)[:5, 9] == pytest.approx([0.7] * 5, abs=0.05)


def test_chance_is_drawn_towards_weekday_and_hour():
    """Where hours differ by chance alone, few weeks say less of one hour than all hours say."""
    rng = np.random.default_rng(1)
    opened = opening(6)
    drawn = {
        (row.day, row.hour): int(rng.binomial(PEOPLE, 0.5))
        for row in opened[["day", "hour"]].itertuples()
    }
    found = forecast(claims(opened, lambda d, h: drawn[d, h], lambda *_: 0.1), opened)
    past = [(d, h) for d, h in drawn if d < TODAY]
    means = [
        np.mean([drawn[d, h] for d, h in past if d.weekday() == w and h == hour]) / PEOPLE
        for w in range(5)
        for hour in HOURS
    ]
    learnt = found.usual(KIND)[:5, list(HOURS)].ravel()
    assert np.abs(learnt - 0.5).mean() < 0.7 * np.abs(np.array(means) - 0.5).mean()


def test_what_is_on_the_books_raises_a_day():
    """Busy days are booked as early as others, so a fuller book foretells a fuller day."""
    opened = opening(30)

    def people(day: date, hour: int) -> int:
        return 8 if day.isocalendar().week % 3 == 0 else 4

    made = claims(opened, people, lambda day, hour: 40.0 if hour % 2 else 0.1)
    found = forecast(made, opened).load(KIND)
    busy = [d for d in range(28) if (TODAY + timedelta(days=d)).isocalendar().week % 3 == 0]
    quiet = [d for d in range(28) if d not in busy]
    even = list(HOURS)[::2]  # hours that are booked on the day
    assert found[busy][:5, even].min() > 0.6
    assert found[quiet][:5, even].max() < 0.6


def test_what_is_cancelled_later_does_not_count_twice():
    """Half of what is on the books two days ahead is always gone in the end."""
    opened = opening(20)
    made = claims(opened, lambda *_: 8, lambda *_: 10.0)
    made["cancelled"] = pd.Series(pd.NaT, index=made.index, dtype=made["start"].dtype)
    gone = made.index % 2 == 0
    made.loc[gone, "cancelled"] = made["start"][gone] - timedelta(days=1)
    found = forecast(made, opened)
    assert found.load(KIND)[7, 9] == pytest.approx(0.4, abs=1e-9)
    frame = found.to_frame()
    assert frame[frame["day"] == TODAY + timedelta(days=7)]["booked"].tolist() == [480.0] * 10


def test_only_what_was_known_then_is_known():
    """What is booked, or cancelled, after now is not there yet."""
    opened = opening(8)
    made = claims(opened, weekly)
    more = claims(opened, lambda *_: 10, lambda *_: 0.0)
    later = pd.concat([made, more[more["start"] > NOW]], ignore_index=True)
    one, other = forecast(made, opened), forecast(later, opened)
    np.testing.assert_array_equal(one.load(KIND), other.load(KIND))


def test_hours_of_today_that_have_begun_are_as_booked():
    """At ten o'clock nobody else comes at nine."""
    opened = opening(8)
    made = claims(opened, lambda day, hour: 0 if day == TODAY else 5)
    found = forecast(made, opened, now=datetime(2026, 6, 1, 10, 20, tzinfo=BERLIN))
    assert found.load(KIND)[0, 8:11].tolist() == [0.0, 0.0, 0.0]
    assert found.load(KIND)[0, 11] > 0.2


def test_without_a_history_the_books_are_the_forecast():
    """The first day of a new clinic."""
    opened = opening(0)
    made = claims(opened, weekly, lambda *_: 60.0)
    found = forecast(made, opened)
    np.testing.assert_allclose(found.load(KIND), expected(found, weekly))
    nothing = forecast(made.iloc[:0], opened)
    assert not nothing.load(KIND).any()
    assert not nothing.usual(KIND).any()


def test_without_claims_the_instant_is_named():
    """There is no last booking from which to look ahead."""
    world, now = problem(days=7), datetime(2026, 3, 2, 9, tzinfo=UTC)
    nothing = pd.DataFrame({"kind": [], "start": [], "end": [], "booked": []})
    with pytest.raises(InvalidProblem, match="there are 0 claims, so now has to be named"):
        learn_for(world, nothing)
    assert not learn_for(world, nothing, now=now).to_frame()["load"].any()


def test_a_kind_without_opening_hours_is_left_out():
    """Patients take part in claims, and have no load."""
    opened = opening(4)
    made = claims(opened, weekly)
    found = forecast(pd.concat([made, made.assign(kind="patient")], ignore_index=True), opened)
    assert found.kinds == (KIND,)
    with pytest.raises(KeyError, match=r"no forecast of the kind 'patient'; kinds are: practi"):
        found.load("patient")


@settings(max_examples=25)
@given(
    extra=st.lists(
        st.tuples(st.integers(1, 70), st.sampled_from(list(HOURS)), st.integers(1, 300)),
        min_size=1,
        max_size=8,
    )
)
def test_more_refused_demand_never_makes_a_load_less(extra: list[tuple[int, int, int]]):
    """Whatever was refused already, and whenever."""
    opened = opening(10)
    made = claims(opened, weekly)
    rows = [
        (KIND, at, at + timedelta(minutes=minutes), at - timedelta(days=2))
        for days, hour, minutes in extra
        if (
            at := datetime(2026, 6, 1, tzinfo=BERLIN) - timedelta(days=days) + timedelta(hours=hour)
        )
    ]
    refused = pd.DataFrame(rows, columns=["kind", "start", "end", "booked"])
    fewer = forecast(made, opened, refused=refused.iloc[1:])
    more = forecast(made, opened, refused=refused)
    none = forecast(made, opened)
    assert (more.load(KIND) >= fewer.load(KIND) - 1e-12).all()
    assert (fewer.load(KIND) >= none.load(KIND) - 1e-12).all()
    assert (more.usual(KIND) >= fewer.usual(KIND) - 1e-12).all()


def test_refused_demand_is_load_where_it_was_wanted():
    """Every Monday at nine five are taken and two more were refused."""
    opened = opening(10)
    made = claims(opened, lambda *_: 5)
    mondays = [
        datetime(2026, 6, 1, 9, tzinfo=BERLIN) - timedelta(weeks=week) for week in range(1, 11)
    ]
    refused = pd.DataFrame(
        [(KIND, m, m + timedelta(hours=1), m - timedelta(days=3)) for m in mondays for _ in "ab"],
        columns=["kind", "start", "end", "booked"],
    )
    found = forecast(made, opened, refused=refused)
    assert found.usual(KIND)[0, 8:11] == pytest.approx([0.5, 0.7, 0.5])
    assert found.load(KIND)[7, 8:11] == pytest.approx([0.5, 0.7, 0.5])


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    weeks=st.integers(0, 12),
    people=st.integers(0, 40),
    cancelled=st.floats(0, 1),
)
def test_loads_stay_between_nothing_and_all(seed: int, weeks: int, people: int, cancelled: float):
    """Of any claims, overbooked ones too, and 0 where nothing is open."""
    rng = np.random.default_rng(seed)
    opened = opening(weeks)
    number = people * 20
    start = NOW + pd.to_timedelta(rng.integers(-7 * 96 * (weeks + 1), 28 * 96, number) * 15, "min")
    length = pd.to_timedelta(rng.integers(1, 20, number) * 10, "min")
    lead = pd.to_timedelta(rng.exponential(7.0, number), "D")
    gone = start - lead * rng.random(number)
    made = pd.DataFrame(
        {
            "kind": KIND,
            "start": pd.DatetimeIndex(start),
            "end": start + length,
            "booked": start - lead,
            "cancelled": pd.Series(gone).where(rng.random(number) < cancelled),
            "uses": rng.integers(1, 3, number),
        }
    )
    found = forecast(made, opened, refused=made[["kind", "start", "end", "booked"]])
    for loads in (found.load(KIND), found.usual(KIND)):
        assert ((loads >= 0) & (loads <= 1)).all()
    assert not found.load(KIND)[expected(found, lambda *_: 1) == 0].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="booked"), "Claims: there is no column booked."),
        (
            lambda f: f.assign(start=f["start"].dt.tz_localize(None)),
            "Claims: row 0: start has no zone or offset.",
        ),
        (lambda f: f.assign(end=f["start"]), "Claims: row 0 starts at 2026-"),
        (
            lambda f: pd.concat([f, f.assign(end=f["start"])]),
            "Claims: row 0 starts at 2026-05-18 06:00:00+00:00 and ends at 2026-05-18 06:00",
        ),
        (
            lambda f: f.assign(booked=f["booked"].where(f.index != 3)),
            "Claims: row 3 has no booked.",
        ),
        (lambda f: f.assign(start="soon"), "Claims: start cannot be read"),
    ],
)
def test_claims_that_cannot_be_meant_are_refused(change: object, message: str):
    """The message names the column or the row."""
    opened = opening(2)
    with pytest.raises(InvalidProblem, match=re.escape(message)):
        forecast(change(claims(opened, lambda *_: 1)), opened)


def test_a_now_without_a_zone_is_refused():
    """It could be any of many instants."""
    opened = opening(1)
    with pytest.raises(InvalidProblem, match=r"now, 2026-06-01T07:00:00, has no zone or offset"):
        forecast(claims(opened, weekly), opened, now=NOW.replace(tzinfo=None))


def test_an_hour_that_no_day_has_is_refused():
    """Hours are 0 to 23."""
    opened = opening(1)
    opened.loc[0, "hour"] = 24
    with pytest.raises(InvalidProblem, match=r"hour is 24; hours are 0 to 23"):
        forecast(claims(opening(1), weekly), opened)


def test_text_with_summer_and_winter_offsets_is_read():
    """As a CSV file has them."""
    opened = opening(20)
    made = claims(opened, weekly)
    plain = made.assign(
        **{c: made[c].dt.tz_convert("Europe/Berlin").map(str) for c in ("start", "end", "booked")}
    )
    np.testing.assert_array_equal(
        forecast(plain, opened).load(KIND), forecast(made, opened).load(KIND)
    )

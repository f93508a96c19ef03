"""What may come otherwise: probabilities, the profile, and chance that stays with a visit."""

from __future__ import annotations

from datetime import timedelta
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from simulate.days import placed, schedule
from tiny import at, horizon, problem, request

from allocator.domain.faults import InvalidProblem
from allocator.domain.measured import LEAD_BINS
from allocator.simulate import (
    Attendance,
    Exactly,
    Exponential,
    Lognormal,
    Normal,
    NoShows,
    Observed,
    Uncertainty,
    simulate,
)
from allocator.simulate.luck import luck


def test_no_shows_go_by_the_days_since_the_visit_was_asked_for():
    """From 0 days on 5 %, from 7 on 30 %; 20 % where nobody knows."""
    away = NoShows(by_lead_days=((0, 0.05), (7, 0.3)), otherwise=0.2)
    told = [away.probability(days) for days in (None, -1, 0, 6, 7, 100)]
    assert told == [0.2, 0.2, 0.05, 0.05, 0.3, 0.3]


def test_a_visit_is_as_risky_as_the_days_that_it_was_asked_for_ahead():
    """Asked on the day at 7, the evening before (a day ahead), two days ahead, or nobody knows."""
    asked = {"A": at(2, 7), "B": at(1, 23), "C": at(0, 12), "D": None}
    some = problem(
        *(request(name, requested=when) for name, when in asked.items()),
        grain=15,
        horizon=horizon(3, 15),
    )
    plan = schedule(
        *(placed(name, 2, 8 + n, 60, practitioner="ann") for n, name in enumerate(asked))
    )
    away = NoShows(by_lead_days=((0, 0.0), (1, 1.0), (2, 0.0)), otherwise=1.0)
    found = simulate(some, plan, Uncertainty(no_shows=away), runs=3)
    attendances = dict(zip(found.visits["visit"], found.attendance[:, 0].tolist(), strict=True))
    missed = {name for name, attendance in attendances.items() if attendance == Attendance.NO_SHOW}
    assert missed == {"B", "D"}


def test_the_profile_is_what_was_measured():
    """No-shows as Vitoria's, lengths as Hangu's, and 84.4 % come early."""
    profile = Uncertainty.from_profile()
    for bin in LEAD_BINS:
        assert profile.no_shows.probability(bin.first) == bin.no_show
        assert profile.no_shows.probability(bin.last) == bin.no_show
    assert profile.no_shows.probability(None) == 0.2019
    assert profile.length == Lognormal(1.0, 0.4385)
    late = profile.lateness
    assert isinstance(late, Normal)
    assert NormalDist(late.mean, late.deviation).cdf(0) == pytest.approx(0.844)
    assert profile.cancelled == pytest.approx(0.041)


@pytest.mark.parametrize(
    ("some", "mean", "deviation"),
    [
        (Exactly(3.0), 3.0, 0.0),
        (Normal(-10.0, 5.0), -10.0, 5.0),
        (Exponential(4.0), 4.0, 4.0),
        (Lognormal(1.0, 0.4385), 1.0, (np.exp(0.4385**2) - 1) ** 0.5),
        (Observed((1.0, 3.0)), 2.0, 1.0),
    ],
    ids=lambda some: type(some).__name__,
)
def test_distributions_have_the_mean_and_deviation_they_say(some, mean, deviation):
    """Of 100,000 numbers, the mean to four standard errors and the deviation to 3 %."""
    drawn = some.draw(np.random.default_rng(1), 100_000)
    assert abs(drawn.mean() - mean) <= 4 * deviation / 100_000**0.5
    assert drawn.std() == pytest.approx(deviation, rel=0.03)


def test_a_length_is_never_below_nothing():
    """A normal distribution would give some."""
    chance = luck(Uncertainty(length=Normal(0.0, 1.0)), "A", "visit", 100, 0)
    assert chance.length.min() == 0


def test_chance_stays_with_a_visit():
    """It depends on the visit and the seed alone, and a service may have lengths of its own."""
    some = Uncertainty(length=Lognormal(1.0, 0.5), lengths=(("walk", Exactly(2.0)),))
    one, same = (luck(some, "A", "visit", 20, 1) for _ in range(2))
    for drawn, again in zip(one, same, strict=True):
        np.testing.assert_array_equal(drawn, again)
    assert not np.array_equal(one.length, luck(some, "B", "visit", 20, 1).length)
    assert not np.array_equal(one.length, luck(some, "A", "visit", 20, 2).length)
    np.testing.assert_array_equal(luck(some, "A", "walk", 20, 1).length, np.full(20, 2.0))
    np.testing.assert_array_equal(one.away, luck(some, "A", "walk", 20, 1).away)


def test_all_that_cannot_be_meant_is_refused_at_once():
    """Each fault with its number."""
    with pytest.raises(InvalidProblem) as error:
        Uncertainty(
            cancelled=1.5,
            no_shows=NoShows(by_lead_days=((7, 0.1), (7, -0.1)), otherwise=float("nan")),
            grace_minutes=-5,
            lateness=Observed(()),
            lengths=(("walk", Exactly(1)), ("walk", Exactly(2))),
        )
    assert str(error.value).splitlines() == [
        "Uncertainty: the probability of a late cancellation is 1.5; 0 to 1 are possible.",
        "Uncertainty: the probability of a no-show is nan; 0 to 1 are possible.",
        "Uncertainty: the probability of a no-show 7 days after asking is -0.1; 0 to 1 are"
        " possible.",
        "Uncertainty: no-shows after 7 days stand behind those after 7.",
        "Uncertainty: people are given -5 minutes; at least 0.",
        "Uncertainty: service walk has 2 distributions.",
        "Uncertainty: nothing was observed of the lateness.",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"length": Normal(1.0, float("nan"))}, "the deviation of the length is nan; no number"),
        ({"length": Lognormal(float("inf"), 0.1)}, "the mean of the length is inf; no number"),
        ({"lateness": Exactly(float("nan"))}, "the value of the lateness is nan; no number"),
        ({"length": Observed((2.0, float("nan"), 1.0))}, "the value of the length is nan; no num"),
        ({"lateness": Observed((2.0, float("-inf")))}, "the value of the lateness is -inf; no"),
        ({"length": Observed((1.0, -0.5))}, "the value of the length is -0.5; at least 0."),
    ],
)
def test_what_is_no_number_is_refused(given: dict[str, Any], said: str):
    """All that comes of it would be none either, and be told as 0."""
    with pytest.raises(InvalidProblem, match=said):
        Uncertainty(**given)


def test_the_zone_of_the_visit_tells_the_days():
    """Asked at 23:30 UTC, which is half past midnight in Berlin: the same day."""
    asked = (at(1, 0) + timedelta(minutes=30)).astimezone(tz=None)
    some = problem(request("A", requested=asked), grain=15, horizon=horizon(3, 15))
    plan = schedule(placed("A", 1, 8, 60, practitioner="ann"))
    away = NoShows(by_lead_days=((0, 1.0), (1, 0.0)))
    found = simulate(some, plan, Uncertainty(no_shows=away), runs=3)
    assert (found.attendance == Attendance.NO_SHOW).all()

"""Steering policies: bands, savings, and what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from allocator.domain.faults import InvalidProblem
from allocator.domain.steering import Band, Saving, SteeringPolicy

TWO = SteeringPolicy(savings=(Saving(below=60, percent=5), Saving(below=40, percent=10)))


@pytest.mark.parametrize(
    ("load", "band"),
    [
        (0.0, Band.OFF_PEAK),
        (0.599, Band.OFF_PEAK),
        (0.6, Band.BETWEEN),
        (0.849, Band.BETWEEN),
        (0.85, Band.PEAK),
        (1.0, Band.PEAK),
    ],
)
def test_an_hour_is_quiet_below_one_threshold_and_busy_from_another(load: float, band: Band):
    """60 and 85 percent, unless the policy says otherwise."""
    assert SteeringPolicy().band(load) is band


@pytest.mark.parametrize(
    ("load", "minutes", "days", "percent"),
    [
        (0.6, 0, 0, None),
        (0.5, 0, 0, 5),
        (0.4, 0, 0, 5),
        (0.39, 0, 0, 10),
        (0.39, 240, 7, 10),
        (0.39, 241, 0, None),
        (0.39, 0, 8, None),
    ],
)
def test_the_saving_is_that_of_the_least_load_within_reach(
    load: float, minutes: int, days: int, percent: int | None
):
    """Up to four hours from the time of day wanted, and seven days from the day."""
    saving = TWO.saving(load, minutes, days)
    assert (None if saving is None else saving.percent) == percent


def test_a_policy_of_nothing_steers_nobody():
    """Thresholds alone offer nothing."""
    assert not SteeringPolicy(off_peak=10, peak=20).steers
    assert SteeringPolicy(detour_minutes=1).steers
    assert TWO.steers


def test_savings_are_told_in_words():
    """As a share, and as an amount."""
    assert Saving(below=50, percent=10).text("EUR") == "10 % off"
    assert Saving(below=50, cents=250).text("EUR") == "2.50 EUR off"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kinds": ()}, "no kind of resource is named whose load counts."),
        ({"kinds": ("room", "room")}, "the kind room is named twice."),
        (
            {"off_peak": 90},
            "off-peak is below 90 % and peak from 85 % on; 0 to 100 are possible, and peak is not"
            " below off-peak.",
        ),
        ({"detour_minutes": 20161}, "detour_minutes is 20161; 0 to 20160 are possible."),
        ({"most_days": -1}, "most_days is -1; 0 to 366 are possible."),
        (
            {"savings": (Saving(below=61, percent=5),)},
            "the saving below 61 % is no saving for quiet hours, which are those below 60 %.",
        ),
        (
            {"savings": (Saving(below=50),)},
            "the saving below 50 % is 0 % and 0 cents; it is the one or the other.",
        ),
        (
            {"savings": (Saving(below=50, percent=101),)},
            "the saving below 50 % is 101 % and 0 cents; 0 to 100 % and cents from 0 are possible.",
        ),
        (
            {"savings": (Saving(below=50, cents=300),)},
            "the saving below 50 % is 300 cents of no currency.",
        ),
        (
            {"savings": (Saving(below=50, percent=5), Saving(below=50, percent=6))},
            "two savings are offered below 50 %.",
        ),
        (
            {"savings": (Saving(below=50, percent=5), Saving(below=30, percent=4))},
            "4 % off below 30 % is less than 5 % off below 50 %; a quieter hour saves no less.",
        ),
        (
            {
                "savings": (Saving(below=50, percent=5), Saving(below=30, cents=900)),
                "currency": "EUR",
            },
            "below 30 % and below 50 % one saving is a share and the other an amount; they are all"
            " the one or the other.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any], message: str):
    """The message has both numbers."""
    with pytest.raises(InvalidProblem) as error:
        SteeringPolicy(**wrong)
    assert [fault.message for fault in error.value.faults] == [f"Steering policy: {message}"]

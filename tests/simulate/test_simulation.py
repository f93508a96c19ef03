"""What a simulation comes to: figures and frames, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from simulate.days import figure, longer, run, three
from tiny import at

from allocator.simulate import Lognormal, NoShows, Uncertainty, simulate

#: Ann takes half as long again: A 8:00 to 9:30, B 9:30 to 11:00 (30 late), C 11:00 to 12:30.
SLOW = longer(1.5)


def test_figures_are_told_with_the_plan():
    """Ten minutes on average, one wait of three is long, Ann stays 30 minutes, 4 of 4 hours."""
    told = run(*three(), SLOW).figures().set_index("measure")
    assert told["mean"].to_dict() == pytest.approx(
        {
            "held": 100,
            "no-shows": 0,
            "late cancellations": 0,
            "too late": 0,
            "waiting": 10,
            "waiting of 9 in 10": 24,  # between 0, 0 and 30
            "long waits": 100 / 3,
            "overtime": 30,
            "idle": 0,
            "utilisation": 100,
        }
    )
    planned = told["planned"]
    assert planned[["held", "waiting", "overtime", "idle"]].tolist() == [100, 0, 0, 60]
    assert planned["utilisation"] == 75
    np.testing.assert_array_equal(told["low"], told["mean"])
    np.testing.assert_array_equal(told["worst"], told["mean"])


def test_intervals_hold_the_mean_and_the_worst_is_beyond():
    """Over runs that differ: the mean in the middle, nine of ten runs below the worst."""
    found = simulate(*three(), Uncertainty(length=Lognormal(1.0, 0.5)), runs=100, seed=1)
    told = found.figures().set_index("measure").loc["overtime"]
    by_run = found.overtime[0]
    assert told["mean"] == pytest.approx(by_run.mean())
    reach = 1.9842 * by_run.std(ddof=1) / 10  # Student's, with 99 degrees of freedom
    assert told["high"] - told["mean"] == pytest.approx(reach, rel=1e-4)
    assert told["mean"] - told["low"] == pytest.approx(reach, rel=1e-4)
    assert (by_run <= told["worst"] + 1e-9).sum() == 90


def test_kinds_that_do_not_work_are_unknown():
    """Practitioners are told where nobody says which."""
    found = run(*three(), SLOW)
    assert found.kind() == "practitioner"
    with pytest.raises(KeyError, match="no work of the kind 'lift'; there is practitioner"):
        found.figures("lift")


def test_visits_are_told_one_by_one():
    """B waits 30 minutes in each run."""
    told = run(*three(), SLOW).by_visit()
    assert told["visit"].tolist() == ["A", "B", "C"]
    assert told["service"].tolist() == ["visit"] * 3
    assert told["start"].tolist() == [at(0, 8), at(0, 9), at(0, 11)]
    for column, values in (
        ("held", [1, 1, 1]),
        ("waiting", [0, 30, 0]),
        ("waiting_9_in_10", [0, 30, 0]),
        ("long_waits", [0, 1, 0]),
    ):
        assert told[column].tolist() == values


def test_visits_that_are_never_held_have_no_waits():
    """Nor do their hours."""
    found = run(*three(), Uncertainty(no_shows=NoShows(otherwise=1.0)))
    assert found.by_visit()["held"].tolist() == [0, 0, 0]
    assert found.by_visit()["waiting"].isna().all()
    assert found.by_hour()["waiting"].isna().all()
    assert figure(found, "waiting") == 0


def test_hours_are_those_of_the_planned_start():
    """One visit each at 8, 9 and 11, with nothing between."""
    told = run(*three(), SLOW).by_hour()
    assert told.to_dict("list") == {
        "hour": [8, 9, 11],
        "visits": [1, 1, 1],
        "waiting": [0, 30, 0],
        "low": [0, 30, 0],
        "high": [0, 30, 0],
    }


def test_resources_are_told_by_workday():
    """Ann has one, which ends 30 minutes late."""
    [told] = run(*three(), SLOW).by_resource().to_dict("records")
    assert told == {
        "resource": "ann",
        "kind": "practitioner",
        "workdays": 1,
        "overtime": 30,
        "low": 30,
        "high": 30,
        "planned_overtime": 0,
        "late_days": 1,
        "idle": 0,
        "planned_idle": 60,
        "utilisation": 1,
        "planned_utilisation": 0.75,
    }
    assert run(*three(), SLOW).by_resource("practitioner")["resource"].tolist() == ["ann"]


def test_of_one_run_there_is_no_interval():
    """Its text says none, rather than that it is no number."""
    said = simulate(*three(), SLOW, runs=1).text()
    assert "1 run.\n" in said
    assert "nan" not in said


def test_it_is_told_in_a_few_lines():
    """Each with its unit."""
    assert run(*three(), SLOW).text().splitlines() == [
        "3 visits, 1 workday of the kind practitioner, 2 runs; means with intervals of 95 %.",
        "held         100.0 %: 0.0 % no-shows, 0.0 % cancelled late, 0.0 % too late",
        "waiting      10.0 (10.0 to 10.0) minutes; 9 in 10 at most 24.0; 33.3 % more than 15",
        "overtime     30.0 (30.0 to 30.0) minutes a workday; planned 0.0",
        "idle         0.0 (0.0 to 0.0) minutes a workday; planned 60.0",
        "utilisation  100.0 (100.0 to 100.0) %; planned 75.0",
    ]

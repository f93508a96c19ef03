"""Simulations drawn: waits by hour, overtime by resource, candidates and their costs."""

from __future__ import annotations

import pytest
from plots.svg import overlaps, rows
from simulate.days import longer, run, schedule, three

from allocator.plots import choice, simulation
from allocator.plots.save import png
from allocator.simulate import Lognormal, Prices, Uncertainty, appointment_day, choose_buffer

SLOW = longer(1.5)


def test_waits_are_drawn_by_hour_and_overtime_by_resource():
    """B waits 30 minutes at nine, and Ann stays 30; all runs are alike."""
    chart = simulation(run(*three(), SLOW))
    told = {row["hour"]: (row["low"], row["waiting"], row["high"]) for row in rows(chart, "hour")}
    assert told == {8: (0, 0, 0), 9: (30, 30, 30), 11: (0, 0, 0)}
    staff = {row["name"]: (row["low"], row["overtime"]) for row in rows(chart, "overtime")}
    assert staff == {"ann": (30, 30)}
    assert "2 runs" in str(chart.title.subtitle)


def test_kinds_that_do_not_work_are_unknown():
    """As in the figures."""
    with pytest.raises(KeyError, match="no work of the kind 'lift'"):
        simulation(run(*three(), SLOW), kind="lift")


def test_a_schedule_without_visits_is_drawn():
    """There is no work of any kind, and nothing to wait for."""
    chart = simulation(run(three()[0], schedule(), SLOW))
    assert rows(chart, "overtime") == []
    assert png(chart)


@pytest.fixture(scope="module")
def found():
    """Return three buffers compared, where waiting alone costs."""
    return choose_buffer(
        *appointment_day(12, 15),
        Prices(waiting=1, overtime=0, idle=0),
        Uncertainty(length=Lognormal(1.0, 0.4385)),
        minutes=(0, 5, 10),
        runs=30,
        seed=1,
    )


def test_candidates_are_drawn_with_the_cheapest(found):
    """The widest buffer; each bar is as long as the frame says."""
    drawn = {row["candidate"]: row for row in rows(choice(found), "difference")}
    assert [name for name, row in drawn.items() if row["which"] == "cheapest"] == ["10 minutes"]
    for told in found.frame.to_dict("records"):
        row = drawn[told["candidate"]]
        for figure in ("waiting", "overtime", "idle", "difference", "low", "high"):
            assert row[figure] == told[figure]


def test_both_are_drawn_and_can_be_read(found):
    """No text lies on another."""
    for chart in (choice(found), simulation(next(iter(found.simulations.values())))):
        assert png(chart).startswith(b"\x89PNG")
        assert overlaps(chart) == []

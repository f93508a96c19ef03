"""Steering drawn: loads with and without it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from plots.svg import overlaps, rows

from allocator.plots import steering
from allocator.plots.save import png
from allocator.replay import Steered


def found() -> Steered:
    """Return two days of two hours: nine is full and ten empty, or both are half full."""
    told = [
        (seed, steered, day, hour, 60.0, load * 60, load)
        for seed in (1, 2)
        for day in (date(2026, 3, 2), date(2026, 3, 3))
        for steered, loads in ((False, (1.0, 0.0)), (True, (0.5, 0.5)))
        for hour, load in zip((9, 10), loads, strict=True)
    ]
    columns = ["seed", "steered", "day", "hour", "open", "claimed", "load"]
    hours = pd.DataFrame(told, columns=columns)
    return Steered(
        figures=pd.DataFrame(), hours=hours, first=date(2026, 3, 2), last=date(2026, 3, 3)
    )


def test_loads_are_told_by_hour_and_from_the_busiest_to_the_quietest():
    """Over all days and seeds."""
    chart = steering(found())
    told = rows(chart, "load")
    by_hour = {(row["who"], row["hour"]): row["load"] for row in told if "hour" in row}
    assert by_hour == {
        ("as people wish", 9): 1.0,
        ("as people wish", 10): 0.0,
        ("steered", 9): 0.5,
        ("steered", 10): 0.5,
    }
    curve = {(row["who"], round(row["share"], 2)): row["load"] for row in told if "share" in row}
    assert [curve["as people wish", share] for share in (0.0, 0.49, 0.51, 1.0)] == [1, 1, 0, 0]
    assert {load for (who, _), load in curve.items() if who == "steered"} == {0.5}
    assert "2 seeds" in str(chart.title.subtitle)


@pytest.mark.parametrize("form", [png])
def test_it_is_drawn_and_can_be_read(form):
    """No text lies on another."""
    chart = steering(found())
    assert form(chart).startswith(b"\x89PNG")
    assert overlaps(chart) == []

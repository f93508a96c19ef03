"""Popular hours: a map of the week for each kind."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from forecast.planted import HOURS, claims, forecast, opening, weekly
from plots.svg import overlaps, rows

from allocator.plots import popular_hours
from allocator.plots.save import png

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri")


def test_each_cell_is_the_load_of_an_hour_of_the_week():
    """Wednesday at ten is as it always is; at the weekend there is none."""
    opened = opening(6)
    chart = popular_hours(forecast(claims(opened, weekly), opened))
    told = {(row["weekday"], row["hour"]): row["load"] for row in rows(chart, "load")}
    assert set(told) == {(day, f"{hour:02d}") for day in WEEK for hour in HOURS}
    assert told["Wed", "10"] == pytest.approx(weekly(date(2026, 6, 3), 10) / 10)


def test_each_kind_has_a_map_and_some_may_be_chosen():
    """Rooms and practitioners, or rooms alone; lifts are unknown."""
    opened = pd.concat([opening(4), opening(4, kind="room")], ignore_index=True)
    made = claims(opening(4), weekly)
    rooms = claims(opening(4), lambda day, hour: weekly(day, hour + 1), kind="room")
    found = forecast(pd.concat([made, rooms], ignore_index=True), opened)
    assert len(rows(popular_hours(found), "load")) == 100
    assert len(rows(popular_hours(found, kinds=["room"]), "load")) == 50
    with pytest.raises(KeyError, match="no forecast of the kind 'lift'"):
        popular_hours(found, kinds=["lift"])
    assert overlaps(popular_hours(found)) == []
    assert png(popular_hours(found)).startswith(b"\x89PNG")

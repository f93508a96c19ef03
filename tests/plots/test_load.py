"""The load: shares by kind and local hour."""

from datetime import date

import pytest
from pictures import placed
from plots.svg import drawn, overlaps, rows, texts
from plots.weeks import clinic
from tiny import calendar, practitioner, problem, request, service

from allocator.domain.resource import Location
from allocator.domain.schedule import Schedule
from allocator.plots import load
from allocator.plots.save import png


def shares(chart: object) -> dict[tuple[str, str], float]:
    """Return what is taken, by kind and hour."""
    return {(row["kind"], row["hour"]): row["share"] for row in rows(chart, "share")}


def test_a_cell_says_how_much_of_an_hour_is_taken():
    """Ann is open from 8 to 12; half of nine to ten is taken, so an eighth of the day."""
    some = problem(request("A"), grain=30, services=(service(minutes=30),))
    told = shares(load(some, placed(some, "A 9:00")))
    assert told == {
        ("practitioner", "08"): 0.0,
        ("practitioner", "09"): 0.5,
        ("practitioner", "10"): 0.0,
        ("practitioner", "11"): 0.0,
        ("practitioner", "all"): 0.125,
    }


def test_hours_are_those_of_the_resource():
    """Three in the afternoon in Berlin is nine in the morning in New York."""
    some = problem(
        request("A"),
        resources=(practitioner("ann", location="new-york"),),
        locations=(Location(id="new-york", zone="America/New_York"),),
    )
    told = shares(load(some, placed(some, "A 15:00 ann")))
    assert told["practitioner", "09"] == 1.0
    assert ("practitioner", "15") not in told


def test_only_some_days_are_looked_at():
    """Monday's visits are not Tuesday's."""
    some = problem(request("A"), days=2)
    schedule = placed(some, "A mon 9:00")
    assert shares(load(some, schedule, days=1))["practitioner", "09"] == 1.0
    assert shares(load(some, schedule, first=date(2026, 3, 3)))["practitioner", "09"] == 0.0
    assert shares(load(some, schedule))["practitioner", "09"] == 0.5


@pytest.mark.parametrize("more", [{"first": date(2026, 3, 1)}, {"days": 3}, {"days": 0}])
def test_days_outside_the_horizon_are_refused(more: dict[str, object]):
    """The message says what the horizon is."""
    with pytest.raises(ValueError, match="The horizon is 2026-03-02 to 2026-03-03"):
        load(problem(days=2), Schedule(), **more)


@pytest.mark.parametrize("resources", [0, 5, 200])
def test_it_is_drawn_and_can_be_read(resources: int):
    """Every figure is in its cell."""
    some, schedule = clinic(resources, days=2, each=3)
    chart = load(some, schedule)
    assert overlaps(chart) == []
    assert png(chart).startswith(b"\x89PNG")
    written = [text.words for text in texts(drawn(chart))]
    figures = [row["text"] for row in rows(chart, "text")]
    assert bool(figures) == bool(resources)
    assert all(written.count(figure) >= figures.count(figure) for figure in figures)


def test_around_the_clock_fits_too():
    """Twenty-four hours side by side, each fully taken."""
    some = problem(
        *(request(f"A{hour}") for hour in range(24)), calendars=(calendar("day", 0, 24),)
    )
    chart = load(some, placed(some, ", ".join(f"A{h} {h}:00" for h in range(24))))
    assert overlaps(chart) == []
    assert set(shares(chart).values()) == {1.0}

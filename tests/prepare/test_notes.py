"""Notes: what a problem's calendars did that people should know of, told once."""

from datetime import date, datetime

import pytest
from tiny import BERLIN, practitioner, problem, request

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.request import FixedSeries
from allocator.domain.time import Horizon
from allocator.prepare.prepared import Prepared

EVERY_DAY = frozenset(range(7))


def calendar(id: str, start: int, holidays: str = "") -> Calendar:
    """Return a calendar that is open from a minute of each day until 16:00."""
    hours = DailySpan(start_minute=start, end_minute=16 * 60)
    return Calendar(id=id, weekly=(WeeklyRule(weekdays=EVERY_DAY, hours=hours),), holidays=holidays)


def notes(*calendars: Calendar) -> tuple[str, ...]:
    """Return the notes of a week before Easter 2026 with a practitioner for each calendar."""
    some = problem(
        request("A"),
        horizon=Horizon(first=date(2026, 3, 29), days=9, zone="Europe/Berlin"),
        calendars=calendars,
        resources=tuple(practitioner(c.id, calendar=c.id) for c in calendars),
    )
    return Prepared(some).notes


def test_a_holiday_is_told_once_however_many_calendars_it_closes() -> None:
    """Good Friday and Easter Monday close Ann and Bob; one note says so."""
    assert notes(calendar("ann", 480, "DE"), calendar("bob", 540, "DE")) == (
        "Closed for the holidays of DE: 2026-04-03 Good Friday, 2026-04-06 Easter Monday.",
    )


def test_each_region_has_a_note_of_its_own() -> None:
    """Good Friday is a holiday in Germany, and none in Austria."""
    assert notes(calendar("ann", 480, "DE"), calendar("bob", 480, "AT")) == (
        "Closed for the holidays of AT: 2026-04-06 Easter Monday.",
        "Closed for the holidays of DE: 2026-04-03 Good Friday, 2026-04-06 Easter Monday.",
    )


def test_clock_changes_have_notes_apart() -> None:
    """Ann's day starts at 02:30, which Sunday 29 March does not have."""
    assert notes(calendar("ann", 150, "DE")) == (
        "Calendar ann: 02:30 does not exist on 2026-03-29; the span starts at the change.",
        "Closed for the holidays of DE: 2026-04-03 Good Friday, 2026-04-06 Easter Monday.",
    )


@pytest.mark.parametrize(
    ("may_miss", "and_then"), [({2}, "."), (set(), ", and the series with it.")]
)
def test_a_visit_of_a_fixed_series_that_the_clocks_skip_is_told(
    may_miss: set[int], and_then: str
) -> None:
    """At 02:30 each Sunday from 22 March on: the second is the night of the change.

    The first and the third exist, and so does one at 03:00 that night.
    """
    weekly = {
        name: FixedSeries(
            count=3, start=datetime(2026, 3, 22, *time, tzinfo=BERLIN), may_miss=frozenset(may_miss)
        )
        for name, time in (("A", (2, 30)), ("B", (3, 0)))
    }
    some = problem(
        *(request(name, series=series) for name, series in weekly.items()),
        horizon=Horizon(first=date(2026, 3, 22), days=15, zone="Europe/Berlin", grain_minutes=30),
    )
    assert Prepared(some).notes == (
        "Request A: 02:30 does not exist on 2026-03-29; visit 2 of its series is dropped"
        + and_then,
    )

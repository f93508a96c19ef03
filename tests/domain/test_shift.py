"""Problems some weeks later."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from cli.running import HANDMADE

from allocator import read_problem
from allocator.domain.calendar import Block, Calendar, DatedException
from allocator.domain.problem import Problem
from allocator.domain.request import Request, Step
from allocator.domain.resource import Contract, Resource
from allocator.domain.service import Service
from allocator.domain.shift import shifted, weeks_until
from allocator.domain.time import Horizon, Span

WEEK_OF_CHANGE = Problem(
    horizon=Horizon(
        first=date(2026, 3, 23),
        days=14,
        zone="Europe/Berlin",
        now=datetime(2026, 3, 22, tzinfo=UTC),
    ),
    calendars=(
        Calendar(
            id="c",
            exceptions=(DatedException(day=date(2026, 3, 24)),),
            blocks=(
                Block(
                    span=Span(
                        start=datetime(2026, 3, 23, 8, tzinfo=UTC),
                        end=datetime(2026, 3, 23, 9, 0, 30, tzinfo=UTC),
                    )
                ),
            ),
        ),
    ),
    resources=(
        Resource(id="a", kind="room", calendar="c", contracts=(Contract(last=date(2026, 3, 31)),)),
    ),
    services=(Service(id="s", minutes=30),),
    requests=(Request(id="r", steps=(Step(service="s"),), due=datetime(2026, 3, 27, tzinfo=UTC)),),
)


def test_wall_times_stay_across_a_clock_change():
    """Nine in Berlin is 8:00 UTC in the week before the change and 7:00 UTC after it."""
    later = shifted(WEEK_OF_CHANGE, 1)
    (block,) = later.calendars[0].blocks
    assert block.span == Span(
        start=datetime(2026, 3, 30, 7, tzinfo=UTC), end=datetime(2026, 3, 30, 8, 0, 30, tzinfo=UTC)
    )


def test_every_date_shifts():
    """The horizon, exceptions, contracts, and what requests ask for."""
    later = shifted(WEEK_OF_CHANGE, 2)
    assert later.horizon.first == date(2026, 4, 6)
    assert later.horizon.now == datetime(2026, 4, 4, 23, tzinfo=UTC)
    assert later.calendars[0].exceptions[0].day == date(2026, 4, 7)
    assert later.resources[0].contracts == (Contract(last=date(2026, 4, 14)),)
    assert later.requests[0].due == datetime(2026, 4, 9, 23, tzinfo=UTC)


def test_there_and_back_is_where_it_was():
    """A whole clinic, with published visits and group sessions."""
    problem = read_problem(HANDMADE)
    there = shifted(problem, 20)
    assert there != problem
    assert shifted(there, -20) == problem


@pytest.mark.parametrize(
    ("first", "weeks"),
    [
        pytest.param(date(2026, 3, 23), 1, id="a Monday"),
        pytest.param(date(2026, 3, 29), 1, id="the Sunday of its week"),
        pytest.param(date(2026, 3, 30), 0, id="that Monday itself"),
        pytest.param(date(2026, 4, 6), -1, id="a week too late"),
    ],
)
def test_the_first_week_begins_on_the_monday_asked_for(first: date, weeks: int):
    """The week of the horizon's first day becomes the week of that Monday."""
    problem = replace(WEEK_OF_CHANGE, horizon=replace(WEEK_OF_CHANGE.horizon, first=first))
    assert weeks_until(problem, date(2026, 3, 30)) == weeks

"""Bounds of what is served, by plans and by prices: above no schedule, and what staff cannot do."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from bounds import floor_of, missed_by_plan, missed_by_prices, optimum, plan_of, prices_of
from faces import book_of
from tiny import (
    at,
    calendar,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
    span,
)

from allocator.domain.calendar import Calendar, DailySpan
from allocator.domain.problem import Problem
from allocator.domain.request import (
    FixedSeries,
    FlexibleSeries,
    Series,
    Session,
    Step,
)
from allocator.domain.resource import Break, WorkLimits
from allocator.domain.service import Need, Selector
from allocator.generate.clinics import clinic
from allocator.goals.served import PARTS

Missed = Callable[[Problem], int]


@pytest.fixture(params=[missed_by_plan, missed_by_prices], ids=["plan", "prices"])
def missed(request: pytest.FixtureRequest) -> Missed:
    """Return how to tell what is missed at least, in parts of a request."""
    bound: Missed = request.param
    return bound


def only_on(day: int, id: str) -> Calendar:
    """Return a calendar that is open on one weekday, counted from the Monday."""
    every = calendar(id)
    return replace(every, weekly=(replace(every.weekly[0], weekdays=frozenset({day})),))


def in_room(name: str) -> Need:
    """Return a need for this very room."""
    return need("room", alternatives=(Selector(kind="room", names=frozenset({name})),))


@pytest.mark.parametrize(
    "shape",
    [
        FixedSeries(count=2, every_days=1, may_miss=frozenset({1, 2})),
        FixedSeries(count=2, every_days=1, may_miss=frozenset({2})),
        FlexibleSeries(count=2, least_days_between=0, at_least=1),
        FlexibleSeries(count=2, least_days_between=0),
    ],
    ids=["may miss all", "may miss the last", "one is enough", "all or nothing"],
)
def test_a_series_with_room_misses_nothing(missed: Missed, shape: Series) -> None:
    """Ann has four hours a day, enough for two visits, whichever of them may be missed."""
    days = 2 if isinstance(shape, FixedSeries) else 1
    assert missed(problem(request("A", series=shape), days=days)) == 0


def test_what_has_no_room_is_missed(missed: Missed) -> None:
    """Six hours are asked of four: two requests of six are missed."""
    assert missed(problem(*map(request, "ABCDEF"))) == 2 * PARTS


def test_what_is_optional_counts_no_more_than_what_is_needed(missed: Missed) -> None:
    """Five requests want Monday's four hours; A's second visit is on Tuesday, and optional.

    It is worth nothing without the first, so one request is missed, and not a half of one.
    """
    daily = FixedSeries(count=2, every_days=1, start=at(0, 8), may_miss=frozenset({2}))
    rest = (request(id, windows=(span(0, 8, 12),)) for id in "BCDE")
    assert missed(problem(request("A", series=daily), *rest, days=2)) == PARTS


def test_long_visits_leave_gaps(missed: Missed) -> None:
    """Of two visits of three hours one fits into Ann's four, and none in halves."""
    some = problem(*map(request, "AB"), services=(service(minutes=180),))
    assert missed(some) == PARTS


def test_who_can_come_only_then_competes_for_then(missed: Missed) -> None:
    """Three requests want the two hours from eight to ten; Ann's other two do not help."""
    some = problem(*(request(id, windows=(span(0, 8, 10),)) for id in "ABC"))
    assert missed(some) == PARTS


def test_a_break_takes_its_time(missed: Missed) -> None:
    """Ann rests for an hour somewhere in her four: three of four requests are served."""
    rest = Break(minutes=60, window=DailySpan(start_minute=8 * 60, end_minute=12 * 60))
    some = problem(*map(request, "ABCD"), resources=(practitioner("ann", breaks=(rest,)),))
    assert missed(some) == PARTS


def test_who_starts_on_a_grid_leaves_time_unused(missed: Missed) -> None:
    """Visits of an hour start at eight or at ten: two of three are served, in four hours."""
    some = problem(
        *map(request, "ABC"),
        services=(service(start_every_minutes=120),),
    )
    assert missed(some) == PARTS


def test_who_attends_has_no_time_to_serve(missed: Missed) -> None:
    """Ann sees two people, and is asked to three meetings, each an hour; she has four."""
    some = problem(
        *map(request, "AB"),
        *(request(id, "ann", "meeting") for id in "CDE"),
        resources=(practitioner("ann"), room("r"), room("s")),
        services=(service(), service("meeting", needs=(need("room"),))),
    )
    assert missed(some) == PARTS


@pytest.mark.parametrize(
    "limits", [WorkLimits(minutes_per_day=120), WorkLimits(minutes_per_week=120)]
)
def test_work_ends_at_its_limit(missed: Missed, limits: WorkLimits) -> None:
    """Ann works for two of her four hours at most."""
    some = problem(*map(request, "ABC"), resources=(practitioner("ann", limits=limits),))
    assert missed(some) == PARTS


def test_everybody_who_is_needed_has_to_have_time(missed: Missed) -> None:
    """A meeting takes two of Ann, Bob and Cem: their twelve hours hold six meetings of seven."""
    some = problem(
        *map(request, "ABCDEFG"),
        resources=tuple(map(practitioner, ("ann", "bob", "cem"))),
        services=(service(needs=(need(quantity=2),)),),
    )
    assert missed(some) == PARTS


def test_neighbours_of_a_series_are_days_apart(missed: Missed) -> None:
    """Three visits, two days apart, do not fit into four days; they take five."""
    apart = FlexibleSeries(count=3, least_days_between=2)
    assert missed(problem(request("A", series=apart), days=4)) == PARTS
    assert missed(problem(request("A", series=apart), days=5)) == 0


def test_a_series_stays_in_touch(missed: Missed) -> None:
    """On Monday and on Thursday: that is three days apart."""
    windows = (span(0, 8, 12), span(3, 8, 12))
    for most, value in ((2, PARTS), (3, 0)):
        series = FlexibleSeries(count=2, least_days_between=1, most_days_between=most)
        some = problem(request("A", series=series, windows=windows), days=4)
        assert missed(some) == value


def test_the_first_visit_of_a_series_comes_first(missed: Missed) -> None:
    """It takes three hours, for which there is time on the second day alone."""
    series = FlexibleSeries(count=2, least_days_between=1)
    long = (service(first_minutes=180),)
    asked = request("A", series=series, first_visit=True, windows=(span(0, 8, 10), span(1, 8, 12)))
    assert missed(problem(asked, services=long, days=2)) == PARTS
    other = replace(asked, windows=(span(0, 8, 12), span(1, 8, 10)))
    assert missed(problem(other, services=long, days=2)) == 0


def test_a_fixed_series_keeps_step(missed: Missed) -> None:
    """On Monday and on Wednesday: every second day will do, every day will not."""
    windows = (span(0, 8, 12), span(2, 8, 12))
    for every, value in ((1, PARTS), (2, 0)):
        series = FixedSeries(count=2, every_days=every)
        assert missed(problem(request("A", series=series, windows=windows), days=3)) == value


def test_a_series_has_so_many_visits_a_week(missed: Missed) -> None:
    """Two visits, one a week, need a second week."""
    weekly = FlexibleSeries(count=2, least_days_between=0, most_per_week=1)
    assert missed(problem(request("A", series=weekly), days=7)) == PARTS
    assert missed(problem(request("A", series=weekly), days=8)) == 0


def test_steps_follow_each_other_soon(missed: Missed) -> None:
    """The first step is possible on Monday, the second on Wednesday; a day between is too long."""
    for lag, value in ((24 * 60, PARTS), (3 * 24 * 60, 0)):
        steps = (Step(service="first"), Step(service="second", most_lag_minutes=lag))
        some = problem(
            request("A", steps=steps),
            days=3,
            resources=(room("early", calendar="early"), room("late", calendar="late")),
            calendars=(*problem().calendars, only_on(0, "early"), only_on(2, "late")),
            services=(
                service("first", needs=(in_room("early"),)),
                service("second", needs=(in_room("late"),)),
            ),
        )
        assert missed(some) == value


def test_a_session_takes_staff_and_has_places(missed: Missed) -> None:
    """Two of three participants find a place in the session."""
    some = problem(
        *(request(id, id.lower(), steps=(Step(sessions=frozenset({"s"})),)) for id in "ABC"),
        resources=(practitioner("ann"), *map(patient, "abc")),
        sessions=(Session(id="s", service="visit", windows=(span(0, 8, 12),), least=1, most=2),),
    )
    assert missed(some) == PARTS


@pytest.mark.parametrize("seed", range(6))
def test_no_bound_lies_above_what_a_schedule_reaches(seed: int) -> None:
    """The model of the whole proves what is missed at least; neither ever says more."""
    chance = random.Random(seed)
    some = clinic(
        "small",
        "overloaded" if seed % 2 else 95,
        seed=seed,
        visits=chance.randint(16, 26),
        weeks=2,
        booked=bool(seed % 3),
    )
    book = book_of(some)
    reached, prices = optimum(book), prices_of(book)
    assert reached is not None
    for level, cost in enumerate(reached):
        planned = plan_of(book, level, tuple(reached)).floor
        assert planned is not None
        for floor in (planned, floor_of(prices, level, reached[:level])):
            assert floor <= cost, f"{book.levels[level].name}: {floor} is proved, {cost} is reached"

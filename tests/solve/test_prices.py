"""Prices of time: never more than is true, and who is planned on which day."""

import random
from dataclasses import replace

import numpy as np
import pytest
from bounds import floor_of, optimum, prices_of
from bounds import missed_by_prices as missed
from faces import book_of
from random_problems import random_problem
from tiny import (
    at,
    calendar,
    need,
    practitioner,
    problem,
    request,
    room,
    service,
    span,
)

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import (
    FixedSeries,
    FlexibleSeries,
    Pin,
    Step,
)
from allocator.domain.resource import Break, WorkLimits
from allocator.domain.schedule import Assignment
from allocator.domain.service import Part
from allocator.generate.clinics import clinic
from allocator.goals.served import PARTS
from allocator.solve.bound import served_total
from allocator.solve.budget import Budget
from allocator.solve.prices import planned_days

#: Rules that are switched off together.
OFF = (
    ("series_gaps",),
    ("series_completeness", "option_complete"),
    ("chain_lags",),
    ("buffers",),
    ("breaks", "capacity"),
    ("work_per_day",),
    ("series_rate",),
    ("series_pattern",),
    ("session_most",),
    ("options", "option_complete"),
)


def planned(some: Problem) -> dict[str, int]:
    """Return the days on which visits are planned, by name."""
    prices = prices_of(book_of(some))
    floor_of(prices)
    days = planned_days(prices, Budget())
    return {prices.book.prepared.visits[v].id: day for v, day in days.items()}


def test_a_bound_for_which_no_time_is_left_is_what_everybody_could_have_alone() -> None:
    """Six hours are asked of four; at no price at all, nothing is missed."""
    prices = prices_of(book_of(problem(*map(request, "ABCDEF"))))
    assert floor_of(prices, budget=Budget(0.0)) == 0
    assert floor_of(prices) == 2 * PARTS


def test_as_many_are_planned_as_there_is_room_for() -> None:
    """Ann has four hours on each of two days; of six who can come on Monday alone, four do."""
    early = (request(id, windows=(span(0, 8, 12),)) for id in "ABCDEF")
    days = planned(problem(*early, *map(request, "GHI"), days=2))
    assert sorted(day for id, day in days.items() if id in "ABCDEF") == [0] * 4
    assert {id: day for id, day in days.items() if id in "GHI"} == dict.fromkeys("GHI", 1)


def test_whoever_is_worth_more_for_the_time_is_planned() -> None:
    """Of Ann's four hours, three go to one long visit of weight 4, one to a short one of weight 2.

    Two more short ones would earn less than the long one.
    """
    some = problem(
        request("long", services="long", weight=4),
        *(request(id, weight=weight) for id, weight in (("A", 1), ("B", 2), ("C", 1))),
        services=(service(), service("long", minutes=180)),
    )
    assert planned(some) == {"long": 0, "B": 0}


def test_a_more_urgent_class_is_planned_first() -> None:
    """Four hours: the two who are urgent come, and two of those who would pay more."""
    some = problem(
        *(request(id, priority=1) for id in "AB"), *(request(id, weight=9) for id in "CDE")
    )
    assert {"A", "B"} < planned(some).keys()
    assert len(planned(some)) == 4


def test_a_series_is_planned_whole_on_days_that_are_apart() -> None:
    """Three visits, two days apart, in five days."""
    apart = FlexibleSeries(count=3, least_days_between=2)
    days = planned(problem(request("A", series=apart), days=5))
    assert days == {"A#1": 0, "A#2": 2, "A#3": 4}
    assert planned(problem(request("A", series=apart), days=4)) == {}


def test_nobody_is_planned_where_there_is_no_time_for_it() -> None:
    """Once the budget is over, the rest is not planned."""
    prices = prices_of(book_of(problem(*map(request, "AB"))))
    assert planned_days(prices, Budget(0.0)) == {}


def night() -> Calendar:
    """Return a calendar that is open round the clock."""
    hours = DailySpan(start_minute=0, end_minute=24 * 60)
    return Calendar(id="all", weekly=(WeeklyRule(weekdays=frozenset(range(7)), hours=hours),))


@pytest.mark.parametrize(
    "limits", [WorkLimits(minutes_per_day=60), WorkLimits(minutes_per_week=60)]
)
def test_work_counts_once_however_many_lanes_it_takes(limits: WorkLimits) -> None:
    """An hour that takes both lanes of a room is an hour of its work, of which it has one."""
    some = problem(
        request("A"),
        resources=(practitioner("ann"), room("r", lanes=2, limits=limits)),
        services=(service(needs=(need("room", uses=2),)),),
    )
    assert missed(some) == 0


def test_a_break_that_asks_for_nothing_takes_no_time() -> None:
    """An hour between a quarter past eight and nine: on the grid, half an hour is too short."""
    rest = Break(minutes=60, window=DailySpan(start_minute=8 * 60 + 15, end_minute=9 * 60 + 15))
    some = problem(
        *map(request, "ABCD"), grain=30, resources=(practitioner("ann", breaks=(rest,)),)
    )
    assert missed(some) == 0


def test_one_who_takes_more_lanes_is_not_like_the_others() -> None:
    """In four hours of two lanes, X takes two for one hour and six others one each: all fit."""
    some = problem(
        request("X", services="two"),
        *(request(id, services="one") for id in "ABCDEF"),
        resources=(practitioner("ann"), room("r", lanes=2)),
        services=(
            service("two", needs=(need("room", uses=2),)),
            service("one", needs=(need("room"),)),
        ),
    )
    assert missed(some) == 0


def test_the_next_step_may_follow_sooner_after_a_short_one() -> None:
    """Both take Ann for the first hour; the one who stays for four is too late for the evening."""
    first = need(part=Part(minutes=60))
    later = Step(service="second", least_lag_minutes=13 * 60)
    some = problem(
        *(
            request(id, steps=(Step(service=id), later), windows=(window, span(0, 20, 23)))
            for id, window in (("long", span(0, 8, 12)), ("short", span(0, 8, 9)))
        ),
        resources=(practitioner("ann", lanes=2), room("r", calendar="late", lanes=2)),
        calendars=(calendar(), calendar("late", 20, 23)),
        services=(
            service("long", minutes=240, needs=(first,)),
            service("short", needs=(first,)),
            service("second", needs=(need("room"),)),
        ),
    )
    assert missed(some) == PARTS


def test_without_gaps_a_series_has_no_order() -> None:
    """The first visit is long and fits on the second day alone; the other comes before it."""
    series = FlexibleSeries(count=2, least_days_between=0)
    some = problem(
        request("A", series=series, first_visit=True, windows=(span(0, 8, 10), span(1, 8, 11))),
        services=(service(first_minutes=180),),
        days=2,
        without_rules=frozenset({"series_gaps"}),
    )
    assert missed(some) == 0


def test_without_buffers_it_is_not_known_on_which_day_work_counts() -> None:
    """Two visits of two hours, one after midnight, with an hour before; three hours of work a day.

    The hour before midnight is work of the day before, whether buffers are kept or not.
    """
    some = problem(
        request("A", windows=(span(1, 0, 2),)),
        request("B", windows=(span(1, 10, 12),)),
        days=2,
        services=(service(minutes=120, needs=(need(before_minutes=60),)),),
        calendars=(night(),),
        resources=(practitioner("ann", calendar="all", limits=WorkLimits(minutes_per_day=180)),),
        without_rules=frozenset({"buffers"}),
    )
    assert missed(some) == 0


def test_who_works_round_the_clock_has_days_too() -> None:
    """Six visits of eight hours fill two days, three each; a seventh is missed."""
    some = problem(
        *map(request, "ABCDEFG"),
        days=2,
        services=(service(minutes=480),),
        calendars=(night(),),
        resources=(practitioner("ann", calendar="all"),),
    )
    assert missed(some) == PARTS
    assert sorted(planned(some).values()) == [0, 0, 0, 1, 1, 1]


def test_a_team_is_planned_where_each_of_it_has_time() -> None:
    """Ann and Bob both have four hours, of which a visit of both takes three."""
    some = problem(
        request("A"),
        resources=(practitioner("ann"), practitioner("bob")),
        services=(service(minutes=180, needs=(need(quantity=2),)),),
    )
    assert planned(some) == {"A": 0}


def test_what_a_fixed_series_misses_is_not_planned() -> None:
    """The second of three days is impossible and may be missed: the first and third are planned."""
    series = FixedSeries(count=3, every_days=1, start=at(0, 8), may_miss=frozenset({2}))
    windows = (span(0, 8, 12), span(2, 8, 12))
    some = problem(request("A", series=series, windows=windows), days=3)
    assert planned(some) == {"A#1": 0, "A#3": 2}


def test_nobody_may_be_left_to_ask_for_a_price() -> None:
    """Of both series the first visit is pinned, and only the second are open: nothing is priced."""
    series = FlexibleSeries(count=2, at_least=1)
    team = (("practitioner", ("ann",)),)
    some = problem(
        *(request(id, series=series, windows=(span(0, 8, 12), span(1, 8, 9))) for id in "AB"),
        days=2,
        published=tuple(
            Assignment(visit=f"{id}#1", start=at(0, hour), end=at(0, hour + 1), resources=team)
            for id, hour in (("A", 8), ("B", 9))
        ),
        pins=tuple(Pin(visit=f"{id}#1") for id in "AB"),
    )
    prices = prices_of(book_of(some))
    assert prices.asked == []
    assert floor_of(prices) == 0
    assert planned(some) == {}


@pytest.mark.parametrize("off", [False, True], ids=["all rules", "some rules off"])
def test_no_bound_lies_above_the_optimum_of_random_problems(off: bool) -> None:
    """A hundred problems of all that there is, each solved by the model of the whole."""
    tight = 0
    for seed in range(100):
        some = random_problem(seed, least_visits=2, most_visits=6, published=0.4)
        if off:
            without = random.Random(seed).choice(OFF)
            some = replace(some, without_rules=frozenset(without))
        book = book_of(some)
        reached = optimum(book)
        if reached is None:
            continue
        prices = prices_of(book)
        for level, cost in enumerate(reached):
            floor = floor_of(prices, level, reached[:level])
            assert floor <= cost, f"{seed}: {floor} is proved, {cost} is reached"
            tight += 0 < floor == cost
    assert tight > 20


@pytest.mark.parametrize("seed", range(4))
def test_no_prices_at_all_prove_more_than_is_true(seed: int) -> None:
    """By chance, and far too high or too low: each is a bound of what can be served."""
    chance = np.random.default_rng(seed)
    some = clinic("small", "overloaded", seed=seed, visits=20, weeks=2, booked=False)
    book = book_of(some)
    prices, most = prices_of(book), optimum(book)
    assert most is not None
    room = prices.days.room.most
    weights = prices.weight[: len(most)].sum(axis=0)
    totals = [served_total(book, n) or 0 for n in range(len(most))]
    for height in (1.0, 100.0, 1000.0):
        proved, _, _ = prices.bound(chance.uniform(0, height, len(room)), weights, room)
        assert proved >= sum(totals) - sum(most) - 1e-6

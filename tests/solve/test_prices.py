"""Prices of time: their bound lies above no schedule, and says what staff cannot do."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from ortools.sat.python import cp_model
from random_problems import random_problem
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

from allocator.check.score import score
from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import (
    FixedSeries,
    FlexibleSeries,
    Pin,
    Series,
    Session,
    Step,
)
from allocator.domain.resource import Break, WorkLimits
from allocator.domain.schedule import Assignment
from allocator.domain.service import Need, Part, Selector
from allocator.generate.clinics import clinic
from allocator.goals import GOALS
from allocator.goals.served import PARTS
from allocator.model.model import Model
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.solve.bound import options_alone, served_total
from allocator.solve.budget import Budget
from allocator.solve.prices import Prices, planned_days
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


def only_on(day: int, id: str) -> Calendar:
    """Return a calendar that is open on one weekday, counted from the Monday."""
    every = calendar(id)
    return replace(every, weekly=(replace(every.weekly[0], weekdays=frozenset({day})),))


def in_room(name: str) -> Need:
    """Return a need for this very room."""
    return need("room", alternatives=(Selector(kind="room", names=frozenset({name})),))


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


def book_of(some: Problem) -> Rulebook:
    return Rulebook(Prepared(some), RULES, GOALS)


def prices_of(book: Rulebook) -> Prices:
    """Return the prices beside what is frozen, none of which is found yet."""
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, p in enumerate(placements) if p is None]
    frozen = State(prepared, placements, pending=free)
    return Prices(book, frozen, options_alone(book, frozen))


def floor_of(
    prices: Prices, level: int = 0, before: Sequence[int] = (), budget: Budget | None = None
) -> int:
    """Return what is missed of a level in any case, as prices prove, where nothing is reached."""
    book = prices.book
    totals = [served_total(book, n) for n in range(len(book.levels))]
    reached = (*before, *(total or 0 for total in totals[len(before) :]))
    return prices.floor(level, reached, totals, budget or Budget())


def missed(some: Problem) -> int:
    """Return the least value, in parts of a request, that prices say is missed."""
    return floor_of(prices_of(book_of(some)))


def planned(some: Problem) -> dict[str, int]:
    """Return the days on which visits are planned, by name."""
    prices = prices_of(book_of(some))
    floor_of(prices)
    days = planned_days(prices, Budget())
    return {prices.book.prepared.visits[v].id: day for v, day in days.items()}


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
def test_a_series_with_room_misses_nothing(shape: Series) -> None:
    """Ann has four hours a day, enough for two visits, whichever of them may be missed."""
    days = 2 if isinstance(shape, FixedSeries) else 1
    assert missed(problem(request("A", series=shape), days=days)) == 0


def test_what_has_no_room_is_missed() -> None:
    """Six hours are asked of four: two requests of six are missed."""
    assert missed(problem(*map(request, "ABCDEF"))) == 2 * PARTS


def test_what_is_optional_counts_no_more_than_what_is_needed() -> None:
    """Five requests want Monday's four hours; A's second visit is on Tuesday, and optional.

    It is worth nothing without the first, so one request is missed, and not a half of one.
    """
    daily = FixedSeries(count=2, every_days=1, start=at(0, 8), may_miss=frozenset({2}))
    rest = (request(id, windows=(span(0, 8, 12),)) for id in "BCDE")
    assert missed(problem(request("A", series=daily), *rest, days=2)) == PARTS


def test_long_visits_leave_gaps() -> None:
    """Of two visits of three hours one fits into Ann's four, and none in halves."""
    some = problem(*map(request, "AB"), services=(service(minutes=180),))
    assert missed(some) == PARTS


def test_who_can_come_only_then_competes_for_then() -> None:
    """Three requests want the two hours from eight to ten; Ann's other two do not help."""
    some = problem(*(request(id, windows=(span(0, 8, 10),)) for id in "ABC"))
    assert missed(some) == PARTS


def test_a_break_takes_its_time() -> None:
    """Ann rests for an hour somewhere in her four: three of four requests are served."""
    rest = Break(minutes=60, window=DailySpan(start_minute=8 * 60, end_minute=12 * 60))
    some = problem(*map(request, "ABCD"), resources=(practitioner("ann", breaks=(rest,)),))
    assert missed(some) == PARTS


def test_who_starts_on_a_grid_leaves_time_unused() -> None:
    """Visits of an hour start at eight or at ten: two of three are served, in four hours."""
    some = problem(
        *map(request, "ABC"),
        services=(service(start_every_minutes=120),),
    )
    assert missed(some) == PARTS


def test_who_attends_has_no_time_to_serve() -> None:
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
def test_work_ends_at_its_limit(limits: WorkLimits) -> None:
    """Ann works for two of her four hours at most."""
    some = problem(*map(request, "ABC"), resources=(practitioner("ann", limits=limits),))
    assert missed(some) == PARTS


def test_everybody_who_is_needed_has_to_have_time() -> None:
    """A meeting takes two of Ann, Bob and Cem: their twelve hours hold six meetings of seven."""
    some = problem(
        *map(request, "ABCDEFG"),
        resources=tuple(map(practitioner, ("ann", "bob", "cem"))),
        services=(service(needs=(need(quantity=2),)),),
    )
    assert missed(some) == PARTS


def test_neighbours_of_a_series_are_days_apart() -> None:
    """Three visits, two days apart, do not fit into four days; they take five."""
    apart = FlexibleSeries(count=3, least_days_between=2)
    assert missed(problem(request("A", series=apart), days=4)) == PARTS
    assert missed(problem(request("A", series=apart), days=5)) == 0


def test_a_series_stays_in_touch() -> None:
    """On Monday and on Thursday: that is three days apart."""
    windows = (span(0, 8, 12), span(3, 8, 12))
    for most, value in ((2, PARTS), (3, 0)):
        series = FlexibleSeries(count=2, least_days_between=1, most_days_between=most)
        some = problem(request("A", series=series, windows=windows), days=4)
        assert missed(some) == value


def test_the_first_visit_of_a_series_comes_first() -> None:
    """It takes three hours, for which there is time on the second day alone."""
    series = FlexibleSeries(count=2, least_days_between=1)
    long = (service(first_minutes=180),)
    asked = request("A", series=series, first_visit=True, windows=(span(0, 8, 10), span(1, 8, 12)))
    assert missed(problem(asked, services=long, days=2)) == PARTS
    other = replace(asked, windows=(span(0, 8, 12), span(1, 8, 10)))
    assert missed(problem(other, services=long, days=2)) == 0


def test_a_fixed_series_keeps_step() -> None:
    """On Monday and on Wednesday: every second day will do, every day will not."""
    windows = (span(0, 8, 12), span(2, 8, 12))
    for every, value in ((1, PARTS), (2, 0)):
        series = FixedSeries(count=2, every_days=every)
        assert missed(problem(request("A", series=series, windows=windows), days=3)) == value


def test_a_series_has_so_many_visits_a_week() -> None:
    """Two visits, one a week, need a second week."""
    weekly = FlexibleSeries(count=2, least_days_between=0, most_per_week=1)
    assert missed(problem(request("A", series=weekly), days=7)) == PARTS
    assert missed(problem(request("A", series=weekly), days=8)) == 0


def test_steps_follow_each_other_soon() -> None:
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


def test_a_session_takes_staff_and_has_places() -> None:
    """Two of three participants find a place in the session."""
    some = problem(
        *(request(id, id.lower(), steps=(Step(sessions=frozenset({"s"})),)) for id in "ABC"),
        resources=(practitioner("ann"), *map(patient, "abc")),
        sessions=(Session(id="s", service="visit", windows=(span(0, 8, 12),), least=1, most=2),),
    )
    assert missed(some) == PARTS


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
        optimum = _optimum(book)
        if optimum is None:
            continue
        prices = prices_of(book)
        for level, cost in enumerate(optimum):
            floor = floor_of(prices, level, optimum[:level])
            assert floor <= cost, f"{seed}: {floor} is proved, {cost} is reached"
            tight += 0 < floor == cost
    assert tight > 20


@pytest.mark.parametrize("seed", range(4))
def test_no_prices_at_all_prove_more_than_is_true(seed: int) -> None:
    """By chance, and far too high or too low: each is a bound of what can be served."""
    chance = np.random.default_rng(seed)
    some = clinic("small", "overloaded", seed=seed, visits=20, weeks=2, booked=False)
    book = book_of(some)
    prices, most = prices_of(book), _optimum(book)
    assert most is not None
    room = prices.days.room.most
    weights = prices.weight[: len(most)].sum(axis=0)
    totals = [served_total(book, n) or 0 for n in range(len(most))]
    for height in (1.0, 100.0, 1000.0):
        proved, _, _ = prices.bound(chance.uniform(0, height, len(room)), weights, room)
        assert proved >= sum(totals) - sum(most) - 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_no_bound_lies_above_what_a_schedule_reaches(seed: int) -> None:
    """The model of the whole proves what is missed at least; prices never say more."""
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
    optimum, prices = _optimum(book), prices_of(book)
    assert optimum is not None
    for level, cost in enumerate(optimum):
        floor = floor_of(prices, level, optimum[:level])
        assert floor <= cost, f"{book.levels[level].name}: {floor} is proved, {cost} is reached"


def _optimum(book: Rulebook) -> list[int] | None:
    """Return what is missed at least, level by level, as the model of the whole proves it.

    None where demands cannot be met.
    """
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, p in enumerate(placements) if p is None]
    levels = [n for n in range(len(book.levels)) if book.serves(n)]
    model = Model(book, State(prepared, placements, pending=free), free, levels=levels)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 8
    costs = []
    base = score(book, Timetable(prepared, placements)).levels
    for level in levels:
        cost = model.level_cost(level)
        model.cp.minimize(cost)
        status = solver.solve(model.cp)
        if status == cp_model.INFEASIBLE:
            return None
        assert status == cp_model.OPTIMAL
        value = int(solver.value(cost))
        model.cp.add(cost <= value)
        costs.append(base[level] + value)
    return costs

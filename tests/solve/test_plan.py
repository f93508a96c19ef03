"""A plan: its bound lies above no schedule, and says what staff cannot do."""

import random
from dataclasses import replace

import pytest
from ortools.sat.python import cp_model
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
from allocator.domain.calendar import Calendar, DailySpan
from allocator.domain.problem import Problem
from allocator.domain.request import (
    Alike,
    FixedSeries,
    FlexibleSeries,
    Pin,
    Relation,
    Series,
    Session,
    Step,
)
from allocator.domain.resource import Break, WorkLimits
from allocator.domain.schedule import Assignment
from allocator.domain.service import Need, Selector
from allocator.generate.clinics import clinic
from allocator.goals import GOALS
from allocator.goals.served import PARTS
from allocator.model.model import Model
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.solve import plan as plans
from allocator.solve.bound import options_alone, served_total
from allocator.solve.budget import Budget
from allocator.solve.params import Params
from allocator.solve.plan import Plan, Planned
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


EXACT = Params(workers=1, deterministic_limit=30.0)


def book_of(some: Problem) -> Rulebook:
    return Rulebook(Prepared(some), RULES, GOALS)


def plan_of(
    book: Rulebook,
    level: int = 0,
    reached: tuple[int, ...] = (),
    seconds: float = 600.0,
    effort: float | None = None,
) -> Planned:
    """Return the plan of a level beside what is frozen, from nothing."""
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, p in enumerate(placements) if p is None]
    frozen = State(prepared, placements, pending=free)
    budget = Budget(seconds, effort)
    plan = Plan(book, frozen, options_alone(book, frozen), budget)
    totals = [served_total(book, n) for n in range(len(book.levels))]
    return plan.solve(level, reached, totals, placements, EXACT, budget)


def missed(some: Problem) -> int:
    """Return the least value, in parts of a request, that a plan says is missed."""
    floor = plan_of(book_of(some)).floor
    assert floor is not None
    return floor


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


def test_a_plan_for_which_no_time_is_left_proves_nothing() -> None:
    """It was not built to its end, so it knows neither a bound nor a place."""
    planned = plan_of(book_of(problem(*map(request, "ABCDEF"))), seconds=0.0)
    assert planned == Planned(None, {})


def test_a_plan_whose_search_ends_before_it_began_proves_nothing() -> None:
    """Four of six requests could be served; no effort at all does not say that none can be."""
    planned = plan_of(book_of(problem(*map(request, "ABCDEF"))), effort=1e-12)
    assert planned == Planned(None, {})


def test_a_plan_that_is_too_large_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five visits make a variable each at least; at most four were worth it."""
    book = book_of(problem(*map(request, "ABCDE")))
    assert plan_of(book).floor == PARTS
    monkeypatch.setattr(plans, "LARGEST", 4)
    assert plan_of(book) == Planned(None, {})


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


def test_a_break_lies_in_one_stretch_or_another() -> None:
    """A visit at nine parts Ann's day in two; she rests in one, so two of three are served."""
    rest = Break(minutes=60, window=DailySpan(start_minute=8 * 60, end_minute=12 * 60))
    team = (("practitioner", ("ann",)),)
    held = Assignment(visit="H", start=at(0, 9), end=at(0, 10), resources=team)
    some = problem(
        *map(request, "ABCH"),
        resources=(practitioner("ann", breaks=(rest,)),),
        published=(held,),
        pins=(Pin(visit="H"),),
    )
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


def test_visits_share_a_day() -> None:
    """One can come on Monday, the other on Tuesday; on one day they cannot both be served."""
    both = (request("A", windows=(span(0, 8, 12),)), request("B", windows=(span(1, 8, 12),)))
    some = problem(*both, days=2)
    together = Relation(id="together", visits=("A", "B"), alike=Alike.DAY)
    assert missed(some) == 0
    assert missed(replace(some, relations=(together,))) == PARTS


def test_a_session_shares_a_day_with_a_visit() -> None:
    """A joins a session on Monday, B can come on Tuesday: on one day, one of them is missed."""
    some = problem(
        request("A", "a", steps=(Step(sessions=frozenset({"s"})),)),
        request("B", windows=(span(1, 8, 12),)),
        resources=(practitioner("ann"), patient("a")),
        sessions=(Session(id="s", service="visit", windows=(span(0, 8, 12),), least=1, most=2),),
        days=2,
    )
    together = Relation(id="together", visits=("s", "B"), alike=Alike.DAY)
    assert missed(some) == 0
    assert missed(replace(some, relations=(together,))) == PARTS


def test_a_series_has_so_many_visits_a_week() -> None:
    """Two visits, one a week, need a second week."""
    weekly = FlexibleSeries(count=2, least_days_between=0, most_per_week=1)
    assert missed(problem(request("A", series=weekly), days=7)) == PARTS
    assert missed(problem(request("A", series=weekly), days=8)) == 0


def test_a_series_stays_with_its_carers() -> None:
    """Five visits on one day are more than one of Ann and Bob has hours, but not two."""
    both = (practitioner("ann"), practitioner("bob"))
    for carers, value in ((1, PARTS), (2, 0)):
        series = FlexibleSeries(count=5, least_days_between=0, most_carers=carers)
        assert missed(problem(request("A", series=series), resources=both)) == value


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


def test_a_plan_says_who_comes_when() -> None:
    """Ann is there on two days; the only request can come on the second."""
    planned = plan_of(book_of(problem(request("A", windows=(span(1, 8, 12),)), days=2)))
    assert planned.days == {0: 1}


@pytest.mark.parametrize("seed", range(6))
def test_no_bound_lies_above_what_a_schedule_reaches(seed: int) -> None:
    """The model of the whole proves what is missed at least; the plan never says more."""
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
    optimum = _optimum(book)
    for level, cost in enumerate(optimum):
        floor = plan_of(book, level, tuple(optimum)).floor
        assert floor is not None
        assert floor <= cost, f"{book.levels[level].name}: {floor} is planned, {cost} is reached"


def _optimum(book: Rulebook) -> list[int]:
    """Return what is missed at least, level by level, as the model of the whole proves it."""
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
        assert solver.solve(model.cp) == cp_model.OPTIMAL
        value = int(solver.value(cost))
        model.cp.add(cost <= value)
        costs.append(base[level] + value)
    return costs

"""The verbs of the model, each solved by itself."""

from datetime import date
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from faces import book_of
from ortools.sat.python import cp_model
from tiny import at, need, patient, practitioner, problem, request, room, service, span

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.service import Part
from allocator.domain.time import Horizon, Span
from allocator.model.model import Model
from allocator.prepare import masks
from allocator.prepare.visit import Placement
from allocator.state.state import State

#: Nothing but the verbs: every rule that may be switched off is.
BARE = frozenset(
    {
        *("windows", "notice", "start_grid", "opening_hours", "blocks", "capacity"),
        *("attendees_free", "buffers", "breaks"),
    }
)


def model_of(some: Problem, fixed: dict[int, Placement] | None = None) -> Model:
    """Return the model of every visit that is not fixed."""
    book = book_of(some)
    fixed = fixed or {}
    places = [fixed.get(v) for v in range(len(book.prepared.visits))]
    free = [v for v, placement in enumerate(places) if placement is None]
    return Model(book, State(book.prepared, places, pending=free), free)


def bare(*requests: Request, **more: Any) -> Model:
    """Return the model of a problem without rules about time and resources."""
    return model_of(problem(*requests, **{"without_rules": BARE, **more}))


def status(model: Model, *holds: Any) -> cp_model.CpSolverStatus:
    """Return how the model ends when these hold as well."""
    cp = model.cp.clone()
    for one in holds:
        cp.add(one)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    return solver.solve(cp)


def possible(model: Model, *holds: Any) -> bool:
    """Say whether the model has a solution in which these hold."""
    found = status(model, *holds)
    assert found in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    return found == cp_model.OPTIMAL


@pytest.mark.parametrize("gap", range(4))
def test_separate_keeps_the_gap_of_whoever_is_first(gap: int) -> None:
    """A before B leaves two ticks, B before A one, and there is no third way."""
    model = bare(request("A"), request("B"))
    model.separate((0, 0, 0), (1, 0, 0), 2, 1, padded=False)
    both = [model.present(0) == 1, model.present(1) == 1]
    # A lasts an hour: B starts a gap after its end, or ends a gap before its start.
    after = model.start(1) == model.start(0) + 1 + gap
    before = model.start(0) == model.start(1) + 1 + gap
    assert possible(model, *both, after) is (gap >= 2)
    assert possible(model, *both, before) is (gap >= 1)
    assert not possible(model, *both, model.start(0) == model.start(1))


def test_separate_minds_only_those_who_take_the_resource() -> None:
    """B with Bob may start together with A, who is with Ann."""
    model = bare(request("A"), request("B"), resources=(practitioner("ann"), practitioner("bob")))
    model.separate((0, 0, 0), (1, 0, 0), 2, 2, padded=False)
    together = [
        model.present(0) == 1,
        model.present(1) == 1,
        model.start(0) == model.start(1),
        model.takes(0, 0, 0) == 1,
    ]
    assert possible(model, *together, model.takes(1, 0, 1) == 1)
    assert not possible(model, *together, model.takes(1, 0, 0) == 1)


def test_separate_is_enforced_by_literals() -> None:
    """A gap that holds under a literal holds only where it is true."""
    model = bare(request("A"), request("B"))
    literal = model.literal("")
    model.separate((0, 0, 0), (1, 0, 0), 0, 0, padded=False, enforced=[literal])
    together = [
        model.present(0) == 1,
        model.present(1) == 1,
        model.start(0) == model.start(1),
    ]
    assert possible(model, *together, literal == 0)
    assert not possible(model, *together, literal == 1)


@pytest.mark.parametrize(("padded", "least"), [(False, 1), (True, 2)])
def test_separate_counts_from_parts_or_from_claims(padded: bool, least: int) -> None:
    """A part of the first hour of two, with a buffer of one: B comes an hour or two later."""
    services = (
        service(
            minutes=120,
            needs=(need(part=Part(minutes=60), after_minutes=60),),
        ),
    )
    model = bare(request("A"), request("B"), services=services)
    model.separate((0, 0, 0), (1, 0, 0), 0, 0, padded=padded)
    both = [model.present(0) == 1, model.present(1) == 1]
    for later in range(4):
        held = possible(model, *both, model.start(1) == model.start(0) + later)
        assert held is (later >= least)


def test_a_reserved_stretch_keeps_claims_and_other_stretches_off() -> None:
    """Of four hours, one visit and a stretch of two leave no room for a second stretch of two."""
    some = problem(request("A"))
    book = book_of(some)

    class Keep:
        """Reserves so many stretches of two hours."""

        def __init__(self, many: int) -> None:
            self.many = many

        def constrain(self, model: Model) -> None:
            for _ in range(self.many):
                model.reserve(0, masks.span(8, 11), 2)

        def tells_apart(self, prepared: object) -> frozenset[int]:
            return frozenset()

    for many, room_for_visit in ((0, True), (1, True), (2, False)):
        whole = book_of(some)
        whole.rules = [*book.rules, Keep(many)]
        model = Model(whole, State(whole.prepared, pending=[0]), [0])
        assert possible(model, model.present(0) == 0)
        assert possible(model, model.present(0) == 1) is room_for_visit


def test_all_of_and_any_of_are_what_they_are_called() -> None:
    """For any values of two literals, the conjunction and the disjunction follow."""
    model = bare(request("A"))
    one, other = model.literal("one"), model.literal("other")
    both, some = model.all_of([one, other]), model.any_of([one, other])
    for x, y, a, b in product((0, 1), repeat=4):
        expected = a == (x and y) and b == (x or y)
        assert possible(model, one == x, other == y, both == a, some == b) is expected


def test_constants_fall_out_of_all_of_and_any_of() -> None:
    """What is sure adds nothing, what is impossible decides, and one literal is itself."""
    model = bare(request("A"))
    one, other = model.literal(""), model.literal("")
    assert model.all_of([model.true, one]) is one
    assert model.all_of([model.false, one]) is model.false
    assert model.all_of([]) is model.true
    assert model.any_of([model.false, one]) is one
    assert model.any_of([model.true, one]) is model.true
    assert model.any_of([]) is model.false
    assert model.all_of([one, other]) is model.all_of([other, one])
    assert model.any_of([one, other, one]) is model.any_of([other, one])
    assert model.opposite(model.opposite(model.true)) is model.true


def test_days_tell_on_which_day_a_visit_lies() -> None:
    """Exactly one day holds where a visit is placed, that of its start; else none does."""
    model = model_of(problem(request("A"), days=3))
    days = model.days(0)
    assert sorted(days) == [0, 1, 2]
    for day in days:
        there = [model.start(0) == 24 * day + 8, model.present(0) == 1]
        assert possible(model, *there, *(days[d] == (d == day) for d in days))
        assert not possible(model, *there, days[day] == 0)
        assert possible(model, *there, model.day(0) == day)
    assert not possible(model, model.present(0) == 0, sum(days.values()) >= 1)
    assert possible(model, model.present(0) == 0, model.day(0) == 0)


def test_a_fixed_visit_answers_by_constants() -> None:
    """Of a visit that is placed beforehand everything is known."""
    some = problem(request("A"), request("B"))
    model = model_of(some, {0: Placement(9, 1, -1, -1, ((0,),))})
    assert model.present(0) is model.true
    assert (model.start(0), model.end(0), model.minute(0)) == (9, 10, 9 * 60)
    assert list(model.days(0)) == [0]
    assert model.takes(0, 0, 0) is model.true
    assert model.at(0, 1 << 9) is model.true
    assert model.at(0, 1 << 8) is model.false
    assert model.durations(0) == (1,)


def test_a_literal_for_starts_that_comes_late_is_tied_too() -> None:
    """What is asked for after all rules and goals have spoken still holds exactly there."""
    model = model_of(problem(request("A")))
    literal = model.at(0, masks.span(9, 10))
    for start, holds in product(range(8, 12), (0, 1)):
        there = [model.present(0) == 1, model.start(0) == start]
        assert possible(model, *there, literal == holds) is (holds == (start == 9))
    assert not possible(model, model.present(0) == 0, literal == 1)


@pytest.mark.parametrize("night", [date(2026, 3, 29), date(2026, 10, 25)])
def test_minutes_follow_the_wall_clock_over_a_change(night: date) -> None:
    """On the nights when the clocks change, ticks of an hour show the hours that walls do."""
    always = Calendar(
        id="day",
        weekly=(
            WeeklyRule(
                weekdays=frozenset(range(7)),
                hours=DailySpan(start_minute=0, end_minute=24 * 60),
            ),
        ),
    )
    some = problem(
        request("A"),
        horizon=Horizon(first=night, days=1, zone="Europe/Berlin", grain_minutes=60),
        calendars=(always,),
    )
    model = model_of(some)
    horizon = model.prepared.horizon
    assert horizon.ticks == (23 if night.month == 3 else 25)
    for tick in range(horizon.ticks):
        wall = horizon.instant(tick).astimezone(ZoneInfo("Europe/Berlin"))
        minute = 60 * wall.hour + wall.minute
        there = [model.present(0) == 1, model.start(0) == tick]
        assert possible(model, *there, model.minute(0) == minute)
        assert not possible(model, *there, model.minute(0) != minute)
    assert possible(model, model.present(0) == 0, model.minute(0) == 0)


def test_an_overfull_hour_refuses_more_and_leaves_the_others_alone() -> None:
    """Three fixed visits in two lanes at 09:00 are inherited; elsewhere two may still meet."""
    some = problem(
        *(request(name) for name in "ABCDEF"),
        resources=(room("gym", lanes=2),),
        services=(service(needs=(need("room"),)),),
    )
    model = model_of(some, {v: Placement(9, 1, -1, -1, ((0,),)) for v in range(3)})
    here = [model.present(3) == 1]
    assert not possible(model, *here, model.start(3) == 9)
    at_ten = [model.start(v) == 10 for v in (3, 4, 5)]
    two = [model.present(3) == 1, model.present(4) == 1]
    assert possible(model, *two, *at_ten, model.present(5) == 0)
    assert not possible(model, *two, *at_ten, model.present(5) == 1)


def test_only_the_fixed_load_is_told_that_free_visits_can_meet() -> None:
    """Of fixed visits at 09:00 and 11:00, one who comes at 11:00 or later meets the second."""
    some = problem(
        request("A"),
        request("B"),
        request("C", windows=(span(0, 11, 13),)),
        resources=(room("gym", lanes=2),),
        services=(service(needs=(need("room"),)),),
    )
    places = {v: Placement(hour, 1, -1, -1, ((0,),)) for v, hour in enumerate((9, 11))}
    model = model_of(some, places)
    told = [(i.start_expr(), i.size_expr()) for i, _ in model.overlaps.fixed_load(0, 2, True)]
    assert told == [(11, 1)]
    assert possible(model, model.present(2) == 1, model.start(2) == 11)


def test_a_tight_model_has_the_same_solutions() -> None:
    """What is said for the sake of bounds alone forbids nothing: any two of six hours will do."""
    some = problem(
        request("A", "pat"),
        request("B"),
        days=2,
        resources=(practitioner("ann"), practitioner("bob"), patient("pat")),
        services=(service(minutes=120, needs=(need(before_minutes=60),)),),
    )
    book = book_of(some)
    state = State(book.prepared, pending=[0, 1])
    loose, tight = Model(book, state, [0, 1]), Model(book, state, [0, 1], tight=True)
    assert len(tight.cp.proto.variables) > len(loose.cp.proto.variables)
    ticks = [8, 9, 10, 32, 33, 34]
    for one, other, who, whom in product(ticks, ticks, (0, 1), (0, 1)):
        held = [
            possible(
                model,
                *(model.present(0) == 1, model.present(1) == 1),
                *(model.start(0) == one, model.start(1) == other),
                *(model.takes(0, 1, who) == 1, model.takes(1, 0, whom) == 1),
            )
            for model in (loose, tight)
        ]
        assert held[0] == held[1]


def test_a_day_holds_no_more_than_fits() -> None:
    """Five visits of 90 minutes in two days of four hours: a linear relaxation sees that one waits.

    Two fit into a day's four hours, though their sum would let 2.67 in.
    """
    some = problem(
        *(request(name, windows=(Span(start=at(0, 8), end=at(1, 12)),)) for name in "ABCDE"),
        days=2,
        grain=30,
        services=(service(minutes=90),),
    )
    book = book_of(some)
    model = Model(book, State(book.prepared, pending=range(5)), range(5), tight=True)
    assert not possible(model, sum(model.present(v) for v in range(5)) == 5)
    assert possible(model, sum(model.present(v) for v in range(5)) == 4)

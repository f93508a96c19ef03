"""Improvement: comfort falls, what is served stays, and neighbourhoods pick what may move."""

import random

import pytest
from faces import book_of
from tiny import goals, problem, request, span

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.request import PreferredWindow, Request
from allocator.generate.clinics import clinic
from allocator.goals import GOALS
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.solve.bound import options_alone
from allocator.solve.budget import Budget
from allocator.solve.construct import construct
from allocator.solve.improve import Improve
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.neighbourhoods import NEIGHBOURHOODS, Neighbourhood
from allocator.solve.neighbourhoods.neighbourhood import RENEWED, Picture
from allocator.solve.params import Params
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

EXACT = Params(workers=1, deterministic_limit=5.0)


WISHES = goals(preferred_windows=1)


def wishing(id: str, hour: int) -> Request:
    """Return a request that would rather start at an hour."""
    return request(id, preferred_windows=(PreferredWindow(span=span(0, hour, hour + 1)),))


def placed(some: Problem, **hours: int) -> tuple[Rulebook, Incumbent]:
    """Return a schedule with requests at hours, of which Ann sees all."""
    book = book_of(some)
    placements: list[Placement | None] = [None] * len(book.prepared.visits)
    for name, hour in hours.items():
        ann = (book.prepared.resource_index["ann"],)
        placements[book.prepared.visit_index[name]] = Placement(hour, 1, -1, -1, (ann,))
    return book, incumbent(book, placements)


def constructed(some: Problem) -> tuple[Rulebook, Incumbent, list[int]]:
    """Return what insertion comes to, and the visits that may move."""
    book = book_of(some)
    prepared = book.prepared
    frozen = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, placement in enumerate(frozen) if placement is None]
    state = State(prepared, frozen)
    construct(book, state, options_alone(book, State(prepared, frozen, pending=free)))
    return book, incumbent(book, state.placements), free


def improved(
    book: Rulebook,
    best: Incumbent,
    params: Params = EXACT,
    budget: Budget | None = None,
    free: list[int] | None = None,
) -> Incumbent:
    """Improve a schedule of which all may move."""
    visits = list(range(len(best.placements))) if free is None else free
    budget = budget or Budget(600.0, params.deterministic_limit)
    improve = Improve(book, best, visits, set(), params, budget, RULES, GOALS)
    return improve.run([None] * len(book.levels), lambda *news: None, soon=True)


@pytest.mark.parametrize("params", [EXACT, Params(workers=2)], ids=["one thread", "threads"])
def test_two_change_places_where_each_would_rather_be(params: Params) -> None:
    """A wants nine and lies at eight, B the other way round: neither can move alone."""
    book, start = placed(problem(wishing("A", 9), wishing("B", 8), levels=WISHES), A=8, B=9)
    best = improved(book, start, params)
    assert start.costs[-1] > 0 == best.costs[-1]
    assert [p and p.start for p in best.placements] == [9, 8]


def test_who_may_not_move_stays() -> None:
    """Only B may move, and eight is taken."""
    book, start = placed(problem(wishing("A", 9), wishing("B", 8), levels=WISHES), A=8, B=9)
    assert improved(book, start, free=[1]).placements[0] == start.placements[0]


@pytest.mark.parametrize("params", [EXACT, Params(workers=2)], ids=["one thread", "threads"])
def test_a_clinic_gets_better_and_no_less_is_served(params: Params) -> None:
    """No level of served requests rises, and no rule is broken."""
    book, start, free = constructed(clinic(visits=60, weeks=1, booked=False, seed=3))
    best = improved(book, start, params, free=free)
    assert best.costs < start.costs
    assert best.costs[:-1] <= start.costs[:-1]
    assert not list(violations(book, Timetable(book.prepared, best.placements)))
    assert best == incumbent(book, best.placements)


def test_what_lies_as_well_as_can_be_is_left_alone() -> None:
    """Nothing better is there, so that the end comes by itself."""
    book, start = placed(problem(wishing("A", 8), wishing("B", 9), levels=WISHES), A=8, B=9)
    assert improved(book, start) is start


def test_a_stopped_improvement_returns_what_it_has() -> None:
    """Nothing is tried any more."""
    book, start, free = constructed(clinic(visits=40, weeks=2, booked=False, seed=3))
    budget = Budget(600.0)
    budget.control.stop()
    assert improved(book, start, Params(), budget, free) is start


def test_the_same_seed_improves_the_same() -> None:
    """With one thread and a deterministic limit."""
    book, start, free = constructed(clinic(visits=40, weeks=2, booked=False, seed=3))
    params = Params(workers=1, deterministic_limit=1.0, seed=4)
    assert improved(book, start, params, free=free) == improved(book, start, params, free=free)


@pytest.mark.parametrize("neighbourhood", NEIGHBOURHOODS, ids=lambda some: some.name)
def test_a_neighbourhood_picks_about_so_many_that_may_move(neighbourhood: Neighbourhood) -> None:
    """Each visit at most once, none that is booked already, in many different sets."""
    book, start, free = constructed(clinic(size="small", seed=1))
    picture = Picture(book, State(book.prepared, start.placements), free)
    chance = random.Random(1)
    picked = [neighbourhood.pick(picture, 10, chance) for _ in range(30)]
    most = max(len(request.visits) for request in book.prepared.requests)
    for some in picked:
        assert 0 < len(some) < 10 + most
        assert len(set(some)) == len(some)
        assert set(some) <= set(free)
    assert len({frozenset(some) for some in picked}) > 10


def test_what_is_paid_together_is_shared() -> None:
    """B pays for the hour it does not have, A nothing; nobody once it has been worked out anew."""
    book, start = placed(problem(wishing("A", 8), wishing("B", 9), levels=WISHES), A=8, B=10)
    state = State(book.prepared, start.placements)
    picture = Picture(book, state, [0, 1])
    assert list(picture.paid) == [1]
    placement = start.placements[1]
    assert placement is not None
    state.remove(1)
    state.place(1, Placement(9, 1, -1, -1, placement.team))
    for _ in range(RENEWED):
        assert picture.paid
        picture.changed()
    assert not picture.paid


def test_days_near_each_other_are_picked_first() -> None:
    """Of three visits on one day and one a day later, the last is the one left out."""
    names = ["A", "B", "C", "D"]
    book, start = placed(problem(*(request(n) for n in names), days=3), A=8, B=9, C=10, D=32)
    picture = Picture(book, State(book.prepared, start.placements), [0, 1, 2, 3])
    days = next(some for some in NEIGHBOURHOODS if some.name == "same_days")
    row = next(some for some in NEIGHBOURHOODS if some.name == "one_resource")
    picks = {frozenset(days.pick(picture, 3, random.Random(seed))) for seed in range(30)}
    assert frozenset({0, 1, 2}) in picks
    assert all(3 not in some or len(some - {3}) == 2 for some in picks)
    rows = {tuple(row.pick(picture, 2, random.Random(seed))) for seed in range(30)}
    assert rows == {(0, 1), (1, 2), (2, 3)}

"""Served: as much of what is asked for as possible, class by class."""

from itertools import combinations

import pytest
from faces import amounts, best, book_of, model_agrees, one_visit_agrees
from tiny import at, goals, problem, request, span

from allocator.domain.problem import Problem
from allocator.domain.request import (
    FixedSeries,
    FlexibleSeries,
    Pin,
    PreferredWindow,
    Request,
    Series,
    Step,
)
from allocator.domain.schedule import Assignment
from allocator.goals.preferred_windows import PreferredWindows
from allocator.goals.served import PARTS, earned
from allocator.prepare.visit import Placement
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.rules.series_gaps import SeriesGaps

RULES = [OpeningHours(), SeriesCompleteness(), SeriesGaps(), Capacity()]
CHAIN = {"steps": (Step(service="visit"), Step(service="visit"))}


def asked(*requests: Request, **more: object) -> Problem:
    return problem(*requests, **{"levels": goals(), **more})


def spot(start: int) -> Placement:
    """Return an hour with Ann."""
    return Placement(start, 1, -1, -1, ((0,),))


def missed(some: Problem, *placed: int) -> int:
    """Return what the class 3 misses when these visits are placed, an hour each."""
    book = book_of(some, [], [])
    return amounts(book, {v: spot(8 + v) for v in placed})["served:3"]


def test_a_request_that_is_not_served_misses_its_weight() -> None:
    """A weighs 2 and B 5; a whole weight is 2520 parts."""
    some = asked(request("A", weight=2), request("B", weight=5))
    assert missed(some) == 7 * PARTS
    assert missed(some, 0) == 5 * PARTS
    assert missed(some, 1) == 2 * PARTS
    assert missed(some, 0, 1) == 0


def test_classes_count_apart() -> None:
    """What a request of class 1 misses is no matter of class 3."""
    book = book_of(problem(request("A", priority=1), request("B")), [], [])
    assert amounts(book, {1: spot(8)}) == {"served:1": PARTS, "served:3": 0}


@pytest.mark.parametrize("count", [3, 7, 11, 12])
def test_a_partial_series_earns_its_share(count: int) -> None:
    """Of n visits k earn k shares of 1/n, rounded down to parts; all n earn the whole weight.

    7560 / 11 is 687 and a rest of 3, which comes with the last visit.
    """
    some = asked(request("A", series=FlexibleSeries(count=count, at_least=2), weight=3))
    share = 3 * PARTS // count
    for placed in range(count + 1):
        value = 0 if placed < 2 else 3 * PARTS if placed == count else placed * share
        assert missed(some, *range(placed)) == 3 * PARTS - value


def test_the_required_visits_of_a_fixed_series_come_first() -> None:
    """Of four visits the second and the fourth may be missed: 1 and 3 make it half served."""
    some = asked(
        request("A", series=FixedSeries(count=4, every_days=1, may_miss=frozenset({2, 4})))
    )
    quarter = PARTS // 4
    for placed, shares in (
        ((0, 2), 2),
        ((0, 1, 2), 3),
        ((0, 1, 2, 3), 4),
        ((0, 1), 0),
        ((1, 3), 0),
    ):
        assert missed(some, *placed) == PARTS - shares * quarter


def test_a_chain_earns_whole_or_nothing() -> None:
    """Of a chain one step earns nothing; of a series of chains every whole one earns its share."""
    some = asked(request("A", **CHAIN))
    assert [missed(some), missed(some, 0), missed(some, 1), missed(some, 0, 1)] == [
        PARTS,
        PARTS,
        PARTS,
        0,
    ]
    some = asked(request("A", series=FlexibleSeries(count=3, at_least=1), **CHAIN))
    assert missed(some, 0, 1, 2) == missed(some, 0, 1) == PARTS * 2 // 3
    assert missed(some, 0, 1, 2, 3) == PARTS // 3


def test_earned_never_falls_with_another_visit() -> None:
    """With more visits placed a series never earns less, and with all of them its weight."""
    for count in range(1, 40):
        book = book_of(asked(request("A", series=FlexibleSeries(count=count))), [], [])
        values = [earned(book.prepared.requests[0], n) for n in range(count + 1)]
        assert values == sorted(values) and values[-1] == PARTS


def test_dropping_the_goal_serves_nobody() -> None:
    """A and B prefer what nobody can have, the night: placed, each misses a wish."""
    wish = (PreferredWindow(span=span(0, 0, 4)),)
    some = [request(id, preferred_windows=wish) for id in "AB"]
    for levels, value in (
        (goals(preferred_windows=1), 0),
        (goals(preferred_windows=1)[1:], 2 * PARTS),
    ):
        book = book_of(asked(*some, levels=levels), None, [PreferredWindows()])
        found = best(book, [0, 1])
        judge = book_of(asked(*some), [], [])
        assert amounts(judge, found)["served:3"] == value


@pytest.mark.parametrize(
    "series",
    [
        FlexibleSeries(count=3, at_least=1, least_days_between=0),
        FlexibleSeries(count=3, least_days_between=0),
        FlexibleSeries(count=7, at_least=3, least_days_between=0),
        FixedSeries(count=3, every_days=1, may_miss=frozenset({1, 3})),
    ],
)
def test_the_model_agrees_on_series(series: Series) -> None:
    """Model and score say the same for series in part, with and without rules, some fixed."""
    some = asked(
        request("A", series=series, weight=3),
        request("B", weight=2),
    )
    count = series.count
    starts = {v: [8 + 2 * v, 9 + 2 * v] for v in range(count + 1)}
    whole = {v: spot(8 + 2 * v) for v in range(count)}
    near = [whole, {v: whole[v] for v in range(count - 1)}, {0: whole[0]}]
    for rules in ([], [SeriesCompleteness(), SeriesGaps(), Capacity()]):
        book = book_of(some, rules, [])
        for fixed in ((), (0,), (0, count - 1)):
            known = {v: whole[v] for v in fixed}
            free = [v for v in range(count + 1) if v not in fixed]
            accepted, refused = model_agrees(
                book, free, known, near=near, starts=starts, samples=20
            )
            assert accepted and (refused or not rules)
            for visit in free:
                one_visit_agrees(book, visit, known, starts=starts[visit])


def test_the_model_agrees_on_chains() -> None:
    """Model and score say the same for chains, alone and in a series, in part fixed."""
    some = asked(
        request("A", **CHAIN),
        request("B", series=FlexibleSeries(count=3, at_least=2, least_days_between=0), **CHAIN),
    )
    starts = {v: [8 + v, 9 + v] for v in range(8)}
    for rules in ([], [SeriesCompleteness(), SeriesGaps(), Capacity()]):
        book = book_of(some, rules, [])
        for fixed in ((), (0,), (2, 3), (3, 4, 5)):
            known = {v: spot(8 + v) for v in fixed}
            free = [v for v in range(8) if v not in fixed]
            near = [{v: spot(8 + v) for v in some} for some in combinations(free, len(free) - 1)]
            accepted, refused = model_agrees(
                book, free, known, near=near, starts=starts, samples=16
            )
            assert accepted and (refused or not rules)
            for visit in free:
                one_visit_agrees(book, visit, known, starts=starts[visit])


def test_what_is_frozen_in_part_earns_nothing_until_the_rest_is_there() -> None:
    """The second of three visits is pinned; at least two are asked for, so 1 and 2 earn 2/3."""
    pinned = Assignment(
        visit="A#2", start=at(0, 9), end=at(0, 10), resources=(("practitioner", ("ann",)),)
    )
    series = FlexibleSeries(count=3, at_least=2, least_days_between=0)
    some = asked(request("A", series=series), published=(pinned,), pins=(Pin(visit="A#2"),))
    assert [missed(some, 1), missed(some, 0, 1)] == [PARTS, PARTS // 3]
    for rules in (RULES, None):
        book = book_of(some, rules, [])
        fixed = dict(book.prepared.frozen)
        assert fixed == {1: spot(9)}
        accepted, refused = model_agrees(
            book, [0, 2], fixed, near=[{0: spot(8)}, {0: spot(8), 2: spot(10)}]
        )
        assert accepted and refused
        allowed, forbidden = one_visit_agrees(book, 0, fixed)
        assert allowed and forbidden
        assert amounts(book, fixed | best(book, [0, 2], fixed))["served:3"] == 0

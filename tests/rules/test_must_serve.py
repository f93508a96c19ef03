"""Must serve: a request that must be served is placed, with as many visits as it asks for."""

from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries
from allocator.rules import RULES
from allocator.rules.capacity import Capacity
from allocator.rules.must_serve import MustServe

RULE = [MustServe()]
TWO_OF_THREE = FlexibleSeries(count=3, at_least=2, least_days_between=0)


def test_a_request_that_must_be_served_is_placed() -> None:
    """A must be served and is not; B need not be."""
    some = problem(request("A", must=True), request("B"))
    book = book_of(some, RULE, [])
    assert broken(book, {}) == {
        ("must_serve", "Request A must be served: 0 of the 1 visits that it needs are placed.")
    }
    assert not broken(book, {0: universe(book, book.prepared.visits[0], [8])[0]})


def test_a_series_may_lack_what_it_may_lack() -> None:
    """Two of three suffice, the first two; with the second missing, one is missing."""
    some = problem(request("A", must=True, series=TWO_OF_THREE))
    book = book_of(some, RULE, [])
    visits = [universe(book, v, [8 + n])[0] for n, v in enumerate(book.prepared.visits)]
    assert not broken(book, {0: visits[0], 1: visits[1]})
    assert broken(book, {0: visits[0], 2: visits[2]}) == {
        ("must_serve", "Request A must be served: 1 of the 2 visits that it needs are placed.")
    }


def test_a_chain_is_needed_whole() -> None:
    """A fixed series of two chains, of which the second may be missed: both steps of the first."""
    series = FixedSeries(count=2, every_days=1, may_miss=frozenset({2}))
    some = problem(request("A", must=True, series=series, services="visit visit"))
    book = book_of(some, RULE, [])
    visits = [universe(book, v, [8 + n])[0] for n, v in enumerate(book.prepared.visits)]
    assert not broken(book, dict(enumerate(visits[:2])))
    assert broken(book, {0: visits[0], 2: visits[2], 3: visits[3]})


def two() -> Problem:
    return problem(request("A", must=True, series=TWO_OF_THREE), request("B"), grain=60)


@pytest.mark.parametrize("rules", [[*RULE, Capacity()], RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """Rules about presence leave each start alone, and the model asks for what is free."""
    book = book_of(two(), rules, [])
    where = [universe(book, v, [8 + n])[0] for n, v in enumerate(book.prepared.visits)]
    allowed, forbidden = one_visit_agrees(book, 0, {3: where[3]})
    assert allowed and forbidden
    near = [dict(enumerate(where)), {0: where[0], 1: where[1]}]
    for free, fixed in (([0, 1, 2, 3], {}), ([1, 3], {0: where[0]})):
        accepted, refused = model_agrees(book, free, fixed, near=near)
        assert accepted and refused


def test_what_is_out_of_reach_is_not_asked_for() -> None:
    """A's first visit is neither placed nor free: the model of the rest is not infeasible."""
    book = book_of(two(), RULES, [])
    assert best(book, [1, 2]) == {1: None, 2: None}


def test_dropping_the_rule_leaves_it_unplaced() -> None:
    """Ann has four hours, and B is worth more than A, which must be served."""
    some = problem(
        request("A", must=True),
        request("B", weight=5),
        services=(service(minutes=240),),
    )
    kept = best(book_of(some), [0, 1])
    assert kept[0] is not None and kept[1] is None
    without = best(book_of(some, [r for r in RULES if r.name != "must_serve"]), [0, 1])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"must_serve"}

"""Series completeness: all or nothing, or at least so many; chains never in part."""

from itertools import product

import pytest
from faces import best, book_of, broken, model_agrees, rules_but
from tiny import at, calendar, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries, Pin, Series
from allocator.domain.schedule import Assignment
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.table.rulebook import Rulebook

RULE = [SeriesCompleteness()]


def series(asked: Series | None, steps: str = "visit", **more: object) -> Problem:
    """A request S, on a day of four ticks."""
    return problem(
        request("S", services=steps, series=asked),
        **{"grain": 360, "services": (service(minutes=360),), **more},
    )


def pinned(*visits: str) -> dict[str, object]:
    """Publish these visits, and pin them."""
    return {
        "published": tuple(
            Assignment(
                visit=visit, start=at(0, 0), end=at(0, 6), resources=(("practitioner", ("ann",)),)
            )
            for visit in visits
        ),
        "pins": tuple(Pin(visit=visit) for visit in visits),
    }


HERE = Placement(0, 1, -1, -1, ((0,),))


def placed(*visits: int) -> dict[int, Placement]:
    return dict.fromkeys(visits, HERE)


def whole(book: Rulebook) -> set[str]:
    """Every way to place some of the visits that breaks nothing, as x and -."""
    count = len(book.prepared.visits)
    ways = product((False, True), repeat=count)
    return {
        "".join("x" if there else "-" for there in way)
        for way in ways
        if not broken(book, placed(*(v for v, there in enumerate(way) if there)))
    }


def exhaustively(
    book: Rulebook, free: list[int], fixed: dict[int, Placement], *, some_refused: bool = True
) -> None:
    """Assert that CP-SAT = truth for every presence of the free visits."""
    ways = [
        placed(*(v for v, there in zip(free, way, strict=True) if there))
        for way in product((False, True), repeat=len(free))
    ]
    accepted, refused = model_agrees(book, free, fixed, near=ways, samples=4)
    assert accepted and bool(refused) == some_refused


@pytest.mark.parametrize(
    ("asked", "steps", "right"),
    [
        # All or nothing.
        (FlexibleSeries(count=3), "visit", {"---", "xxx"}),
        # At least one of three: those left out are the last.
        (FlexibleSeries(count=3, at_least=1), "visit", {"---", "x--", "xx-", "xxx"}),
        (FlexibleSeries(count=3, at_least=2), "visit", {"---", "xx-", "xxx"}),
        # The second may be missed, and no other.
        (FixedSeries(count=3, may_miss=frozenset({2})), "visit", {"---", "x-x", "xxx"}),
        # Each may be missed.
        (
            FixedSeries(count=2, may_miss=frozenset({1, 2})),
            "visit",
            {"--", "x-", "-x", "xx"},
        ),
        # A chain of two, once.
        (None, "visit visit", {"--", "xx"}),
        # Chains of two, of which one suffices.
        (FlexibleSeries(count=2, at_least=1), "visit visit", {"----", "xx--", "xxxx"}),
        (
            FixedSeries(count=2, may_miss=frozenset({1, 2})),
            "visit visit",
            {"----", "xx--", "--xx", "xxxx"},
        ),
    ],
)
def test_a_request_is_placed_in_these_ways_only(
    asked: Series | None, steps: str, right: set[str]
) -> None:
    """Truth and model allow the presences that are listed, and no others."""
    book = book_of(series(asked, steps), RULE, [])
    assert whole(book) == right
    count = len(book.prepared.visits)
    exhaustively(book, list(range(count)), {}, some_refused=len(right) < 2**count)


def test_what_is_missing_is_named() -> None:
    """Messages name the request, what is there and what is not."""
    book = book_of(series(FlexibleSeries(count=3, at_least=1), "visit visit"), RULE, [])
    assert broken(book, placed(0)) == {
        ("series_completeness", "Request S: 1 of the 2 steps of occurrence 1 are placed."),
        (
            "series_completeness",
            "Request S: 0 of 3 visits are placed; number 1 may not be missing.",
        ),
    }
    assert broken(book, placed(0, 1, 4, 5)) == {
        ("series_completeness", "Request S: 2 visits after number 2 are placed; number 2 is not.")
    }


@pytest.mark.parametrize(
    ("asked", "steps", "fixed"),
    [
        (FlexibleSeries(count=3), "visit", [0]),
        (FlexibleSeries(count=3), "visit", [1, 2]),
        (FlexibleSeries(count=4, at_least=1), "visit", [2]),
        (FlexibleSeries(count=3, at_least=2), "visit", [0]),
        (FlexibleSeries(count=2, at_least=1), "visit visit", [0]),
        (FlexibleSeries(count=2, at_least=1), "visit visit", [2, 3]),
        (FixedSeries(count=3, may_miss=frozenset({2})), "visit", [1]),
        (None, "visit visit visit", [1]),
    ],
)
def test_fixed_visits_ask_for_free_ones(asked: Series | None, steps: str, fixed: list[int]) -> None:
    """A visit that lies fixed, but is not pinned, needs the rest of its request as ever."""
    book = book_of(series(asked, steps), RULE, [])
    free = [v.index for v in book.prepared.visits if v.index not in fixed]
    exhaustively(book, free, placed(*fixed))


@pytest.mark.parametrize(
    ("asked", "steps", "pins"),
    [
        (FlexibleSeries(count=3), "visit", ["S#1"]),
        (FlexibleSeries(count=3), "visit", ["S#3"]),
        (FlexibleSeries(count=4, at_least=1), "visit", ["S#3"]),
        (FlexibleSeries(count=4, at_least=1), "visit", ["S#2", "S#4"]),
        (FlexibleSeries(count=3, at_least=2), "visit", ["S#3"]),
        (FlexibleSeries(count=2), "visit visit", ["S#1.1"]),
        (FlexibleSeries(count=2, at_least=1), "visit visit", ["S#2.1"]),
        (FixedSeries(count=2, may_miss=frozenset({1, 2})), "visit visit", ["S#2.2"]),
        (None, "visit visit visit", ["S.2"]),
    ],
)
def test_pinned_visits_ask_for_nothing(asked: Series | None, steps: str, pins: list[str]) -> None:
    """What pinned visits leave incomplete is inherited; a free visit beside them needs it all."""
    book = book_of(series(asked, steps, **pinned(*pins)), RULE, [])
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    free = [v.index for v in book.prepared.visits if v.index not in fixed]
    exhaustively(book, free, dict(fixed))


def test_pinned_and_fixed_visits_beside_free_ones() -> None:
    """S#3 is pinned, S#1 lies fixed: S#2 may stay away, but S#4 asks for it."""
    book = book_of(series(FlexibleSeries(count=4, at_least=1), **pinned("S#3")), RULE, [])
    fixed = {0: HERE, **book.prepared.frozen}
    assert not broken(book, fixed)
    assert not broken(book, {**fixed, **placed(1, 3)})
    assert broken(book, {**fixed, **placed(3)})
    exhaustively(book, [1, 3], fixed)


def test_what_cannot_be_mended_makes_nothing_impossible() -> None:
    """S#1 lies fixed and S#2, which it needs, is neither placed nor free: S#3 stays away."""
    book = book_of(series(FlexibleSeries(count=3)), RULE, [])
    assert best(book, [2], {0: HERE}) == {2: None}
    book = book_of(series(FlexibleSeries(count=3, at_least=1), "visit visit"), RULE, [])
    # The first step of S#3 lies fixed and S#2 is missing: its second step cannot mend that.
    assert best(book, [5], placed(0, 1, 4)) == {5: None}


def test_all_rules_together_agree() -> None:
    """With every rule in force, a partial series of chains in opening hours."""
    some = problem(
        request("S", services="visit visit", series=FlexibleSeries(count=2, at_least=1)), days=2
    )
    book = book_of(some)
    right = {
        v: Placement(start, 1, -1, -1, ((0,),)) for v, start in enumerate((8, 9, 24 + 8, 24 + 9))
    }
    near = [right, {0: right[0], 1: right[1]}]
    accepted, refused = model_agrees(book, range(4), near=near)
    assert accepted and refused
    accepted, refused = model_agrees(book, [2, 3], {0: right[0], 1: right[1]}, near=near)
    assert accepted and refused


def test_dropping_the_rule_places_a_chain_in_part() -> None:
    """Ann has one hour, and the chain has two steps: without the rule one of them is placed."""
    hour = {"calendars": (calendar("day", 8, 9),)}
    chain = problem(request("C", services="visit visit"), **hour)
    check = book_of(chain, RULE, [])
    assert best(book_of(chain), [0, 1]) == {0: None, 1: None}
    first = {0: Placement(8, 1, -1, -1, ((0,),))}
    loose = book_of(chain, rules_but("series_completeness"))
    accepted, refused = model_agrees(loose, [0, 1], near=[first])
    assert accepted and refused
    assert not broken(loose, first) and broken(check, first)

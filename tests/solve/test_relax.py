"""Relaxation: no bound lies above what a schedule can reach."""

import pytest
from tiny import at, problem, request, span

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries, Request, Series
from allocator.goals import GOALS
from allocator.goals.served import PARTS
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.solve.bound import options_alone
from allocator.solve.progress import Control
from allocator.solve.relax import Relaxation
from allocator.state.state import State
from allocator.table.rulebook import Rulebook


def missed(some: Problem) -> int:
    """Return the least value, in parts of a request, that the relaxation says is missed."""
    prepared = Prepared(some)
    book = Rulebook(prepared, RULES, GOALS)
    empty = State(prepared, pending=range(len(prepared.visits)))
    relaxation = Relaxation(book, empty, options_alone(book, empty))
    totals = [len(some.requests) * PARTS, None]
    floor = relaxation.floor(0, [totals[0] or 0, 0], totals, Control(30.0))
    assert floor is not None
    return floor


def series(id: str, shape: Series) -> Request:
    return request(id, series=shape)


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
    """Ann has four hours, enough for two visits, whichever of them may be missed."""
    assert missed(problem(series("A", shape))) == 0


def test_what_has_no_room_is_missed() -> None:
    """Six hours are asked of four: two requests of six are missed, by capacity alone."""
    assert missed(problem(*map(request, "ABCDEF"))) == 2 * PARTS


def test_what_is_optional_counts_no_more_than_what_is_needed() -> None:
    """Five requests want Monday's four hours; A's second visit is on Tuesday, and optional.

    It is worth nothing without the first, so one request is missed, and not a half of one.
    """
    daily = FixedSeries(count=2, every_days=1, start=at(0, 8), may_miss=frozenset({2}))
    rest = (request(id, windows=(span(0, 8, 12),)) for id in "BCDE")
    assert missed(problem(series("A", daily), *rest, days=2)) == PARTS

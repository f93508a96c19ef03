"""A plan: what it alone knows of breaks, days and carers, and on which days it puts visits."""

from dataclasses import replace

import pytest
from bounds import missed_by_plan as missed
from bounds import plan_of
from faces import book_of
from tiny import (
    at,
    patient,
    practitioner,
    problem,
    request,
    span,
)

from allocator.domain.calendar import DailySpan
from allocator.domain.request import (
    Alike,
    FlexibleSeries,
    Pin,
    Relation,
    Session,
    Step,
)
from allocator.domain.resource import Break
from allocator.domain.schedule import Assignment
from allocator.goals.served import PARTS
from allocator.solve import plan as plans
from allocator.solve.plan import Planned


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


def test_a_series_stays_with_its_carers() -> None:
    """Five visits on one day are more than one of Ann and Bob has hours, but not two."""
    both = (practitioner("ann"), practitioner("bob"))
    for carers, value in ((1, PARTS), (2, 0)):
        series = FlexibleSeries(count=5, least_days_between=0, most_carers=carers)
        assert missed(problem(request("A", series=series), resources=both)) == value


def test_a_plan_says_who_comes_when() -> None:
    """Ann is there on two days; the only request can come on the second."""
    planned = plan_of(book_of(problem(request("A", windows=(span(1, 8, 12),)), days=2)))
    assert planned.days == {0: 1}

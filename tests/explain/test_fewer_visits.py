"""Fewer visits: as many of a series as can be placed, the last of which are left out."""

from __future__ import annotations

from tiny import at, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries, Pin
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer, Kind, Relaxation


def taken(visit: str, day: int, first: int = 8, last: int = 12) -> Assignment:
    return Assignment(
        visit=visit,
        start=at(day, first),
        end=at(day, last),
        resources=(("practitioner", ("ann",)),),
    )


def fewer(problem: Problem, *placed: Assignment) -> list[Relaxation]:
    why = Explainer(problem, Schedule(assignments=placed)).why_not("S")
    assert why.core is not None
    return [r for r in why.relaxations if r.kind is Kind.FEWER_VISITS]


def test_as_many_as_can_be() -> None:
    """Each visit takes all of a day; of four days one is taken, so that 3 of 4 fit."""
    asks = problem(
        request("S", series=FlexibleSeries(count=4)),
        request("B"),
        days=4,
        services=(service(minutes=240),),
    )
    (found,) = fewer(asks, taken("B", 1))
    assert found.sentence == (
        "3 visits instead of 4: Mon 2026-03-02 08:00 to Thu 2026-03-05 08:00."
    )
    assert (found.object, found.amount, found.price) == ("S", 1, 240)
    assert found.places == (taken("S#1", 0), taken("S#2", 2), taken("S#3", 3))


def test_those_left_keep_their_distance() -> None:
    """In one day there is room for three visits, but they are to be on different days."""
    asks = problem(request("S", series=FlexibleSeries(count=3, least_days_between=1)))
    (found,) = fewer(asks)
    assert found.amount == 2
    assert found.places == (taken("S#1", 0, 8, 9),)


def test_the_first_is_not_left_out() -> None:
    """The first visit takes five hours and Ann has four: the others do not come without it."""
    asks = problem(
        request("S", series=FlexibleSeries(count=3), first_visit=True),
        days=3,
        services=(service(first_minutes=300),),
    )
    assert not fewer(asks)


def test_whichever_of_a_fixed_series_has_a_place() -> None:
    """Of a weekly pattern the one is left out on whose day Ann is taken, the first."""
    series = FixedSeries(count=3, every_days=1, start=at(0, 8))
    asks = problem(
        request("S", series=series),
        request("B"),
        days=3,
        services=(service(minutes=240),),
    )
    (found,) = fewer(asks, taken("B", 0))
    assert found.amount == 1
    assert found.places == (taken("S#2", 1), taken("S#3", 2))


def test_the_first_visit_of_a_fixed_series_is_not_left_out() -> None:
    """B takes the first day: the later two fit, but a series does not begin without its first."""
    asks = problem(
        request("S", series=FixedSeries(count=3, every_days=1, start=at(0, 8)), first_visit=True),
        request("B"),
        days=3,
        services=(service(minutes=240),),
    )
    assert not fewer(asks, taken("B", 0))
    (found,) = fewer(asks, taken("B", 2))
    assert [place.visit for place in found.places] == ["S#1", "S#2"]


def test_visits_that_are_booked_count() -> None:
    """S#1 is booked; of the two others one fits, which makes two of three."""
    booked = taken("S#1", 0)
    asks = problem(
        request("S", series=FlexibleSeries(count=3)),
        request("B"),
        days=3,
        services=(service(minutes=240),),
        published=(booked,),
        pins=(Pin(visit="S#1"),),
    )
    (found,) = fewer(asks, booked, taken("B", 1))
    assert found.sentence == "2 visits instead of 3: Wed 2026-03-04 08:00."
    assert (found.amount, found.places) == (1, (taken("S#2", 2),))

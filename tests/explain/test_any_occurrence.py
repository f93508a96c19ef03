"""A series of which each visit may be missed: any one of them would be enough."""

from __future__ import annotations

from tiny import at, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer

SERIES = FixedSeries(count=2, every_days=1, start=at(0, 8), may_miss=frozenset({1, 2}))


def taken(visit: str, day: int) -> Assignment:
    return Assignment(
        visit=visit, start=at(day, 8), end=at(day, 12), resources=(("practitioner", ("ann",)),)
    )


def asked() -> Problem:
    """Ann works four hours a day, and each visit takes all four."""
    return problem(
        request("S", series=SERIES),
        request("A"),
        request("B"),
        days=2,
        resources=(practitioner("ann"),),
        services=(service(minutes=240),),
    )


def test_the_second_is_found_where_the_first_has_no_place() -> None:
    """A takes the first day, so that the second visit alone would fit."""
    why = Explainer(asked(), Schedule(assignments=(taken("A", 0),))).why_not("S")
    assert why.core is None
    assert [place.visit for place in why.places] == ["S#2"]


def test_the_first_is_explained_where_none_has_a_place() -> None:
    """A and B take both days."""
    schedule = Schedule(assignments=(taken("A", 0), taken("B", 1)))
    why = Explainer(asked(), schedule).why_not("S")
    assert why.core is not None
    assert why.core.confirmed
    assert ("capacity", "ann") in {(fact.rule, fact.object) for fact in why.core.facts}

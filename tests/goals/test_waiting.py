"""Waiting: requests are served by the day on which they are due."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe
from tiny import at, goals, practitioner, problem, request, span

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, PreferredWindow, Request, Step
from allocator.domain.resource import Location
from allocator.domain.time import Horizon
from allocator.goals.preferred_windows import PreferredWindows
from allocator.goals.waiting import Waiting
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours

GOAL = [Waiting()]
RULES = [OpeningHours(), Capacity()]


def due(*requests: Request, days: int = 4, **more: object) -> Problem:
    return problem(*requests, days=days, **{"levels": goals(waiting=1), **more})


def late(some: Problem, *starts: int, visit: int = 0) -> list[int]:
    book = book_of(some, [], GOAL)
    what = book.prepared.visits[visit]
    return [
        amounts(book, {visit: next(iter(universe(book, what, [tick])))})["waiting"]
        for tick in starts
    ]


def test_days_beyond_the_due_date_count() -> None:
    """Due on Tuesday at 08:00: Monday and all of Tuesday are in time, Thursday is 2 days late."""
    some = due(request("A", due=at(1, 8)))
    assert late(some, 9, 24, 24 + 23, 48, 72 + 9) == [0, 0, 0, 1, 2]


def test_what_was_due_before_the_horizon_waits_from_then_on() -> None:
    """Due on the Saturday before: Monday is 2 days late; due after the horizon, nothing is."""
    assert late(due(request("A", due=at(-2, 12))), 0, 24) == [2, 3]
    assert late(due(request("A", due=at(9, 12))), 0, 95) == [0, 0]


def test_days_are_those_of_the_place() -> None:
    """In Auckland, 12 hours ahead of Berlin, Berlin's Tuesday 13:00 is the Wednesday already.

    Due on Tuesday at 10:00 UTC, 23:00 there, so its Wednesday is a day late.
    """
    far = practitioner("ann", location="akl")
    some = due(
        request("A", due=datetime(2026, 3, 3, 10, tzinfo=UTC)),
        locations=(Location(id="akl", zone="Pacific/Auckland"),),
        resources=(far,),
    )
    assert late(some, 24, 24 + 11, 24 + 12, 24 + 13) == [0, 0, 1, 1]
    book = book_of(some, RULES, GOAL)
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert allowed and forbidden


def test_a_day_with_a_clock_change_is_a_day() -> None:
    """2026-03-29 has 23 hours in Berlin: its tick 23 is the next midnight, a day late."""
    night = Horizon(first=date(2026, 3, 29), days=2, zone="Europe/Berlin", grain_minutes=60)
    when = datetime(2026, 3, 29, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    some = due(request("A", due=when), horizon=night)
    assert late(some, 0, 22, 23, 45) == [0, 0, 1, 1]
    model_agrees(book_of(some, RULES, GOAL), [0])


def test_only_the_first_visit_counts() -> None:
    """Of a series of chains it is the first step of the first occurrence."""
    steps = (Step(service="visit"), Step(service="visit"))
    some = due(request("A", steps=steps, series=FlexibleSeries(count=2), due=at(0, 8)))
    assert [late(some, 72, visit=v) for v in range(4)] == [[3], [0], [0], [0]]


def test_dropping_the_goal_serves_late() -> None:
    """A would rather have Thursday (weight 2), 3 days beyond Monday, its due day."""

    asked = request(
        "A", due=at(0, 12), preferred_windows=(PreferredWindow(span=span(3, 8, 12), weight=2),)
    )
    judge = book_of(due(asked), [], GOAL)
    for weight, missed in ((1, 0), (0, 3)):
        levels = goals(waiting=weight, preferred_windows=1)
        found = best(book_of(due(asked, levels=levels), None, [*GOAL, PreferredWindows()]), [0])
        assert amounts(judge, found)["waiting"] == missed


def test_the_faces_agree() -> None:
    """Table, model and score say the same, with weights of requests and a visit that is fixed."""
    series = FlexibleSeries(count=2, least_days_between=0)
    asked = due(
        request("A", due=at(0, 9), series=series, weights=(("waiting", 7),)),
        request("B", due=at(-1, 9)),
        request("C"),
        days=3,
    )
    for rules in (RULES, None):
        book = book_of(asked, rules, GOAL)
        fixed = {3: next(iter(universe(book, book.prepared.visits[3], [9])))}
        allowed, forbidden = one_visit_agrees(book, 2, fixed)
        assert allowed and forbidden
        near = best(book, [0, 1, 2], fixed)
        starts = {v: [*range(7, 13), *range(32, 36), *range(56, 60)] for v in range(3)}
        accepted, refused = model_agrees(book, [0, 1, 2], fixed, near=[near], starts=starts)
        assert accepted and refused

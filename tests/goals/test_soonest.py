"""Soonest: visits lie early in the time that their request allows."""

from dataclasses import replace
from datetime import date

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe
from tiny import at, goals, practitioner, problem, request, span

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Request
from allocator.domain.resource import Location
from allocator.domain.time import Horizon, Span
from allocator.goals.soonest import Soonest
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.rules.windows import Windows
from allocator.state.state import State
from allocator.table.costs import placements

GOAL = [Soonest()]
RULES = [Windows(), OpeningHours(), Capacity()]


def asked(*requests: Request, **more: object) -> Problem:
    return problem(*requests, **{"days": 4, "levels": goals(soonest=1), **more})


def late(some: Problem, *starts: int) -> list[int]:
    book = book_of(some, [], GOAL)
    visit = book.prepared.visits[0]
    return [
        amounts(book, {0: next(iter(universe(book, visit, [tick])))})["soonest"] for tick in starts
    ]


def test_days_after_the_first_count() -> None:
    """The horizon starts on Monday: any time of it is 0 days later, Wednesday is 2."""
    assert late(asked(request("A")), 0, 23, 24, 48 + 10) == [0, 0, 1, 2]


def test_days_count_from_the_first_window() -> None:
    """Windows on Tuesday and Thursday: Tuesday is 0 days, Thursday 2, and Monday no gain."""
    some = asked(request("A", windows=(span(3, 8, 12), span(1, 8, 12))))
    assert late(some, 9, 24 + 9, 72 + 9) == [0, 0, 2]


def test_days_count_from_today() -> None:
    """It is Tuesday noon: Tuesday is 0 days, also for who could have come on Monday."""
    now = replace(problem(days=4).horizon, now=at(1, 12))
    assert late(asked(request("A"), horizon=now), 24 + 13, 48, 72) == [0, 1, 2]
    some = asked(request("A", windows=(span(0, 8, 12), span(2, 8, 12))), horizon=now)
    assert late(some, 48 + 9) == [0]


def test_who_wants_a_date_is_left_alone() -> None:
    """A request with a wanted instant has the goal near_wanted instead."""
    assert late(asked(request("A", wanted=at(2, 9))), 0, 72) == [0, 0]


def test_days_are_those_of_the_place() -> None:
    """Berlin's 12:00 is midnight in Auckland: the horizon starts in the noon of its Monday."""
    some = asked(
        request("A"),
        locations=(Location(id="akl", zone="Pacific/Auckland"),),
        resources=(practitioner("ann", location="akl"),),
    )
    assert late(some, 0, 11, 12, 35, 36) == [0, 0, 1, 1, 2]
    book = book_of(some, RULES, GOAL)
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert allowed and forbidden
    model_agrees(book, [0], starts={0: range(96)})


def test_a_short_day_is_a_day() -> None:
    """2026-03-29 has 23 hours in Berlin: tick 23 is on Monday, a day later."""
    march = Horizon(first=date(2026, 3, 29), days=2, zone="Europe/Berlin", grain_minutes=60)
    some = asked(request("A"), horizon=march)
    assert late(some, 22, 23, 46) == [0, 1, 1]
    model_agrees(book_of(some, RULES, GOAL), [0])


def test_dropping_the_goal_serves_on_any_day() -> None:
    """With the goal the four starts of Monday come first; without, all 16 are worth the same."""
    for weight, kinds in ((1, {0: 4, 1: 4, 2: 4, 3: 4}), (0, {0: 16})):
        book = book_of(asked(request("A"), levels=goals(soonest=weight)), None, GOAL)
        found = placements(book, State(book.prepared), book.prepared.visits[0])
        scale = max(1, found[-1].cost // 3)
        costs = [choice.cost // scale for choice in found]
        assert {cost: costs.count(cost) for cost in costs} == kinds


def test_the_best_answer_fills_the_first_days() -> None:
    """Five visits, four hours a day: one waits until Tuesday, which is one day."""
    book = book_of(asked(*map(request, "ABCDE")), None, GOAL)
    assert amounts(book, best(book, list(range(5))))["soonest"] == 1


def test_the_faces_agree() -> None:
    """Table, model and score say the same for series, windows across midnight and weights."""
    some = asked(
        request("A", series=FlexibleSeries(count=2, least_days_between=0)),
        request("B", windows=(Span(start=at(0, 22), end=at(2, 10)),), weights=(("soonest", 4),)),
        request("C", wanted=at(2, 9)),
    )
    for rules in (RULES, None):
        book = book_of(some, rules, GOAL)
        fixed = {0: next(iter(universe(book, book.prepared.visits[0], [9])))}
        for visit in (1, 2, 3):
            allowed, forbidden = one_visit_agrees(book, visit, fixed)
            assert allowed and forbidden
        near = best(book, [1, 2, 3], fixed)
        accepted, refused = model_agrees(book, [1, 2, 3], fixed, near=[near])
        assert accepted and refused

"""Person limits: nobody has more visits in a local day or week than their limit."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe, with_placements
from tiny import at, goals, need, patient, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.resource import Location, WorkLimits
from allocator.domain.schedule import Assignment
from allocator.domain.service import Part
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.rules.person_limits import PersonLimits
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

RULE = [PersonLimits()]


def limited(names: str, days: int = 2, grain: int = 360, **limits: int) -> Problem:
    """Requests for six hours of Ann, who has limits, or of Bob, who has none."""
    return problem(
        *map(request, names),
        days=days,
        grain=grain,
        resources=(
            practitioner("ann", lanes=9, limits=WorkLimits(**limits), calendar=None),
            practitioner("bob", calendar=None),
        ),
        services=(service(minutes=360),),
    )


def placed(book: Rulebook, visit: int, day: int, quarter: int = 1, who: int = 0) -> Placement:
    where = universe(book, book.prepared.visits[visit], [4 * day + quarter])
    return next(p for p in where if p.team[0] == (who,))


def test_a_day_has_so_many_visits() -> None:
    """Two a day: a third on the Monday is one too many, on the Tuesday it is not."""
    book = book_of(limited("ABC", visits_per_day=2), RULE, [])
    two = {0: placed(book, 0, 0), 1: placed(book, 1, 0, 3)}
    assert not broken(book, two)
    assert not broken(book, {**two, 2: placed(book, 2, 1)})
    assert not broken(book, {**two, 2: placed(book, 2, 0, who=1)})
    assert broken(book, {**two, 2: placed(book, 2, 0)}) == {
        (
            "person_limits",
            "ann has 3 visits on Mon 2026-03-02; at most 2 a day are allowed.",
        )
    }
    # Ann on the Tuesday, or Bob on either day: 4 + 8 of 16.
    assert one_visit_agrees(book, 2, two) == (12, 4)


def test_a_week_begins_on_monday() -> None:
    """One a week: Sunday the 8th is in the week of the 2nd, Monday the 9th in the next."""
    book = book_of(limited("AB", days=8, visits_per_week=1), RULE, [])
    first = {0: placed(book, 0, 6, 3)}
    assert not broken(book, {**first, 1: placed(book, 1, 7, 0)})
    assert broken(book, {**first, 1: placed(book, 1, 0, 0)}) == {
        (
            "person_limits",
            "ann has 2 visits in the week of Mon 2026-03-02; at most 1 a week are allowed.",
        )
    }
    # Bob at any of 32 starts, Ann at the 4 of the second Monday.
    assert one_visit_agrees(book, 1, first) == (36, 28)


def test_a_visit_counts_on_the_day_of_its_start() -> None:
    """A visit of twelve hours from 18:00 is the Monday's alone."""
    some = limited("AB", visits_per_day=1)
    long = problem(
        *some.requests,
        days=2,
        grain=360,
        resources=some.resources,
        services=(service(minutes=720),),
    )
    book = book_of(long, RULE, [])
    over_night = {0: placed(book, 0, 0, 3)}
    assert not broken(book, {**over_night, 1: placed(book, 1, 1, 0)})
    assert broken(book, {**over_night, 1: placed(book, 1, 0, 0)})


def test_none_a_day_is_none() -> None:
    """A limit of 0 keeps Ann free of visits."""
    book = book_of(limited("A", visits_per_day=0), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (8, 8)
    accepted, refused = model_agrees(book, [0], near=[{0: placed(book, 0, 0)}])
    assert accepted and refused


def test_days_are_those_of_the_resource() -> None:
    """Ann is in New York, six hours behind: Tuesday 00:00 in Berlin is still her Monday."""
    some = limited("AB", visits_per_day=1)
    ann, bob = some.resources
    far = problem(
        *some.requests,
        days=2,
        grain=360,
        resources=(replace(ann, location="far", mobile=True), bob),
        services=some.services,
        locations=(Location(id="far", zone="America/New_York"),),
    )
    book = book_of(far, RULE, [])
    # Her Monday is Berlin's 06:00 to the next 06:00: quarters 1, 2, 3 and 4.
    first = {0: placed(book, 0, 0, 1)}
    assert broken(book, {**first, 1: placed(book, 1, 1, 0)})
    assert not broken(book, {**first, 1: placed(book, 1, 0, 0)})
    assert one_visit_agrees(book, 1, first) == (12, 4)
    near = [{**first, 1: placed(book, 1, 1, 0)}, {**first, 1: placed(book, 1, 0, 0)}]
    accepted, refused = model_agrees(book, [0, 1], near=near)
    assert accepted and refused


def test_days_of_a_change_have_other_lengths() -> None:
    """2026-03-29 has 23 hours in Berlin: the day ends an hour of the grid sooner."""
    spring = Horizon(first=date(2026, 3, 29), days=2, zone="Europe/Berlin", grain_minutes=60)
    some = replace(
        limited("AB", grain=60, visits_per_day=1), horizon=spring, services=(service(minutes=60),)
    )
    book = book_of(some, RULE, [])
    ann = [p for p in universe(book, book.prepared.visits[1]) if p.team[0] == (0,)]
    first = {0: ann[5]}
    # 23 hours of the Sunday are full for Ann, 24 of the Monday are left; Bob has all 47.
    assert one_visit_agrees(book, 1, first) == (24 + 47, 23)
    assert broken(book, {**first, 1: ann[22]}) and not broken(book, {**first, 1: ann[23]})


def test_visits_are_counted_not_claims() -> None:
    """Ann in two roles of one visit has one visit (which another rule forbids)."""
    halves = service(
        minutes=720,
        needs=(need(), need("second", alternatives=need().alternatives, part=Part(minutes=360))),
    )
    some = limited("A", visits_per_day=1)
    twice = problem(*some.requests, days=1, grain=360, resources=some.resources, services=(halves,))
    book = book_of(twice, RULE, [])
    both = Placement(0, 2, -1, -1, ((0,), (0,)))
    assert len(Timetable(book.prepared, [both]).claims[0]) == 2
    assert not broken(book, {0: both})


def test_attendees_have_limits_too() -> None:
    """Eve comes once a day at most, whoever sees her."""
    some = limited("", visits_per_day=None)  # type: ignore[arg-type]
    eve = patient("eve", limits=WorkLimits(visits_per_day=1))
    both = problem(
        request("A", "eve"),
        request("B", "eve"),
        days=2,
        grain=360,
        resources=(*some.resources, eve),
        services=some.services,
    )
    book = book_of(both, RULE, [])
    first = {0: placed(book, 0, 0)}
    assert one_visit_agrees(book, 1, first) == (8, 8)
    near = [{**first, 1: placed(book, 1, day, 2)} for day in (0, 1)]
    accepted, refused = model_agrees(book, [0, 1], near=near)
    assert accepted and refused


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """Two a day and three a week, with none, one or two visits fixed beside the free ones."""
    book = book_of(limited("ABCD", days=8, visits_per_day=2, visits_per_week=3), rules, [])
    same_day = {v: placed(book, v, 1, v) for v in range(4)}
    spread = {v: placed(book, v, 2 * v, 1) for v in range(4)}
    next_week = {**spread, 3: placed(book, 3, 7, 1)}
    for fixed in ({0: same_day[0], 1: same_day[1]}, {v: spread[v] for v in range(3)}):
        allowed, forbidden = one_visit_agrees(book, 3, fixed)
        assert allowed and forbidden
    for free in ([0, 1, 2, 3], [1, 2, 3], [2, 3]):
        fixed = {v: spread[v] for v in range(4) if v not in free}
        accepted, refused = model_agrees(
            book, free, fixed, near=[same_day, spread, next_week], samples=40
        )
        assert accepted and refused


def test_what_is_frozen_beyond_the_limit_is_inherited() -> None:
    """A and B are frozen on the Monday, where Ann may have one: C may still go elsewhere."""
    some = limited("ABC", visits_per_day=1)
    published = tuple(
        Assignment(
            visit=name, start=at(0, 6), end=at(0, 12), resources=(("practitioner", ("ann",)),)
        )
        for name in "AB"
    )
    some = replace(some, published=published, pins=tuple(Pin(visit=name) for name in "AB"))
    book = book_of(some, RULE, [])
    fixed = dict(book.prepared.frozen)
    found = list(RULE[0].violations(with_placements(book, fixed)))
    assert [v.inherited for v in found] == [True]
    assert one_visit_agrees(book, 2, fixed) == (12, 4)
    near = [{2: placed(book, 2, 0)}, {2: placed(book, 2, 1)}]
    accepted, refused = model_agrees(book, [2], fixed, near=near)
    assert accepted and refused


def test_dropping_the_rule_overbooks_the_day() -> None:
    """Only Ann can see A and B, on the one day there is; with the rule, one of them is left."""
    some = problem(
        *map(request, "AB"),
        resources=(practitioner("ann", limits=WorkLimits(visits_per_day=1)),),
        levels=goals(soonest=1),
    )
    kept = best(book_of(some), [0, 1])
    assert [p is None for p in kept.values()].count(True) == 1
    without = best(book_of(some, [r for r in RULES if r.name != "person_limits"]), [0, 1])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"person_limits"}

"""Work per day: how long a resource works in a local day."""

from datetime import date

import pytest
from faces import book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import need, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.resource import Location, WorkLimits
from allocator.domain.schedule import Assignment
from allocator.domain.service import Part
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.rule import Rule
from allocator.rules.work_per_day import WorkPerDay
from allocator.table.rulebook import Rulebook

RULE: list[Rule] = [WorkPerDay()]
WITH_LANES: list[Rule] = [Capacity(), Buffers(), WorkPerDay()]


def clinic(limit: int, minutes: int = 60, count: int = 4, **more: object) -> Problem:
    """Ann, who is always there, works at most so long a day; A, B, … ask for visits."""
    limits = WorkLimits(minutes_per_day=limit)
    return problem(
        *map(request, "ABCDEF"[:count]),
        **{
            "days": 2,
            "resources": (practitioner("ann", calendar=None, limits=limits),),
            "services": (service(minutes=minutes),),
            **more,
        },
    )


def at(book: Rulebook, visit: int, start: int) -> Placement:
    return next(p for p in universe(book, book.prepared.visits[visit]) if p.start == start)


def says(book: Rulebook, *starts: int) -> set[tuple[str, str]]:
    return broken(book, {visit: at(book, visit, start) for visit, start in enumerate(starts)})


def test_the_limit_may_be_reached_and_not_passed() -> None:
    """Three hours a day: a third visit on Monday is fine, a fourth is for Tuesday."""
    book = book_of(clinic(180), RULE, [])
    assert not says(book, 8, 9, 15)
    assert not says(book, 8, 9, 15, 24)
    assert says(book, 8, 9, 15, 23) == {
        (
            "work_per_day",
            "ann works 240 minutes in the day of 2026-03-02; at most 180 are allowed.",
        )
    }


def test_a_limit_between_two_ticks_is_not_passed() -> None:
    """With hours of grain a limit of 179 minutes leaves two visits."""
    book = book_of(clinic(179), RULE, [])
    assert not says(book, 8, 9) and says(book, 8, 9, 15)


def test_buffers_are_work_and_other_parts_are_not() -> None:
    """Visits of three hours take Ann for their last, and an hour of notes after it."""
    noted = need(part=Part(minutes=60, from_end=True), after_minutes=60)
    book = book_of(clinic(240, services=(service(minutes=180, needs=(noted,)),)), RULE, [])
    assert not says(book, 0, 4) and says(book, 0, 4, 8)


def test_a_claim_counts_to_the_day_of_its_first_tick() -> None:
    """A visit from 23:00 to 01:00 is Monday's, as is one at midnight prepared from 23:00 on."""
    book = book_of(clinic(120, minutes=120), RULE, [])
    assert says(book, 8, 23) and not says(book, 8, 24) and not says(book, 23, 40)
    early = service(minutes=60, needs=(need(before_minutes=60),))
    book = book_of(clinic(120, services=(early,)), RULE, [])
    assert says(book, 8, 24) and not says(book, 8, 25)
    for some in (service(minutes=120), early):
        book = book_of(clinic(240, services=(some,)), RULE, [])
        for first in (0, 26):  # one day is full, the first or the second
            fixed = {0: at(book, 0, first), 1: at(book, 1, first + 4)}
            allowed, forbidden = one_visit_agrees(book, 2, fixed)
            assert allowed and forbidden
        near = {v: [0, 1, 2, 22, 23, 24, 25, 26, 46] for v in range(4)}
        accepted, refused = model_agrees(book, [1, 2, 3], {0: fixed[0]}, starts=near, samples=150)
        assert accepted and refused


def test_days_are_local_to_the_resource() -> None:
    """Ann works in London, where Monday ends an hour later than in Berlin."""
    ann = practitioner("ann", calendar=None, location="west", limits=WorkLimits(minutes_per_day=60))
    west = Location(id="west", zone="Europe/London")
    book = book_of(clinic(60, resources=(ann,), locations=(west,)), RULE, [])
    assert says(book, 8, 24) and not says(book, 8, 25) and not says(book, 0, 8)
    allowed, forbidden = one_visit_agrees(book, 0, {1: at(book, 1, 8)})
    assert (allowed, forbidden) == (24, 24)


def test_the_night_when_clocks_change_is_a_day_of_23_hours() -> None:
    """2026-03-29 in Berlin has ticks 24 to 46 of a horizon that starts the day before."""
    nights = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60)
    book = book_of(clinic(120, horizon=nights), RULE, [])
    assert says(book, 24, 30, 46) and not says(book, 24, 30, 47)
    allowed, forbidden = one_visit_agrees(book, 2, {0: at(book, 0, 24), 1: at(book, 1, 46)})
    assert (allowed, forbidden) == (71 - 23, 23)
    near = {v: [22, 23, 24, 45, 46, 47, 48] for v in range(4)}
    accepted, refused = model_agrees(book, [0, 1, 2, 3], starts=near, samples=150)
    assert accepted and refused


def test_what_pinned_visits_alone_break_is_inherited() -> None:
    """A and B are pinned on a Monday with room for one: inherited, and C goes to Tuesday."""
    some = clinic(60)
    start = some.horizon.instant
    book = book_of(
        clinic(
            60,
            published=tuple(
                Assignment(
                    visit=v,
                    start=start(t),
                    end=start(t + 1),
                    resources=(("practitioner", ("ann",)),),
                )
                for v, t in (("A", 8), ("B", 9))
            ),
            pins=(Pin(visit="A"), Pin(visit="B")),
        ),
        WITH_LANES,
        [],
    )
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    assert (allowed, forbidden) == (24, 24)
    accepted, refused = model_agrees(book, [2, 3], fixed)
    assert accepted and refused


@pytest.mark.parametrize("rules", [RULE, WITH_LANES, None])
def test_the_faces_agree(rules: list[Rule] | None) -> None:
    """Mask, model and truth say the same: two people, several lanes and durations, buffers."""
    some = problem(
        *map(request, "ABCDE"),
        days=2,
        grain=120,
        resources=(
            practitioner("ann", calendar=None, lanes=2, limits=WorkLimits(minutes_per_day=720)),
            practitioner("bob", calendar=None, limits=WorkLimits(minutes_per_day=360)),
        ),
        services=(
            service(
                minutes=120, needs=(need(after_minutes=120),), minutes_by_resource=(("ann", 240),)
            ),
        ),
    )
    book = book_of(some, rules, [])
    where = universe(book, book.prepared.visits[0])
    ann = [p for p in where if p.team == ((0,),)]
    bob = [p for p in where if p.team == ((1,),)]
    fixed = {0: ann[2], 1: bob[14]}
    assert not broken(book, fixed)
    for visit in (2, 3):
        allowed, forbidden = one_visit_agrees(book, visit, {**fixed, 4: ann[4]})
        assert allowed and forbidden
    accepted, refused = model_agrees(book, [2, 3, 4], fixed, samples=200)
    assert accepted and refused


def test_dropping_the_rule_lets_ann_work_on() -> None:
    """Without the rule the model accepts a second hour, which the check refuses."""
    with_rule, without = book_of(clinic(60), RULE, []), book_of(clinic(60), [], [])
    long = {0: at(without, 0, 8), 1: at(without, 1, 9)}
    accepted, _ = model_agrees(without, [0, 1], samples=0, near=[long])
    assert accepted
    assert broken(with_rule, long)
    _, refused = model_agrees(with_rule, [0, 1], samples=0, near=[long])
    assert refused

"""Work in a row: how long a resource works without a rest."""

from datetime import date

import pytest
from faces import book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import need, practitioner, problem, request, service

from allocator.domain.calendar import DailySpan
from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.resource import Break, WorkLimits
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.breaks import Breaks
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.rule import Rule
from allocator.rules.work_in_a_row import WorkInARow
from allocator.table.rulebook import Rulebook

RULE: list[Rule] = [WorkInARow()]
WITH_LANES: list[Rule] = [Capacity(), Buffers(), WorkInARow()]


def clinic(most: int, rest: int, minutes: int = 60, count: int = 4, **more: object) -> Problem:
    """Ann, who is always there, works at most so long without such a rest; A, B, … ask."""
    limits = WorkLimits(minutes_in_a_row=most, rest_minutes=rest)
    return problem(
        *map(request, "ABCDEF"[:count]),
        **{
            "resources": (practitioner("ann", calendar=None, limits=limits),),
            "services": (service(minutes=minutes),),
            **more,
        },
    )


def at(book: Rulebook, visit: int, start: int) -> Placement:
    return next(p for p in universe(book, book.prepared.visits[visit]) if p.start == start)


def says(book: Rulebook, *starts: int) -> set[tuple[str, str]]:
    return broken(book, {visit: at(book, visit, start) for visit, start in enumerate(starts)})


def test_a_stretch_may_last_the_limit_and_no_longer() -> None:
    """Three hours in a row, then an hour's rest: 8 to 11 and from 12 on; not 8 to 12."""
    book = book_of(clinic(180, 60), RULE, [])
    assert not says(book, 8, 9, 10, 12)
    assert says(book, 8, 9, 10, 11) == {
        (
            "work_in_a_row",
            "ann works 240 minutes from Mon 2026-03-02 08:00 (A, B, C, D) without a rest of 60;"
            " at most 180 are allowed.",
        )
    }


def test_what_is_shorter_than_a_rest_counts_as_work() -> None:
    """With a rest of two hours, visits at 8 and at 10 are one stretch from 8 to 11."""
    book = book_of(clinic(120, 120), RULE, [])
    assert says(book, 8, 10) and not says(book, 8, 11) and not says(book, 8, 9)


def test_buffers_are_work() -> None:
    """An hour's notes after the visit at 8: the one at 10 follows at once, and is too much."""
    noted = service(needs=(need(after_minutes=60),))
    book = book_of(clinic(180, 60, services=(noted,)), RULE, [])
    assert says(book, 8, 10) and not says(book, 8, 11)


def test_a_visit_longer_than_the_limit_is_never_placed() -> None:
    """Three hours are more than two, wherever they lie."""
    book = book_of(clinic(120, 60, minutes=180), RULE, [])
    assert one_visit_agrees(book, 0, {})[0] == 0
    assert one_visit_agrees(book, 1, {0: at(book, 0, 8)})[0] == 0


def test_a_rest_lasts_on_when_the_clocks_change() -> None:
    """On 2026-03-29 Berlin skips 02:00: from 01:00 to 03:00 on the clock is one hour of work.

    Ticks count from the midnight before: 01:00 is tick 1, 03:00 is tick 2.
    """
    night = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    book = book_of(clinic(120, 60, horizon=night), RULE, [])
    assert not says(book, 1, 2)
    assert "from Sun 2026-03-29 01:00 (A, B, C)" in says(book, 1, 2, 3).pop()[1]
    allowed, forbidden = one_visit_agrees(book, 2, {0: at(book, 0, 1), 1: at(book, 1, 2)})
    # Not at 0 or 3, which make three hours; at 1 or 2 C shares the hours of A or B.
    assert (allowed, forbidden) == (21, 2)


def test_what_pinned_visits_alone_break_is_inherited() -> None:
    """A, B and C are pinned in a row of two: inherited; D stays a rest away from them."""
    some = clinic(120, 60)
    start = some.horizon.instant
    book = book_of(
        clinic(
            120,
            60,
            published=tuple(
                Assignment(
                    visit=v,
                    start=start(t),
                    end=start(t + 1),
                    resources=(("practitioner", ("ann",)),),
                )
                for v, t in (("A", 8), ("B", 9), ("C", 10))
            ),
            pins=tuple(Pin(visit=v) for v in "ABC"),
        ),
        WITH_LANES,
        [],
    )
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    allowed, forbidden = one_visit_agrees(book, 3, fixed)
    assert (allowed, forbidden) == (19, 5)  # not from 7 to 11
    accepted, refused = model_agrees(book, [3], fixed)
    assert accepted and refused


@pytest.mark.parametrize("rules", [RULE, WITH_LANES, None])
@pytest.mark.parametrize("lanes", [1, 2])
def test_the_faces_agree(rules: list[Rule] | None, lanes: int) -> None:
    """Mask, model and truth say the same: rests of several ticks, buffers, durations, lanes."""
    noted = service(needs=(need(after_minutes=30),), minutes=60, minutes_by_resource=(("bob", 30),))
    for most, rest in ((150, 30), (210, 90), (240, 60)):
        limits = WorkLimits(minutes_in_a_row=most, rest_minutes=rest)
        some = clinic(
            most,
            rest,
            grain=30,
            count=5,
            services=(noted,),
            resources=(
                practitioner("ann", calendar=None, limits=limits, lanes=lanes),
                practitioner("bob", calendar=None, limits=limits),
            ),
        )
        book = book_of(some, rules, [])
        where = universe(book, book.prepared.visits[0])
        ann = {p.start: p for p in where if p.team == ((0,),)}
        fixed = {0: ann[20], 1: ann[28]}
        assert not broken(book, fixed)
        for visit in (2, 3):
            allowed, forbidden = one_visit_agrees(book, visit, fixed, starts=range(10, 40))
            assert allowed and forbidden
        near = {v: range(14, 32) for v in (2, 3, 4)}
        # D and E with Ann as well, right after A and before B, where rules that add up matter.
        full = {2: ann[23], 3: ann[16], 4: None}
        accepted, refused = model_agrees(
            book, [2, 3, 4], fixed, samples=120, starts=near, near=[full]
        )
        assert accepted and refused


def test_the_faces_agree_among_free_visits_alone() -> None:
    """Four free visits in a short day, most of which make a stretch that is too long."""
    for rules in (RULE, WITH_LANES, None):
        book = book_of(clinic(120, 60, count=4), rules, [])
        near = {v: range(8, 18) for v in range(4)}
        apart = {visit: at(book, visit, start) for visit, start in enumerate((8, 9, 11, 12))}
        accepted, refused = model_agrees(book, range(4), samples=100, starts=near, near=[apart])
        assert accepted and refused


def test_a_break_is_a_rest_too() -> None:
    """Lunch from 11 to 12 or 12 to 13 may be the rest between two stretches of two hours."""
    lunch = Break(minutes=60, window=DailySpan(start_minute=11 * 60, end_minute=13 * 60))
    limits = WorkLimits(minutes_in_a_row=120, rest_minutes=60)
    ann = practitioner("ann", calendar=None, limits=limits, breaks=(lunch,))
    for rules in ([WorkInARow(), Breaks()], [*WITH_LANES, Breaks()]):
        book = book_of(clinic(120, 60, resources=(ann,)), rules, [])
        assert not says(book, 9, 10, 12, 13) and says(book, 9, 10, 11, 12)
        near = {v: range(8, 16) for v in range(4)}
        apart = {visit: at(book, visit, start) for visit, start in enumerate((9, 10, 12, 13))}
        accepted, refused = model_agrees(book, range(4), samples=60, starts=near, near=[apart])
        assert accepted and refused


def test_dropping_the_rule_lets_ann_work_on() -> None:
    """Without the rule the model accepts three hours in a row, which the check refuses."""
    with_rule, without = book_of(clinic(120, 60), RULE, []), book_of(clinic(120, 60), [], [])
    long = {visit: at(without, visit, 8 + visit) for visit in range(3)}
    accepted, _ = model_agrees(without, range(3), samples=0, near=[long])
    assert accepted
    assert broken(with_rule, long)
    _, refused = model_agrees(with_rule, range(3), samples=0, near=[long])
    assert refused

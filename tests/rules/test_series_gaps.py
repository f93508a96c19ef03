"""Series gaps: visits of a flexible series keep their distance, and stay in touch."""

from datetime import date
from itertools import product

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but
from tiny import at, goals, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.rules.series_gaps import SeriesGaps
from allocator.state.state import State

RULE = [SeriesGaps()]
BOTH = [SeriesGaps(), SeriesCompleteness()]


def series(
    count: int = 3,
    least: int = 1,
    most: int | None = 3,
    at_least: int | None = None,
    steps: str = "visit",
    **more: object,
) -> Problem:
    """One to three days between visits, on eight days of two ticks."""
    asked = FlexibleSeries(
        count=count, at_least=at_least, least_days_between=least, most_days_between=most
    )
    return problem(
        request("S", services=steps, series=asked),
        **{"days": 8, "grain": 720, "services": (service(minutes=720),), **more},
    )


def here(start: int, place: int = -1) -> Placement:
    return Placement(start, 1, place, -1, ((0,),))


def on(**days: int) -> dict[int, Placement]:
    """Place visits in the mornings of these days: ``v0=2`` is the first on Wednesday."""
    return {int(name[1:]): here(2 * day) for name, day in days.items()}


def pinned(**days: int) -> dict[str, object]:
    return {
        "published": tuple(
            Assignment(
                visit=f"S#{int(name[1:]) + 1}",
                start=at(day, 0),
                end=at(day, 12),
                resources=(("practitioner", ("ann",)),),
            )
            for name, day in days.items()
        ),
        "pins": tuple(Pin(visit=f"S#{int(name[1:]) + 1}") for name in days),
    }


def test_neighbours_are_neither_too_close_nor_too_far_nor_swapped() -> None:
    """Two to three days after Monday are Wednesday and Thursday."""
    book = book_of(series(2, 2, 3), RULE, [])
    right = [t for t in range(16) if not broken(book, {0: here(1), 1: here(t)})]
    assert right == [4, 5, 6, 7]
    messages = {t: next(iter(broken(book, {0: here(2), 1: here(t)})))[1] for t in (0, 2, 4, 10)}
    assert messages == {
        0: "Visit S#1 does not start before S#2.",
        2: "Visit S#1 does not start before S#2.",
        4: "Visit S#1 is 1 days before S#2; at least 2 are asked for.",
        10: "Visit S#1 is 4 days before S#2; at most 3 are asked for.",
    }


def test_no_least_distance_allows_one_day_twice_but_not_one_start() -> None:
    """With 0 days between, Monday noon may follow Monday midnight."""
    book = book_of(series(2, 0, 0), RULE, [])
    assert one_visit_agrees(book, 1, {0: here(0)}) == (1, 15)
    assert one_visit_agrees(book, 0, {1: here(1)}) == (1, 15)
    accepted, refused = model_agrees(book, [0, 1], near=[{0: here(2), 1: here(3)}])
    assert accepted and refused


def test_gaps_hold_between_placed_neighbours() -> None:
    """S#2 is missing: S#1 and S#3 are neighbours, and S#2 would have to lie between."""
    book = book_of(series(), RULE, [])
    assert not broken(book, on(v0=0, v2=3))
    assert broken(book, on(v0=0, v2=4))
    assert one_visit_agrees(book, 1, on(v0=0, v2=4)) == (6, 10)
    assert one_visit_agrees(book, 1, on(v0=0, v2=1)) == (0, 16)
    assert one_visit_agrees(book, 2, on(v0=0)) == (6, 10)
    assert one_visit_agrees(book, 0, on(v1=4, v2=6)) == (6, 10)
    assert one_visit_agrees(book, 2, on(v0=0, v1=2)) == (6, 10)


def test_a_pending_visit_between_could_keep_neighbours_in_touch() -> None:
    """S#3 is at most three days after S#1, and any later while S#2 is pending.

    The least distance and the order hold all the same: of 16 ticks Monday's two are left out.
    """
    book = book_of(series(), RULE, [])
    visit = book.prepared.visits[2]
    counts = {}
    for pending in ((), (2,), (1, 2)):
        state = State(book.prepared, pending=pending)
        state.place(0, here(0))
        mask = RULE[0].starts(state, visit, visit.variants[0]) & book.prepared.all_ticks
        counts[pending] = mask.bit_count()
    assert counts == {(): 6, (2,): 6, (1, 2): 14}


def test_cp_sat_and_truth_agree() -> None:
    """All free, and beside fixed neighbours with pending visits between."""
    book = book_of(series(4, at_least=1), BOTH, [])
    right = on(v0=0, v1=3, v2=4, v3=7)
    near = [right, {0: right[0]}, {0: right[0], 1: right[1]}]
    for free in ([0, 1, 2, 3], [1, 2], [1, 2, 3], [2, 3], [1], [0, 1, 2]):
        fixed = {v: p for v, p in right.items() if v not in free}
        accepted, refused = model_agrees(book, free, fixed, near=near, samples=40)
        assert accepted and refused
    accepted, refused = model_agrees(book_of(series(3)), [0, 1, 2], near=[on(v0=0, v1=1, v2=3)])
    assert refused


@pytest.mark.parametrize("at_least", [1, 2, None])
def test_pinned_visits_beyond_a_gap(at_least: int | None) -> None:
    """S#4 is pinned on a Sunday: where those between are left out, S#1 and S#2 keep in touch.

    Every presence of the three others is tried, on days that suit and on days that do not.
    """
    book = book_of(series(4, at_least=at_least, **pinned(v3=6)), BOTH, [])
    fixed = dict(book.prepared.frozen)
    near = [
        {v: here(2 * day) for v, day in enumerate(days) if day is not None}
        for days in product((None, 0, 3), (None, 2, 4), (None, 5))
    ]
    accepted, refused = model_agrees(book, [0, 1, 2], fixed, near=near, samples=8)
    assert accepted and refused
    accepted, refused = model_agrees(book, [1, 2], {0: here(0), **fixed}, near=near, samples=8)
    assert refused and bool(accepted)
    accepted, refused = model_agrees(book, [0, 2], {1: here(4), **fixed}, near=near, samples=8)
    assert accepted and refused


def test_gaps_hold_without_completeness() -> None:
    """With the rule of completeness switched off any visit may be missing between two others."""
    some = series(4, without_rules=frozenset({"series_completeness"}))
    book = book_of(some, BOTH, [])
    days = product((None, 0, 3), (None, 1, 4), (None, 5), (None, 4, 7))
    near = [{v: here(2 * d) for v, d in enumerate(some) if d is not None} for some in days]
    accepted, refused = model_agrees(book, [0, 1, 2, 3], near=near, samples=4)
    assert accepted and refused
    for fixed in (on(v3=7), on(v0=0), on(v0=0, v3=3), on(v1=2)):
        free = [v for v in range(4) if v not in fixed]
        accepted, refused = model_agrees(book, free, fixed, near=near, samples=4)
        assert accepted and refused


def test_what_pinned_visits_break_is_inherited() -> None:
    """S#1 and S#2 are pinned five days apart, with three at most: S#3 follows S#2."""
    book = book_of(series(**pinned(v0=0, v1=5)), BOTH, [])
    fixed = dict(book.prepared.frozen)
    assert not broken(book, fixed)
    assert one_visit_agrees(book, 2, fixed) == (4, 12)
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused
    # Swapped: nothing fits between them, and the third may still follow.
    book = book_of(series(**pinned(v0=5, v1=2)), BOTH, [])
    fixed = dict(book.prepared.frozen)
    assert not broken(book, fixed)
    assert one_visit_agrees(book, 2, fixed) == (6, 10)
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


def test_in_a_series_of_chains_first_steps_count() -> None:
    """S#1.2 may lie anywhere; S#2.1 lies one to three days after S#1.1."""
    book = book_of(series(2, steps="visit visit"), BOTH, [])
    assert one_visit_agrees(book, 2, {0: here(0), 1: here(8)}) == (6, 10)
    assert one_visit_agrees(book, 1, {0: here(0), 2: here(4)}) == (16, 0)
    right = {0: here(0), 1: here(8), 2: here(4), 3: here(9)}
    accepted, refused = model_agrees(book, range(4), near=[right])
    assert accepted and refused
    accepted, refused = model_agrees(
        book, [2, 3], {0: right[0], 1: right[1]}, near=[right], samples=100
    )
    assert accepted and refused


def test_days_are_local_also_when_the_clocks_change() -> None:
    """Saturday 28 March 2026, 23:00 (tick 23), and Sunday 00:00 (tick 24) are a day apart.

    Sunday has 23 hours, so that Monday is ticks 47 to 70 and Tuesday 71 to 94.
    """
    spring = Horizon(first=date(2026, 3, 28), days=4, zone="Europe/Berlin", grain_minutes=60)
    book = book_of(series(2, 1, 2, horizon=spring, services=(service(),)), RULE, [])
    assert not broken(book, {0: here(23), 1: here(24)})
    assert one_visit_agrees(book, 1, {0: here(23)}) == (23 + 24, 24 + 24)
    assert not broken(book, {0: here(23), 1: here(70)})
    assert broken(book, {0: here(23), 1: here(71)})
    near = [{0: here(23), 1: here(70)}]
    accepted, refused = model_agrees(book, [0, 1], near=near)
    assert accepted and refused


def test_days_are_those_of_the_place() -> None:
    """In New York Tuesday 3 March 2026 begins with tick 30, six hours after Berlin's."""
    some = series(
        2,
        1,
        1,
        days=3,
        grain=60,
        locations=(Location(id="ny", zone="America/New_York"),),
        services=(service(location="ny"),),
    )
    book = book_of(some, RULE, [])
    # From Monday there (ticks 6 to 29) to Tuesday: ticks 30 to 53.
    assert one_visit_agrees(book, 1, {0: here(6, 0)}) == (24, 48)
    assert one_visit_agrees(book, 0, {1: here(30, 0)}) == (24, 48)
    accepted, refused = model_agrees(book, [0, 1], near=[{0: here(6, 0), 1: here(53, 0)}])
    assert accepted and refused


def test_dropping_the_rule_puts_visits_on_one_day() -> None:
    """The soonest two visits are both on Monday, a day apart is one later."""
    hours = {"grain": 60, "services": (service(),), "days": 3}
    some = series(2, levels=goals(soonest=1), **hours)
    check = book_of(series(2, **hours), RULE, [])
    assert not broken(check, best(book_of(some), [0, 1]))
    assert broken(check, best(book_of(some, rules_but("series_gaps")), [0, 1]))

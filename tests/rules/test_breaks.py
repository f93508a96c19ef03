"""Breaks: pauses that float inside a window of the day."""

from datetime import date

import pytest
from faces import book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import horizon, need, practitioner, problem, request, service

from allocator.domain.calendar import DailySpan
from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.resource import Break, Location
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.breaks import Breaks
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.rule import Rule
from allocator.table.rulebook import Rulebook

RULE: list[Rule] = [Breaks()]
WITHOUT_BUFFERS: list[Rule] = [Capacity(), Breaks()]
WITH_LANES: list[Rule] = [Capacity(), Buffers(), Breaks()]


def pause(minutes: int, first_hour: float, last_hour: float, **more: object) -> Break:
    hours = DailySpan(start_minute=int(first_hour * 60), end_minute=int(last_hour * 60))
    return Break(**{"minutes": minutes, "window": hours, **more})


LUNCH = pause(60, 11, 14)


def clinic(
    *breaks: Break, minutes: int = 60, count: int = 3, lanes: int = 1, **more: object
) -> Problem:
    """Ann, who is always there and has these breaks; A, B, C, … ask for visits."""
    return problem(
        *map(request, "ABCDEF"[:count]),
        **{
            "resources": (practitioner("ann", calendar=None, breaks=breaks, lanes=lanes),),
            "services": (service(minutes=minutes),),
            **more,
        },
    )


def at(book: Rulebook, visit: int, start: int) -> Placement:
    return next(p for p in universe(book, book.prepared.visits[visit]) if p.start == start)


def says(book: Rulebook, *starts: int) -> set[tuple[str, str]]:
    return broken(book, {visit: at(book, visit, start) for visit, start in enumerate(starts)})


def test_an_hour_of_the_window_stays_free() -> None:
    """Lunch is an hour between 11 and 14: visits at 11 and 13 leave noon, a third leaves none."""
    book = book_of(clinic(LUNCH), RULE, [])
    assert not says(book, 11, 13)
    assert says(book, 11, 13, 12) == {
        (
            "breaks",
            "ann has a break of 60 minutes between Mon 2026-03-02 11:00 and 14:00; 0 are left"
            " in one piece, beside A, C, B.",
        )
    }


def test_visits_may_touch_the_window_and_the_break() -> None:
    """Before 11 and from 14 on the day is full, and two hours of the window are taken."""
    book = book_of(clinic(LUNCH, count=5), RULE, [])
    assert not says(book, 9, 10, 14, 11, 12)
    assert not says(book, 9, 10, 14, 12, 13)


def test_the_free_hour_is_in_one_piece() -> None:
    """With half-hours of grain, a visit from 11:30 to 13:30 leaves 30 minutes on either side."""
    book = book_of(clinic(LUNCH, minutes=120, grain=30), RULE, [])
    assert says(book, 23) == {
        (
            "breaks",
            "ann has a break of 60 minutes between Mon 2026-03-02 11:00 and 14:00; 30 are left"
            " in one piece, beside A.",
        )
    }
    assert not says(book, 22) and not says(book, 24)


def test_buffers_are_no_break() -> None:
    """A visit at 11 with an hour's notes, and one at 13: noon goes with the notes."""
    noted = service(needs=(need(after_minutes=60),))
    book = book_of(clinic(LUNCH, services=(noted,)), RULE, [])
    assert says(book, 11, 13) and not says(book, 11, 14)


def test_only_on_the_weekdays_named() -> None:
    """Lunch on Tuesdays: Monday's window may be full, Tuesday's not."""
    tuesday = pause(60, 11, 14, weekdays=frozenset([1]))
    book = book_of(clinic(tuesday, days=2), RULE, [])
    assert not says(book, 11, 12, 13) and says(book, 35, 36, 37)


def test_two_breaks_do_not_overlap() -> None:
    """Two breaks of an hour between 11 and 14 leave one hour for visits; apart, they are two."""
    book = book_of(clinic(LUNCH, LUNCH), RULE, [])
    assert not says(book, 12)
    assert says(book, 11, 12) == {
        (
            "breaks",
            "ann has breaks of 60 and 60 minutes between Mon 2026-03-02 11:00 and 14:00; 60"
            " are left in pieces, beside A, B.",
        )
    }
    book = book_of(clinic(pause(60, 11, 13), pause(60, 13, 15)), RULE, [])
    assert not says(book, 11, 13) and says(book, 11, 12)


def test_all_lanes_rest_at_once() -> None:
    """With two lanes a visit in either of them keeps the resource from its break."""
    book = book_of(clinic(LUNCH, lanes=2), RULE, [])
    assert says(book, 11, 12, 13) and not says(book, 11, 11, 12)


def test_windows_are_local_to_the_resource() -> None:
    """Ann works in London, where noon to one is 13:00 to 14:00 in Berlin."""
    ann = practitioner("ann", calendar=None, location="west", breaks=(pause(60, 12, 13),))
    west = Location(id="west", zone="Europe/London")
    book = book_of(clinic(resources=(ann,), locations=(west,)), RULE, [])
    assert not says(book, 12) and "Mon 2026-03-02 12:00 and 13:00" in says(book, 13).pop()[1]
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert (allowed, forbidden) == (23, 1)


def test_a_window_that_the_clocks_cut_short_asks_for_nothing() -> None:
    """On 2026-03-29 Berlin skips 02:00 to 03:00: of 01:00 to 04:00 two hours remain.

    A break of two hours takes them whole; one of three hours cannot be had that night, and on
    the nights before and after it takes the window. The night has 23 hours: its 03:00 is tick
    26 of a horizon from 2026-03-28 on, and the next day's 01:00 is tick 48.
    """
    nights = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60)
    book = book_of(clinic(pause(120, 1, 4), horizon=nights), RULE, [])
    assert not says(book, 1)  # 01:00 on Saturday: 02:00 to 04:00 remain
    assert says(book, 25) and says(book, 26) and not says(book, 27) and not says(book, 24)
    book = book_of(clinic(pause(180, 1, 4), horizon=nights), RULE, [])
    assert says(book, 1) and not says(book, 25) and not says(book, 26) and says(book, 48)
    for length in (60, 120):
        book = book_of(
            clinic(pause(length, 1, 4), pause(60, 2, 5), horizon=nights, minutes=120), RULE, []
        )
        allowed, forbidden = one_visit_agrees(book, 0, {1: at(book, 1, 26)})
        assert allowed and forbidden
        starts = {v: range(22, 32) for v in (0, 1)}
        accepted, refused = model_agrees(book, [0, 1], starts=starts, samples=80)
        assert accepted and refused


def test_a_grain_of_a_day_has_no_breaks() -> None:
    """Where a tick is a day the rule has nothing to say."""
    some = clinic(pause(1440, 0, 24), minutes=1440, horizon=horizon(5, 1440))
    assert not book_of(some, RULE, []).rules


def test_too_many_breaks_are_refused() -> None:
    """Nine breaks on one day are more than the eight that are allowed."""
    with pytest.raises(InvalidProblem) as refused:
        clinic(*[LUNCH] * 9)
    assert [fault.code for fault in refused.value.faults] == [FaultCode.TOO_LARGE]


def test_what_pinned_visits_alone_break_is_inherited() -> None:
    """A and B are pinned over Ann's lunch: inherited; C stays out of what the window has left."""
    some = clinic(pause(120, 11, 14))
    start = some.horizon.instant
    book = book_of(
        clinic(
            pause(120, 11, 14),
            published=tuple(
                Assignment(
                    visit=v,
                    start=start(t),
                    end=start(t + 1),
                    resources=(("practitioner", ("ann",)),),
                )
                for v, t in (("A", 11), ("B", 12))
            ),
            pins=(Pin(visit="A"), Pin(visit="B")),
        ),
        WITH_LANES,
        [],
    )
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    allowed, forbidden = one_visit_agrees(book, 2, fixed)
    assert (allowed, forbidden) == (21, 3)  # 24 hours without the three of the window
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


def test_a_break_that_is_lost_does_not_keep_others_from_working() -> None:
    """Fixed visits leave Ann no lunch: Bob may take visits in her window, and Ann outside it."""
    ann, bob = (
        practitioner("ann", calendar=None, breaks=(LUNCH,)),
        practitioner("bob", calendar=None),
    )
    book = book_of(clinic(resources=(ann, bob), count=5), WITH_LANES, [])
    fixed = {visit: at(book, visit, 11 + visit) for visit in range(3)}
    where = [p for p in universe(book, book.prepared.visits[3]) if p.start in (9, 12)]
    assert {p.team for p in where if not broken(book, {**fixed, 3: p}) - broken(book, fixed)} == {
        ((0,),),
        ((1,),),
    }
    starts = {v: range(9, 17) for v in (3, 4)}
    accepted, refused = model_agrees(book, [3, 4], fixed, starts=starts)
    assert accepted and refused


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("rules", [RULE, WITHOUT_BUFFERS, WITH_LANES, None])
def test_the_faces_agree(rules: list[Rule] | None, lanes: int) -> None:
    """Mask, model and truth say the same: buffers, two lanes, breaks that compete for a window."""
    noted = service(minutes=60, needs=(need(after_minutes=30),))
    for taken, breaks in (
        (21, (pause(60, 11, 13),)),
        (25, (pause(60, 11, 13.5), pause(30, 10.5, 12.5), pause(30, 14, 15))),
        (19, (pause(90, 10.75, 13.5), pause(30, 11, 12))),
    ):
        some = clinic(*breaks, services=(noted,), grain=30, count=4, lanes=lanes)
        book = book_of(some, rules, [])
        fixed = {0: at(book, 0, taken)}
        assert not broken(book, fixed)
        for visit in (1, 2):
            allowed, forbidden = one_visit_agrees(book, visit, fixed)
            assert allowed and forbidden
        near = {v: range(12, 36) for v in (1, 2, 3)}
        accepted, refused = model_agrees(book, [1, 2, 3], fixed, samples=150, starts=near)
        assert accepted and refused
        accepted, refused = model_agrees(book, [0, 1, 2, 3], samples=100, starts=near)
        assert accepted and refused


def test_the_faces_agree_for_long_visits_between_breaks() -> None:
    """A visit may go before, after or between two breaks whose windows overlap."""
    book = book_of(
        clinic(pause(60, 9, 13), pause(60, 11, 15), minutes=180, grain=30, count=2), RULE, []
    )
    allowed, forbidden = one_visit_agrees(book, 0, {})
    # From 9:30 to 12:30 the first break has half an hour on either side; so has the second from
    # 11:30 to 14:30. From 10:00 to 13:00 there is an hour before for one, and after for the other.
    assert (allowed, forbidden) == (41, 2)
    assert says(book, 19) and not says(book, 20) and says(book, 23) and not says(book, 24)
    accepted, refused = model_agrees(book, [0, 1], samples=150, starts={0: range(12, 32)})
    assert accepted and refused


def test_dropping_the_rule_takes_the_lunch() -> None:
    """Without the rule the model accepts a full window, which the check refuses."""
    with_rule, without = book_of(clinic(LUNCH), RULE, []), book_of(clinic(LUNCH), [], [])
    full = {visit: at(without, visit, 11 + visit) for visit in range(3)}
    accepted, _ = model_agrees(without, [0, 1, 2], samples=0, near=[full])
    assert accepted
    assert broken(with_rule, full)
    _, refused = model_agrees(with_rule, [0, 1, 2], samples=0, near=[full])
    assert refused

"""Opening hours: a resource works only while it is open."""

from dataclasses import replace
from datetime import date

import pytest
from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import calendar, need, patient, practitioner, problem, request, room, service

from allocator.domain.calendar import Calendar, DailySpan, DatedException, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.resource import Location
from allocator.domain.service import Part
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.eligible_resources import EligibleResources
from allocator.rules.opening_hours import OpeningHours

RULE = [OpeningHours()]


def hours(first: int, last: int) -> DailySpan:
    """Return a daily span in full hours."""
    return DailySpan(start_minute=first * 60, end_minute=last * 60)


def starts(some: Problem) -> list[int]:
    """Return the starts of the first visit that break nothing, checked against the mask."""
    book = book_of(some, RULE, [])
    allowed, _ = one_visit_agrees(book, 0, {})
    found = [p.start for p in universe(book, book.prepared.visits[0]) if not broken(book, {0: p})]
    assert len(found) == allowed
    return found


def test_a_visit_may_start_at_opening_and_end_at_closing() -> None:
    """Ann is open from 08:00 to 12:00: two hours may start at 08:00, 09:00 and 10:00."""
    some = problem(request("A"), services=(service(minutes=120),))
    assert starts(some) == [8, 9, 10]
    book = book_of(some, RULE, [])
    late = Placement(11, 2, -1, -1, ((0,),))
    assert broken(book, {0: late}) == {
        (
            "opening_hours",
            "ann is closed for 60 of the 120 minutes that visit A claims from"
            " Mon 2026-03-02 11:00.",
        )
    }


def test_buffers_and_parts_count() -> None:
    """Ann's part is the second hour of two, with an hour of notes after it: until 12:00 at last."""
    late = need(after_minutes=60, part=Part(minutes=60, offset_minutes=60))
    some = problem(request("A"), services=(service(minutes=120, needs=(late,)),))
    # Her claim lies between one and three hours after the start, in 08:00 to 12:00.
    assert starts(some) == [7, 8, 9]
    early = need(before_minutes=120, part=Part(minutes=60, from_end=True))
    some = problem(request("A"), services=(service(minutes=120, needs=(early,)),))
    # From one hour before the start to two hours after it.
    assert starts(some) == [9, 10]


def test_a_claim_stays_inside_the_horizon() -> None:
    """Open round the clock, but nothing is known of the day before or after."""
    around = need(before_minutes=120, after_minutes=60)
    some = problem(
        request("A"),
        services=(service(needs=(around,)),),
        resources=(practitioner("ann", calendar=None),),
    )
    assert starts(some) == list(range(2, 23))
    book = book_of(some, RULE, [])
    found = broken(book, {0: Placement(1, 1, -1, -1, ((0,),))})
    assert found == {
        (
            "opening_hours",
            "ann is closed for 60 of the 240 minutes that visit A claims from"
            " Sun 2026-03-01 23:00.",
        )
    }
    without = book_of(some, [EligibleResources()], [])
    assert one_visit_agrees(without, 0, {}) == (24, 0)


def test_overtime_is_open_and_a_lunch_is_not() -> None:
    """08:00 to 10:00 and 11:00 to 12:00, then an hour of overtime: two hours fit twice."""
    weekdays = frozenset(range(7))
    day = Calendar(
        id="day",
        weekly=(
            WeeklyRule(weekdays=weekdays, hours=hours(8, 10)),
            WeeklyRule(weekdays=weekdays, hours=hours(11, 12)),
            WeeklyRule(weekdays=weekdays, hours=hours(12, 13), overtime=True),
        ),
    )
    assert starts(problem(request("A"), calendars=(day,), services=(service(minutes=120),))) == [
        8,
        11,
    ]


def test_exceptions_replace_the_week() -> None:
    """Tuesday is closed, Wednesday open from 10:00 to 11:00."""
    day = replace(
        calendar(),
        exceptions=(
            DatedException(day=date(2026, 3, 3)),
            DatedException(day=date(2026, 3, 4), hours=(hours(10, 11),)),
        ),
    )
    assert starts(problem(request("A"), days=3, calendars=(day,))) == [8, 9, 10, 11, 58]


@pytest.mark.parametrize(
    ("first", "night"),
    [
        # 01:00 to 05:00 has three hours on the night without 02:00, and five with two of them.
        (date(2026, 3, 29), [1, 2, 3]),
        (date(2026, 10, 25), [1, 2, 3, 4, 5]),
    ],
)
def test_hours_are_local_on_the_nights_of_a_change(first: date, night: list[int]) -> None:
    """An open night from 01:00 to 05:00 is shorter in spring and longer in autumn."""
    change = Horizon(first=first, days=1, zone="Europe/Berlin", grain_minutes=60)
    assert (
        starts(problem(request("A"), horizon=change, calendars=(calendar("day", 1, 5),))) == night
    )


def test_hours_are_those_of_the_place() -> None:
    """Ann in London opens at 08:00 there, 09:00 in Berlin; Bob in Berlin closes at 12:00."""
    both = service(needs=(need("one", alternatives=need().alternatives), need()))
    some = problem(
        request("A"),
        locations=(Location(id="london", zone="Europe/London"),),
        resources=(
            practitioner("ann", location="london", mobile=True),
            practitioner("bob"),
        ),
        services=(both,),
    )
    book = book_of(some, [*RULE, EligibleResources()], [])
    # At 09:00, 10:00 and 11:00 both are open, in either of the two roles.
    assert one_visit_agrees(book, 0, {}) == (6, 4 * 24 - 6)
    found = broken(book, {0: Placement(8, 1, -1, -1, ((0,), (1,)))})
    assert {message for _, message in found} == {
        "ann is closed for 60 of the 60 minutes that visit A claims from Mon 2026-03-02 07:00."
    }


def test_the_faces_agree() -> None:
    """Practitioner, room and patient with hours of their own, and several ways to fill a role."""
    some = problem(
        request("A", "pia"),
        request("B"),
        calendars=(calendar(), calendar("late", 10, 14), calendar("pia", 9, 13)),
        resources=(
            practitioner("ann"),
            practitioner("bob", calendar="late"),
            room("r", calendar="late"),
            room("s"),
            patient("pia", calendar="pia"),
        ),
        services=(service(minutes=120, needs=(need(), need("room", after_minutes=60))),),
    )
    for rules in (RULE, None):
        book = book_of(some, rules, None if rules is None else [])
        for visit in (0, 1):
            allowed, forbidden = one_visit_agrees(book, visit, {})
            assert allowed and forbidden
        near = {
            v: next(p for p in universe(book, book.prepared.visits[v]) if not broken(book, {v: p}))
            for v in (0, 1)
        }
        accepted, refused = model_agrees(book, [0, 1], near=[near, {0: near[0]}, {1: near[1]}])
        assert accepted and refused


def test_dropping_the_rule_sends_ann_to_work_at_midnight() -> None:
    """The earliest start is 00:00; with the rule it is 08:00."""
    some = problem(request("A"))
    book, without = book_of(some, goals=[]), book_of(some, rules_but("opening_hours"), [])
    best, allowed = best_of(without), best_of(book)
    assert best is not None and best.start == 0
    assert {rule for rule, _ in broken(book, {0: best})} == {"opening_hours"}
    assert allowed is not None and allowed.start == 8

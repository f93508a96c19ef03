"""Overtime: visits keep to ordinary hours where they can."""

from datetime import date

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe
from tiny import at, goals, need, practitioner, problem, request, room, service

from allocator.domain.calendar import Block, Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.service import Part
from allocator.domain.time import Horizon, Span
from allocator.goals.overtime import Overtime
from allocator.rules.buffers import Buffers
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.state.state import State
from allocator.table.costs import best_placement

GOAL = [Overtime()]
RULES = [OpeningHours(), Capacity(), Buffers()]


def band(first: int, last: int, overtime: bool = False) -> WeeklyRule:
    hours = DailySpan(start_minute=60 * first, end_minute=60 * last)
    return WeeklyRule(weekdays=frozenset(range(7)), hours=hours, overtime=overtime)


def long_day(id: str = "long", **more: object) -> Calendar:
    """Return a calendar of 09:00 to 11:00, with overtime from 07:00 and until 13:00."""
    weekly = (band(7, 9, True), band(9, 11), band(11, 13, True))
    return Calendar(**{"id": id, "weekly": weekly, **more})  # type: ignore[arg-type]


def working(*requests: Request, **more: object) -> Problem:
    return problem(
        *requests,
        **{
            "calendars": (long_day(),),
            "resources": (practitioner("ann", calendar="long"),),
            "levels": goals(overtime=1),
            **more,
        },
    )


def minutes(some: Problem, *starts: int) -> list[int]:
    book = book_of(some, [], GOAL)
    visit = book.prepared.visits[0]
    return [
        amounts(book, {0: next(iter(universe(book, visit, [tick])))})["overtime"] for tick in starts
    ]


def test_minutes_in_the_overtime_band_count() -> None:
    """A visit of two hours: at 08:00 one is overtime, at 09:00 none, at 10:00 one, then two."""
    some = working(request("A"), services=(service(minutes=120),))
    assert minutes(some, 7, 8, 9, 10, 11) == [120, 60, 0, 60, 120]


def test_buffers_count_and_parts_count_alone() -> None:
    """An hour with an hour's notes: from 10:00 the notes are overtime.

    Of a visit of three hours whose last alone takes Ann, 08:00 to 11:00 is all ordinary.
    """
    notes = service(needs=(need(after_minutes=60),))
    assert minutes(working(request("A"), services=(notes,)), 8, 9, 10) == [60, 0, 60]
    last = service(minutes=180, needs=(need(part=Part(minutes=60, from_end=True)),))
    assert minutes(working(request("A"), services=(last,)), 6, 7, 8, 9) == [60, 0, 0, 60]


def test_every_claim_counts_for_itself() -> None:
    """Ann and the room work overtime, two hours; so do two visits side by side on two lanes."""
    both = service(needs=(need(), need("room")))
    things = (practitioner("ann", calendar="long", lanes=2), room("r", calendar="long", lanes=2))
    book = book_of(working(*map(request, "AB"), services=(both,), resources=things), [], GOAL)
    where = next(iter(universe(book, book.prepared.visits[0], [8])))
    assert amounts(book, {0: where})["overtime"] == 120
    assert amounts(book, {0: where, 1: where})["overtime"] == 240


def test_a_block_is_no_overtime() -> None:
    """11:00 to 12:00 is blocked: a visit that lies there all the same works no overtime in it."""
    blocked = long_day(blocks=(Block(span=Span(start=at(0, 11), end=at(0, 12))),))
    assert minutes(working(request("A"), calendars=(blocked,)), 10, 11, 12) == [0, 0, 60]


def test_overtime_is_by_the_wall_clock() -> None:
    """On 2026-03-29 Berlin skips an hour: 07:00 to 09:00 is ticks 6 and 7, 09:00 is tick 8."""
    march = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    some = working(request("A"), horizon=march)
    assert minutes(some, 5, 6, 7, 8, 9, 10, 11, 12) == [0, 60, 60, 0, 0, 60, 60, 0]
    book = book_of(some, RULES, GOAL)
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert allowed and forbidden
    accepted, refused = model_agrees(book, [0])
    assert accepted and refused


def test_dropping_the_goal_starts_in_overtime() -> None:
    """07:00 is the first start there is; the first in ordinary hours is 09:00."""
    judge = book_of(working(request("A")), [], GOAL)
    for weight, missed in ((1, 0), (0, 60)):
        book = book_of(working(request("A"), levels=goals(overtime=weight)), None, GOAL)
        choice = best_placement(book, State(book.prepared), book.prepared.visits[0])
        assert choice is not None
        assert amounts(judge, {0: choice.placement})["overtime"] == missed


def test_the_best_answer_works_as_little_overtime_as_there_must_be() -> None:
    """Three hours of visits for Ann, who has two ordinary ones: an hour of overtime."""
    book = book_of(working(*map(request, "ABC")), None, GOAL)
    assert amounts(book, best(book, [0, 1, 2]))["overtime"] == 60


def test_the_faces_agree() -> None:
    """Table, model and score say the same: buffers, parts, two lengths, bands and quantities."""
    treated = service(
        minutes=80,
        needs=(
            need(before_minutes=20, part=Part(minutes=40, offset_minutes=20)),
            need("room", quantity=2, after_minutes=40),
        ),
        minutes_by_resource=(("bob", 120),),
    )
    things = (
        practitioner("ann", calendar="long"),
        practitioner("bob", calendar="long", lanes=2),
        practitioner("cat"),
        *(room(f"r{n}", calendar="long") for n in (1, 2)),
        room("r3", calendar="early"),
    )
    early = Calendar(id="early", weekly=(band(6, 8, True), band(8, 12)))
    day = Calendar(id="day", weekly=(band(8, 12),))
    some = working(
        request("A"),
        request("B", weights=(("overtime", 7),)),
        request("C"),
        grain=20,
        services=(treated,),
        resources=things,
        calendars=(long_day(), early, day),
    )
    for rules in (RULES, None):
        book = book_of(some, rules, GOAL)
        fixed = {2: next(p for p in universe(book, book.prepared.visits[2], [26]))}
        allowed, forbidden = one_visit_agrees(book, 0, fixed, starts=range(18, 42))
        assert allowed and forbidden
        starts = {0: range(18, 42), 1: range(18, 42)}
        near = best(book, [0, 1], fixed)
        accepted, refused = model_agrees(
            book, [0, 1], fixed, near=[near], starts=starts, samples=40
        )
        assert accepted and refused

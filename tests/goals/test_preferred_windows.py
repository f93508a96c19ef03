"""Preferred windows: visits lie where people would rather have them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe
from tiny import at, goals, practitioner, problem, request, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, PreferredWindow, Request
from allocator.domain.time import Horizon, Span
from allocator.goals.preferred_windows import PreferredWindows
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.state.state import State
from allocator.table.costs import best_placement

GOAL = [PreferredWindows()]
RULES = [OpeningHours(), Capacity()]


def wish(where: Span, weight: int = 1) -> PreferredWindow:
    return PreferredWindow(span=where, weight=weight)


def asked(*requests: Request, **more: object) -> Problem:
    return problem(*requests, **{"levels": goals(preferred_windows=1), **more})


def missed(some: Problem, *starts: int) -> list[int]:
    book = book_of(some, [], GOAL)
    visit = book.prepared.visits[0]
    return [
        amounts(book, {0: next(iter(universe(book, visit, [tick])))})["preferred_windows"]
        for tick in starts
    ]


def test_a_visit_lies_whole_in_a_window_or_misses_it() -> None:
    """Two hours, wished for 09:00 to 12:00: from 09:00 and 10:00 they fit, from 11:00 not."""
    some = asked(
        request("A", preferred_windows=(wish(span(0, 9, 12), 4),)),
        services=(service(minutes=120),),
    )
    assert missed(some, 8, 9, 10, 11) == [4, 0, 0, 4]


def test_the_best_window_counts() -> None:
    """08:00 to 10:00 weighs 2 and 09:00 to 11:00 weighs 5: in the first alone 3 are missed."""
    wishes = (wish(span(0, 8, 10), 2), wish(span(0, 9, 11), 5))
    assert missed(asked(request("A", preferred_windows=wishes)), 8, 9, 10, 11) == [3, 0, 0, 5]


def test_two_windows_that_touch_are_two() -> None:
    """A visit across the border of two wishes lies whole in neither."""
    wishes = (wish(span(0, 8, 10)), wish(span(0, 10, 12)))
    some = asked(request("A", preferred_windows=wishes), services=(service(minutes=120),))
    assert missed(some, 8, 9, 10) == [0, 1, 0]


def test_windows_may_lie_off_the_grid_and_outside_the_horizon() -> None:
    """From 08:10 to 10:50 there is one full hour on the grid; of a window before, nothing."""
    off = Span(start=at(0, 8, 10), end=at(0, 10, 50))
    assert missed(asked(request("A", preferred_windows=(wish(off),))), 8, 9, 10) == [1, 0, 1]
    gone = (wish(span(-2, 8, 12)), wish(Span(start=at(-1, 8), end=at(0, 1))))
    assert missed(asked(request("A", preferred_windows=gone)), 0, 1) == [0, 1]


def test_windows_are_spans_of_instants() -> None:
    """On 2026-03-29 Berlin skips 02:00: 01:00 to 04:00 are the two ticks 1 and 2."""
    zone = ZoneInfo("Europe/Berlin")
    night = Span(
        start=datetime(2026, 3, 29, 1, tzinfo=zone), end=datetime(2026, 3, 29, 4, tzinfo=zone)
    )
    march = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    some = asked(request("A", preferred_windows=(wish(night),)), horizon=march)
    assert missed(some, 0, 1, 2, 3) == [1, 0, 0, 1]
    book = book_of(some, [Capacity()], GOAL)
    one_visit_agrees(book, 0, {})
    model_agrees(book, [0])


def test_days_lie_in_windows_whole() -> None:
    """With a grain of a day, a wish for Sunday noon to Monday's end holds Monday alone."""
    zone = ZoneInfo("Europe/Berlin")
    where = Span(
        start=datetime(2026, 3, 29, 12, tzinfo=zone), end=datetime(2026, 3, 31, tzinfo=zone)
    )
    days = Horizon(first=date(2026, 3, 28), days=4, zone="Europe/Berlin", grain_minutes=1440)
    some = asked(
        request("A", preferred_windows=(wish(where),)),
        horizon=days,
        services=(service(minutes=1440),),
    )
    assert missed(some, 0, 1, 2, 3) == [1, 1, 0, 1]
    book = book_of(some, RULES, GOAL)
    one_visit_agrees(book, 0, {})
    model_agrees(book, [0])


def test_dropping_the_goal_takes_the_first_hour() -> None:
    """The wish is for 11:00, the last hour; without the goal 08:00 is as good."""
    one = request("A", preferred_windows=(wish(span(0, 11, 12)),))
    for weight, amount in ((1, 0), (0, 1)):
        book = book_of(asked(one, levels=goals(preferred_windows=weight)), None, GOAL)
        choice = best_placement(book, State(book.prepared), book.prepared.visits[0])
        assert choice is not None
        assert missed(asked(one), choice.placement.start) == [amount]


def test_the_best_answer_shares_a_window() -> None:
    """A and B wish for the same hour; B's own weight is larger, so A yields."""
    hour = (wish(span(0, 10, 11)),)
    some = asked(
        request("A", preferred_windows=hour),
        request("B", preferred_windows=hour, weights=(("preferred_windows", 2),)),
    )
    book = book_of(some, None, GOAL)
    found = best(book, [0, 1])
    assert amounts(book, found)["preferred_windows"] == 1
    assert found[1] is not None and found[1].start == 10


def test_the_faces_agree() -> None:
    """Table, model and score say the same, with lengths that differ and windows that overlap."""
    wishes = (wish(span(0, 8, 10), 2), wish(span(0, 9, 12), 5), wish(span(0, 7, 12), 1))
    some = asked(
        request("A", preferred_windows=wishes),
        request(
            "B",
            series=FlexibleSeries(count=2, least_days_between=0),
            preferred_windows=wishes[:2],
            weights=(("preferred_windows", 3),),
        ),
        resources=(practitioner("ann"), practitioner("bob")),
        services=(service(minutes_by_resource=(("bob", 180),)),),
    )
    for rules in (RULES, None):
        book = book_of(some, rules, GOAL)
        fixed = {0: next(iter(universe(book, book.prepared.visits[0], [9])))}
        allowed, forbidden = one_visit_agrees(book, 1, fixed)
        assert allowed and forbidden
        near = best(book, [1, 2], fixed)
        starts = {1: range(7, 13), 2: range(7, 13)}
        accepted, refused = model_agrees(book, [1, 2], fixed, near=[near], starts=starts)
        assert accepted and refused

"""Near wanted: a visit starts close to the instant that its request names."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe
from tiny import at, goals, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Request
from allocator.domain.time import Horizon
from allocator.goals import near_wanted
from allocator.goals.near_wanted import NearWanted
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.state.state import State
from allocator.table.costs import best_placement

GOAL = [NearWanted()]
RULES = [OpeningHours(), Capacity()]


def asking(*requests: Request, **more: object) -> Problem:
    return problem(*requests, **{"levels": goals(near_wanted=1), **more})


def hours(some: Problem, *starts: int) -> list[int]:
    book = book_of(some, [], GOAL)
    visit = book.prepared.visits[0]
    return [
        amounts(book, {0: next(iter(universe(book, visit, [tick])))})["near_wanted"]
        for tick in starts
    ]


def test_whole_hours_count_before_and_after() -> None:
    """Wanted at 10:30, on a grid of quarters: 09:45 and 11:15 are 0 hours off, 09:30 is 1."""
    some = asking(request("A", wanted=at(0, 10, 30)), grain=15, services=(service(minutes=15),))
    quarters = [4 * 9 + 2, 4 * 9 + 3, 4 * 10 + 2, 4 * 11 + 1, 4 * 11 + 2, 4 * 12 + 2]
    assert hours(some, *quarters) == [1, 0, 0, 0, 1, 2]


def test_what_is_wanted_may_lie_off_the_grid_and_outside_the_horizon() -> None:
    """09:59:30.5 is within an hour of 09:00 and of 10:00; 22:00 is two hours before midnight."""
    odd = at(0, 9, 59) + timedelta(seconds=30.5)
    assert hours(asking(request("A", wanted=odd)), 8, 9, 10, 11) == [1, 0, 0, 1]
    assert hours(asking(request("A", wanted=at(-1, 22))), 0, 8) == [2, 10]


def test_hours_pass_when_the_clocks_change_too() -> None:
    """On 2026-03-29 Berlin skips 02:00: from 01:00 to 04:00 it is two hours, not three."""
    zone = ZoneInfo("Europe/Berlin")
    night = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    wanted = datetime(2026, 3, 29, 4, tzinfo=zone)
    # Tick 1 is 01:00 and tick 3 is 04:00.
    assert hours(asking(request("A", wanted=wanted), horizon=night), 1, 3, 5) == [2, 0, 2]


def test_days_are_as_long_as_they_are() -> None:
    """By days of 2026-03-28, -29 (23 hours) and -30, wanted at the last's midnight."""
    days = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=1440)
    wanted = datetime(2026, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    some = asking(request("A", wanted=wanted), horizon=days, services=(service(minutes=1440),))
    assert hours(some, 0, 1, 2) == [47, 23, 0]
    book = book_of(some, RULES, GOAL)
    one_visit_agrees(book, 0, {})
    model_agrees(book, [0])


def test_only_the_first_visit_of_a_series_counts() -> None:
    """The second visit of a series lies where it likes."""
    book = book_of(asking(request("A", series=FlexibleSeries(count=2), wanted=at(0, 9))), [], GOAL)
    where = [next(iter(universe(book, v, [12]))) for v in book.prepared.visits]
    assert amounts(book, {0: where[0]})["near_wanted"] == 3
    assert amounts(book, {1: where[1]})["near_wanted"] == 0


def test_dropping_the_goal_takes_the_first_hour() -> None:
    """A wants 11:00, the last hour that is open; without the goal 08:00 is as good, 3 hours off."""
    judge = book_of(asking(request("A", wanted=at(0, 11))), [], GOAL)
    for weight, missed in ((1, 0), (0, 3)):
        asked = asking(request("A", wanted=at(0, 11)), levels=goals(near_wanted=weight))
        book = book_of(asked, None, GOAL)
        choice = best_placement(book, State(book.prepared), book.prepared.visits[0])
        assert choice is not None
        assert amounts(judge, {0: choice.placement})["near_wanted"] == missed


def test_the_faces_agree() -> None:
    """Table, model and score say the same on two days, with few amounts and with many."""
    series = FlexibleSeries(count=2, least_days_between=0)
    weights = (("near_wanted", 3),)
    for wanted in (at(0, 10, 20), at(1, 11), at(-3, 8), at(4, 0)):
        asked = asking(
            request("A", wanted=wanted, series=series),
            request("B", wanted=at(0, 9), weights=weights),
            days=2,
        )
        book = book_of(asked, RULES, GOAL)
        fixed = {2: next(iter(universe(book, book.prepared.visits[2], [10])))}
        allowed, forbidden = one_visit_agrees(book, 0, fixed)
        assert allowed and forbidden
        near = best(book, [0, 1, 2])
        accepted, refused = model_agrees(book, [0, 1, 2], near=[near], samples=30)
        assert accepted and refused


def test_integers_and_literals_say_the_same(monkeypatch) -> None:
    """The model counts hours by an integer where many differ, by literals where few do."""
    asked = asking(
        request("A", wanted=at(0, 10, 17) + timedelta(seconds=20), must=True),
        request("B", wanted=at(1, 9)),
        days=2,
        grain=20,
        services=(service(minutes=40),),
    )
    for few in (0, 1000):
        monkeypatch.setattr(near_wanted, "FEW", few)
        for rules in (RULES, None):
            book = book_of(asked, rules, GOAL)
            starts = {v: [*range(24, 35), *range(96, 106)] for v in (0, 1)}
            accepted, refused = model_agrees(
                book, [0, 1], starts=starts, near=[best(book, [0, 1])], samples=25
            )
            assert accepted and refused

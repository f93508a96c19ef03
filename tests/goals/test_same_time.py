"""Same time: the visits of a series start at the same time of day."""

from datetime import date

from faces import amounts, best, book_of, model_agrees, one_visit_agrees, universe
from tiny import goals, problem, request, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries, PreferredWindow, Request, Step
from allocator.domain.time import Horizon
from allocator.goals.preferred_windows import PreferredWindows
from allocator.goals.same_time import SameTime
from allocator.rules.capacity import Capacity
from allocator.rules.opening_hours import OpeningHours
from allocator.rules.series_gaps import SeriesGaps

GOAL = [SameTime()]
RULES = [OpeningHours(), Capacity(), SeriesGaps()]


def series(*requests: Request, **more: object) -> Problem:
    return problem(*requests, **{"days": 3, "levels": goals(same_time=1), **more})


def three(**more: object) -> Request:
    return request("A", series=FlexibleSeries(count=3), **more)


def spread(some: Problem, *starts: int | None) -> int:
    book = book_of(some, [], GOAL)
    placed = {
        v: next(iter(universe(book, book.prepared.visits[v], [tick])))
        for v, tick in enumerate(starts)
        if tick is not None
    }
    return amounts(book, placed)["same_time"]


def test_the_range_of_wall_times_counts_in_quarters() -> None:
    """08:00, 09:00 and 10:00 on three days: two hours, 8 quarters, also without the middle."""
    assert spread(series(three()), 8, 24 + 9, 48 + 10) == 8
    assert spread(series(three()), 8, None, 48 + 10) == 8
    assert spread(series(three()), 9, 24 + 9, 48 + 9) == 0
    assert spread(series(three()), 8, None, None) == 0


def test_quarters_are_rounded_down() -> None:
    """On a grid of 10 minutes: 10 minutes apart is 0 quarters, 20 is 1, 30 is 2."""
    some = series(three(), grain=10, services=(service(minutes=10),))
    assert [spread(some, 48, 144 + 48 + n) for n in (1, 2, 3)] == [0, 1, 2]


def test_fixed_series_and_chains_count_too() -> None:
    """Of a series of chains the first steps count: 08:00 and 08:00, whatever the second do."""
    steps = (Step(service="visit"), Step(service="visit"))
    some = series(request("A", steps=steps, series=FixedSeries(count=2, every_days=1)))
    assert spread(some, 8, 9, 24 + 8, 24 + 14) == 0
    assert spread(some, 8, 9, 24 + 9, 24 + 10) == 4


def test_wall_times_hold_when_the_clocks_change() -> None:
    """Berlin's 2026-03-29 starts at tick 24 and skips 02:00, so tick 24 + 8 is 09:00.

    On Saturday, tick 9 is 09:00; on Monday, from tick 47 on, tick 47 + 9 is.
    """
    march = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60)
    some = series(three(), horizon=march)
    assert spread(some, 9, 24 + 8, 47 + 9) == 0
    assert spread(some, 9, 24 + 9, 47 + 9) == 4
    book = book_of(some, RULES, GOAL)
    fixed = {0: next(iter(universe(book, book.prepared.visits[0], [9])))}
    allowed, forbidden = one_visit_agrees(book, 1, fixed)
    assert allowed and forbidden
    near = best(book, [1, 2], fixed)
    assert amounts(book, fixed | near)["same_time"] == 0  # type: ignore[operator]
    starts = {1: range(24, 47), 2: range(47, 71)}
    accepted, refused = model_agrees(book, [1, 2], fixed, near=[near], starts=starts)
    assert accepted and refused


def test_dropping_the_goal_scatters_the_series() -> None:
    """The wishes are for 08:00 on Monday and 11:00 on Tuesday and Wednesday, 12 quarters apart.

    Together at 11:00 one wish of weight 2 is missed, which is less than 12.
    """
    wishes = tuple(
        PreferredWindow(span=span(day, hour, hour + 1), weight=2)
        for day, hour in ((0, 8), (1, 11), (2, 11))
    )
    asked = three(preferred_windows=wishes)
    judge = book_of(series(asked), [], GOAL)
    for weight, missed in ((1, 0), (0, 12)):
        levels = goals(same_time=weight, preferred_windows=1)
        book = book_of(series(asked, levels=levels), None, [*GOAL, PreferredWindows()])
        assert amounts(judge, best(book, [0, 1, 2]))["same_time"] == missed


def test_the_faces_agree() -> None:
    """Table, model and score say the same, with nothing, one and two visits fixed."""
    asked = series(
        three(weights=(("same_time", 3),)),
        request("B", series=FixedSeries(count=2, every_days=1, may_miss=frozenset({1, 2}))),
        grain=20,
        services=(service(minutes=20),),
    )
    day = 72
    where = [24, day + 26, 2 * day + 30]
    starts = {
        v: [d * day + t for d in range(3) for t in (21, 24, 25, 27, 28, 32, 35)] for v in range(5)
    }
    for rules in (RULES, None):
        book = book_of(asked, rules, GOAL)
        spots = [
            next(iter(universe(book, book.prepared.visits[v], [t]))) for v, t in enumerate(where)
        ]
        for known in ((), (0,), (0, 2)):
            fixed = {v: spots[v] for v in known}
            allowed, forbidden = one_visit_agrees(book, 1, fixed, starts=range(day, 2 * day))
            assert allowed and forbidden
            free = [v for v in range(5) if v not in known]
            near = [best(book, free, fixed), {v: spots[v] for v in range(3) if v not in known}]
            accepted, refused = model_agrees(
                book, free, fixed, near=near, starts=starts, samples=30
            )
            assert accepted and refused

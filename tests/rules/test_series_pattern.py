"""Series pattern: a fixed series keeps its distance in days and its time of day."""

from datetime import date, datetime, timedelta

from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import BERLIN, at, goals, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, Pin
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.rules.series_pattern import SeriesPattern
from allocator.table.rulebook import Rulebook

RULE = [SeriesPattern()]


def series(count: int = 3, every: int = 1, **more: object) -> Problem:
    wanted = FixedSeries(
        count=count,
        every_days=every,
        start=more.pop("start", None),
        may_miss=more.pop("may_miss", frozenset()),
    )
    return problem(request("S", series=wanted), **{"days": 4, **more})


def here(start: int, duration: int = 1) -> Placement:
    return Placement(start, duration, -1, -1, ((0,),))


def starts_of(book: Rulebook, visit: int) -> list[int]:
    """The starts of a visit that break nothing when it is alone."""
    some = universe(book, book.prepared.visits[visit])
    return [p.start for p in some if not broken(book, {visit: p})]


def test_each_visit_lies_at_the_start_that_the_series_gives_it() -> None:
    """From Monday 09:00, every two days, at an hour's grain: ticks 9, 57 and 105."""
    book = book_of(series(every=2, start=at(0, 9), days=6), RULE, [])
    assert [starts_of(book, v) for v in range(3)] == [[9], [57], [105]]
    assert broken(book, {1: here(58)}) == {
        (
            "series_pattern",
            "Visit S#2 lies at Wed 2026-03-04 10:00; its series asks for Wed 2026-03-04 09:00.",
        )
    }


def test_a_series_without_a_start_chooses_one_and_keeps_it() -> None:
    """With S#1 on Monday 09:00, S#3 belongs to Wednesday 09:00 (tick 57), and nowhere else."""
    book = book_of(series(), RULE, [])
    assert not broken(book, {0: here(9), 2: here(57)})
    assert broken(book, {0: here(9), 2: here(56)}) == {
        (
            "series_pattern",
            "Visit S#1 lies at Mon 2026-03-02 09:00 and S#3 at Wed 2026-03-04 08:00; the series"
            " asks for 2 days between them and one time of day.",
        )
    }
    assert one_visit_agrees(book, 2, {0: here(9)}) == (1, 95)


def test_the_wall_time_stays_when_the_clocks_change() -> None:
    """10:00 on 28, 29 and 30 March 2026, of which the 29th has 23 hours: 10, 33 and 57."""
    spring = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60)
    start = datetime(2026, 3, 28, 10, tzinfo=BERLIN)
    given = book_of(series(start=start, horizon=spring), RULE, [])
    assert [starts_of(given, v) for v in range(3)] == [[10], [33], [57]]
    chosen = book_of(series(horizon=spring), RULE, [])
    assert not broken(chosen, {0: here(10), 1: here(33), 2: here(57)})
    assert broken(chosen, {0: here(10), 1: here(34)})
    allowed, forbidden = one_visit_agrees(chosen, 1, {0: here(10), 2: here(57)})
    assert (allowed, forbidden) == (1, 70)
    right = {0: here(10), 1: here(33), 2: here(57)}
    accepted, refused = model_agrees(chosen, [0, 1, 2], near=[right], samples=40)
    assert accepted and refused
    accepted, refused = model_agrees(given, [0, 1, 2], near=[right], samples=40)
    assert accepted and refused


def test_a_wall_time_that_the_clocks_skip_is_no_start() -> None:
    """02:00 does not exist on 29 March 2026: the second visit can only be missed."""
    spring = Horizon(first=date(2026, 3, 28), days=3, zone="Europe/Berlin", grain_minutes=60)
    start = datetime(2026, 3, 28, 2, tzinfo=BERLIN)
    given = series(start=start, horizon=spring, may_miss=frozenset({2}))
    book = book_of(given, [*RULE, SeriesCompleteness()], [])
    assert [starts_of(book_of(given, RULE, []), v) for v in range(3)] == [[2], [], [49]]
    assert one_visit_agrees(book, 1, {}) == (0, 71)
    accepted, refused = model_agrees(book, [0, 1, 2], near=[{0: here(2), 2: here(49)}])
    assert accepted and refused


def test_of_a_wall_time_that_is_shown_twice_the_first_counts() -> None:
    """On 25 October 2026 02:00 is shown at ticks 26 and 27; on the first day it is as given."""
    autumn = Horizon(first=date(2026, 10, 24), days=3, zone="Europe/Berlin", grain_minutes=60)
    start = datetime(2026, 10, 24, 2, tzinfo=BERLIN)
    book = book_of(series(start=start, horizon=autumn), RULE, [])
    assert [starts_of(book, v) for v in range(3)] == [[2], [26], [51]]
    for visit in range(3):
        assert one_visit_agrees(book, visit, {}) == (1, 72)
    second = datetime(2026, 10, 25, 2, fold=1, tzinfo=BERLIN)
    book = book_of(series(count=2, start=second, horizon=autumn), RULE, [])
    assert [starts_of(book, v) for v in range(2)] == [[27], [51]]
    assert one_visit_agrees(book, 0, {}) == (1, 72)
    chosen = book_of(series(count=2, horizon=autumn), RULE, [])
    assert one_visit_agrees(chosen, 1, {0: here(2)}) == (2, 71)


def test_a_start_off_the_grid_or_outside_the_horizon_is_no_start() -> None:
    """09:30 lies between the hours, and of three days only two lie in the horizon."""
    assert starts_of(book_of(series(start=at(0, 9, 30)), RULE, []), 0) == []
    odd = at(0, 9) + timedelta(seconds=1)
    assert one_visit_agrees(book_of(series(start=odd), RULE, []), 1, {}) == (0, 96)
    book = book_of(series(start=at(0, 9), days=2), RULE, [])
    assert [starts_of(book, v) for v in range(3)] == [[9], [33], []]
    assert one_visit_agrees(book_of(series(start=at(-1, 9)), RULE, []), 0, {}) == (0, 96)


def test_days_and_times_are_those_of_the_place() -> None:
    """Monday 09:00 in New York is 15:00 in Berlin, where clocks change three weeks later.

    New York changes on Sunday 8 March 2026: 09:00 there on Monday the 9th is 14:00 in Berlin,
    which is tick 7 · 24 + 14 = 182.
    """
    given = series(
        count=2,
        every=7,
        start=at(0, 15),
        days=8,
        locations=(Location(id="ny", zone="America/New_York"),),
        services=(service(location="ny"),),
    )
    book = book_of(given, RULE, [])
    assert [starts_of(book, v) for v in range(2)] == [[15], [182]]
    assert one_visit_agrees(book, 1, {}) == (1, 191)
    wanted = FixedSeries(count=2, every_days=7)
    chosen = book_of(
        problem(
            request("S", series=wanted),
            days=8,
            locations=given.locations,
            services=given.services,
        ),
        RULE,
        [],
    )
    monday, next_monday = (Placement(t, 1, 0, -1, ((0,),)) for t in (15, 182))
    assert one_visit_agrees(chosen, 1, {0: monday}) == (1, 191)
    accepted, refused = model_agrees(chosen, [0, 1], near=[{0: monday, 1: next_monday}])
    assert accepted and refused


def test_a_grain_of_a_day_counts_dates() -> None:
    """With a tick a day the third occurrence of an every-other-day series is tick 4."""
    days = {"days": 6, "grain": 1440, "services": (service(minutes=1440),)}
    given = book_of(series(every=2, start=at(0, 0), **days), RULE, [])
    assert [starts_of(given, v) for v in range(3)] == [[0], [2], [4]]
    assert starts_of(book_of(series(every=2, start=at(0, 9), **days), RULE, []), 0) == []
    chosen = book_of(series(every=2, **days), RULE, [])
    assert one_visit_agrees(chosen, 1, {0: here(1)}) == (1, 5)
    accepted, refused = model_agrees(chosen, [0, 1, 2], near=[{0: here(1), 1: here(3), 2: here(5)}])
    assert accepted and refused


def test_the_faces_agree_on_a_series_of_chains() -> None:
    """Only first steps keep the pattern; a missing occurrence in the middle lets it hold on."""
    some = problem(
        request(
            "S",
            services="visit visit",
            series=FixedSeries(count=3, every_days=1, may_miss=frozenset({2})),
        ),
        days=4,
        grain=120,
        services=(service(minutes=120),),
    )
    book = book_of(some, [*RULE, SeriesCompleteness()], [])
    allowed, forbidden = one_visit_agrees(book, 4, {0: here(4), 1: here(9)})
    assert (allowed, forbidden) == (1, 47)
    allowed, forbidden = one_visit_agrees(book, 5, {0: here(4), 1: here(9)})
    assert (allowed, forbidden) == (48, 0)
    whole = {0: here(4), 1: here(7), 2: here(16), 3: here(15), 4: here(28), 5: here(30)}
    gap = {**whole, 2: None, 3: None}
    accepted, refused = model_agrees(book, range(6), near=[whole, gap])
    assert accepted and refused
    fixed = {0: here(4), 1: here(9)}
    accepted, refused = model_agrees(book, [2, 3, 4, 5], fixed, near=[whole, gap])
    assert accepted and refused
    accepted, refused = model_agrees(book_of(some), range(6), near=[whole, gap])
    assert refused


def test_what_frozen_visits_break_is_inherited() -> None:
    """S#1 and S#2 are pinned at different hours; a third fits neither, and may stay away."""
    some = series(
        days=3,
        published=(
            Assignment(
                visit="S#1", start=at(0, 9), end=at(0, 10), resources=(("practitioner", ("ann",)),)
            ),
            Assignment(
                visit="S#2", start=at(1, 10), end=at(1, 11), resources=(("practitioner", ("ann",)),)
            ),
        ),
        pins=(Pin(visit="S#1"), Pin(visit="S#2")),
        may_miss=frozenset({3}),
    )
    book = book_of(some, RULE, [])
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    assert one_visit_agrees(book, 2, fixed) == (0, 72)
    assert one_visit_agrees(book, 2, {0: fixed[0]}) == (1, 71)
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


def test_dropping_the_rule_breaks_the_pattern() -> None:
    """The soonest two visits are Monday 08:00 and 09:00; daily ones are on two days."""
    some = series(count=2, levels=goals(soonest=1))
    check = book_of(series(count=2), RULE, [])
    assert not broken(check, best(book_of(some), [0, 1]))
    assert broken(check, best(book_of(some, rules_but("series_pattern")), [0, 1]))

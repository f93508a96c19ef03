"""Series rate: a flexible series has only so many visits a week."""

from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but
from tiny import at, goals, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment
from allocator.prepare.visit import Placement
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.rules.series_gaps import SeriesGaps
from allocator.rules.series_rate import SeriesRate

RULE = [SeriesRate()]
BOTH = [SeriesRate(), SeriesGaps(), SeriesCompleteness()]


def series(count: int = 3, most: int = 2, steps: str = "visit", **more: object) -> Problem:
    """Two visits a week at most, in two weeks, with four ticks of six hours a day."""
    wanted = FlexibleSeries(count=count, most_per_week=most, least_days_between=0)
    return problem(
        request("S", services=steps, series=wanted),
        **{"days": 14, "grain": 360, "services": (service(minutes=360),), **more},
    )


def here(start: int, location: int = -1) -> Placement:
    return Placement(start, 1, location, -1, ((0,),))


def pinned(*days: int) -> dict[str, object]:
    """Publish and pin the first visits of S at six o'clock on these days."""
    return {
        "published": tuple(
            Assignment(
                visit=f"S#{n}",
                start=at(day, 6),
                end=at(day, 12),
                resources=(("practitioner", ("ann",)),),
            )
            for n, day in enumerate(days, 1)
        ),
        "pins": tuple(Pin(visit=f"S#{n}") for n, _ in enumerate(days, 1)),
    }


def test_a_third_visit_in_a_week_is_too_many() -> None:
    """Sunday's last tick is 27; tick 28 is the next Monday's first."""
    book = book_of(series(), RULE, [])
    assert not broken(book, {0: here(0), 1: here(27), 2: here(28)})
    assert broken(book, {0: here(0), 1: here(26), 2: here(27)}) == {
        (
            "series_rate",
            "Request S has 3 visits in the week of Mon 2026-03-02; at most 2 are asked for.",
        )
    }


def test_mask_and_truth_agree() -> None:
    """With two visits in the first week only the 28 ticks of the second are left."""
    book = book_of(series(), RULE, [])
    assert one_visit_agrees(book, 2, {0: here(0), 1: here(27)}) == (28, 28)
    assert one_visit_agrees(book, 2, {0: here(0), 1: here(28)}) == (56, 0)


def test_weeks_are_those_of_the_place() -> None:
    """In New York the week from Monday begins six hours (later five) after Berlin's.

    The horizon's first tick is a Sunday there, so that ticks 1 to 28 are one week. New York
    changes its clocks on 8 March, so on a grain of an hour the next week begins at 06:00 − 1 h,
    which is tick 7 · 24 + 5 = 173.
    """
    ny = {
        "locations": (Location(id="ny", zone="America/New_York"),),
        "grain": 60,
        "services": (service(location="ny"),),
    }
    book = book_of(series(2, 1, **ny), RULE, [])
    # From Monday 06:00 (tick 6) to tick 172 is the week: 167 ticks, for 23 hours of Sunday.
    assert one_visit_agrees(book, 1, {0: here(6, 0)}) == (14 * 24 - 167, 167)
    assert one_visit_agrees(book, 1, {0: here(172, 0)}) == (14 * 24 - 167, 167)
    assert one_visit_agrees(book, 1, {0: here(5, 0)}) == (14 * 24 - 6, 6)


def test_cp_sat_and_truth_agree() -> None:
    """All free, or some fixed; the fixed ones count."""
    book = book_of(series(5), BOTH, [])
    right = {0: here(0), 1: here(5), 2: here(30), 3: here(31)}
    accepted, refused = model_agrees(
        book_of(series(4), BOTH, []), range(4), near=[right, {**right, 2: here(20)}]
    )
    assert accepted and refused
    fixed = {0: here(0), 1: here(5)}
    accepted, refused = model_agrees(
        book_of(series(4), BOTH, []), [2, 3], fixed, near=[right], samples=100
    )
    assert accepted and refused
    # One fixed visit leaves one of the first week; the next two take turns.
    near = [{1: here(5), 2: here(30), 3: here(31)}, {1: here(5), 2: here(6), 3: here(31)}]
    accepted, refused = model_agrees(
        book_of(series(4), BOTH, []), [1, 2, 3], {0: here(0)}, near=near
    )
    assert accepted and refused
    chains = series(3, 1, "visit visit")
    book = book_of(chains, BOTH, [])
    whole = {0: here(0), 1: here(40), 2: here(28), 3: here(1)}
    accepted, refused = model_agrees(book, range(4), near=[whole])
    assert refused and not accepted
    book = book_of(series(2, 1, "visit visit"), BOTH, [])
    accepted, refused = model_agrees(book, range(4), near=[whole, {**whole, 2: here(27)}])
    assert accepted and refused
    accepted, refused = model_agrees(
        book_of(series(2, 1)), [0, 1], near=[{0: here(1), 1: here(33)}]
    )
    assert refused


def test_what_fixed_visits_break_alone_is_inherited() -> None:
    """Three pinned visits in a week that allows two: a fourth goes to the next week."""
    some = series(4, **pinned(0, 1, 2))
    book = book_of(some, RULE, [])
    fixed = book.prepared.frozen
    assert len(fixed) == 3 and not broken(book, fixed)
    assert one_visit_agrees(book, 3, fixed) == (28, 28)
    accepted, refused = model_agrees(book, [3], fixed)
    assert accepted and refused
    loose = book_of(series(4), RULE, [])
    assert one_visit_agrees(loose, 3, fixed) == (28, 28)
    accepted, refused = model_agrees(loose, [3], fixed)
    assert accepted and refused


def test_dropping_the_rule_fills_a_week() -> None:
    """The soonest three visits lie in the first week; two are allowed there."""
    many = {"grain": 60, "services": (service(),)}
    some = series(levels=goals(soonest=1), **many)
    check = book_of(series(**many), RULE, [])
    assert not broken(check, best(book_of(some), range(3)))
    assert broken(check, best(book_of(some, rules_but("series_rate")), range(3)))

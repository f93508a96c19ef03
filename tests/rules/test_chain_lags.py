"""Chain lags: the steps of a chain follow each other in time."""

from dataclasses import replace
from datetime import date

from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but
from tiny import at, goals, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, Pin, Series, Step
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules.chain_lags import ChainLags
from allocator.rules.series_completeness import SeriesCompleteness

RULE = [ChainLags()]


def chain(
    least: int = 0,
    most: int | None = None,
    steps: int = 2,
    series: Series | None = None,
    **more: object,
) -> Problem:
    """Steps with the same lags before each, on a day of 24 hours."""
    asked = Step(service="visit", least_lag_minutes=least, most_lag_minutes=most)
    return problem(replace(request("C", series=series), steps=(asked,) * steps), **more)


def here(start: int, duration: int = 1, who: int = 0) -> Placement:
    return Placement(start, duration, -1, -1, ((who,),))


def test_a_step_starts_after_the_one_before_has_ended() -> None:
    """From 08:00 to 09:00, then from 09:00: touching is fine, an hour earlier is not."""
    book = book_of(chain(), RULE, [])
    assert not broken(book, {0: here(8), 1: here(9)})
    assert broken(book, {0: here(8), 1: here(8)}) == {
        (
            "chain_lags",
            "Visit C.2 starts 60 minutes before C.1 ends; at least 0 are asked for.",
        )
    }


def test_lags_are_bounded_from_both_sides() -> None:
    """Two to three hours after 09:00: 11:00 and 12:00 are right, 10:00 and 13:00 are not."""
    book = book_of(chain(120, 180), RULE, [])
    starts = [s for s in range(24) if not broken(book, {0: here(8), 1: here(s)})]
    assert starts == [11, 12]
    assert broken(book, {0: here(8), 1: here(10)}) == {
        ("chain_lags", "Visit C.2 starts 60 minutes after C.1 ends; at least 120 are asked for.")
    }
    assert broken(book, {0: here(8), 1: here(13)}) == {
        ("chain_lags", "Visit C.2 starts 240 minutes after C.1 ends; at most 180 are asked for.")
    }


def test_the_least_lag_is_rounded_up_and_the_most_down() -> None:
    """At an hour's grain 90 to 150 minutes are two hours: from 09:00 only 11:00 is left."""
    book = book_of(chain(90, 150), RULE, [])
    assert one_visit_agrees(book, 1, {0: here(8)}) == (1, 23)
    book = book_of(chain(10, 50), RULE, [])
    assert one_visit_agrees(book, 1, {0: here(8)}) == (0, 24)


def test_lags_are_hours_gone_by_when_the_clocks_change() -> None:
    """On 29 March 2026 01:00 to 02:00 is followed by 03:00 at once: ticks 1 and 2."""
    spring = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    book = book_of(chain(0, 0, horizon=spring), RULE, [])
    assert book.prepared.local(2) == "Sun 2026-03-29 03:00"
    assert one_visit_agrees(book, 1, {0: here(1)}) == (1, 22)
    accepted, refused = model_agrees(book, [0, 1], near=[{0: here(1), 1: here(2)}])
    assert accepted and refused


def test_mask_and_truth_agree() -> None:
    """A step between two others keeps to both, however long it lasts."""
    staff = {
        "resources": (practitioner("ann"), practitioner("bob")),
        "services": (service(minutes_by_resource=(("bob", 180),)),),
    }
    book = book_of(chain(60, 300, 3, **staff), RULE, [])
    allowed, forbidden = one_visit_agrees(book, 1, {0: here(4), 2: here(14)})
    # After 05:00: 06:00 to 10:00; Ann ends by 13:00, from 09:00 on (8 to 12): 8, 9, 10;
    # Bob from 14:00 − 5 h − 3 h = 6 to 14:00 − 1 h − 3 h = 10: 6 to 10.
    assert allowed == 3 + 5 and forbidden
    for visit in range(3):
        others = {v: p for v, p in enumerate((here(4), here(9, 3, 1), here(14))) if v != visit}
        allowed, forbidden = one_visit_agrees(book, visit, others)
        assert allowed and forbidden
    # The first and the third step do not know each other while the second is missing.
    assert one_visit_agrees(book, 2, {0: here(20)})[1] == 0


def test_cp_sat_and_truth_agree() -> None:
    """All free, some fixed, durations that depend on who comes, and a series of chains."""
    staff = {
        "resources": (practitioner("ann"), practitioner("bob")),
        "services": (service(minutes_by_resource=(("bob", 180),)),),
    }
    book = book_of(chain(60, 300, 3, **staff), RULE, [])
    right = {0: here(4), 1: here(9, 3, 1), 2: here(14)}
    accepted, refused = model_agrees(book, range(3), near=[right])
    assert accepted and refused
    accepted, refused = model_agrees(book, [0, 2], {1: here(9, 3, 1)}, near=[right])
    assert accepted and refused
    weekly = chain(60, 300, 2, FixedSeries(count=2, every_days=1), days=2)
    book = book_of(weekly, [*RULE, SeriesCompleteness()], [])
    right = {0: here(20), 1: here(23), 2: here(5), 3: here(7)}
    assert not broken(book, right)
    accepted, refused = model_agrees(book, range(4), near=[right])
    assert accepted and refused
    # Steps of different occurrences do not know each other: C#2.1 may lie before C#1.2.
    assert one_visit_agrees(book, 2, {1: here(23)}) == (48, 0)
    right = {0: here(8), 1: here(10)}
    accepted, refused = model_agrees(book_of(chain(60, 300)), [0, 1], near=[right])
    assert accepted and refused


def test_what_pinned_steps_break_is_inherited() -> None:
    """C.1 and C.2 are pinned the wrong way round; C.3 follows C.2 all the same."""
    some = chain(
        steps=3,
        published=tuple(
            Assignment(
                visit=f"C.{n}",
                start=at(0, hour),
                end=at(0, hour + 1),
                resources=(("practitioner", ("ann",)),),
            )
            for n, hour in ((1, 10), (2, 9))
        ),
        pins=(Pin(visit="C.1"), Pin(visit="C.2")),
    )
    book = book_of(some, RULE, [])
    fixed = book.prepared.frozen
    assert not broken(book, fixed)
    assert one_visit_agrees(book, 2, fixed) == (14, 10)
    accepted, refused = model_agrees(book, [2], fixed)
    assert accepted and refused


def test_dropping_the_rule_forgets_the_lag() -> None:
    """A day lies between the steps; the soonest would be to have both on Monday."""
    two = {"resources": (practitioner("ann"), practitioner("bob")), "days": 2}
    some = chain(24 * 60, levels=goals(soonest=1), **two)
    check = book_of(chain(24 * 60, **two), RULE, [])
    assert not broken(check, best(book_of(some), [0, 1]))
    assert broken(check, best(book_of(some, rules_but("chain_lags")), [0, 1]))

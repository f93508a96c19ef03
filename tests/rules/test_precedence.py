"""Precedence: one visit ends before another starts."""

from dataclasses import replace
from datetime import date

from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but
from tiny import at, goals, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin, Precedence, Session
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules import precedence
from allocator.rules.series_completeness import SeriesCompleteness
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

RULE = [precedence.Precedence()]


def ordered(
    least: int = 0, most: int | None = None, before: str = "A", after: str = "B", **more: object
) -> Problem:
    """A (a visit) precedes B, on a day of 24 hours."""
    asked = Precedence(
        id="p", before=before, after=after, least_lag_minutes=least, most_lag_minutes=most
    )
    return problem(*more.pop("requests", map(request, "AB")), **{"precedences": (asked,), **more})


def series(
    least: int = 0, most: int | None = None, before: str = "R", after: str = "S", **more: object
) -> Rulebook:
    """The request R of two visits precedes S of two, on a day of 24 hours."""
    twice = FlexibleSeries(count=2, at_least=1, least_days_between=0)
    two = (request("R", series=twice), request("S", series=twice))
    return book_of(ordered(least, most, before, after, requests=two, **more), RULE, [])


def here(start: int, duration: int = 1, who: int = 0) -> Placement:
    return Placement(start, duration, -1, -1, ((who,),))


def test_a_visit_ends_before_the_other_starts() -> None:
    """A ends at 09:00; B may start then, and not at 08:00."""
    book = book_of(ordered(), RULE, [])
    assert not broken(book, {0: here(8), 1: here(9)})
    assert not broken(book, {1: here(3)})
    assert broken(book, {0: here(8), 1: here(8)}) == {
        (
            "precedence",
            "Precedence p: visit B starts 60 minutes before A ends; at least 0 minutes after are"
            " asked for.",
        )
    }


def test_lags_are_bounded_from_both_sides() -> None:
    """At an hour's grain 90 to 190 minutes are 2 to 3 hours: from 09:00 to 11:00 or 12:00."""
    book = book_of(ordered(90, 190), RULE, [])
    assert [s for s in range(24) if not broken(book, {0: here(8), 1: here(s)})] == [11, 12]
    assert broken(book, {0: here(8), 1: here(13)}) == {
        (
            "precedence",
            "Precedence p: B starts 240 minutes after A ends; at most 190 minutes after are asked"
            " for.",
        )
    }
    assert one_visit_agrees(book, 1, {0: here(8)}) == (2, 22)
    assert one_visit_agrees(book, 0, {1: here(8)}) == (2, 22)
    accepted, refused = model_agrees(book, [0, 1], near=[{0: here(8), 1: here(11)}])
    assert accepted and refused


def test_a_request_stands_for_all_its_visits() -> None:
    """R's visits end at 05:00 and 09:00: S's start from 09:00 on, and one of them by 11:00."""
    book = series(0, 120)
    assert book.prepared.visits[1].id == "R#2"
    fixed = {0: here(4), 1: here(8)}
    assert one_visit_agrees(book, 2, fixed) == (3, 21)
    # One of S is near enough, at 11:00: the other starts from 09:00 on.
    assert one_visit_agrees(book, 3, {**fixed, 2: here(11)}) == (15, 9)
    # With S at 15:00 alone, the last of R ends between 13:00 and 15:00.
    assert one_visit_agrees(book, 0, {2: here(15)}) == (3, 21)
    assert one_visit_agrees(book, 0, {1: here(12), 2: here(15)}) == (15, 9)


def test_what_is_too_far_apart_already_is_not_made_worse() -> None:
    """R ends at 03:00 and S starts at 20:00, 17 hours later: visits on their far sides may come.

    A second visit of R ends by 03:00 still (3 starts), or from 18:00 to 20:00 (3 starts), which
    is near enough; any other is blamed.
    """
    book = series(0, 120)
    fixed = {0: here(2), 2: here(20)}
    assert one_visit_agrees(book, 1, fixed) == (6, 18)
    assert one_visit_agrees(book, 3, fixed) == (3 + 4, 17)
    near = [{1: here(18)}, {3: here(4)}, {1: here(1), 3: here(21)}, {1: here(10), 3: here(12)}]
    accepted, refused = model_agrees(book, [1, 3], fixed, near=near)
    assert accepted and refused


def test_wrong_pairs_are_all_told() -> None:
    """R#1 and R#2 end after S#1 starts; the later S#2 is too early for R#2 alone."""
    book = series(before="R", after="S")
    found = broken(book, {0: here(5), 1: here(8), 2: here(4), 3: here(7)})
    assert {message.split(";")[0] for _, message in found} == {
        "Precedence p: visit S#1 starts 120 minutes before R#1 ends",
        "Precedence p: visit S#1 starts 300 minutes before R#2 ends",
        "Precedence p: visit S#2 starts 120 minutes before R#2 ends",
    }
    assert one_visit_agrees(book, 3, {0: here(5), 1: here(8), 2: here(4)}) == (15, 9)
    assert one_visit_agrees(book, 1, {0: here(5), 2: here(4), 3: here(7)}) == (4, 20)


def test_cp_sat_and_truth_agree() -> None:
    """All free, some fixed on either side, with and without a most lag."""
    right = {0: here(2), 1: here(5), 2: here(7), 3: here(20)}
    for most in (None, 120):
        book = series(60, most)
        for free in ([0, 1, 2, 3], [0, 1], [2, 3], [1, 2], [0, 3], [3]):
            fixed = {v: p for v, p in right.items() if v not in free}
            accepted, refused = model_agrees(book, free, fixed, near=[right], samples=60)
            assert accepted and refused
    book = series(60, 120)
    accepted, refused = model_agrees(book, [0, 2, 3], near=[{0: here(2), 3: here(4)}])
    assert accepted and refused


def test_a_pending_visit_could_bring_the_sides_closer() -> None:
    """R ends at 03:00. Alone, S#1 starts by 05:00; while R#2 is pending, at any time after."""
    book = series(0, 120)
    visit = book.prepared.visits[2]
    alone, waiting = State(book.prepared), State(book.prepared, pending=[1, 2])
    for state, count in ((alone, 3), (waiting, 21)):
        state.place(0, here(2))
        mask = RULE[0].starts(state, visit, visit.variants[0]) & book.prepared.all_ticks
        assert mask.bit_count() == count


def test_a_request_precedes_one_of_its_own_visits_with_its_others() -> None:
    """R named with R#2 means R#1; and the other way round R#2 precedes R#1."""
    book = series(before="R", after="R#2")
    assert one_visit_agrees(book, 0, {1: here(8)}) == (8, 16)
    book = series(before="R#2", after="R")
    assert one_visit_agrees(book, 0, {1: here(8)}) == (15, 9)
    accepted, refused = model_agrees(book, [0, 1], near=[{0: here(9), 1: here(8)}])
    assert accepted and refused


def test_sessions_and_lengths_that_depend_on_who_comes() -> None:
    """A, for which Bob needs three hours, ends two to five hours before the session G."""
    some = ordered(
        120,
        300,
        before="A",
        after="G",
        requests=(request("A", services="long"), request("B")),
        sessions=(Session(id="G", service="visit", least=1, most=3),),
        services=(service(), service("long", minutes_by_resource=(("bob", 180),))),
        resources=(practitioner("ann"), practitioner("bob")),
    )
    book = book_of(some, RULE, [])
    # Before G at 10:00 A ends from 05:00 to 08:00: four starts with Ann, four with Bob.
    assert one_visit_agrees(book, 1, {0: here(10)})[0] == 8
    accepted, refused = model_agrees(book, [0, 1], near=[{0: here(8), 1: here(2, 3, 1)}])
    assert accepted and refused


def test_lags_are_hours_gone_by_when_the_clocks_change() -> None:
    """On 29 March 2026 03:00 is tick 2: it follows 01:00 to 02:00 at once."""
    spring = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    book = book_of(ordered(0, 0, horizon=spring), RULE, [])
    assert one_visit_agrees(book, 1, {0: here(1)}) == (1, 22)
    assert not broken(book, {0: here(1), 1: here(2)})


def test_what_pinned_visits_break_is_inherited() -> None:
    """A and B are pinned the wrong way round, or too far apart: that is nobody's doing now."""
    for hours in ((10, 9), (2, 20)):
        some = ordered(
            0,
            120,
            before="R",
            after="S",
            requests=tuple(
                request(name, series=FlexibleSeries(count=2, least_days_between=0)) for name in "RS"
            ),
            published=tuple(
                Assignment(
                    visit=visit,
                    start=at(0, hour),
                    end=at(0, hour + 1),
                    resources=(("practitioner", ("ann",)),),
                )
                for visit, hour in zip(("R#1", "S#1"), hours, strict=True)
            ),
            pins=(Pin(visit="R#1"), Pin(visit="S#1")),
        )
        book = book_of(some, RULE, [])
        fixed = book.prepared.frozen
        assert not broken(book, fixed)
        for visit in (1, 3):
            allowed, forbidden = one_visit_agrees(book, visit, fixed)
            assert allowed and forbidden
        accepted, refused = model_agrees(book, [1, 3], fixed, samples=100)
        assert accepted and refused


def test_visits_level_with_pinned_ones_are_not_blamed() -> None:
    """R#2 and S#2 are pinned too far apart; R#1 may end with R#2, and S#1 start with S#2."""
    some = series(0, 120).prepared.problem
    some = replace(
        some,
        published=tuple(
            Assignment(
                visit=visit,
                start=at(0, hour),
                end=at(0, hour + 1),
                resources=(("practitioner", ("ann",)),),
            )
            for visit, hour in (("R#2", 2), ("S#2", 20))
        ),
        pins=(Pin(visit="R#2"), Pin(visit="S#2")),
    )
    book = book_of(some, RULE, [])
    fixed = book.prepared.frozen
    assert not broken(book, {**fixed, 0: here(2), 2: here(20)})
    assert one_visit_agrees(book, 0, fixed) == (6, 18)
    near = [{0: here(2), 2: here(20)}, {0: here(2), 2: here(19)}]
    accepted, refused = model_agrees(book, [0, 2], fixed, near=near)
    assert accepted and refused


def test_all_rules_together_agree() -> None:
    """With every rule in force, in opening hours, on series that may be placed in part."""
    book = book_of(series(0, 60).prepared.problem)
    near = [{0: here(8), 1: here(9), 2: here(10), 3: here(11)}, {0: here(8), 2: here(10)}]
    accepted, refused = model_agrees(book, range(4), near=near, samples=80)
    assert accepted and refused
    book = book_of(series(0, 60).prepared.problem, [*RULE, SeriesCompleteness()])
    accepted, refused = model_agrees(book, range(4), near=near, samples=80)
    assert accepted and refused


def test_dropping_the_rule_forgets_the_order() -> None:
    """A day lies between A and B; the soonest would be to have both on Monday."""
    some = ordered(24 * 60, levels=goals(soonest=1), days=3)
    check = book_of(ordered(24 * 60, days=3), RULE, [])
    assert not broken(check, best(book_of(some), [0, 1]))
    assert broken(check, best(book_of(some, rules_but("precedence")), [0, 1]))

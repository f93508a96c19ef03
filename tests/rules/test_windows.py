"""Windows: a visit lies whole in a window of its request."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe
from groups import group, held, joins
from tiny import at, problem, request, service, span

from allocator.domain.problem import Problem
from allocator.domain.request import Session
from allocator.domain.time import Horizon, Span
from allocator.rules import RULES
from allocator.rules.session_together import SessionTogether
from allocator.rules.windows import Windows

RULE = [Windows()]


def windowed(*windows: Span, **more: Any) -> Problem:
    """One request for two hours inside these windows."""
    return problem(request("A", windows=windows), **{"services": (service(minutes=120),), **more})


def starts(some: Problem) -> list[int]:
    """Return the ticks at which A may start, having seen that mask and truth agree."""
    book = book_of(some, RULE, [])
    one_visit_agrees(book, 0, {})
    where = universe(book, book.prepared.visits[0])
    return [p.start for p in where if not broken(book, {0: p})]


def test_a_visit_lies_whole_in_its_window() -> None:
    """Two hours fit into 09:00–12:00 at 09:00 and 10:00, touching either end."""
    assert starts(windowed(span(0, 9, 12))) == [9, 10]


def test_a_window_that_is_too_short_holds_nothing() -> None:
    """Two hours do not fit into one."""
    assert starts(windowed(span(0, 9, 10))) == []


def test_without_windows_there_is_the_whole_horizon() -> None:
    """Starts from 00:00 to 22:00, and the rule has nothing to say."""
    assert starts(windowed()) == list(range(23))
    assert not RULE[0].relevant(book_of(windowed()).prepared)


def test_windows_that_touch_or_overlap_are_one() -> None:
    """09:00–10:00, 10:00–11:00 and 10:00–12:00 are 09:00–12:00, in whatever order."""
    parts = (span(0, 10, 12), span(0, 9, 10), span(0, 10, 11))
    assert starts(windowed(*parts)) == [9, 10]


def test_a_visit_does_not_reach_over_a_gap() -> None:
    """09:00–11:00 and 12:00–14:00: one start in each, and none across the hour between."""
    assert starts(windowed(span(0, 9, 11), span(0, 12, 14))) == [9, 12]


def test_windows_off_the_grid_are_cut_to_it() -> None:
    """08:30–11:30 holds two hours on the hour at 09:00 alone; with its neighbour it is more."""
    morning = Span(start=at(0, 8, 30), end=at(0, 11, 30))
    assert starts(windowed(morning)) == [9]
    # 08:30–11:30 and 11:30–13:00 are one window, up to 13:00, though 11:30 is off the grid.
    assert starts(windowed(morning, Span(start=at(0, 11, 30), end=at(0, 13)))) == [9, 10, 11]


def test_windows_may_reach_beyond_the_horizon() -> None:
    """From the day before to 03:00, and from 21:00 to the day after."""
    early = Span(start=at(-1, 12), end=at(0, 3))
    late = Span(start=at(0, 21), end=at(2, 0))
    assert starts(windowed(early, late)) == [0, 1, 21, 22]


def test_windows_across_midnight_are_one_stretch() -> None:
    """From Monday 22:00 to Tuesday 02:00, two hours start at 22:00, 23:00 and 00:00."""
    assert starts(windowed(Span(start=at(0, 22), end=at(1, 2)), days=2)) == [22, 23, 24]


def test_windows_are_instants() -> None:
    """In the night of 2026-10-25 the window 01:00–04:00 has four hours; two fit three times."""
    night = Horizon(first=date(2026, 10, 25), days=1, zone="Europe/Berlin", grain_minutes=60)
    # 01:00 in Berlin is 23:00 UTC, and 04:00, after the change, is 03:00 UTC. Midnight is tick
    # 0, so 01:00 is tick 1, and 04:00 is tick 5.
    window = Span(
        start=datetime(2026, 10, 24, 23, tzinfo=UTC), end=datetime(2026, 10, 25, 3, tzinfo=UTC)
    )
    some = windowed(window, horizon=night)
    assert starts(some) == [1, 2, 3]
    assert book_of(some).prepared.local(1).endswith("01:00")
    assert book_of(some).prepared.local(5).endswith("04:00")


def test_windows_in_spring_lose_an_hour() -> None:
    """In the night of 2026-03-29 the window 01:00–04:00 has two hours, from 01:00 on."""
    night = Horizon(first=date(2026, 3, 29), days=1, zone="Europe/Berlin", grain_minutes=60)
    window = Span(
        start=datetime(2026, 3, 29, 0, tzinfo=UTC), end=datetime(2026, 3, 29, 2, tzinfo=UTC)
    )
    assert starts(windowed(window, horizon=night)) == [1]


def test_with_a_grain_of_a_day_whole_dates_count() -> None:
    """A window from Monday noon to Thursday midnight holds Tuesday and Wednesday."""
    window = Span(start=at(0, 12), end=at(3, 0))
    days = windowed(window, days=4, grain=1440, services=(service(minutes=1440),))
    assert starts(days) == [1, 2]


def test_the_message_has_the_time_and_the_windows() -> None:
    """At 11:00 for two hours, it reaches beyond 12:00."""
    book = book_of(windowed(span(0, 9, 12), span(0, 14, 16)), RULE, [])
    late = universe(book, book.prepared.visits[0], [11])[0]
    assert broken(book, {0: late}) == {
        (
            "windows",
            "Visit A lies at Mon 2026-03-02 11:00 for 120 minutes, outside its 2 windows.",
        )
    }


def test_one_window_is_told_as_one() -> None:
    """The message does not count where there is nothing to count."""
    book = book_of(windowed(span(0, 9, 12)), RULE, [])
    late = universe(book, book.prepared.visits[0], [11])[0]
    ((_, message),) = broken(book, {0: late})
    assert message.endswith("outside its window.")


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """A has two windows that touch, B one apart, and C none."""
    some = problem(
        request("A", windows=(span(0, 8, 9), span(0, 9, 11))),
        request("B", windows=(span(0, 10, 12), span(0, 14, 20))),
        request("C"),
        services=(service(minutes=120),),
    )
    book = book_of(some, rules, [])
    where = [universe(book, v) for v in book.prepared.visits]
    for visit in (0, 1):
        allowed, forbidden = one_visit_agrees(book, visit, {2: where[2][14]})
        assert allowed and forbidden
    near = [{0: where[0][8], 1: where[1][10]}, {0: where[0][9], 1: where[1][10]}]
    accepted, refused = model_agrees(book, [0, 1, 2], near=near)
    assert accepted and refused


@pytest.mark.parametrize("rules", [[*RULE, SessionTogether()], RULES], ids=["alone", "all"])
def test_sessions_have_windows_as_well_as_their_participants(rules: list[Any]) -> None:
    """S may run 08:00–12:00, and A would come 10:00–14:00: 10:00 is all that is left."""
    some = group("A", sessions="S")
    some = replace(
        some,
        sessions=(Session(id="S", service="visit", most=2, windows=(span(0, 8, 12),)),),
        requests=(replace(some.requests[0], windows=(span(0, 10, 14),)),),
    )
    book = book_of(some, rules, [])
    assert not broken(book, held(book, "S", 10) | joins(book, "A", "S", 10))
    for hour in (8, 12):
        found = broken(book, held(book, "S", hour) | joins(book, "A", "S", hour))
        assert "windows" in {rule for rule, _ in found}
    near = [held(book, "S", hour) | joins(book, "A", "S", hour) for hour in (8, 10, 12)]
    accepted, refused = model_agrees(book, [0, 1], near=near)
    assert accepted and refused
    for visit, fixed in ((0, {}), (1, held(book, "S", 10))):
        allowed, forbidden = one_visit_agrees(book, visit, fixed)
        assert allowed and forbidden


def test_dropping_the_rule_leaves_the_window() -> None:
    """Ann is open from 08:00 to 12:00, and the window is in the evening."""
    some = windowed(span(0, 18, 20))
    assert best(book_of(some), [0]) == {0: None}
    without = best(book_of(some, [r for r in RULES if r.name != "windows"]), [0])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"windows"}

"""Notice: a visit starts no sooner than its service's notice from now, and never in the past."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe, with_placements
from tiny import at, horizon, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Pin, PinKind, Session, Step
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon
from allocator.rules import RULES
from allocator.rules.notice import Notice

RULE = [Notice()]


def asked_at(hour: int, minute: int = 0, notice: int = 0, **more: Any) -> Problem:
    """One request, asked on the Monday at this time, for a service with so much notice."""
    return problem(
        request("A"),
        **{
            "horizon": horizon(1, 60, now=at(0, hour, minute)),
            "services": (service(notice_minutes=notice),),
            **more,
        },
    )


def first_start(some: Problem) -> int:
    book = book_of(some, RULE, [])
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert allowed and forbidden
    where = universe(book, book.prepared.visits[0])
    return min(p.start for p in where if not broken(book, {0: p}))


def test_a_start_at_the_end_of_the_notice_is_allowed() -> None:
    """At 08:00 with two hours' notice, 10:00 is the first start; at 08:01 it is 11:00."""
    assert first_start(asked_at(8, notice=120)) == 10
    assert first_start(asked_at(8, 1, notice=120)) == 11


def test_nothing_starts_in_the_past() -> None:
    """Without notice, now itself is the first start, rounded up to the grid."""
    assert first_start(asked_at(9)) == 9
    assert first_start(asked_at(9, 30)) == 10


def test_the_message_has_both_numbers() -> None:
    """From 08:30 to 09:00 are 30 minutes; 120 are asked for."""
    book = book_of(asked_at(8, 30, notice=120), RULE, [])
    soon = universe(book, book.prepared.visits[0], [9])[0]
    assert broken(book, {0: soon}) == {
        (
            "notice",
            "Visit A starts at Mon 2026-03-02 09:00, 30 minutes from now; at least 120 are asked"
            " for.",
        )
    }


def test_notice_is_a_length_of_time_not_of_wall_time() -> None:
    """On 2026-03-29 at 00:30, two hours later is 03:30, since 02:00 to 03:00 does not exist."""
    night = Horizon(
        first=date(2026, 3, 29),
        days=1,
        zone="Europe/Berlin",
        grain_minutes=30,
        now=datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
    )
    # Midnight is tick 0, 00:30 is tick 1; two hours are 4 ticks: tick 5.
    some = asked_at(0, notice=120, horizon=night)
    assert first_start(some) == 5
    assert book_of(some).prepared.local(5).endswith("03:30")


def test_with_a_grain_of_a_day_today_is_too_soon() -> None:
    """Asked at 09:00, a visit of a date would start at its midnight: tomorrow is the first."""
    some = problem(
        request("A"),
        horizon=horizon(3, 1440, now=at(0, 9)),
        services=(service(minutes=1440),),
    )
    assert first_start(some) == 1


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_participants_of_a_session_may_come_at_once(rules: list[Any]) -> None:
    """The session needs two hours' notice; who joins it needs none."""
    some = problem(
        request("P", steps=(Step(sessions=frozenset({"S"})),)),
        horizon=horizon(1, 60, now=at(0, 9)),
        services=(service(notice_minutes=120),),
        sessions=(Session(id="S", service="visit", most=2),),
    )
    book = book_of(some, rules, [])
    session, p = book.prepared.visit_index["S"], book.prepared.visit_index["P"]
    held = {hour: universe(book, book.prepared.visits[session], [hour])[0] for hour in (10, 11)}
    joined = {hour: universe(book, book.prepared.visits[p], [hour])[0] for hour in (8, 10, 11)}
    notice = [b for b in broken(book, {session: held[10], p: joined[10]}) if b[0] == "notice"]
    assert len(notice) == 1 and notice[0][1].startswith("Visit S ")
    if rules is RULE:
        assert not broken(book, {p: joined[10]}) and broken(book, {p: joined[8]})
    for visit in (session, p):
        fixed = {session: held[11]} if visit == p else {}
        allowed, forbidden = one_visit_agrees(book, visit, fixed)
        assert allowed and forbidden
    near = [{session: held[hour], p: joined[hour]} for hour in (10, 11)]
    accepted, refused = model_agrees(book, [session, p], near=near)
    assert accepted and refused


def test_what_keeps_its_published_start_had_its_notice() -> None:
    """At 08:00 with two hours' notice A stays at 09:00 as published, or moves to 10:00 or later.

    This holds however it is pinned, and where it is not: a re-plan need not move tomorrow.
    """
    published = (
        Assignment(
            visit="A", start=at(0, 9), end=at(0, 10), resources=(("practitioner", ("ann",)),)
        ),
    )
    for kind in (None, PinKind.TIME, PinKind.RESOURCES, PinKind.ALL):
        pins = () if kind is None else (Pin(visit="A", kind=kind),)
        some = asked_at(8, notice=120, published=published, pins=pins)
        book = book_of(some, RULE, [])
        where = {p.start: p for p in universe(book, book.prepared.visits[0])}
        assert not broken(book, {0: where[9]})
        assert not broken(book, {0: where[10]})
        assert not list(RULE[0].violations(with_placements(book, {0: where[9]})))
        if kind is None:
            one_visit_agrees(book, 0, {})
            moved = next(p for p in universe(book, book.prepared.visits[0], [8]))
            assert broken(book, {0: moved})


def test_dropping_the_rule_lets_a_visit_start_too_soon() -> None:
    """At 11:00 with an hour's notice nothing fits until 12:00, when Ann closes; else 11:00 does."""
    some = asked_at(11, notice=60)
    assert best(book_of(some, RULES), [0]) == {0: None}
    without = best(book_of(some, [r for r in RULES if r.name != "notice"]), [0])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"notice"}

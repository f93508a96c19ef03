"""Session together: participants are there for all of it, and join no session twice."""

from dataclasses import replace
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, with_placements
from groups import group, held, joins
from tiny import at, request

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Pin, Step
from allocator.domain.schedule import Assignment
from allocator.rules import RULES
from allocator.rules.session_together import SessionTogether

RULE = [SessionTogether()]


def twice(count: int = 2, **more: Any) -> Problem:
    """A course of A, whose visits join S, T or U."""
    some = group("", sessions="STU", **more)
    course = request(
        "A",
        services="",
        steps=(Step(sessions=frozenset("STU")),),
        series=FlexibleSeries(count=count, at_least=1, least_days_between=0),
    )
    return replace(some, requests=(course,))


def test_a_participant_is_there_when_the_session_is() -> None:
    """S is held at 08:00: A may join it then, and at no other time."""
    book = book_of(group("A"), RULE, [])
    s = held(book, "S", 8)
    assert not broken(book, s | joins(book, "A", "S", 8))
    assert broken(book, s | joins(book, "A", "S", 10)) == {
        (
            "session_together",
            "Visit A is at Mon 2026-03-02 10:00 for 120 minutes; its session S is at"
            " Mon 2026-03-02 08:00 for 120 minutes.",
        )
    }
    # 12 starts in each of two sessions, of which one is held.
    assert one_visit_agrees(book, book.prepared.visit_index["A"], s) == (1, 23)


def test_a_session_that_is_not_held_cannot_be_joined() -> None:
    """Nothing is held: there is nothing to join."""
    book = book_of(group("A"), RULE, [])
    assert broken(book, joins(book, "A", "S", 8)) == {
        ("session_together", "Visit A joins session S, which is not held.")
    }
    assert one_visit_agrees(book, book.prepared.visit_index["A"], {}) == (0, 24)


def test_a_session_stays_where_its_participants_are() -> None:
    """A is in S at 08:00, so S is then; T, which nobody joins, is free."""
    book = book_of(group("A"), RULE, [])
    a = joins(book, "A", "S", 8)
    assert one_visit_agrees(book, book.prepared.visit_index["S"], a) == (1, 11)
    assert one_visit_agrees(book, book.prepared.visit_index["T"], a) == (12, 0)


def test_participants_at_two_times_cannot_both_be_there() -> None:
    """A at 08:00 and B at 10:00 join S: no start suits both."""
    book = book_of(group("AB"), RULE, [])
    both = joins(book, "A", "S", 8) | joins(book, "B", "S", 10)
    assert one_visit_agrees(book, book.prepared.visit_index["S"], both) == (0, 12)


def test_a_participant_names_the_session() -> None:
    """A placement without a session is none of the ways to hold the visit."""
    book = book_of(group("A"), RULE, [])
    number, placement = next(iter(joins(book, "A", "S", 8).items()))
    assert broken(book, {number: placement._replace(session=-1)}) == {
        ("session_together", "Visit A is placed without any of its 2 sessions.")
    }


def test_a_course_joins_each_session_once() -> None:
    """A#1 is in S: A#2 has T left."""
    book = book_of(twice(), RULE, [])
    some = held(book, "S", 8) | held(book, "T", 8) | joins(book, "A#1", "S", 8)
    assert broken(book, some | joins(book, "A#2", "S", 8)) == {
        ("session_together", "Request A joins session S 2 times; once is possible.")
    }
    assert one_visit_agrees(book, book.prepared.visit_index["A#2"], some) == (1, 35)


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """Sessions and participants, each free or fixed."""
    book = book_of(group("AB", grain=120), rules, [])
    index = book.prepared.visit_index
    lead = held(book, "S", 8) | held(book, "T", 10)
    apart = joins(book, "A", "S", 8) | joins(book, "B", "T", 10)
    same = joins(book, "A", "S", 8) | joins(book, "B", "S", 8)
    late = joins(book, "A", "S", 8) | joins(book, "B", "S", 10)
    near = [lead | apart, lead | same, lead | late]
    for free in ("STAB", "AB", "ST", "SA", "TA", "A"):
        numbers = [index[id] for id in free]
        fixed = {v: p for v, p in (lead | apart).items() if v not in numbers}
        accepted, refused = model_agrees(book, numbers, fixed, near=near, samples=40)
        assert accepted and refused
    for id in "STAB":
        fixed = {v: p for v, p in (lead | apart).items() if v != index[id]}
        allowed, forbidden = one_visit_agrees(book, index[id], fixed)
        assert allowed and forbidden


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree_on_courses(rules: list[Any]) -> None:
    """A course of two or three visits, over three sessions."""
    book = book_of(twice(3, most=3), rules, [])
    index = book.prepared.visit_index
    lead = held(book, "S", 8) | held(book, "T", 10)
    good = lead | joins(book, "A#1", "S", 8) | joins(book, "A#2", "T", 10)
    bad = lead | joins(book, "A#1", "S", 8) | joins(book, "A#2", "S", 8)
    for free in (range(6), [index["A#1"], index["A#2"], index["A#3"]], [index["A#2"], index["T"]]):
        fixed = {v: p for v, p in good.items() if v not in free}
        near = [good, bad, {v: p for v, p in good.items() if v != index["A#2"]}]
        accepted, refused = model_agrees(book, list(free), fixed, near=near, samples=40)
        assert accepted and refused


def frozen(names: str) -> Problem:
    """Requests A, B and C; those named are published in S at 08:00, and frozen there."""
    published = tuple(
        Assignment(
            visit=name,
            start=at(0, 8),
            end=at(0, 10),
            resources=((f"attendee:{name.lower()}", (name.lower(),)),),
            session="S",
        )
        for name in names
    )
    return group("ABC", published=published, pins=tuple(Pin(visit=name) for name in names))


def test_a_frozen_participant_holds_the_start_and_asks_for_nothing() -> None:
    """A is frozen in S at 08:00: S is held then, or not at all, and B may be in T."""
    book = book_of(frozen("A"), RULE, [])
    index = book.prepared.visit_index
    a = dict(book.prepared.frozen)
    assert [v.inherited for v in RULE[0].violations(with_placements(book, a))] == [True]
    near = [held(book, "S", hour) | held(book, "T", 8) for hour in (8, 10)]
    near += [held(book, "T", 8) | joins(book, "B", "T", 8), {}]
    accepted, refused = model_agrees(book, [index[id] for id in "STB"], a, near=near)
    assert accepted and refused


def test_dropping_the_rule_sends_people_to_a_session_that_is_not_held() -> None:
    """Only A is free, and no session is held: A stays at home, or stands before closed doors."""
    some = group("A")
    a = book_of(some).prepared.visit_index["A"]
    assert best(book_of(some), [a]) == {a: None}
    without = best(book_of(some, [r for r in RULES if r.name != "session_together"]), [a])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"session_together"}


def test_no_problem_is_without_the_rule() -> None:
    """It is part of what a visit is: one that joins a session has no time of its own."""
    with pytest.raises(InvalidProblem, match="cannot be switched off"):
        book_of(replace(group("A"), without_rules=frozenset({"session_together"})))

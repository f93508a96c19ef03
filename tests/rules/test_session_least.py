"""Session least: a group session runs with its least number of participants, or not at all."""

from dataclasses import replace
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, with_placements
from groups import group, held, joins
from tiny import at, goals

from allocator.domain.request import Pin
from allocator.domain.schedule import Assignment
from allocator.rules import RULES
from allocator.rules.session_least import SessionLeast
from allocator.rules.session_most import SessionMost
from allocator.rules.session_together import SessionTogether

RULE = [SessionTogether(), SessionMost(), SessionLeast()]


def test_a_session_runs_with_enough() -> None:
    """Two suffice, one does not, and none is no session."""
    book = book_of(group("AB", least=2), RULE, [])
    s = held(book, "S", 8)
    one = s | joins(book, "A", "S", 8)
    assert not broken(book, {}) and not broken(book, one | joins(book, "B", "S", 8))
    assert broken(book, one) == {
        ("session_least", "Session S has 1 participants; it runs with at least 2.")
    }
    assert broken(book, s)


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """Sessions that need two of three, with sessions or participants fixed."""
    book = book_of(group("ABC", least=2, most=3), rules, [])
    index = book.prepared.visit_index
    s, t = held(book, "S", 8), held(book, "T", 10)
    two = s | joins(book, "A", "S", 8) | joins(book, "B", "S", 8)
    torn = s | t | joins(book, "A", "S", 8) | joins(book, "B", "T", 10)
    near = [two, two | joins(book, "C", "S", 8), two | t, torn, {}]
    for free in ("STABC", "STBC", "SABC", "ABC", "BC", "TC"):
        numbers = [index[id] for id in free]
        fixed = {v: p for v, p in two.items() if v not in numbers}
        accepted, refused = model_agrees(book, numbers, fixed, near=near, samples=40)
        assert accepted and refused
    allowed, forbidden = one_visit_agrees(book, index["B"], s | joins(book, "A", "S", 8))
    assert allowed and forbidden


def test_a_frozen_session_asks_for_nobody() -> None:
    """S is frozen with nobody in it: listed, and B may or may not come."""
    published = Assignment(
        visit="S", start=at(0, 8), end=at(0, 10), resources=(("practitioner", ("ann",)),)
    )
    some = group("B", least=2, published=(published,), pins=(Pin(visit="S"),))
    book = book_of(some, RULE, [])
    fixed = dict(book.prepared.frozen)
    assert [v.inherited for v in RULE[2].violations(with_placements(book, fixed))] == [True]
    near = [joins(book, "B", "S", 8), {}]
    accepted, refused = model_agrees(book, [book.prepared.visit_index["B"]], fixed, near=near)
    assert accepted and refused


def test_a_fixed_session_asks_for_those_who_can_come() -> None:
    """S is fixed and needs two; only B is free: the model asks for B, and is not infeasible."""
    book = book_of(group("AB", least=2, most=3), RULES, [])
    b = book.prepared.visit_index["B"]
    assert best(book, [b], held(book, "S", 8)) == joins(book, "B", "S", 8)


def test_dropping_the_rule_holds_a_session_for_one() -> None:
    """Only A would come to a session that needs two: it is not held, and A stays unplaced."""
    some = replace(group("A", least=2, sessions="S"), levels=goals(soonest=1))
    assert best(book_of(some), [0, 1]) == {0: None, 1: None}
    without = best(book_of(some, [r for r in RULES if r.name != "session_least"]), [0, 1])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"session_least"}

"""Session most: a group session has no more participants than places."""

from dataclasses import replace
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, with_placements
from groups import group, held, joins
from tiny import at, goals

from allocator.domain.request import Pin
from allocator.domain.schedule import Assignment
from allocator.rules import RULES
from allocator.rules.session_most import SessionMost
from allocator.rules.session_together import SessionTogether

RULE = [SessionTogether(), SessionMost()]


def test_a_session_takes_as_many_as_it_has_places() -> None:
    """Two places: A and B have one each, and C has none in S, but in T."""
    book = book_of(group("ABC"), RULE, [])
    lead = held(book, "S", 8) | held(book, "T", 8)
    two = lead | joins(book, "A", "S", 8) | joins(book, "B", "S", 8)
    assert not broken(book, two)
    assert broken(book, two | joins(book, "C", "S", 8)) == {
        ("session_most", "Session S has 3 participants; at most 2 have a place.")
    }
    c = book.prepared.visit_index["C"]
    assert one_visit_agrees(book, c, two) == (1, 23)
    assert one_visit_agrees(book, c, lead | joins(book, "A", "S", 8)) == (2, 22)


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """Free participants fill what fixed ones leave."""
    book = book_of(group("ABCD"), rules, [])
    index = book.prepared.visit_index
    lead = held(book, "S", 8) | held(book, "T", 10)
    two = joins(book, "A", "S", 8) | joins(book, "B", "S", 8)
    three = two | joins(book, "C", "S", 8)
    spread = two | joins(book, "C", "T", 10) | joins(book, "D", "T", 10)
    near = [lead | two, lead | three, lead | spread, lead | spread | three]
    for free in ("ABCD", "BCD", "CD", "SABCD"):
        numbers = [index[id] for id in free]
        fixed = {v: p for v, p in (lead | two).items() if v not in numbers}
        accepted, refused = model_agrees(book, numbers, fixed, near=near, samples=32)
        assert accepted and refused
    allowed, forbidden = one_visit_agrees(book, index["D"], lead | two)
    assert allowed and forbidden


def test_a_frozen_crowd_is_inherited() -> None:
    """A, B and C are frozen in a session of two: listed, and D has a place in T alone."""
    published = tuple(
        Assignment(
            visit=name,
            start=at(0, 8),
            end=at(0, 10),
            resources=((f"attendee:{name.lower()}", (name.lower(),)),),
            session="S",
        )
        for name in "ABC"
    )
    some = group("ABCD", published=published, pins=tuple(Pin(visit=name) for name in "ABC"))
    book = book_of(some, RULE, [])
    fixed = dict(book.prepared.frozen) | held(book, "S", 8) | held(book, "T", 8)
    assert [v.inherited for v in RULE[1].violations(with_placements(book, fixed))] == [True]
    d = book.prepared.visit_index["D"]
    assert one_visit_agrees(book, d, fixed) == (1, 23)
    near = [joins(book, "D", id, 8) for id in "ST"]
    accepted, refused = model_agrees(book, [d], fixed, near=near)
    assert accepted and refused


def test_dropping_the_rule_overfills_a_session() -> None:
    """One session with one place, for A and B: with the rule one of them has it."""
    some = replace(group("AB", most=1, sessions="S"), levels=goals(soonest=1))
    everything = range(3)
    kept = best(book_of(some), everything)
    assert sum(p is not None for p in kept.values()) == 2
    without = best(book_of(some, [r for r in RULES if r.name != "session_most"]), everything)
    assert {rule for rule, _ in broken(book_of(some), without)} == {"session_most"}

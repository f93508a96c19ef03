"""Apart: two people or things that are to be kept apart never share a visit or a session."""

from dataclasses import replace
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe, with_placements
from tiny import at, calendar, goals, need, patient, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import Apart, Attendee, Pin, Request, Session, Step
from allocator.domain.schedule import Assignment
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.rules.apart import KeptApart
from allocator.rules.session_together import SessionTogether
from allocator.table.rulebook import Rulebook

RULE = [KeptApart()]
TOGETHER = [KeptApart(), SessionTogether()]


def apart(*pairs: str) -> tuple[Apart, ...]:
    return tuple(Apart(one=pair.split()[0], other=pair.split()[1]) for pair in pairs)


def shared(*pairs: str, guests: tuple[Attendee, ...] = ()) -> Problem:
    """A of Eve, and B of Max, each with Ann or Bob in r1 or r2, at even hours."""
    return problem(
        request("A", attendees=(Attendee(resource="eve"), *guests)),
        request("B", "max"),
        resources=(
            *map(practitioner, ("ann", "bob")),
            *map(room, ("r1", "r2")),
            *map(patient, ("eve", "max")),
        ),
        services=(service(minutes=120, needs=(need(), need("room"))),),
        grain=120,
        apart=apart(*pairs),
    )


def group(*pairs: str, join: str = "S T") -> Problem:
    """Eve and Max join one of two sessions, each led by Ann or Bob; even hours."""
    joined = (Step(sessions=frozenset(join.split())),)
    return problem(
        Request(id="E", steps=joined, attendees=(Attendee(resource="eve"),)),
        Request(id="M", steps=joined, attendees=(Attendee(resource="max"),)),
        resources=(
            practitioner("ann", lanes=2),
            practitioner("bob", lanes=2),
            *map(patient, ("eve", "max")),
        ),
        services=(service(minutes=120),),
        sessions=tuple(Session(id=id, service="visit", most=2) for id in "ST"),
        grain=120,
        apart=apart(*pairs),
    )


def placed(
    book: Rulebook, id: str, hour: int, *team: str, session: str = ""
) -> dict[int, Placement]:
    """Return a visit with its placement at an hour with a team, in a session."""
    visit = book.prepared.visit_index[id]
    index = book.prepared.resource_index
    number = book.prepared.visit_index[session] if session else -1
    some = universe(book, book.prepared.visits[visit], [hour // 2])
    return {
        visit: next(
            p
            for p in some
            if {r for members in p.team for r in members} == {index[t] for t in team}
            and p.session == number
        )
    }


def test_a_pair_never_shares_a_visit() -> None:
    """Eve and Ann are kept apart: Bob will do, in either room."""
    book = book_of(shared("eve ann"), RULE, [])
    assert not broken(book, placed(book, "A", 8, "bob", "r1", "eve"))
    assert broken(book, placed(book, "A", 8, "ann", "r1", "eve")) == {
        ("apart", "ann and eve are kept apart; both are in visit A.")
    }
    assert one_visit_agrees(book, 0, {}) == (24, 24)
    # Max is with Ann as well as before.
    assert one_visit_agrees(book, 1, {}) == (48, 0)


def test_any_two_resources_may_be_kept_apart() -> None:
    """Ann never in r1, nor Bob in r2: each has one room left."""
    book = book_of(shared("ann r1", "r2 bob"), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (24, 24)


def test_visits_beside_each_other_are_not_shared() -> None:
    """Eve with Bob and Max with Ann, at the same hour: nobody meets."""
    book = book_of(shared("eve ann", "max bob", "eve max"), RULE, [])
    both = placed(book, "A", 8, "bob", "r1", "eve") | placed(book, "B", 8, "ann", "r2", "max")
    assert not broken(book, both)


def test_a_guest_who_may_be_absent_stays_away() -> None:
    """Max is a guest of A who need not come: with Bob, from whom he is kept apart, he does not."""
    guests = (Attendee(resource="max", required=False),)
    book = book_of(shared("bob max", guests=guests), RULE, [])
    # 12 starts and 2 rooms: Ann with or without Max, Bob without.
    assert one_visit_agrees(book, 0, {}) == (72, 24)


def test_two_of_one_role_are_kept_apart() -> None:
    """A pair of carers out of three, of whom Ann and Bob are kept apart."""
    some = problem(
        request("A"),
        resources=tuple(map(practitioner, ("ann", "bob", "cem"))),
        services=(service(needs=(need(quantity=2),)),),
        apart=apart("ann bob"),
    )
    book = book_of(some, RULE, [])
    assert one_visit_agrees(book, 0, {}) == (48, 24)
    accepted, refused = model_agrees(book, [0])
    assert accepted and refused


def test_a_session_is_shared_with_who_leads_it() -> None:
    """Eve may not join S while Ann leads it; T is led by Bob."""
    book = book_of(group("eve ann"), TOGETHER, [])
    fixed = placed(book, "S", 8, "ann") | placed(book, "T", 10, "bob")
    assert broken(book, fixed | placed(book, "E", 8, "eve", session="S")) == {
        ("apart", "ann and eve are kept apart; S and E bring them together in session S.")
    }
    e, m = book.prepared.visit_index["E"], book.prepared.visit_index["M"]
    # One start each in S and in T, of 12 in either.
    assert one_visit_agrees(book, e, fixed) == (1, 23)
    assert one_visit_agrees(book, m, fixed) == (2, 22)
    # With Eve in S, which nobody leads yet, only Bob can lead it, when she is there.
    there = placed(book, "E", 8, "eve", session="S")
    assert one_visit_agrees(book, book.prepared.visit_index["S"], there) == (1, 23)


def test_a_session_is_shared_with_who_takes_part() -> None:
    """Eve is in S: Max, who is kept apart from her, has T left."""
    book = book_of(group("max eve"), TOGETHER, [])
    fixed = placed(book, "S", 8, "ann") | placed(book, "T", 10, "bob")
    fixed |= placed(book, "E", 8, "eve", session="S")
    assert broken(book, fixed | placed(book, "M", 8, "max", session="S")) == {
        ("apart", "eve and max are kept apart; E and M bring them together in session S.")
    }
    assert one_visit_agrees(book, book.prepared.visit_index["M"], fixed) == (1, 23)


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree_on_visits(rules: list[Any]) -> None:
    """With pairs across all needs, and a guest who may be absent."""
    guests = (Attendee(resource="max", required=False),)
    book = book_of(shared("eve ann", "bob r1", "max r2", guests=guests), rules, [])
    beside = placed(book, "B", 8, "ann", "r1", "max")
    allowed, forbidden = one_visit_agrees(book, 0, beside)
    assert allowed and forbidden
    good = placed(book, "A", 10, "bob", "r2", "eve")
    bad = placed(book, "A", 10, "bob", "r2", "eve", "max")
    accepted, refused = model_agrees(book, [0, 1], near=[good | beside, bad | beside])
    assert accepted and refused


@pytest.mark.parametrize("rules", [TOGETHER, RULES], ids=["alone", "all"])
def test_the_faces_agree_on_sessions(rules: list[Any]) -> None:
    """Leaders and participants, each free or fixed."""
    book = book_of(group("eve ann", "eve max", "max bob"), rules, [])
    index = book.prepared.visit_index
    lead = placed(book, "S", 8, "bob") | placed(book, "T", 8, "ann")
    part = placed(book, "E", 8, "eve", session="S") | placed(book, "M", 8, "max", session="T")
    swap = placed(book, "E", 8, "eve", session="T") | placed(book, "M", 8, "max", session="S")
    same = placed(book, "E", 8, "eve", session="S") | placed(book, "M", 8, "max", session="S")
    near = [lead | part, lead | swap, lead | same]
    for free in ("STEM", "EM", "ST", "SE", "TE"):
        numbers = [index[id] for id in free]
        fixed = {v: p for v, p in (lead | part).items() if v not in numbers}
        accepted, refused = model_agrees(book, numbers, fixed, near=near, samples=40)
        assert accepted and refused
    for id in "STEM":
        fixed = {v: p for v, p in (lead | part).items() if v != index[id]}
        allowed, forbidden = one_visit_agrees(book, index[id], fixed)
        assert allowed and forbidden


def test_a_frozen_pair_is_inherited() -> None:
    """Eve is with Ann in a frozen visit: listed, and nothing is asked of the others."""
    some = shared("eve ann")
    filling = (("practitioner", ("ann",)), ("room", ("r1",)), ("attendee:eve", ("eve",)))
    published = Assignment(visit="A", start=at(0, 8), end=at(0, 10), resources=filling)
    some = replace(some, published=(published,), pins=(Pin(visit="A"),))
    book = book_of(some, RULE, [])
    fixed = dict(book.prepared.frozen)
    assert [v.inherited for v in RULE[0].violations(with_placements(book, fixed))] == [True]
    accepted, refused = model_agrees(book, [1], fixed)
    assert accepted and not refused


def test_dropping_the_rule_brings_them_together() -> None:
    """Ann is all there is for Eve: with the rule she is not seen at all."""
    some = problem(
        request("A", "eve"),
        resources=(practitioner("ann"), patient("eve")),
        apart=apart("eve ann"),
        calendars=(calendar(),),
        levels=goals(soonest=1),
    )
    assert best(book_of(some), [0]) == {0: None}
    without = best(book_of(some, [r for r in RULES if r.name != "apart"]), [0])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"apart"}

"""Pins: a pinned visit is placed, and keeps the start or the resources that are pinned."""

from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import at, goals, need, patient, practitioner, problem, request, room, service

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Pin, PinKind
from allocator.domain.schedule import Assignment
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.rules.capacity import Capacity
from allocator.rules.pins import Pins, must_place
from allocator.table.rulebook import Rulebook

RULE = [Pins()]


def held(kind: PinKind | None, **filling: tuple[str, ...]) -> Problem:
    """A, published at 10:00 with Ann in room r1, pinned in this way; B beside it; even hours."""
    published = Assignment(
        visit="A",
        start=at(0, 10),
        end=at(0, 12),
        resources=tuple(
            {"practitioner": ("ann",), "room": ("r1",), "attendee:eve": ("eve",), **filling}.items()
        ),
    )
    guests = (Attendee(resource="eve", required=False),)
    return problem(
        request("A", attendees=guests),
        request("B"),
        resources=(
            practitioner("ann"),
            practitioner("bob"),
            room("r1"),
            room("r2"),
            patient("eve"),
        ),
        services=(service(minutes=120, needs=(need(), need("room"))),),
        grain=120,
        published=(published,),
        pins=() if kind is None else (Pin(visit="A", kind=kind),),
    )


def placed(book: Rulebook, visit: int, hour: int, *team: str) -> Placement:
    index = book.prepared.resource_index
    some = [p for p in universe(book, book.prepared.visits[visit], [hour // 2])]
    return next(
        p for p in some if {r for members in p.team for r in members} == {index[t] for t in team}
    )


def test_a_pin_on_time_holds_the_start() -> None:
    """At 10:00 with anybody; 8 teams (2 carers, 2 rooms, Eve or not) at 1 start of 12."""
    book = book_of(held(PinKind.TIME), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (8, 11 * 8)
    assert broken(book, {0: placed(book, 0, 8, "ann", "r1")}) == {
        (
            "pins",
            "Visit A is pinned at Mon 2026-03-02 10:00; it starts at Mon 2026-03-02 08:00.",
        )
    }


def test_a_pin_on_resources_holds_those_of_the_service() -> None:
    """With Ann in r1 at any of 12 starts, whether Eve comes or not: 24 ways."""
    book = book_of(held(PinKind.RESOURCES), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (24, 72)
    assert broken(book, {0: placed(book, 0, 8, "bob", "r1")}) == {
        ("pins", "Visit A is pinned with ann as practitioner; it has bob.")
    }


def test_a_role_that_is_published_open_is_not_held() -> None:
    """Published with Ann and no room: either room will do."""
    book = book_of(held(PinKind.RESOURCES, room=()), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (48, 48)


def test_a_pinned_visit_is_placed() -> None:
    """Whatever is pinned of it, leaving A out breaks the pin, and no pin is inherited."""
    for kind in PinKind:
        book = book_of(held(kind), RULE, [])
        assert broken(book, {}) == {
            ("pins", "Visit A is pinned at Mon 2026-03-02 10:00 and not placed.")
        }
        assert must_place(book.prepared) == (set() if kind is PinKind.ALL else {0})
    assert not must_place(book_of(held(None)).prepared)


def test_a_frozen_visit_is_held_exactly() -> None:
    """Pinned with all, even Eve's absence breaks the pin."""
    book = book_of(held(PinKind.ALL), RULE, [])
    assert not broken(book, {0: book.prepared.frozen[0]})
    assert broken(book, {0: placed(book, 0, 10, "ann", "r1")}) == {
        ("pins", "Visit A is pinned with eve as attendee:eve; it has nobody.")
    }
    shorter = book.prepared.frozen[0]._replace(duration=2)
    assert broken(book, {0: shorter}) == {
        ("pins", "Visit A is pinned for 120 minutes; it has 240.")
    }


@pytest.mark.parametrize("rules", [[*RULE, Capacity()], RULES], ids=["alone", "all"])
@pytest.mark.parametrize("kind", list(PinKind))
def test_the_faces_agree(rules: list[Any], kind: PinKind) -> None:
    """B shares the carers and rooms with A, which is pinned, and free unless frozen."""
    book = book_of(held(kind), rules, [])
    a = book.prepared.published[0]
    if kind is not PinKind.ALL:
        allowed, forbidden = one_visit_agrees(book, 0, {1: placed(book, 1, 8, "ann", "r1")})
        assert allowed and forbidden
    allowed, forbidden = one_visit_agrees(book, 1, {0: a})
    assert allowed and forbidden
    b = [placed(book, 1, hour, who, "r2") for hour in (8, 10) for who in ("ann", "bob")]
    free, fixed = ([1], {0: a}) if kind is PinKind.ALL else ([0, 1], {})
    near = [{0: a, 1: p} for p in b]
    accepted, refused = model_agrees(book, free, fixed, near=near, samples=24)
    assert accepted and refused


def test_dropping_the_rule_moves_a_pinned_visit() -> None:
    """Pinned on the Tuesday; the Monday is a day sooner, and nothing else has a price."""
    published = Assignment(
        visit="A", start=at(1, 10), end=at(1, 11), resources=(("practitioner", ("ann",)),)
    )
    some = problem(
        request("A"),
        days=2,
        published=(published,),
        pins=(Pin(visit="A", kind=PinKind.TIME),),
        levels=goals(soonest=1),
    )
    assert best(book_of(some), [0]) == {0: book_of(some).prepared.published[0]}
    without = best(book_of(some, [r for r in RULES if r.name != "pins"]), [0])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"pins"}


def test_what_is_published_or_pinned_is_a_visit() -> None:
    """A series of two has the visits A#1 and A#2; nothing can be published of A as a whole."""
    published = Assignment(visit="A", start=at(0, 8), end=at(0, 9))
    series = FlexibleSeries(count=2)
    with pytest.raises(InvalidProblem) as error:
        problem(request("A", series=series), published=(published,), pins=(Pin(visit="A"),))
    assert [str(fault) for fault in error.value.faults] == [
        "Pin A names the visit 'A', which does not exist.",
        "Assignment A names the visit 'A', which does not exist.",
    ]

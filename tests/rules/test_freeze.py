"""Freeze: nothing new starts before the problem's freeze ends."""

from datetime import UTC, datetime
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe, with_placements
from tiny import at, practitioner, problem, request, service

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment
from allocator.rules import RULES
from allocator.rules.capacity import Capacity
from allocator.rules.freeze import Freeze
from allocator.table.rulebook import Rulebook

RULE = [Freeze()]


def frozen(until: datetime, *published: tuple[str, int, str]) -> Problem:
    """Requests A, B and C for Ann or Bob; what starts before the instant is frozen."""
    return problem(
        *map(request, "ABC"),
        resources=(practitioner("ann"), practitioner("bob")),
        freeze_before=until,
        published=tuple(
            Assignment(
                visit=visit,
                start=at(0, hour),
                end=at(0, hour + 1),
                resources=(("practitioner", (who,)),),
            )
            for visit, hour, who in published
        ),
    )


def starts(book: Rulebook, visit: int) -> set[int]:
    where = universe(book, book.prepared.visits[visit])
    return {p.start for p in where if not broken(book, {visit: p})}


def test_a_start_at_the_end_of_the_freeze_is_allowed() -> None:
    """Frozen before 10:00: 10:00 is the first start; before 10:30, 11:00 is."""
    assert min(starts(book_of(frozen(at(0, 10)), RULE, []), 0)) == 10
    assert min(starts(book_of(frozen(at(0, 10, 30)), RULE, []), 0)) == 11
    for minute in (0, 30):
        book = book_of(frozen(at(0, 10, minute)), RULE, [])
        assert one_visit_agrees(book, 0, {}) == (2 * (14 - bool(minute)), 2 * (10 + bool(minute)))


def test_the_message_tells_the_end_in_local_time() -> None:
    """The freeze is given in UTC: 09:00 there is 10:00 in Berlin in winter."""
    book = book_of(frozen(datetime(2026, 3, 2, 9, tzinfo=UTC)), RULE, [])
    early = universe(book, book.prepared.visits[0], [9])[0]
    assert broken(book, {0: early}) == {
        (
            "freeze",
            "Visit A starts at Mon 2026-03-02 09:00; what starts before Mon 2026-03-02 10:00 is"
            " frozen.",
        )
    }


def test_what_was_published_stays() -> None:
    """A is published at 09:00 and frozen; B is published at 11:00 and may not come forward."""
    book = book_of(frozen(at(0, 10), ("A", 9, "ann"), ("B", 11, "ann")), RULE, [])
    assert set(book.prepared.frozen) == {0}
    stays = with_placements(book, dict(book.prepared.published))
    assert not violations(book, stays)
    assert min(starts(book, 1)) == 10


@pytest.mark.parametrize("rules", [[*RULE, Capacity()], RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """With a frozen visit beside them, free visits keep off the freeze, and off Ann at 09:00."""
    some = frozen(at(0, 9), ("A", 8, "ann"), ("B", 9, "ann"))
    book = book_of(some, rules, [])
    fixed = {0: book.prepared.published[0]}
    allowed, forbidden = one_visit_agrees(book, 1, fixed)
    assert allowed and forbidden
    c = universe(book, book.prepared.visits[2], range(8, 12))
    near = [{1: book.prepared.published[1], 2: p} for p in c]
    accepted, refused = model_agrees(book, [1, 2], fixed, near=near, samples=20)
    assert accepted and refused


def test_dropping_the_rule_puts_a_visit_into_the_freeze() -> None:
    """Everything until Ann closes at 12:00 is frozen, so A is not placed; else at 08:00."""
    some = problem(request("A"), freeze_before=at(0, 12), services=(service(minutes=240),))
    assert best(book_of(some, RULES), [0]) == {0: None}
    without = best(book_of(some, [r for r in RULES if r.name != "freeze"]), [0])
    assert {rule for rule, _ in broken(book_of(some), without)} == {"freeze"}

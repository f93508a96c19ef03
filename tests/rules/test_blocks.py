"""Blocks: a resource serves no visit while it is blocked."""

from dataclasses import replace

from faces import best_of, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import at, calendar, need, practitioner, problem, request, service, span

from allocator.domain.calendar import Block
from allocator.domain.problem import Problem
from allocator.domain.resource import Location
from allocator.domain.time import Span
from allocator.rules.blocks import Blocks
from allocator.rules.eligible_resources import EligibleResources
from allocator.rules.opening_hours import OpeningHours

RULE = [Blocks()]


def blocked(*spans: Span, **more: object) -> Problem:
    """A, one hour long, while Ann's calendar (08:00 to 12:00) has these blocks."""
    ann = replace(calendar(), blocks=tuple(Block(span=some, reason="leave") for some in spans))
    return problem(request("A"), calendars=(ann,), **more)


def test_a_visit_may_touch_a_block_at_both_ends_but_not_reach_into_it() -> None:
    """Ann is blocked from 09:00 to 11:00: an hour from 08:00 or from 11:00 is fine."""
    book = book_of(blocked(span(0, 9, 11)), RULE, [])
    a = {p.start: p for p in universe(book, book.prepared.visits[0])}
    assert not broken(book, {0: a[8]})
    assert not broken(book, {0: a[11]})
    assert broken(book, {0: a[9]}) == {
        (
            "blocks",
            "ann is blocked for 60 of the 60 minutes that visit A claims from"
            " Mon 2026-03-02 09:00.",
        )
    }
    assert broken(book, {0: a[10]})


def test_buffers_count() -> None:
    """With an hour of notes after the visit 08:00 is lost as well, and 11:00 stays."""
    notes = service(needs=(need(after_minutes=60),))
    book = book_of(blocked(span(0, 9, 11), services=(notes,)), RULE, [])
    a = {p.start: p for p in universe(book, book.prepared.visits[0])}
    assert not broken(book, {0: a[7]})
    assert "blocked for 60 of the 120 minutes" in next(iter(broken(book, {0: a[8]})))[1]
    assert not broken(book, {0: a[11]})
    assert one_visit_agrees(book, 0, {}) == (21, 3)  # of 24 starts: not 08:00, 09:00, 10:00


def test_a_block_takes_every_tick_that_it_touches() -> None:
    """A quarter from 09:15 on takes the whole hour of the grid."""
    quarter = Span(start=at(0, 9, 15), end=at(0, 9, 30))
    book = book_of(blocked(quarter), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (23, 1)


def test_a_block_before_the_horizon_takes_nothing() -> None:
    """Leave until Monday 00:00 is over when the horizon starts; a buffer may lie before it."""
    notes = service(needs=(need(before_minutes=120),))
    book = book_of(blocked(span(-1, 0, 24), span(0, 3, 4), services=(notes,)), RULE, [])
    # Claims start two hours earlier: starts at 03:00, 04:00 and 05:00 touch 03:00 to 04:00.
    assert one_visit_agrees(book, 0, {}) == (21, 3)


def test_blocks_are_instants_whatever_the_place_calls_them() -> None:
    """09:00 in Berlin is 08:00 in London: the same hour is blocked, and told in London's time."""
    there = practitioner("ann", location="london")
    some = blocked(
        span(0, 9, 10), resources=(there,), locations=(Location(id="london", zone="Europe/London"),)
    )
    book = book_of(some, RULE, [])
    a = {p.start: p for p in universe(book, book.prepared.visits[0])}
    assert "from Mon 2026-03-02 08:00" in next(iter(broken(book, {0: a[9]})))[1]
    assert one_visit_agrees(book, 0, {}) == (23, 1)


def test_the_faces_agree_on_parts_and_several_resources() -> None:
    """Ann is blocked and Bob is not; who is second needs an hour before the visit as well."""
    both = service(
        minutes=120,
        needs=(
            need("first", alternatives=need().alternatives),
            need(before_minutes=60),
        ),
    )
    free = calendar("free")
    some = problem(
        request("A"),
        request("B"),
        services=(both,),
        calendars=(replace(calendar(), blocks=(Block(span=span(0, 9, 10)),)), free),
        resources=(practitioner("ann"), practitioner("bob", calendar="free")),
    )
    book = book_of(some, [Blocks(), EligibleResources()], [])
    allowed, forbidden = one_visit_agrees(book, 0, {})
    assert allowed and forbidden
    accepted, refused = model_agrees(book, [0, 1])
    assert accepted and refused
    whole = book_of(some)
    allowed, forbidden = one_visit_agrees(whole, 0, {})
    assert allowed and forbidden


def test_dropping_the_rule_lets_a_visit_into_the_block() -> None:
    """The earliest open hour is 08:00, in the block; with the rule it is 09:00."""
    some = blocked(span(0, 8, 9))
    without, book = book_of(some, rules_but("blocks"), []), book_of(some, goals=[])
    best, allowed = best_of(without), best_of(book)
    assert best is not None and best.start == 8
    assert {rule for rule, _ in broken(book, {0: best})} == {"blocks"}
    assert allowed is not None and allowed.start == 9
    assert not broken(book_of(some, [OpeningHours()], []), {0: best})

"""Options: a request that lists whole patterns is placed as one of them says, and whole."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, universe
from tiny import at, need, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Option, OptionPlacement
from allocator.domain.time import Horizon
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.rules.option_complete import OptionComplete
from allocator.rules.options import Options, matching_options
from allocator.table.rulebook import Rulebook

RULE = [Options(), OptionComplete()]
PAIR = FlexibleSeries(count=2, at_least=1, least_days_between=0)


def put(hour: int, occurrence: int = 1, minute: int = 0, **roles: str) -> OptionPlacement:
    return OptionPlacement(
        start=at(0, hour, minute), occurrence=occurrence, resources=tuple(roles.items())
    )


def option(*placements: OptionPlacement, penalty: int = 0) -> Option:
    return Option(placements=placements, penalty=penalty)


def asked(*options: Option, **more: Any) -> Problem:
    """Request A with these options, and B with none; Ann, Bob and two rooms; even hours."""
    return problem(
        request("A", options=options, **more),
        request("B"),
        resources=(practitioner("ann"), practitioner("bob"), room("r1"), room("r2")),
        services=(service(minutes=120, needs=(need(), need("room"))),),
        grain=120,
    )


def placed(
    book: Rulebook, visit: str, hour: int, who: str = "ann", where: str = "r1"
) -> tuple[int, Placement]:
    """Return a visit's number and its placement at an hour of the Monday."""
    index = book.prepared.resource_index
    number = book.prepared.visit_index[visit]
    return number, next(
        p
        for p in universe(book, book.prepared.visits[number], [hour // 2])
        if p.team == ((index[who],), (index[where],))
    )


def test_an_option_allows_its_start_with_those_it_insists_on() -> None:
    """At 08:00 with Bob as wanted; neither an hour off nor Ann instead, and the room is open."""
    book = book_of(asked(option(put(8, practitioner="bob"))), RULE, [])
    assert not broken(book, dict([placed(book, "A", 8, "bob", "r2")]))
    assert broken(book, dict([placed(book, "A", 10, "bob")]))
    assert broken(book, dict([placed(book, "A", 8, "ann")])) == {
        (
            "options",
            "Request A: its 1 placed visits, A (Mon 2026-03-02 08:00), agree with none of its 1"
            " options.",
        )
    }
    # 8 other starts with whoever, and at 08:00 Ann in either room.
    assert one_visit_agrees(book, 0, {}) == (2, 12 * 4 - 2)


def test_a_request_without_options_is_free() -> None:
    """B lists none, so A's options say nothing about it."""
    book = book_of(asked(option(put(8))), RULE, [])
    allowed, forbidden = one_visit_agrees(book, 1, {})
    assert allowed == 12 * 4 and not forbidden


def test_two_options_at_one_start_do_not_mix() -> None:
    """Ann in r1 or Bob in r2, at 08:00: Ann in r2 is neither, though each part is somewhere."""
    book = book_of(
        asked(
            option(put(8, practitioner="ann", room="r1")),
            option(put(8, practitioner="bob", room="r2")),
        ),
        RULE,
        [],
    )
    assert one_visit_agrees(book, 0, {}) == (2, 12 * 4 - 2)
    near = [
        dict([placed(book, "A", 8, who, where)]) for who in ("ann", "bob") for where in ("r1", "r2")
    ]
    accepted, refused = model_agrees(book, [0], near=near)
    assert accepted and refused


def test_an_option_is_placed_whole() -> None:
    """An option names 08:00 and 12:00; the first visit alone is a part of it."""
    some = asked(option(put(8, 1), put(12, 2)), series=PAIR)
    book = book_of(some, RULE, [])
    one, other = placed(book, "A#1", 8), placed(book, "A#2", 12)
    assert not broken(book, dict([one, other]))
    assert broken(book, dict([one])) == {
        (
            "option_complete",
            "Request A: 1 of the 2 visits that its option 1 names are placed.",
        )
    }


def test_visits_that_an_option_does_not_name_are_left_out() -> None:
    """An option with the first visit only, or one with both at other hours: no mixture."""
    some = asked(option(put(8, 1)), option(put(10, 1), put(12, 2)), series=PAIR)
    book = book_of(some, RULE, [])
    assert not broken(book, dict([placed(book, "A#1", 8)]))
    assert not broken(book, dict([placed(book, "A#1", 10), placed(book, "A#2", 12)]))
    assert broken(book, dict([placed(book, "A#1", 8), placed(book, "A#2", 12)]))
    first, second = placed(book, "A#1", 10), placed(book, "A#2", 12)
    # With A#1 at 10:00 only 12:00 is left for A#2 (4 teams); at 08:00, nothing is.
    assert one_visit_agrees(book, 1, dict([first])) == (4, 11 * 4)
    assert one_visit_agrees(book, 1, dict([placed(book, "A#1", 8)])) == (0, 12 * 4)
    near = [dict([first, second]), dict([first]), dict([placed(book, "A#1", 8)])]
    accepted, refused = model_agrees(book, [0, 1], near=near)
    assert accepted and refused
    # A fixed visit asks for the rest of its option, wherever that is free.
    accepted, refused = model_agrees(book, [1], dict([first]), near=[dict([second])])
    assert accepted and refused
    accepted, refused = model_agrees(book, [1], dict([placed(book, "A#1", 8)]))
    assert accepted and refused


@pytest.mark.parametrize("rules", [RULE, RULES], ids=["alone", "all"])
def test_the_faces_agree(rules: list[Any]) -> None:
    """Nested options, shared starts and insisted teams, with another request beside them."""
    some = asked(
        option(put(8, 1, practitioner="ann")),
        option(put(8, 1, practitioner="bob"), put(10, 2, room="r2")),
        option(put(10, 1), put(8, 2)),
        series=PAIR,
    )
    book = book_of(some, rules, [])
    for fixed in ({}, dict([placed(book, "A#1", 8, "bob")]), dict([placed(book, "B", 8)])):
        moving = 1 if 0 in fixed else 0
        allowed, forbidden = one_visit_agrees(book, moving, fixed)
        assert allowed and forbidden
    near = [
        dict([placed(book, "A#1", 8, "ann")]),
        dict([placed(book, "A#1", 8, "bob", "r2"), placed(book, "A#2", 10, "ann", "r2")]),
        dict([placed(book, "A#1", 10, "bob"), placed(book, "A#2", 8, "ann", "r2")]),
    ]
    for free, fixed in (([0, 1, 2], {}), ([0, 1], dict([placed(book, "B", 8)]))):
        accepted, refused = model_agrees(book, free, fixed, near=near)
        assert accepted and refused


def test_several_of_a_role_may_be_insisted_on() -> None:
    """An option that insists on Ann and Cem leaves no other pair."""
    some = problem(
        request(
            "A",
            options=(
                Option(
                    placements=(
                        OptionPlacement(
                            start=at(0, 8),
                            resources=(("practitioner", "ann"), ("practitioner", "cem")),
                        ),
                    )
                ),
            ),
        ),
        resources=tuple(map(practitioner, ("ann", "bob", "cem"))),
        services=(service(needs=(need(quantity=2),)),),
    )
    book = book_of(some, RULE, [])
    assert one_visit_agrees(book, 0, {}) == (1, 24 * 3 - 1)
    assert model_agrees(
        book, [0], near=[{0: p} for p in universe(book, book.prepared.visits[0], [8])]
    )


def test_an_option_off_the_grid_is_none() -> None:
    """With a grain of two hours nothing starts at 09:00: the request stays unplaced."""
    book = book_of(asked(option(put(9))), RULE, [])
    assert one_visit_agrees(book, 0, {}) == (0, 12 * 4)
    accepted, refused = model_agrees(book, [0])
    assert accepted and refused


def test_an_option_in_the_night_of_the_change_is_an_instant() -> None:
    """On 2026-10-25 Berlin has 02:30 twice: an option names one of them by its offset."""
    night = Horizon(first=date(2026, 10, 25), days=1, zone="Europe/Berlin", grain_minutes=30)
    second = OptionPlacement(start=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    some = problem(
        request("A", options=(option(second),)),
        horizon=night,
        services=(service(minutes=30),),
    )
    book = book_of(some, RULE, [])
    # Midnight is 22:00 UTC, so 01:30 UTC is 3.5 hours later: tick 7.
    assert not broken(book, {0: universe(book, book.prepared.visits[0], [7])[0]})
    assert one_visit_agrees(book, 0, {}) == (1, 49)


def test_matching_options_are_those_that_agree() -> None:
    """Both options have A#1 at 08:00; with A#2 at 12:00 only the second is left."""
    some = asked(option(put(8, 1)), option(put(8, 1), put(12, 2)), series=PAIR)
    prepared = (book := book_of(some, RULE, [])).prepared
    first, second = placed(book, "A#1", 8), placed(book, "A#2", 12)
    assert matching_options(prepared, prepared.requests[0], [None] * 3) == [0, 1]
    assert matching_options(prepared, prepared.requests[0], [first[1], None, None]) == [0, 1]
    assert matching_options(prepared, prepared.requests[0], [first[1], second[1], None]) == [1]
    assert matching_options(prepared, prepared.requests[0], [None, first[1], None]) == []
    assert matching_options(prepared, prepared.requests[1], [None] * 3) == []


def test_dropping_the_rules_lets_visits_lie_anywhere() -> None:
    """The option names 10:00; without the rule the soonest start is 08:00, which breaks it."""
    some = asked(option(put(10)))
    kept = best(book_of(some, RULES), [0])
    assert [p and p.start * 2 for p in kept.values()] == [10]
    without = best(
        book_of(some, [r for r in RULES if r.name not in ("options", "option_complete")]), [0]
    )
    assert [p and p.start * 2 for p in without.values()] == [8]
    assert broken(book_of(some, RULE), without)


def test_dropping_completeness_leaves_an_option_in_part() -> None:
    """A#2 cannot lie at 20:00, when all is closed: without the rule A#1 is placed alone."""
    some = asked(option(put(8, 1), put(20, 2)), series=PAIR)
    assert best(book_of(some, RULES), [0, 1]) == {0: None, 1: None}
    without = book_of(some, [r for r in RULES if r.name != "option_complete"])
    alone = best(without, [0, 1])
    assert {rule for rule, _ in broken(book_of(some), alone)} == {"option_complete"}

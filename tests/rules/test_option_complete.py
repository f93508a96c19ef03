"""Option complete: what an option names is placed whole, or not at all."""

from typing import Any

from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but, universe
from tiny import at, calendar, problem, request

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Option, OptionPlacement
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.rules.capacity import Capacity
from allocator.rules.option_complete import OptionComplete
from allocator.rules.options import Options
from allocator.table.rulebook import Rulebook

RULE = [Options(), Capacity(), OptionComplete()]
PAIR = FlexibleSeries(count=2, at_least=1, least_days_between=0)


def option(*hours: int) -> Option:
    """Return an option that puts the occurrences at these hours, in order."""
    return Option(
        placements=tuple(
            OptionPlacement(start=at(0, hour), occurrence=n) for n, hour in enumerate(hours, 1)
        )
    )


def pair(*options: Option, **more: Any) -> Problem:
    return problem(request("A", series=PAIR, options=options), **more)


def put(book: Rulebook, **hours: int) -> dict[int, Placement]:
    """Return the placements of A#1 and A#2 at these hours."""
    return {
        number: universe(book, book.prepared.visits[number], [hour])[0]
        for name, hour in hours.items()
        for number in [book.prepared.visit_index[name.replace("_", "#")]]
    }


def test_all_that_an_option_names_is_allowed() -> None:
    """08:00 and 10:00, as the option says; and nothing of it at all."""
    book = book_of(pair(option(8, 10)), RULE, [])
    assert not broken(book, put(book, A_1=8, A_2=10))
    assert not broken(book, {})


def test_a_part_of_an_option_is_forbidden() -> None:
    """08:00 without the visit at 10:00 is one visit of two."""
    book = book_of(pair(option(8, 10)), RULE, [])
    assert broken(book, put(book, A_1=8)) == {
        ("option_complete", "Request A: 1 of the 2 visits that its option 1 names are placed.")
    }


def test_a_part_of_one_option_may_be_the_whole_of_another() -> None:
    """The boundary: 08:00 alone is a part of the first option and all of the second."""
    book = book_of(pair(option(8, 10), option(8)), RULE, [])
    one, both = put(book, A_1=8), put(book, A_1=8, A_2=10)
    assert not broken(book, one)
    assert not broken(book, both)
    accepted, refused = model_agrees(book, [0, 1], near=[one, both], samples=40)
    assert accepted and refused


def test_the_model_refuses_parts() -> None:
    """With both visits free a part is refused; with one fixed the other may go one way alone."""
    book = book_of(pair(option(8, 10), option(9, 11)), RULE, [])
    whole = put(book, A_1=9, A_2=11)
    accepted, refused = model_agrees(book, [0, 1], near=[whole, put(book, A_1=9)])
    assert accepted and refused
    fixed = put(book, A_1=9)
    accepted, refused = model_agrees(book, [1], fixed, near=[{1: whole[1]}])
    assert accepted and refused
    # Where a visit goes is for the options to say: 11:00 of 24 hours.
    assert one_visit_agrees(book, 1, fixed) == (1, 23)


def test_options_of_single_visits_cannot_be_placed_in_part() -> None:
    """The rule is silent where every option names one visit."""
    assert not OptionComplete().relevant(Prepared(pair(option(8), option(9))))
    assert OptionComplete().relevant(Prepared(pair(option(8, 9))))


def test_dropping_the_rule_leaves_an_option_in_part() -> None:
    """A#2 would lie at 20:00, when all is closed: without the rule A#1 is placed alone."""
    some = pair(option(8, 20))
    assert best(book_of(some), [0, 1]) == {0: None, 1: None}
    alone = best(book_of(some, rules_but("option_complete")), [0, 1])
    assert {rule for rule, _ in broken(book_of(some), alone)} == {"option_complete"}


def test_where_options_do_not_bind_none_has_to_be_whole() -> None:
    """Ann has two hours, and the option wants one at 20:00: with options off A has both of hers."""
    some = pair(
        option(8, 20), calendars=(calendar(last_hour=10),), without_rules=frozenset({"options"})
    )
    assert not OptionComplete().relevant(Prepared(some))
    placed = best(book_of(some), [0, 1])
    assert [None if place is None else place.start for place in placed.values()] == [8, 9]

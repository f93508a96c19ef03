"""Few of many resources: those with the least to do, and those that a request has already."""

from faces import book_of
from tiny import need, practitioner, problem, request, room, service

from allocator.domain.request import FlexibleSeries
from allocator.prepare.visit import Placement
from allocator.state.state import State
from allocator.table.fewer import with_fewer
from allocator.table.options import Options, options
from allocator.table.rulebook import Rulebook

STAFF = ["ann", "ben", "cem", "dia"]


def clinic(quantity: int = 1) -> Rulebook:
    """Return A, a series of two visits, and B, with four practitioners and one room."""
    return book_of(
        problem(
            request("A", series=FlexibleSeries(count=2)),
            request("B"),
            resources=(*map(practitioner, STAFF), room("r")),
            services=(service(needs=(need(quantity=quantity), need("room"))),),
            days=2,
        )
    )


def found(book: Rulebook, state: State, visit: str) -> Options:
    """Return what the one variant of a visit may do."""
    (some,) = options(book, state, book.prepared.visits[book.prepared.visit_index[visit]])
    return some


def who(book: Rulebook, some: Options) -> list[list[str]]:
    """Return the names of the resources that are left, by need."""
    return [[book.prepared.resources[r].id for r in by_resource] for by_resource in some.by_need]


def place(book: Rulebook, state: State, visit: str, start: int, *team: str) -> None:
    """Place a visit with a practitioner, in the room."""
    numbers = {resource.id: n for n, resource in enumerate(book.prepared.resources)}
    members = tuple(numbers[name] for name in team)
    here = Placement(start, 1, -1, -1, (members, (numbers["r"],)))
    state.place(book.prepared.visit_index[visit], here)


def test_few_are_left_as_they_are() -> None:
    """Four of four."""
    book = clinic()
    state = State(book.prepared)
    some = found(book, state, "B")
    assert with_fewer(state, some, 4) is some


def test_those_stay_who_hold_the_least() -> None:
    """Ann has B's place; of the others the first two stay, and the one room."""
    book = clinic()
    state = State(book.prepared)
    place(book, state, "B", 8, "ann")
    some = with_fewer(state, found(book, state, "A#1"), 2)
    assert who(book, some) == [["ben", "cem"], ["r"]]


def test_whom_a_request_has_already_stays() -> None:
    """Dia sees A for the first time and has most to do, so that she stays for the second."""
    book = clinic()
    state = State(book.prepared)
    place(book, state, "A#1", 8, "dia")
    some = with_fewer(state, found(book, state, "A#2"), 2)
    assert who(book, some) == [["ann", "dia"], ["r"]]


def test_of_two_at_once_there_are_twice_as_many() -> None:
    """Each start that is left has two of them free."""
    book = clinic(quantity=2)
    state = State(book.prepared)
    place(book, state, "B", 8, "ann", "ben")
    some = with_fewer(state, found(book, state, "A#1"), 1)
    assert who(book, some) == [["cem", "dia"], ["r"]]
    assert some.starts == some.by_need[0][2] & some.by_need[0][3]

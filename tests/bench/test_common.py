"""What several sets ask: which resources are rooms, and which free visits can be placed."""

from faces import book_of
from tiny import practitioner, problem, request, room, span

from allocator.bench.common import all_rooms, placeable
from allocator.model.model import Model
from allocator.prepare.prepared import Prepared
from allocator.state.state import State


def test_rooms_are_told_by_their_kind() -> None:
    """Whoever works there is none."""
    prepared = Prepared(problem(resources=(room("b"), practitioner("ann"), room("a"))))
    assert {prepared.resources[n].id for n in all_rooms(prepared)} == {"a", "b"}


def test_a_free_visit_without_a_start_is_not_placeable() -> None:
    """B may lie only before Ann begins; C is not free."""
    some = [request("A"), request("B", windows=(span(0, 6, 7),)), request("C")]
    book = book_of(problem(*some))
    model = Model(book, State(book.prepared), [0, 1], set())
    assert placeable(model) == [0]

"""The funnel: how the starts of a visit run out, rule by rule."""

from faces import book_of
from tiny import calendar, need, patient, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import Apart
from allocator.domain.service import Selector
from allocator.prepare.visit import Placement
from allocator.state.state import State
from allocator.table.funnel import funnel

ANN = frozenset({"ann"})


def told(
    some: Problem, visit: int = 0, fixed: dict[int, Placement] | None = None
) -> dict[str, int]:
    """Return the funnel of a visit, by rule."""
    book = book_of(some)
    state = State(book.prepared)
    for other, placement in (fixed or {}).items():
        state.place(other, placement)
    return {step.rule: step.left for step in funnel(book, state, book.prepared.visits[0])}


def test_each_rule_says_what_it_leaves() -> None:
    """A day has 24 hourly starts, Ann's day 4 of them (8 to 12)."""
    assert told(problem(request("A"))) == {"starts": 24, "opening_hours": 4}


def test_people_apart_leave_no_start() -> None:
    """Ann is the only one there, and never sees Pat."""
    some = problem(
        request("A", "pat"),
        resources=(practitioner("ann"), patient("pat")),
        apart=(Apart(one="ann", other="pat"),),
    )
    assert told(some) == {"starts": 24, "opening_hours": 4, "apart": 0}


def test_one_room_per_half_day_leaves_no_start() -> None:
    """Ann is in the blue room from 9 on; from 8 to 9 only the red one is open."""
    some = problem(
        request("A"),
        request("B"),
        calendars=(calendar(), calendar("first", 8, 9), calendar("then", 9, 10)),
        resources=(
            practitioner("ann", one_room_per_half_day=True),
            room("blue", calendar="then"),
            room("red", calendar="first"),
        ),
        services=(service(needs=(need(), need("room"))),),
    )
    # Resources by id: Ann is 0, the blue room 1, the red one 2.
    assert told(some) == {"starts": 24, "opening_hours": 2}
    held = {1: Placement(9, 1, -1, -1, ((0,), (1,)))}
    assert told(some, fixed=held) == {
        "starts": 24,
        "opening_hours": 2,
        "capacity": 1,
        "one_room_per_half_day": 0,
    }


def test_nobody_fills_two_roles() -> None:
    """Ann would do for both roles, but there is only one of her; a second person would help."""
    both = service(
        needs=(need(), need("second", alternatives=(Selector(kind="practitioner", names=ANN),)))
    )
    some = problem(
        request("A"),
        services=(both,),
        resources=(practitioner("ann"), practitioner("bob", calendar="late")),
        calendars=(calendar(), calendar("late", 11, 14)),
    )
    # At 11 Bob is there for the first role, and Ann for the second.
    assert told(some) == {"starts": 24, "opening_hours": 4, "capacity": 1}


def test_many_teams_are_no_wait() -> None:
    """Three of sixty rooms are 34,220 ways, and none is refused: all four starts are left."""
    some = problem(
        request("A"),
        resources=(practitioner("ann"), *(room(f"r{n}") for n in range(60))),
        services=(service(needs=(need(), need("room", quantity=3))),),
    )
    assert told(some) == {"starts": 24, "opening_hours": 4}

"""What a state and a problem remember stays true when visits come and go."""

from tiny import need, practitioner, problem, request, room, service

from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.state.state import State


def test_claimed_ticks_follow_places_and_removals() -> None:
    """An hour with an hour of notes is two ticks of Ann's and one of the room's."""
    some = problem(
        *map(request, "AB"),
        resources=(practitioner("ann"), room("r")),
        services=(service(needs=(need(after_minutes=60), need("room"))),),
    )
    state = State(Prepared(some), [Placement(8, 1, -1, -1, ((0,), (1,))), None])
    assert state.claimed == [2, 1]
    state.place(1, Placement(10, 1, -1, -1, ((0,), (1,))))
    assert state.claimed == [4, 2]
    state.remove(0)
    assert state.claimed == [2, 1]
    state.remove(1)
    assert state.claimed == [0, 0]


def test_what_is_derived_of_all_is_forgotten_on_any_change() -> None:
    """Nothing is worked out twice while nothing changes, and anew after each change."""
    state = State(Prepared(problem(request("A"))))
    asked: list[int] = []

    def told() -> int:
        return state.memo_of_all("claimed", lambda: asked.append(1) or sum(state.claimed))

    assert (told(), told(), len(asked)) == (0, 0, 1)
    state.place(0, Placement(8, 1, -1, -1, ((0,),)))
    assert (told(), told(), len(asked)) == (1, 1, 2)
    state.remove(0)
    assert (told(), len(asked)) == (0, 3)


def test_a_problem_remembers_for_good() -> None:
    """What depends on the problem alone is worked out once."""
    prepared = Prepared(problem(request("A")))
    found = prepared.memo("answer", lambda: [42])
    assert prepared.memo("answer", lambda: [0]) is found


def test_services_are_offered_whether_asked_for_or_not() -> None:
    """A service with a first visit of two hours offers both lengths, though nobody asks."""
    some = problem(
        request("A"), services=(service(), service("other", minutes=60, first_minutes=120))
    )
    offered = [(len(needs), v.duration) for needs, v in Prepared(some).offered()]
    assert set(offered) == {(1, 1), (1, 2)}


def test_nothing_is_full_while_nothing_is_placed() -> None:
    """Two lanes without a claim: one or two can be had at any tick, three at none."""
    some = problem(request("A"), resources=(practitioner("ann", lanes=2),))
    state = State(Prepared(some))
    every = state.prepared.all_ticks
    assert [state.full(0, uses) for uses in (1, 2, 3)] == [0, 0, every]
    assert state.full(0, 1, padded=False) == 0

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


def test_a_tally_is_kept_in_step_and_each_visit_is_looked_at_once() -> None:
    """Visits in the afternoon are counted at first, then only those that come and go."""
    state = State(Prepared(problem(*map(request, "ABC"))))
    morning, late = Placement(8, 1, -1, -1, ((0,),)), Placement(14, 1, -1, -1, ((0,),))
    asked: list[int] = []

    def afternoon() -> int:
        return state.tally("afternoon", lambda v, p: asked.append(v) or p.start >= 12)

    state.place(0, late)
    state.place(1, morning)
    assert (afternoon(), afternoon(), asked) == (1, 1, [0, 1])
    state.place(2, late)
    assert (afternoon(), asked) == (2, [0, 1, 2])
    state.remove(0)
    state.remove(1)
    assert (afternoon(), asked) == (1, [0, 1, 2, 0, 1])


def test_what_takes_nobody_is_counted_too() -> None:
    """A visit without any claim comes and goes in a tally as others do."""
    state = State(Prepared(problem(request("A"), services=(service(needs=()),))))
    assert state.tally("all", lambda v, p: True) == 0
    state.place(0, Placement(8, 1, -1, -1, ()))
    assert state.tally("all", lambda v, p: True) == 1


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


def test_what_was_worked_out_is_known_again_once_a_change_is_undone() -> None:
    """It is worked out for Ann with A and without; B's coming and going makes no difference."""
    state = State(Prepared(problem(*map(request, "AB"))))
    asked: list[int] = []

    def claims() -> int:
        return state.memo(0, "claims", lambda: asked.append(1) or len(state.claims[0]))

    here, there = Placement(8, 1, -1, -1, ((0,),)), Placement(10, 1, -1, -1, ((0,),))
    assert (claims(), len(asked)) == (0, 1)
    state.place(0, here)
    assert (claims(), len(asked)) == (1, 2)
    state.place(1, there)
    state.remove(1)
    assert (claims(), len(asked)) == (1, 2)
    state.remove(0)
    assert (claims(), len(asked)) == (0, 2)
    state.place(1, there)
    assert (claims(), len(asked)) == (1, 3)


def test_the_same_claims_at_another_place_are_not_the_same() -> None:
    """Rules may look at where, and with whom, the visits are that hold a resource."""
    state = State(Prepared(problem(request("A"))))
    for location in (-1, 0):
        state.place(0, Placement(8, 1, location, -1, ((0,),)))
        seen = state.memo(0, "place", lambda: state.placements[0])
        assert seen is not None
        assert seen.location == location
        state.remove(0)

"""Most changes: only so many published visits lie otherwise than people were told."""

import pytest
from faces import best, book_of, broken, model_agrees, one_visit_agrees, rules_but
from tiny import (
    at,
    calendar,
    goals,
    need,
    patient,
    practitioner,
    problem,
    request,
    room,
    service,
)

from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.domain.objective import ChangeCosts
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Pin, PinKind
from allocator.domain.schedule import Assignment
from allocator.goals.fewest_changes import FewestChanges
from allocator.prepare.visit import Placement
from allocator.rules.most_changes import MostChanges
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

RULE = [MostChanges()]

#: A quarter of a day is a tick; there are four of them.
QUARTER = 360
BOTH = service(minutes=QUARTER, needs=(need(), need("room", quantity=2)))
THINGS = (
    practitioner("ann"),
    practitioner("bob"),
    patient("pat"),
    room("r1"),
    room("r2"),
    room("r3"),
)


def held(visit: str, tick: int, who: str = "ann", rooms: str = "r1 r2") -> Assignment:
    roles = [("practitioner", (who,)), ("room", tuple(rooms.split()))]
    return Assignment(
        visit=visit,
        start=at(0, 6 * tick),
        end=at(0, 6 * tick + 6),
        resources=tuple((role, names) for role, names in roles if names),
    )


def published(most: int | None, *assignments: Assignment, **more: object) -> Problem:
    """A and B are published for midnight and six o'clock with Ann in rooms 1 and 2, C is not."""
    return problem(
        *(request(id, attendees=(Attendee(resource="pat", required=False),)) for id in "ABC"),
        **{
            "grain": QUARTER,
            "calendars": (calendar(first_hour=0, last_hour=24), calendar("late", 12, 24)),
            "resources": THINGS,
            "services": (BOTH,),
            "published": assignments or (held("A", 0), held("B", 1)),
            "most_changes": most,
            **more,
        },
    )


def placement(start: int, who: int = 0, *rooms: int, pat: bool = False) -> Placement:
    """Return a quarter of a day: Ann is 0, Bob is 1, Pat is 2, the rooms are 3 to 5."""
    return Placement(start, 1, -1, -1, ((who,), rooms or (3, 4), (2,) if pat else ()))


def found(book: Rulebook, *places: Placement | None) -> set[str]:
    """Return what places of A, B, C, … break, in sentences."""
    return {message for _, message in broken(book, dict(enumerate(places)))}


def test_as_many_visits_may_change_as_are_allowed_and_no_more() -> None:
    """One of the two may start later, whatever else becomes new of it; the other one may not."""
    book = book_of(published(1), RULE, [])
    told_a, told_b = placement(0), placement(1)
    assert not found(book, told_a, told_b)
    assert not found(book, placement(3, 1, 4, 5), told_b)
    assert found(book, placement(2), placement(3)) == {
        "2 published visits lie otherwise than published; at most 1 may."
    }
    assert found(book_of(published(0), RULE, []), told_a, placement(3)) == {
        "1 published visit lies otherwise than published; at most 0 may."
    }


def test_each_role_that_has_a_price_counts() -> None:
    """Bob for Ann, or one other room, is a change; who comes to it and what C does are none."""
    book = book_of(published(0), RULE, [])
    for place, changed in (
        (placement(0), False),
        (placement(0, pat=True), False),
        (placement(0, 1), True),
        (placement(0, 0, 3, 5), True),
        (placement(2), True),
    ):
        assert bool(found(book, place, None, placement(3, 1))) == changed


def test_what_has_no_price_is_no_change() -> None:
    """With no price for rooms another room is none; with none for starts another start is none."""
    rooms = book_of(published(0, change_costs=ChangeCosts(other=0)), RULE, [])
    assert not found(rooms, placement(0, 0, 4, 5))
    assert found(rooms, placement(0, 1, 4, 5))
    starts = book_of(published(0, change_costs=ChangeCosts(start=0)), RULE, [])
    assert not found(starts, placement(3))
    assert found(starts, placement(3, 1))


def test_what_is_not_placed_does_not_count() -> None:
    """An empty schedule is valid whatever may change, and so is one that only leaves out."""
    book = book_of(published(0), RULE, [])
    assert not found(book)
    assert not found(book, None, placement(1))


def test_where_a_visit_can_no_longer_lie_it_counts_when_it_moves() -> None:
    """A needs two rooms now and is published with one: any two are a change."""
    some = published(0, held("A", 0, rooms="r1"))
    book = book_of(some, RULE, [])
    assert found(book, placement(0))
    assert one_visit_agrees(book, 0, {}) == (0, 4 * 2 * 3 * 2)


def test_pinned_visits_do_not_count() -> None:
    """A is pinned whole, and counts nowhere; held in time alone it counts with other people."""
    for kind, changed in ((PinKind.ALL, False), (PinKind.TIME, True)):
        book = book_of(published(0, pins=(Pin(visit="A", kind=kind),)), RULE, [])
        assert bool(found(book, placement(0, 1))) == changed


@pytest.mark.parametrize("changed", [0, 1, 2, 3])
def test_the_mask_leaves_what_was_told_once_no_more_may_change(changed: int) -> None:
    """Two may. So many of B, C and D lie elsewhere: from two on, A stays or is left out.

    A has four starts, two practitioners, three pairs of rooms, and Pat or not; told are one of
    each, and nothing of Pat. What fixed visits break by themselves is no fault of A's.
    """
    names = "ABCD"
    coming = (Attendee(resource="pat", required=False),)
    some = published(
        2,
        *(held(name, 0) for name in names),
        requests=tuple(request(name, attendees=coming) for name in names),
    )
    book = book_of(some, RULE, [])
    fixed = {v: placement(3 if v <= changed else 0) for v in (1, 2, 3)}
    expected = (48, 0) if changed < 2 else (2, 46)
    assert one_visit_agrees(book, 0, fixed) == expected


def test_a_visit_that_moves_back_makes_room_for_another() -> None:
    """What has changed is counted in step with what is placed, removed and placed again."""
    book = book_of(published(1), RULE, [])
    prepared = book.prepared
    state = State(prepared, [placement(2), None, None])
    (rule,), visit = book.rules, prepared.visits[1]
    (variant,) = visit.variants

    def starts() -> list[int]:
        mask = rule.starts(state, visit, variant)
        return [tick for tick in range(4) if mask >> tick & 1]

    assert starts() == [1]
    state.remove(0)
    assert starts() == [0, 1, 2, 3]
    state.place(0, placement(0))
    assert starts() == [0, 1, 2, 3]
    state.remove(0)
    state.place(0, placement(0, 1))
    assert starts() == [1]


def test_who_has_changed_is_a_rival_of_who_may_not_any_more() -> None:
    """Of B only once it lies elsewhere, and of C never: whatever may change, C is not published."""
    book = book_of(published(1), RULE, [])
    (rule,), (_, told, other) = book.rules, book.prepared.visits
    state = State(book.prepared, [placement(0), None, None])
    assert [*rule.rivals(state, told)] == []
    state.remove(0)
    state.place(0, placement(3))
    assert [*rule.rivals(state, told)] == [0]
    assert [*rule.rivals(state, other)] == []


def test_cp_sat_and_truth_agree() -> None:
    """All free, or one beside another that has changed or stayed, for each limit."""
    near = [{0: placement(0), 1: placement(1)}, {0: placement(3), 1: placement(1, 1)}]
    for most in (0, 1):
        book = book_of(published(most), RULE, [])
        accepted, refused = model_agrees(book, [0, 1, 2], near=near, samples=80)
        assert accepted and refused
    book = book_of(published(1), RULE, [])
    accepted, refused = model_agrees(book, [1, 2], {0: placement(3)}, near=near)
    assert accepted and refused
    accepted, refused = model_agrees(book, [1, 2], {0: placement(0)}, near=near)
    assert accepted and not refused


@pytest.mark.parametrize("prices", [{}, {"other": 0}, {"start": 0}, {"practitioner": 0}])
def test_the_faces_agree_whatever_has_a_price(prices: dict[str, int]) -> None:
    """Without a price for rooms, for starts or for practitioners more is left of the day."""
    some = published(1, change_costs=ChangeCosts(**prices))
    for rules in (RULE, None):
        book = book_of(some, rules, [FewestChanges()])
        allowed, forbidden = one_visit_agrees(book, 1, {0: placement(3, 1, 4, 5)})
        assert allowed and forbidden
        near = [{0: placement(0), 1: placement(1)}]
        accepted, refused = model_agrees(book, [0, 1, 2], near=near)
        assert accepted and refused


def series(most: int, *ticks: int, **more: object) -> Problem:
    """A series of three, published at these ticks: the first two with Ann, the last with Bob."""
    told = zip(ticks, ("ann", "ann", "bob"), strict=True)
    return published(
        most,
        *(held(f"A#{n}", tick, who) for n, (tick, who) in enumerate(told, 1)),
        **{
            "requests": (request("A", series=FlexibleSeries(count=3, least_days_between=0)),),
            "days": 2,
            **more,
        },
    )


def test_a_visit_where_another_of_its_series_was_published_is_no_change() -> None:
    """The first is left out of 0, 2, 4, and one comes at 6: the others are counted as before.

    The second, now the first, lies where it was; Bob is told for tick 4, and Ann is not.
    """
    book = book_of(series(1, 0, 2, 4), RULE, [])
    places = (placement(2), placement(4, 1), placement(6, 1))
    assert not found(book, *(p._replace(team=p.team[:2]) for p in places))
    ann = placement(4)._replace(team=((0,), (3, 4)))
    assert found(book, places[0]._replace(team=places[0].team[:2]), ann, None) == set()
    assert found(book, None, ann, places[2]._replace(team=places[2].team[:2]))


def test_the_faces_agree_where_series_are_published() -> None:
    """At starts of one's own, of the others and elsewhere, also where two were told the same."""
    for ticks in ((0, 2, 4), (2, 0, 4), (2, 2, 2)):
        for rules in (RULE, None):
            book = book_of(series(1, *ticks), rules, [FewestChanges()])
            here = placement(1, 0)._replace(team=((0,), (3, 4)))
            allowed, forbidden = one_visit_agrees(book, 1, {0: here})
            assert allowed and forbidden
            near = [{}, {0: here}, {0: here._replace(start=2), 1: here._replace(start=4)}]
            accepted, refused = model_agrees(book, [0, 1, 2], near=near)
            assert accepted and refused


def test_dropping_the_rule_moves_more_visits() -> None:
    """Ann is there in the evening alone: A and B have to move, and only one of them may."""
    some = published(
        1,
        resources=(practitioner("ann", calendar="late"), *THINGS[2:]),
        requests=(request("A"), request("B")),
        levels=goals(fewest_changes=1),
    )
    check = book_of(some, RULE)
    assert list(best(book_of(some), [0, 1]).values()).count(None) == 1
    without = best(book_of(some, rules_but("most_changes")), [0, 1])
    assert {rule for rule, _ in broken(check, without)} == {"most_changes"}


def test_a_limit_below_nothing_is_refused() -> None:
    """And one with nothing published is not, though there is nothing that it says."""
    with pytest.raises(InvalidProblem) as caught:
        published(-1)
    (fault,) = caught.value.faults
    assert fault.code is FaultCode.WRONG_NUMBER
    assert fault.message == "most_changes is -1; at least 0 published visits may change."
    assert not book_of(problem(request("A"), most_changes=0), RULE, []).rules

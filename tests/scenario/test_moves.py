"""What moved between two schedules, and whom to tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

from scenario.test_costs import scheduled
from scenario.test_figures import SOME, clinic, placed

from allocator import Assignment, Resource, Schedule
from allocator.scenario import Demand, Outcomes, Withdraw, moves
from allocator.scenario.moves import told


def other(*assignments: Assignment) -> Schedule:
    return Schedule(assignments=assignments)


def changes(before: Schedule, after: Schedule) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return visit, change and whom to tell."""
    found = moves((clinic(), before), (clinic(), after))
    return [(one.visit, one.change, one.tell()) for one in found]


def test_the_same_schedule_has_no_moves() -> None:
    """Nor has one with the same visits in another order."""
    again = Schedule(assignments=SOME.assignments[::-1])
    assert moves((clinic(), SOME), (clinic(), again)) == ()


def test_moved_added_and_dropped() -> None:
    """In the order of when they were, or are."""
    after = other(
        placed("A#1", 0, 9, "ann", "P1"),
        SOME.assignments[1],
        placed("C", 1, 11, "ben", "P3"),
    )
    assert changes(SOME, after) == [
        ("A#1", "moved", ("P1", "ann")),
        ("B", "dropped", ("P2", "ann")),
        ("C", "added", ("P3", "ben")),
    ]


def test_moves_are_in_the_order_of_time_whatever_the_zone() -> None:
    """B is at 11 in Berlin, which New York calls 5; C at 10, which is 9 in UTC."""
    b, c = placed("B", 0, 11, "ann", "P2"), placed("C", 0, 10, "ben", "P3")
    b = replace(b, start=b.start.astimezone(ZoneInfo("America/New_York")))
    c = replace(c, start=c.start.astimezone(UTC))
    assert [one[0] for one in changes(other(b, c), other())] == ["C", "B"]


def test_another_group_at_the_same_time_is_a_move() -> None:
    """With nobody else: it is held elsewhere, by others."""
    one = replace(placed("B", 0, 11, "ann", "P2"), session="G1")
    assert changes(other(one), other(replace(one, session="G2"))) == [("B", "moved", ("P2",))]


def test_another_carer_is_told_to_those_who_see_it() -> None:
    """At the same time with Ben instead of Ann: both and the patient, and no room that stays."""
    with_room = ("room", ("gym",))
    old = replace(SOME.assignments[2], resources=(*SOME.assignments[2].resources, with_room))
    new = placed("B", 0, 11, "ben", "P2")
    new = replace(new, resources=(*new.resources, with_room))
    assert changes(other(old), other(new)) == [("B", "moved", ("P2", "ann", "ben"))]


def test_rooms_and_devices_are_told_nothing() -> None:
    """B comes an hour earlier, and its gym with it: the patient and Ann are told."""
    gym = Resource(id="gym", kind="room")
    world = clinic(resources=(*clinic().resources, gym))
    old, new = (
        replace(one, resources=(*one.resources, ("room", ("gym",))))
        for one in (placed("B", 0, 11, "ann", "P2"), placed("B", 0, 10, "ann", "P2"))
    )
    some = Outcomes((scheduled("old", world, other(old)), scheduled("new", world, other(new))))
    assert list(some.moves("new")["tell"]) == ["P2 ann gym"]
    assert list(some.tell("new")["resource"]) == ["P2", "ann"]


def test_visits_of_a_flexible_series_are_interchangeable() -> None:
    """An earlier visit is put in before two that stay: only one was added."""
    after = other(
        placed("A#1", 0, 8, "ann", "P1"),
        placed("A#2", 1, 8, "ann", "P1"),
        placed("A#3", 1, 10, "ann", "P1"),
    )
    before = other(placed("A#1", 1, 8, "ann", "P1"), placed("A#2", 1, 10, "ann", "P1"))
    assert changes(before, after) == [("A#1", "added", ("P1", "ann"))]


def test_problems_may_differ() -> None:
    """What is withdrawn is dropped, and copies of other people's requests are added."""
    fewer = Withdraw(requests=("B",)).apply(clinic())
    found = moves((clinic(), SOME), (fewer, other(*SOME.assignments[:2])))
    assert [(one.visit, one.request, one.change) for one in found] == [("B", "B", "dropped")]
    more = Demand(percent=100).apply(clinic())
    copy = placed("B~2", 1, 11, "ben", "P2~2")
    found = moves((clinic(), SOME), (more, other(*SOME.assignments, copy)))
    assert [(one.visit, one.request, one.change) for one in found] == [("B~2", "B~2", "added")]


def test_who_is_told_most_comes_first() -> None:
    """Ann hears of both moves, each patient of one."""
    after = other(placed("A#1", 0, 9, "ann", "P1"), SOME.assignments[1])
    assert list(told(moves((clinic(), SOME), (clinic(), after)))) == [
        ("ann", 2),
        ("P1", 1),
        ("P2", 1),
    ]

"""Related visits: who is picked together, on problems that a reader can check by eye."""

from __future__ import annotations

import random

from faces import book_of
from groups import group, held, joins
from tiny import goals, patient, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Alike, FlexibleSeries, Precedence, Relation
from allocator.prepare.visit import Placement
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.neighbourhoods.related import Related
from allocator.state.state import State
from allocator.table.rulebook import Rulebook

Where = dict[str, tuple[int, str]]
ANN_AND_BEA = (practitioner("ann"), practitioner("bea"))


def shown(some: Problem, where: Where, free: str = "") -> Picture:
    """Return a picture of visits at a start with a practitioner; all may move, or some."""
    book = book_of(some)
    placements: list[Placement | None] = [None] * len(book.prepared.visits)
    for name, (start, who) in where.items():
        visit = book.prepared.visits[book.prepared.visit_index[name]]
        team = tuple(
            need.resources if need.attendee else (book.prepared.resource_index[who],)
            for need in visit.needs
        )
        placements[visit.index] = Placement(start, 1, -1, -1, team)
    movable = [book.prepared.visit_index[name] for name in free.split() or where]
    return Picture(book, State(book.prepared, placements), movable)


def picks(picture: Picture, size: int) -> set[str]:
    """Return the sets that come up, as the names of their visits in order."""
    visits = picture.prepared.visits
    found = [Related().pick(picture, size, random.Random(seed)) for seed in range(60)]
    assert all(len(set(some)) == len(some) for some in found)
    return {" ".join(sorted(visits[v].id for v in some)) for some in found}


def pairs_of(some: Problem, where: Where, free: str = "") -> set[str]:
    return picks(shown(some, where, free=free), 2)


SPREAD: Where = {"A": (8, "ann"), "B": (9, "ann"), "C": (10, "ann"), "D": (11, "ann")}


def test_a_relation_and_an_order_tie() -> None:
    """A to C and B to D, though all have one service."""
    some = problem(
        *(request(n) for n in "ABCD"),
        relations=(Relation(id="day", visits=("A", "C"), alike=Alike.DAY),),
        precedences=(Precedence(id="order", before="B", after="D"),),
    )
    assert pairs_of(some, SPREAD) == {"A C", "B D"}


def test_a_patient_ties_before_a_service() -> None:
    """Neither of A and D could do without X; B and C have the service in common with all."""
    some = problem(
        request("A", "x"),
        request("B"),
        request("C"),
        request("D", "x"),
        resources=(*ANN_AND_BEA, patient("x")),
    )
    found = pairs_of(some, SPREAD)
    assert {name for name in found if "A" in name and "D" in name} == {"A D"}
    assert pairs_of(some, SPREAD, free="A B D") >= {"A D"}


def test_a_service_is_the_last_tie() -> None:
    """With nothing else, those of one service."""
    some = problem(
        request("A"),
        request("B", services="other"),
        request("C"),
        request("D", services="other"),
        services=(service(), service("other")),
        resources=ANN_AND_BEA,
    )
    assert pairs_of(some, SPREAD) == {"A C", "B D"}


def test_what_is_paid_together_ties_first() -> None:
    """The two visits of a series pay for their times; so do those of any goal that names both."""
    some = problem(
        request("A", series=FlexibleSeries(count=2)),
        request("B", series=FlexibleSeries(count=2)),
        days=2,
        levels=goals(same_time=1),
        resources=ANN_AND_BEA,
    )
    where = {"A#1": (8, "ann"), "A#2": (34, "ann"), "B#1": (9, "ann"), "B#2": (33, "ann")}
    picture = shown(some, where)
    index = picture.prepared.visit_index
    assert picture.together(index["A#1"]) == {index["A#1"], index["A#2"]}
    assert picture.together(index["B#1"]) == set()


def test_a_group_session_ties_those_who_come() -> None:
    """A and B come to S; C comes to T."""
    book: Rulebook = book_of(group("ABC"))
    places = {
        **held(book, "S", 8),
        **held(book, "T", 8),
        **joins(book, "A", "S", 8),
        **joins(book, "B", "S", 8),
        **joins(book, "C", "T", 8),
    }
    state = State(book.prepared, [places.get(v) for v in range(len(book.prepared.visits))])
    picture = Picture(book, state, list(places))
    assert picks(picture, 3) >= {"A B S"}
    assert picks(picture, 2) & {"C T"} == {"C T"}


def test_without_any_tie_the_request_is_alone() -> None:
    """Nobody else may move, and nothing is placed."""
    book = book_of(problem(request("A")))
    picture = Picture(book, State(book.prepared), [0])
    assert Related().pick(picture, 3, random.Random(0)) == [0]

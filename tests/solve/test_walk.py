"""A walk: never worse, never wrong, and away from where it is stuck."""

from __future__ import annotations

import random

from faces import book_of
from random_problems import best_by_exhaustion, combinations_of, random_problem
from tiny import goals, practitioner, problem, request, span

from allocator.check.violations import violations
from allocator.domain.problem import Problem
from allocator.domain.request import PreferredWindow
from allocator.generate.clinics import clinic
from allocator.goals import GOALS
from allocator.prepare.visit import Placement
from allocator.rules import RULES
from allocator.solve.blockers import blockers
from allocator.solve.budget import Budget
from allocator.solve.improve import Improve
from allocator.solve.incumbent import Incumbent, incumbent
from allocator.solve.params import Params
from allocator.solve.walk import Walk
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


def at(book: Rulebook, **hours: int) -> Incumbent:
    """Return a schedule with requests at hours, of which Ann sees all."""
    placements: list[Placement | None] = [None] * len(book.prepared.visits)
    for name, hour in hours.items():
        ann = (book.prepared.resource_index["ann"],)
        placements[book.prepared.visit_index[name]] = Placement(hour, 1, -1, -1, (ann,))
    return incumbent(book, placements)


def windowed(*some: tuple[str, int, int]) -> Problem:
    """Return requests that have to lie between hours."""
    return problem(
        *(request(name, windows=(span(0, first, last),)) for name, first, last in some),
        levels=goals(),
    )


def serve(book: Rulebook, start: Incumbent, free: list[int], must: set[int]) -> Incumbent:
    """Serve more than a schedule does, where that is soon found."""
    improve = Improve(
        book, start, free, must, Params(workers=1), Budget(60.0), RULES, GOALS, serving=True
    )
    return improve.run([None] * len(book.levels), lambda *news: None)


def test_on_tiny_problems_it_comes_to_what_enumeration_finds() -> None:
    """From nothing, with all ways, on problems of which the best schedule is known."""
    reached = known = 0
    for seed in range(60):
        book = book_of(random_problem(seed, published=0.0))
        if any(r.request.must for r in book.prepared.requests) or combinations_of(book)[0] > 3_000:
            continue
        best = best_by_exhaustion(book)
        assert best is not None
        free = list(range(len(book.prepared.visits)))
        start = incumbent(book, [None] * len(free))
        walk = Walk(book, start, free, set(), seed, Budget(effort=5.0))
        for _ in range(60):
            walk.step()
        known += 1
        reached += walk.best.costs == best[0]
        assert walk.best.costs >= best[0]
        assert not list(violations(book, Timetable(book.prepared, walk.best.placements)))
        assert walk.best == incumbent(book, walk.best.placements)
    assert known > 10
    assert reached >= 0.8 * known


def test_the_best_only_gets_better_and_urgent_requests_stay_served() -> None:
    """Step by step, in a clinic that cannot serve everyone."""
    book = book_of(clinic(visits=80, weeks=1, booked=False, load="overloaded", seed=2))
    free = list(range(len(book.prepared.visits)))
    start = incumbent(book, [None] * len(free))
    walk = Walk(book, start, free, set(), 1, Budget(effort=1e6))
    last = start.costs
    for _ in range(400):
        better = walk.step()
        assert (walk.best.costs < last) == better
        last = walk.best.costs
    assert last < start.costs
    assert walk.best == incumbent(book, walk.best.placements)
    assert not list(violations(book, Timetable(book.prepared, walk.best.placements)))


def test_who_is_left_out_is_served_where_another_can_make_room() -> None:
    """B can lie at nine only, where A lies, who can lie elsewhere."""
    book = book_of(windowed(("A", 8, 12), ("B", 9, 10)))
    found = serve(book, at(book, A=9), [0, 1], set())
    assert [p is not None for p in found.placements] == [True, True]


def test_room_is_made_by_one_after_the_other() -> None:
    """D needs C's hour, C then B's, B then A's, and only A can go elsewhere."""
    some = [("A", 8, 10), ("B", 9, 11), ("C", 10, 12), ("D", 11, 12)]
    book = book_of(windowed(*some))
    start = at(book, A=9, B=10, C=11)
    found = serve(book, start, [0, 1, 2, 3], set())
    assert [p and p.start for p in found.placements] == [8, 9, 10, 11]


def test_who_has_to_stay_placed_is_not_left_out() -> None:
    """B would be served in A's place."""
    book = book_of(
        problem(
            request("A", windows=(span(0, 9, 10),), weight=1),
            request("B", windows=(span(0, 9, 10),), weight=5),
            levels=goals(),
        )
    )
    start = at(book, A=9)
    assert serve(book, start, [0, 1], {0}) == start
    assert serve(book, start, [0, 1], set()).costs < start.costs
    assert serve(book, start, [1], set()) == start


def test_few_have_to_give_way() -> None:
    """X takes Ann for two of her four hours: those where one visit lies, not two."""
    book = book_of(windowed(("A", 8, 9), ("B", 9, 10), ("C", 11, 12), ("X", 8, 12)))
    state = State(book.prepared, at(book, A=8, B=9, C=11).placements)
    x = book.prepared.visits[book.prepared.visit_index["X"]]
    free = [blockers(book, state, x, range(4), random.Random(seed)) for seed in range(40)]
    assert [] in free
    assert all(len(some) <= 1 for some in free)
    assert {v for some in free for v in some} <= {0, 1, 2}


def test_who_cannot_move_is_asked_by_nobody() -> None:
    """Ann's only hour is held by one who stays."""
    book = book_of(windowed(("A", 9, 10), ("X", 9, 10)))
    state = State(book.prepared, at(book, A=9).placements)
    x = book.prepared.visits[1]
    assert blockers(book, state, x, {1}, random.Random(0)) == []
    assert blockers(book, state, x, {0, 1}, random.Random(0)) == [0]


def test_a_walk_that_is_stuck_scatters_and_comes_back() -> None:
    """Where everything lies at its best place already, best stays what it was."""
    wishes = [
        request(name, preferred_windows=(PreferredWindow(span=span(0, hour, hour + 1)),))
        for name, hour in (("A", 8), ("B", 9), ("C", 10))
    ]
    book = book_of(
        problem(
            *wishes,
            resources=(practitioner("ann"),),
            levels=goals(preferred_windows=1),
        )
    )
    start = at(book, A=8, B=9, C=10)
    walk = Walk(book, start, [0, 1, 2], set(), 0, Budget(60.0))
    away = 0
    for _ in range(5_000):
        walk.step()
        away += walk.costs != start.costs
        assert walk.best == start
        if away > 3:
            break
    assert away > 0
    assert walk.vain > 0

"""The difference of two schedules: who moved, came and went, and what it does to the cost."""

from __future__ import annotations

import random

import pytest
from explain.places import Drawn
from random_problems import random_schedule
from tiny import at, goals, practitioner, problem, request, span

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.domain.request import PreferredWindow
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Difference, Explainer

SEEDS = range(60)


def put(visit: str, hour: int, who: str = "ann") -> Assignment:
    """Place a visit of an hour on the Monday."""
    return Assignment(
        visit=visit,
        start=at(0, hour),
        end=at(0, hour + 1),
        resources=(("practitioner", (who,)),),
    )


def four() -> Problem:
    """A would rather be at 8; the others do not mind."""
    return problem(
        request("A", preferred_windows=(PreferredWindow(span=span(0, 8, 9)),)),
        *(request(id) for id in "BCD"),
        resources=(practitioner("ann", name="Ann Bo"), practitioner("ben", name="Ben Cy")),
        levels=goals(preferred_windows=10),
    )


def compared(before: list[Assignment], after: list[Assignment]) -> Difference:
    """Compare two schedules of the four."""
    first, second = Schedule(assignments=tuple(before)), Schedule(assignments=tuple(after))
    return Explainer(four(), first).difference(second)


def test_moved_added_and_dropped() -> None:
    """A moves to its wish, B to Ben, C is new, D is gone: one weight less and one more."""
    found = compared(
        [put("A", 9), put("B", 10), put("D", 11)],
        [put("A", 8), put("B", 10, "ben"), put("C", 11)],
    )
    assert found.moved == ((put("A", 9), put("A", 8)), (put("B", 10), put("B", 10, "ben")))
    assert (found.added, found.dropped) == ((put("C", 11),), (put("D", 11),))
    assert found.levels == {"priority 3": 0, "comfort": -10}
    assert [(g.goal, g.amount, g.cost) for g in found.goals] == [("preferred_windows", -1, -10)]
    assert found.better
    assert found.text().splitlines() == [
        "2 visits moved, 1 visit added, 1 visit dropped.",
        "comfort: -10 points.",
        "  preferred_windows: -1 wish, -10 points.",
        "  A moved: Mon 2026-03-02 09:00 to Mon 2026-03-02 08:00.",
        "  B moved: Mon 2026-03-02 10:00, with Ben Cy instead of Ann Bo.",
        "  C added: Mon 2026-03-02 11:00 with Ann Bo.",
        "  D dropped: Mon 2026-03-02 11:00 with Ann Bo.",
    ]


def test_the_first_level_that_differs_says_which_is_better() -> None:
    """B is no longer served, which no wish makes good."""
    found = compared([put("A", 9), put("B", 10)], [put("A", 8)])
    assert found.levels == {"priority 3": 2520, "comfort": -10}
    assert not found.better
    assert compared([put("A", 8)], [put("A", 9), put("B", 10)]).better


def test_a_schedule_beside_itself() -> None:
    """Nothing differs, and it is not better than itself."""
    found = compared([put("A", 9)], [put("A", 9)])
    assert (found.moved, found.added, found.dropped, found.goals) == ((), (), (), ())
    assert not found.better
    assert found.text() == "No visit lies elsewhere."


@pytest.mark.parametrize("seed", SEEDS)
def test_the_difference_is_that_of_the_scores(seed: int) -> None:
    """Of two random schedules: visits by comparing sets, costs by two checks; each has a row."""
    drawn = Drawn(seed)
    other = random_schedule(drawn.book, random.Random(seed + 1))
    after = drawn.as_schedule(other)
    found = drawn.explainer.difference(after)
    ids = {v: drawn.prepared.visits[v].id for v in drawn.placed.keys() | other.keys()}
    both = drawn.placed.keys() & other.keys()
    moved = {ids[v] for v in both if drawn.placed[v] != other[v]}
    added = {ids[v] for v in other.keys() - both}
    dropped = {ids[v] for v in drawn.placed.keys() - both}
    assert {a.visit for a, _ in found.moved} == {b.visit for _, b in found.moved} == moved
    assert {a.visit for a in found.added} == added
    assert {a.visit for a in found.dropped} == dropped
    assert {(row["visit"], row["change"]) for row in found.rows()} == {
        (visit, change)
        for change, some in (("moved", moved), ("added", added), ("dropped", dropped))
        for visit in some
    }
    one, two = check(drawn.problem, drawn.schedule), check(drawn.problem, after)
    assert found.levels == {name: two.objective[name] - n for name, n in one.objective.items()}
    assert {(g.level, g.goal): (g.amount, g.cost) for g in found.goals} == {
        (b.level, b.goal): (b.amount - a.amount, b.cost - a.cost)
        for a, b in zip(one.goals, two.goals, strict=True)
        if (a.amount, a.cost) != (b.amount, b.cost)
    }
    assert found.better is ([*two.objective.values()] < [*one.objective.values()])

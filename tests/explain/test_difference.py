"""The difference of two schedules: who moved, came and went, and what it does to the cost."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest
from explain.places import Drawn
from random_problems import random_schedule
from tiny import at, goals, practitioner, problem, request, span

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, PreferredWindow
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Difference, Explainer
from allocator.prepare.prepared import Prepared

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


def test_visits_of_a_flexible_series_that_got_another_number_have_not_moved() -> None:
    """Before: 9 and 11. After: 8, 9 and 11 with Ben, which are numbers 1 to 3.

    The one at 9 has not moved, the one at 11 has another carer, and the one at 8 is new.
    """
    some = problem(
        request("A", series=FlexibleSeries(count=3, at_least=2, least_days_between=0)),
        resources=(practitioner("ann"), practitioner("ben")),
    )
    before = Schedule(assignments=(put("A#1", 9), put("A#2", 11)))
    after = Schedule(assignments=(put("A#1", 8), put("A#2", 9), put("A#3", 11, "ben")))
    found = Explainer(some, before).difference(after)
    assert found.moved == ((put("A#2", 11), put("A#3", 11, "ben")),)
    assert (found.added, found.dropped) == ((put("A#1", 8),), ())
    back = Explainer(some, after).difference(before)
    assert back.moved == ((put("A#3", 11, "ben"), put("A#2", 11)),)
    assert (back.added, back.dropped) == ((), (put("A#1", 8),))


def test_of_a_flexible_series_the_others_are_told_apart_by_their_order() -> None:
    """Before: 8, 9 and 10. After: 9, 10 and 11. One has moved, from 8 to 11."""
    some = problem(request("A", series=FlexibleSeries(count=3, least_days_between=0)))
    before, after = (
        Schedule(assignments=tuple(put(f"A#{n + 1}", first + n) for n in range(3)))
        for first in (8, 9)
    )
    found = Explainer(some, before).difference(after)
    assert found.moved == ((put("A#1", 8), put("A#3", 11)),)
    assert (found.added, found.dropped) == ((), ())


def test_a_schedule_beside_itself() -> None:
    """Nothing differs, and it is not better than itself."""
    found = compared([put("A", 9)], [put("A", 9)])
    assert (found.moved, found.added, found.dropped, found.goals) == ((), (), (), ())
    assert not found.better
    assert found.text() == "No visit lies elsewhere."


def by_kind(prepared: Prepared) -> dict[object, list[int]]:
    """Return the visits that are interchangeable, most of which are so with none but themselves."""
    found: defaultdict[object, list[int]] = defaultdict(list)
    for visit in prepared.visits:
        flexible = visit.request and isinstance(visit.request.series, FlexibleSeries)
        found[(visit.request_index, visit.step) if flexible else visit.id].append(visit.index)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_difference_is_that_of_the_scores(seed: int) -> None:
    """Of two random schedules: visits by comparing starts, costs by two checks; each has a row."""
    drawn = Drawn(seed)
    other = random_schedule(drawn.book, random.Random(seed + 1))
    after = drawn.as_schedule(other)
    found = drawn.explainer.difference(after)
    expected: Counter[tuple[object, str]] = Counter()
    for alike, visits in by_kind(drawn.prepared).items():
        were = {drawn.placed[v].start: drawn.placed[v] for v in visits if v in drawn.placed}
        come = {other[v].start: other[v] for v in visits if v in other}
        stay = were.keys() & come.keys()
        gone, new = len(were.keys() - stay), len(come.keys() - stay)
        changed = sum(were[start] != come[start] for start in stay)
        expected[alike, "moved"] += changed + min(gone, new)
        expected[alike, "added"] += max(0, new - gone)
        expected[alike, "dropped"] += max(0, gone - new)
    kinds = {
        drawn.prepared.visits[v].id: alike
        for alike, visits in by_kind(drawn.prepared).items()
        for v in visits
    }
    told = [("moved", new) for _, new in found.moved]
    told += [("added", new) for new in found.added] + [("dropped", old) for old in found.dropped]
    assert Counter((kinds[a.visit], change) for change, a in told) == +expected
    assert [(row["change"], row["visit"]) for row in found.rows()] == [
        (change, a.visit) for change, a in told
    ]
    assert all(kinds[old.visit] == kinds[new.visit] for old, new in found.moved)
    one, two = check(drawn.problem, drawn.schedule), check(drawn.problem, after)
    assert found.levels == {name: two.objective[name] - n for name, n in one.objective.items()}
    assert {(g.level, g.goal): (g.amount, g.cost) for g in found.goals} == {
        (b.level, b.goal): (b.amount - a.amount, b.cost - a.cost)
        for a, b in zip(one.goals, two.goals, strict=True)
        if (a.amount, a.cost) != (b.amount, b.cost)
    }
    assert found.better is ([*two.objective.values()] < [*one.objective.values()])

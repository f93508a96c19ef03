"""Why a visit lies where it does: what is paid for its place, and the best other places."""

from __future__ import annotations

import pytest
from explain.places import Drawn
from tiny import at, goals, practitioner, problem, request, span

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.domain.request import Pin, PinKind, PreferredWindow
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer

SEEDS = range(40)


def put(visit: str, hour: int, who: str = "ann") -> Assignment:
    """Place a visit of an hour on the Monday."""
    return Assignment(
        visit=visit,
        start=at(0, hour),
        end=at(0, hour + 1),
        resources=(("practitioner", (who,)),),
    )


def wishing() -> Problem:
    """A would rather start at 8 or 9, by Ann or Ben; B is in Ann's way at 9."""
    return problem(
        request("A", preferred_windows=(PreferredWindow(span=span(0, 8, 10)),)),
        request("B"),
        resources=(practitioner("ann", name="Ann Bo"), practitioner("ben", name="Ben Cy")),
        levels=goals(preferred_windows=10),
    )


def test_what_is_paid_and_what_other_places_would_cost() -> None:
    """At 10 A misses one wish, at 10 points; at 8 and 9 it would not."""
    schedule = Schedule(assignments=(put("A", 10), put("B", 9)))
    here = Explainer(wishing(), schedule).why_here("A", others=2)
    (paid,) = here.payments
    assert (paid.level, paid.goal, paid.amount, paid.cost) == (
        "comfort",
        "preferred_windows",
        1,
        10,
    )
    assert (paid.request, paid.visits) == ("A", ("A",))
    assert [other.levels for other in here.others] == [{"priority 3": 0, "comfort": -10}] * 2
    assert [change.cost for other in here.others for change in other.goals] == [-10, -10]
    assert not here.booked
    assert here.text().splitlines()[:2] == [
        "A lies at Mon 2026-03-02 10:00 with Ann Bo.",
        "  preferred_windows: 1 wish, 10 points.",
    ]


def test_somebody_else_at_the_same_start_is_another_place() -> None:
    """Only 8 is left for A, by Ann or by Ben: moving to Ben costs nothing."""
    asks = problem(
        request("A", windows=(span(0, 8, 9),)),
        resources=(practitioner("ann", name="Ann Bo"), practitioner("ben", name="Ben Cy")),
    )
    here = Explainer(asks, Schedule(assignments=(put("A", 8),))).why_here("A")
    assert [other.assignment for other in here.others] == [put("A", 8, "ben")]
    assert "  Instead Mon 2026-03-02 08:00 with Ben Cy: costs the same." in here.text()


def test_nowhere_else() -> None:
    """Ann is open from 8 to 12 and A takes the last hour; three others have the rest."""
    asks = problem(*(request(id) for id in "ABCD"))
    schedule = Schedule(assignments=tuple(put(id, 8 + n) for n, id in enumerate("BCDA")))
    here = Explainer(asks, schedule).why_here("A")
    assert here.others == ()
    assert here.text().endswith("While all else stays it can lie nowhere else.")


def test_what_is_booked_is_said_to_be() -> None:
    """A pinned visit stays where it is booked."""
    asks = problem(request("A"), published=(put("A", 9),), pins=(Pin(visit="A", kind=PinKind.ALL),))
    here = Explainer(asks, Schedule(assignments=(put("A", 9),))).why_here("A")
    assert here.booked
    assert here.text().startswith("A lies at Mon 2026-03-02 09:00 with ann. It is booked there.")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_other_places_are_the_best_of_all(seed: int) -> None:
    """By enumeration, with prices by the twins: the difference of two whole scores."""
    drawn = Drawn(seed)
    before = drawn.checked(drawn.placed).objective
    for visit, placement in drawn.placed.items():
        rest = drawn.without(visit)
        by_start: dict[int, list[list[int]]] = {}
        for p in drawn.allowed(visit, rest):
            if p != placement:
                price = _price(before, drawn.checked({**rest, visit: p}).objective)
                by_start.setdefault(p.start, []).append([*price.values()])
        prices = sorted(map(min, by_start.values()))
        here = drawn.explainer.why_here(drawn.prepared.visits[visit].id)
        found = [list(other.levels.values()) for other in here.others]
        assert found == prices[:3]
        for other in here.others:
            moved = drawn.prepared.placements(Schedule(assignments=(other.assignment,)))[visit]
            after = check(drawn.problem, drawn.as_schedule({**rest, visit: moved}))
            assert moved in drawn.allowed(visit, rest)
            assert other.levels == _price(before, after.objective)
            assert sum(g.cost for g in other.goals) == sum(other.levels.values())


def _price(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {level: after[level] - cost for level, cost in before.items()}

"""The cost taken apart: what each goal pays, for whom and where."""

from __future__ import annotations

from collections import Counter

import pytest
from explain.places import Drawn
from tiny import at, goals, problem, request, span

from allocator.domain.request import PreferredWindow
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer

SEEDS = range(80)


def put(visit: str, hour: int) -> Assignment:
    """Place a visit of an hour on the Monday, by Ann."""
    return Assignment(
        visit=visit,
        start=at(0, hour),
        end=at(0, hour + 1),
        resources=(("practitioner", ("ann",)),),
    )


def test_each_payment_says_where_it_comes_from() -> None:
    """A misses a wish of weight 1 and B one of weight 3, at 10 points; C is left out."""
    wishes = {"A": 1, "B": 3}
    asks = problem(
        *(
            request(id, preferred_windows=(PreferredWindow(span=span(0, 8, 9), weight=weight),))
            for id, weight in wishes.items()
        ),
        request("C", weight=2),
        levels=goals(preferred_windows=10),
    )
    paid = Explainer(asks, Schedule(assignments=(put("A", 9), put("B", 10)))).analysis()
    assert [(p.level, p.goal, p.amount, p.cost, p.request, p.visits) for p in paid] == [
        ("priority 3", "served:3", 5040, 5040, "C", ("C",)),
        ("comfort", "preferred_windows", 3, 30, "B", ("B",)),
        ("comfort", "preferred_windows", 1, 10, "A", ("A",)),
    ]
    assert paid[1].row() == {
        "level": "comfort",
        "goal": "preferred_windows",
        "unit": "wishes",
        "amount": 3,
        "cost": 30,
        "request": "B",
        "visits": "B",
        "resources": "",
    }


def test_a_perfect_schedule_pays_nothing() -> None:
    """A is served, and there is nothing else to miss."""
    asks = problem(request("A"), levels=goals())
    assert Explainer(asks, Schedule(assignments=(put("A", 8),))).analysis() == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_payments_sum_to_the_objective_and_to_each_goal(seed: int) -> None:
    """By level and by goal they are what the check finds, in its order, the dearest first."""
    drawn = Drawn(seed)
    paid = drawn.explainer.analysis()
    checked = drawn.checked(drawn.placed)
    levels = Counter[str]()
    goals: dict[tuple[str, str], list[int]] = {}
    amounts = Counter[tuple[str, str]]()
    for some in paid:
        levels[some.level] += some.cost
        goals.setdefault((some.level, some.goal), []).append(some.cost)
        amounts[some.level, some.goal] += some.amount
    assert all(levels[name] == cost for name, cost in checked.objective.items())
    assert {key: sum(costs) for key, costs in goals.items()} == {
        (g.level, g.goal): g.cost for g in checked.goals if g.amount
    }
    assert amounts == Counter({(g.level, g.goal): g.amount for g in checked.goals if g.amount})
    assert [*goals] == [(g.level, g.goal) for g in checked.goals if g.amount]
    assert all(costs == sorted(costs, reverse=True) for costs in goals.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_visit_is_told_all_payments_in_which_it_has_a_part(seed: int) -> None:
    """And each payment names objects that there are; who is left out pays for not being served."""
    drawn = Drawn(seed)
    paid = drawn.explainer.analysis()
    known = drawn.prepared
    for some in paid:
        assert all(id in known.visit_index for id in some.visits)
        assert all(id in known.resource_index for id in some.resources)
        assert some.request is None or some.request in known.request_index
        # An hour may be busy by its forecast alone.
        assert some.visits or some.resources or some.request or some.goal == "off_peak"
    for visit in drawn.placed:
        id = known.visits[visit].id
        here = drawn.explainer.why_here(id)
        assert here.payments == tuple(some for some in paid if id in some.visits)
    served = {p.request for p in paid if p.goal.startswith("served:")}
    settled = {known.requests[r].request.id for r in drawn.book.settled}
    assert {*drawn.explainer.unserved} - settled <= served

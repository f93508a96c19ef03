"""The cost taken apart by visit: what each visit costs by each goal, and why."""

from __future__ import annotations

from collections import Counter

import pytest
from explain.places import Drawn
from scenario.test_figures import SOME, clinic
from tiny import goals, problem, request

from allocator.domain.schedule import Schedule
from allocator.explain import Explainer
from allocator.explain.analysis import Payment
from allocator.explain.by_visit import by_visit

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_costs_of_visits_sum_to_each_goal(seed: int) -> None:
    """Whatever the rules, shapes and goals: nothing is lost or told twice."""
    drawn = Drawn(seed)
    costs = Counter[tuple[str, str]]()
    rows = Counter[tuple[str, str, str]]()
    for one in drawn.explainer.by_visit():
        costs[one.level, one.goal] += one.cost
        rows[one.level, one.goal, one.visit] += 1
        assert one.why
    assert costs == Counter(
        {(g.level, g.goal): g.cost for g in drawn.checked(drawn.placed).goals if g.amount}
    )
    assert set(rows.values()) <= {1}


def test_what_a_series_earns_less_is_missed_by_the_visits_left_out() -> None:
    """A has two of three visits, a third of 2520 points less; C is left out; B is served."""
    found = Explainer(clinic(levels=goals()), SOME).by_visit()
    assert [one.row() for one in found] == [
        {
            "level": "priority 3",
            "goal": "served:3",
            "visit": "C",
            "request": "C",
            "cost": 2520,
            "why": "1 weight left out",
        },
        {
            "level": "priority 3",
            "goal": "served:3",
            "visit": "A#3",
            "request": "A",
            "cost": 840,
            "why": "0.33 weight left out, of 3 visits together",
        },
    ]


def paid(cost: int, *visits: str, resources: tuple[str, ...] = ()) -> Payment:
    return Payment("comfort", "some", "idle minutes", cost, cost, None, visits, resources)


def test_what_visits_pay_together_is_shared() -> None:
    """10 points of A and B, 7 of B and A, and 1 of nobody but Ann: odd points to the first."""
    explainer = Explainer(problem(request("A"), request("B")), Schedule())
    payments = (paid(10, "A", "B"), paid(7, "B", "A"), paid(1, resources=("ann",)))
    found = by_visit(explainer.prepared, explainer.placements, payments)
    assert [(one.visit, one.request, one.cost, one.why) for one in found] == [
        *(
            (
                visit,
                visit,
                cost,
                "10 idle minutes, of 2 visits together; 7 idle minutes, of 2 visits together",
            )
            for visit, cost in (("B", 5 + 4), ("A", 5 + 3))
        ),
        ("", "", 1, "1 idle minute, of ann"),
    ]

"""Trade-offs: the front between goals that are at odds."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario.test_study import STEADY, Here
from tiny import at, calendar, goals, patient, practitioner, problem, request

from allocator import InvalidProblem, PreferredResource
from allocator.scenario import Scenario, front
from allocator.scenario.front import on_the_front


def at_odds() -> Scenario:
    """Return one visit that is wanted at 8, rather with Ben, who comes at 10; Ann is there at 8."""
    wish = PreferredResource(role="practitioner", resources=frozenset({"ben"}))
    base = problem(
        request("R", "P", wanted=at(0, 8), preferred_resources=(wish,)),
        calendars=(calendar(), calendar("late", 10, 12)),
        resources=(practitioner("ann"), practitioner("ben", calendar="late"), patient("P")),
        levels=goals(near_wanted=1, preferred_resources=60, soonest=0),
    )
    return Scenario(name="as it is", base=base)


def test_both_ends_of_a_front_are_found() -> None:
    """At 8 with Ann the wish costs 1 in vain; at 10 with Ben the visit is two hours off."""
    names = ("near_wanted", "preferred_resources")
    found = front(at_odds(), names, steps=4, params=STEADY, executor=Here())
    assert {(p.amounts, p.on_front) for p in found.points} == {((0, 1), True), ((2, 0), True)}
    assert found.units == ("hours", "steps")
    # All the weight on the time, then all of it on the wish: 2 * 1 * 4 / 4 and 2 * 60 * 4 / 4.
    assert [p.weights for p in found.points if p.weights[1] == 1] == [(2, 1)]
    assert [p.weights for p in found.points if p.weights[0] == 1 and p.weights[1] > 100] == [
        (1, 120)
    ]
    frame = found.frame()
    assert list(frame.columns) == [
        "near_wanted",
        "preferred_resources",
        "weight of near_wanted",
        "weight of preferred_resources",
        "on_front",
        "seed",
    ]
    assert len(frame) == 5


def test_what_a_front_cannot_be_of() -> None:
    """Too few goals, too many, the same twice, one that weighs nothing, no steps."""
    for some, said in (
        (("near_wanted",), "between 2 or 3 different goals; here are 1."),
        (("near_wanted",) * 2, "between 2 or 3 different goals; here are 2."),
        (("near_wanted", "overtime"), "Goal overtime weighs nothing in scenario as it is."),
    ):
        with pytest.raises(InvalidProblem, match=said):
            front(at_odds(), some)
    with pytest.raises(InvalidProblem, match="A trade-off of 0 steps"):
        front(at_odds(), ("near_wanted", "preferred_resources"), steps=0)


def test_three_goals_are_weighed_on_a_lattice() -> None:
    """Two steps for three goals are six points, and each weight is 1 at least."""
    seen: list[Any] = []

    class Watched(Here):
        def submit(self, task: Any, /, *given: Any, **named: Any) -> Future[Any]:
            seen.append(dict(given[0].levels[-1].goals))
            return super().submit(task, *given, **named)

    watched: Executor = Watched()
    scenario = at_odds()
    scenario = Scenario(
        name="as it is",
        base=problem(
            *scenario.base.requests,
            calendars=scenario.base.calendars,
            resources=scenario.base.resources,
            levels=goals(near_wanted=1, preferred_resources=60, soonest=10),
        ),
    )
    names = ("near_wanted", "preferred_resources", "soonest")
    found = front(scenario, names, steps=2, params=STEADY, executor=watched)
    assert len(seen) == len(found.points) == 6
    assert {tuple(one[name] for name in names) for one in seen} == {
        (3, 1, 1),
        (1, 180, 1),
        (1, 1, 30),
        (1, 90, 1),
        (1, 1, 15),
        (1, 90, 15),
    }


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_the_front_is_what_nothing_is_better_than(points: list[tuple[int, int]]) -> None:
    """Checked against all others; whatever is not on it is worse than something that is."""
    on_it = {p for p, yes in zip(points, on_the_front(points), strict=True) if yes}
    for point in points:
        better = [
            other
            for other in points
            if other[0] <= point[0] and other[1] <= point[1] and other != point
        ]
        assert (point in on_it) == (not better)
        assert point in on_it or any(other in on_it for other in better)

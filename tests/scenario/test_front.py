"""Trade-offs: the front between goals that are at odds."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario.test_study import STEADY, Here
from tiny import at, calendar, goals, patient, practitioner, problem, request

from allocator import InvalidProblem, PreferredResource, Span
from allocator.plots import front as draw_front
from allocator.scenario import Ask, Scenario, Weigh, front
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
    # All the weight on the wish, then all of it on the time. A quarter of 2 * 1 is 10 once all is
    # multiplied by 20.
    assert sorted(p.weights for p in found.points) == [
        *((1, 2400), (10, 1800), (20, 1200), (30, 600), (40, 1)),
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
        (("near_wanted", "served:3"), "of 2 levels, priority 3 and comfort; a trade-off is in"),
    ):
        with pytest.raises(InvalidProblem, match=said):
            front(at_odds(), some)
    with pytest.raises(InvalidProblem, match="A trade-off of 0 steps"):
        front(at_odds(), ("near_wanted", "preferred_resources"), steps=0)


def test_small_weights_are_shared_exactly() -> None:
    """Steps of 1/3 of a point are 10 once all is multiplied by 30, what is not traded as well."""
    scenario = at_odds().then(
        Weigh(goal="preferred_resources", weight=1), Weigh(goal="soonest", weight=5)
    )
    names = ("near_wanted", "preferred_resources")
    found = front(scenario, names, params=STEADY, executor=Here())
    assert sorted(point.weights for point in found.points) == [
        *((1, 60), (10, 50), (20, 40), (30, 30), (40, 20), (50, 10), (60, 1)),
    ]
    for point in found.points:
        assert dict(point.outcome.problem.levels[-1].goals)["soonest"] == 5 * 30


def test_what_has_no_schedule_is_no_point() -> None:
    """It stands among the outcomes, and a front of nothing is drawn all the same."""
    impossible = tuple(replace(one, must=True) for one in (request("X", "P"), request("Y", "P")))
    both = tuple(replace(r, windows=(Span(start=at(0, 8), end=at(0, 9)),)) for r in impossible)
    scenario = at_odds().then(Ask(requests=both))
    names = ("near_wanted", "preferred_resources")
    found = front(scenario, names, steps=2, params=STEADY, executor=Here())
    assert found.points == ()
    assert {one.result.status.name for one in found.outcomes if one.result} == {"INFEASIBLE"}
    assert "transform" in str(draw_front(found).to_dict())


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
    # A half of 3 is 10 once all is multiplied by 7: all weight on one goal, or half of it on two.
    assert {tuple(one[name] for name in names) for one in seen} == {
        (21, 1, 1),
        (1, 1260, 1),
        (1, 1, 210),
        (10, 630, 1),
        (10, 1, 105),
        (1, 630, 105),
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

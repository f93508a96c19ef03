"""What is offered does help: the real problem, changed as it says, places the request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from explain.giving_way import given, held, moved, places_of
from explain.planted import Planted, Planting
from explain.planted_by_request import BY_REQUEST
from explain.planted_by_resource import BY_RESOURCE

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries
from allocator.domain.schedule import Schedule
from allocator.explain import Kind, Relaxation
from allocator.explain.relaxations import DAYS, MINUTES
from allocator.rules import RULES
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve

EACH = [
    pytest.param(plant, id=plant.__name__)
    for some in (BY_REQUEST, BY_RESOURCE)
    for plants in some.values()
    for plant in plants
]
STRUCTURAL = frozenset(rule.name for rule in RULES if rule.structural)

#: What is offered for planted conflicts, kind by kind: each is met at least so often.
OFFERED = {
    Kind.SHORTER: 1,
    Kind.LONGER_HOURS: 5,
    Kind.OTHER_RESOURCE: 1,
    Kind.WIDER_WINDOW: 8,
    Kind.MOVED: 6,
    Kind.FEWER_VISITS: 4,
    Kind.WITHOUT: 25,
}


def served(problem: Problem) -> bool:
    """Say whether A must have a place, everything else held where it is."""
    requests = tuple(replace(r, must=r.id == "A") for r in problem.requests)
    result = solve(replace(problem, requests=requests), Params(time_limit_seconds=20, workers=1))
    assert result.status in (Status.OPTIMAL, Status.INFEASIBLE)
    return result.status is Status.OPTIMAL


def changed(some: Planted, relaxation: Relaxation, amount: int | None = None) -> Problem:
    """Return the problem in which a relaxation has given way, with all that is placed held."""
    request = some.problem.request("A")
    around = held(some.problem, moved(some.schedule, relaxation), request)
    return given(around, request, relaxation, amount)


def without(some: Planted, relaxation: Relaxation) -> str:
    """Return the rule that a relaxation does without: what its places break, and nothing else."""
    after = places_of(relaxation, some.schedule)
    broken = [v for v in check(some.problem, after).violations if not v.inherited]
    (rule,) = {violation.rule for violation in broken}
    assert (rule, relaxation.object) in some.core
    for violation in broken:
        names = {*violation.resources, *(visit[:1] for visit in violation.visits)}
        assert relaxation.object in names
    return rule


@pytest.mark.parametrize("plant", EACH)
def test_the_request_has_a_place_once_it_gives_way(plant: Planting) -> None:
    """Solved anew, with everything else held; and there is none while nothing gives way."""
    some = plant()
    request = some.problem.request("A")
    assert not served(held(some.problem, some.schedule, request))
    for relaxation in some.why().relaxations:
        if relaxation.kind is not Kind.WITHOUT:
            assert served(changed(some, relaxation)), relaxation.sentence
        elif (rule := without(some, relaxation)) not in STRUCTURAL:
            loose = replace(some.problem, without_rules=frozenset({rule}))
            assert served(held(loose, some.schedule, request)), relaxation.sentence


@pytest.mark.parametrize("plant", EACH)
def test_the_places_that_are_told_are_right(plant: Planting) -> None:
    """Where the visits are said to lie they break no rule of the changed problem."""
    some = plant()
    for relaxation in some.why().relaxations:
        assert {place.visit[:1] for place in relaxation.places} >= {"A"}
        if relaxation.kind is Kind.WITHOUT:
            continue
        around = given(some.problem, some.problem.request("A"), relaxation)
        found = check(around, places_of(relaxation, some.schedule))
        assert found.valid, (relaxation.sentence, found.violations)


@pytest.mark.parametrize("plant", EACH)
def test_the_amount_is_what_it_takes(plant: Planting) -> None:
    """With a step less there is no place; and the price is the amount by what a step is worth."""
    some = plant()
    for relaxation in some.why().relaxations:
        amount, kind = relaxation.amount, relaxation.kind
        assert relaxation.price == amount * kind.value
        less = 0
        if kind is Kind.SHORTER:
            less = amount - some.problem.horizon.grain_minutes
        elif kind in (Kind.LONGER_HOURS, Kind.WIDER_WINDOW):
            steps = MINUTES if kind is Kind.LONGER_HOURS else DAYS
            less = ([0, *steps])[steps.index(amount)]
        elif kind is Kind.FEWER_VISITS:
            assert isinstance(some.problem.request("A").series, FlexibleSeries) or amount == 1
            less = amount - 1
        elif kind is Kind.MOVED:
            assert amount == 1 + days_moved(some.schedule, relaxation)
        if less:
            assert not served(changed(some, relaxation, less)), relaxation.sentence


def days_moved(schedule: Schedule, relaxation: Relaxation) -> int:
    """Return by how many local days a relaxation moves the other visit."""
    (there,) = (p for p in relaxation.places if p.visit == relaxation.object)
    before = schedule[relaxation.object].start.astimezone(there.start.tzinfo)
    return abs((there.start.date() - before.date()).days)


def test_every_kind_is_offered_for_some_planted_conflict() -> None:
    """Else the tests above would prove nothing of a kind."""
    kinds = [r.kind for param in EACH for r in param.values[0]().why().relaxations]
    assert {kind: kinds.count(kind) for kind in Kind if kinds.count(kind) < OFFERED[kind]} == {}

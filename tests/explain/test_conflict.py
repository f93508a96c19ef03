"""Hard demands that cannot all be met: which of them conflict, why, and what has to give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from random_problems import random_problem
from tiny import at, calendar, need, practitioner, problem, request, room, service, span

from allocator.domain.calendar import Block
from allocator.domain.problem import Problem
from allocator.domain.request import Pin, PinKind
from allocator.domain.schedule import Assignment
from allocator.explain import Conflict, Kind, find_conflict
from allocator.solve import Params, Status, solve

SEEDS = range(40)
LONG = service("long", 240)
SHORT = service("short")


def put(visit: str, first: int, last: int) -> Assignment:
    """Place a visit with Ann on the Monday."""
    return Assignment(
        visit=visit,
        start=at(0, first),
        end=at(0, last),
        resources=(("practitioner", ("ann",)),),
    )


def conflict_of(asks: Problem) -> Conflict:
    """Return the conflict that there is."""
    found = find_conflict(asks)
    assert found is not None
    return found


def demanding(asks: Problem, names: Iterable[str]) -> Problem:
    """Return a problem in which just these requests must be served."""
    some = set(names)
    requests = tuple(replace(r, must=r.id in some) for r in asks.requests)
    return replace(asks, requests=requests)


def can_be_met(asks: Problem) -> bool:
    """Say whether the solver meets all demands; it has to be sure."""
    result = solve(asks, Params(seed=1, workers=1, time_limit_seconds=20))
    assert result.status in (Status.OPTIMAL, Status.INFEASIBLE)
    return result.status is Status.OPTIMAL


def crowd() -> Problem:
    """A takes Ann's four hours and B one of them; C is Ben's; D need not be served."""
    return problem(
        request("A", services="long", must=True),
        request("B", services="short", must=True),
        request("C", services="help", must=True),
        request("D", services="short"),
        resources=(practitioner("ann", name="Ann Bo"), practitioner("ben", kind="helper")),
        services=(LONG, SHORT, service("help", needs=(need("helper"),))),
    )


def test_the_demands_and_the_facts_that_conflict() -> None:
    """A and B both need Ann in her hours; C and D have nothing to do with it."""
    found = conflict_of(crowd())
    assert found.demands == ("A", "B")
    assert found.core.confirmed
    told = {(fact.rule, fact.object) for fact in found.core.facts}
    assert ("opening_hours", "ann") in told
    assert {rule for rule, _ in told} == {"opening_hours", "capacity"}
    assert found.sentence == (
        "A and B cannot all be met: their visits cannot share whom or what they take; Ann Bo is"
        " not available at other times."
    )


def test_any_one_given_up_the_others_can_be_met() -> None:
    """Without A, and without B, there is no conflict; without C there is the same one."""
    asks = crowd()
    must = {"A", "B", "C"}
    found = conflict_of(asks)
    for name in found.demands:
        less = demanding(asks, must - {name})
        assert find_conflict(less) is None
        assert can_be_met(less)
    assert conflict_of(demanding(asks, {"A", "B"})).demands == ("A", "B")
    assert "Any one of these demands given up, the others can be met." in found.text()


def test_the_least_that_must_give_is_told_first_and_is_enough() -> None:
    """An hour more of Ann is told, which costs least, and then there is no conflict any more."""
    asks = crowd()
    found = conflict_of(asks)
    prices = [r.price for r in found.relaxations]
    assert prices == sorted(prices)
    longer = found.relaxations[0]
    assert (longer.kind, longer.object, longer.amount) == (Kind.LONGER_HOURS, "ann", 60)
    late = replace(asks, calendars=(calendar(last_hour=13),))
    assert find_conflict(late) is None
    assert can_be_met(late)
    lines = found.text().splitlines()
    assert f"  Would help: {longer.sentence}" in lines
    assert len({*lines}) == len(lines)


def test_a_demand_that_nothing_but_itself_contradicts() -> None:
    """A is to lie from 6 to 8, and Ann comes at 8: one demand is told as one."""
    asks = problem(request("A", must=True, windows=(span(0, 6, 8),)))
    found = conflict_of(asks)
    assert found.demands == ("A",)
    assert found.sentence == (
        "A cannot be met: it has to lie in its window, Mon 2026-03-02 06:00 to Mon 2026-03-02"
        " 08:00; ann is not available at other times."
    )
    assert "Any one" not in found.text()


def test_a_pinned_visit_is_a_demand() -> None:
    """A is pinned to 9, and B has to lie there too."""
    asks = problem(
        request("A"),
        request("B", must=True, windows=(span(0, 9, 10),)),
        published=(put("A", 9, 10),),
        pins=(Pin(visit="A", kind=PinKind.TIME),),
    )
    found = conflict_of(asks)
    assert found.demands == ("A", "B")
    assert {("pins", "A"), ("windows", "B")} <= {(f.rule, f.object) for f in found.core.facts}


def test_what_is_booked_is_beside_the_demands() -> None:
    """A is booked whole, and stays: B alone is the demand that cannot be met."""
    asks = problem(
        request("A", services="long"),
        request("B", services="short", must=True),
        services=(LONG, SHORT),
        published=(put("A", 8, 12),),
        pins=(Pin(visit="A", kind=PinKind.ALL),),
    )
    found = conflict_of(asks)
    assert found.demands == ("B",)
    assert ("capacity", "ann") in {(fact.rule, fact.object) for fact in found.core.facts}


def test_a_block_that_gives_way_is_told_of_its_resource_once() -> None:
    """The only room is blocked all day: who has a name is called by it, and not by an id."""
    shut = replace(calendar("shut"), blocks=(Block(span=span(0, 0, 24)),))
    asks = problem(
        request("A", must=True),
        calendars=(calendar(), shut),
        resources=(practitioner("ann"), room("r1", name="Main hall", calendar="shut")),
        services=(service(needs=(need(), need("room"))),),
    )
    found = conflict_of(asks)
    assert [(fact.rule, fact.object) for fact in found.core.facts] == [("blocks", "r1")]
    assert "  Would help: If Main hall were not blocked: Mon 2026-03-02 08:00." in (
        found.text().splitlines()
    )
    assert "r1" not in found.text()


def test_no_conflict() -> None:
    """Where all can be met, and where nothing has to be."""
    assert find_conflict(demanding(crowd(), {"A", "C"})) is None
    assert find_conflict(demanding(crowd(), ())) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_conflict_is_found_where_the_solver_finds_no_schedule(seed: int) -> None:
    """All requests of a random problem have to be served; what is named conflicts by itself.

    Any one of it given up, the solver meets the others.
    """
    drawn = random_problem(seed, most_visits=5)
    asks = demanding(drawn, (r.id for r in drawn.requests))
    found = find_conflict(asks)
    assert (found is None) is can_be_met(asks)
    if found is None:
        return
    assert found.core.confirmed
    names = {r.id for r in asks.requests} & {*found.demands}
    assert not can_be_met(demanding(asks, names))
    for name in names:
        if names == {*found.demands}:
            assert find_conflict(demanding(asks, names - {name})) is None

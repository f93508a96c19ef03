"""Funnels: how the starts of a visit run out, rule by rule, against the truths of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from explain.places import Drawn
from faces import PRESENCE, book_of, universe, with_placements
from tiny import at, calendar, need, patient, practitioner, problem, request, room, service, span

from allocator.domain.calendar import Block
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries
from allocator.domain.schedule import Assignment, FunnelStep, Schedule
from allocator.explain import Explainer
from allocator.prepare.visit import Placement
from allocator.rules.rule import Rule
from allocator.state.state import State
from allocator.table.funnel import funnel
from allocator.table.rulebook import Rulebook

SEEDS = range(80)


def put(visit: str, first: int, last: int, **roles: str) -> Assignment:
    """Place a visit on the Monday."""
    some = tuple((role.replace("_", ":"), (who,)) for role, who in roles.items())
    return Assignment(visit=visit, start=at(0, first), end=at(0, last), resources=some)


def funnel_of(asks: Problem, request: str, *placed: Assignment) -> list[tuple[str, int]]:
    """Return the steps of the only visit of a request that is left out."""
    why = Explainer(asks, Schedule(assignments=placed)).why_not(request)
    ((_, steps),) = why.funnels
    return [(step.rule, step.left) for step in steps]


def broken_by(rule: Rule, book: Rulebook, some: Mapping[int, Placement]) -> set[str]:
    """Return what a rule says against placements, inherited violations left out."""
    found = rule.violations(with_placements(book, some))
    return {violation.message for violation in found if not violation.inherited}


def by_truth(
    book: Rulebook, visit: int, beside: dict[int, Placement], rules: Sequence[Rule]
) -> list[tuple[str, int]]:
    """Count the starts with a place that none of the rules so far says anything new against."""
    places = universe(book, book.prepared.visits[visit])
    steps = [("starts", len({p.start for p in places}))]
    for rule in rules:
        before = broken_by(rule, book, beside)
        places = [p for p in places if not broken_by(rule, book, {**beside, visit: p}) - before]
        left = len({p.start for p in places})
        if left != steps[-1][1]:
            steps.append((rule.name, left))
        if not left:
            break
    return steps


def test_each_rule_takes_its_starts() -> None:
    """Of 24 starts of an hour, 8 to 18 are in the window, 8 to 12 in Ann's hours.

    She is blocked at 9, has B at 10, and Pia is elsewhere at 11; D is placed at 8.
    """
    ann = replace(calendar(), blocks=(Block(span=span(0, 9, 10)),))
    asks = problem(
        request("A", "pia", windows=(span(0, 8, 18),)),
        request("B"),
        request("C", "pia", services="alone"),
        request("D"),
        calendars=(ann, replace(calendar(), id="all")),
        resources=(practitioner("ann"), patient("pia"), room("den", calendar="all")),
        services=(service(), service("alone", needs=(need("room"),))),
    )
    placed = (
        put("B", 10, 11, practitioner="ann"),
        put("C", 11, 12, room="den", attendee_pia="pia"),
        put("D", 8, 9, practitioner="ann"),
    )
    assert funnel_of(asks, "A", *placed) == [
        ("starts", 24),
        ("windows", 10),
        ("opening_hours", 4),
        ("blocks", 3),
        ("attendees_free", 2),
        ("capacity", 0),
    ]


def test_visits_that_are_placed_have_no_funnel() -> None:
    """Of a chain of two steps the first lies at 11: only the second is told."""
    asks = problem(
        request("A", services="visit visit"),
        request("B"),
        services=(service(),),
    )
    why = Explainer(
        asks,
        Schedule(
            assignments=(
                put("A.1", 11, 12, practitioner="ann"),
                put("B", 8, 9, practitioner="ann"),
            )
        ),
    ).why_not("A")
    assert [visit for visit, _ in why.funnels] == ["A.2"]


def test_visits_that_run_out_alike_are_told_together() -> None:
    """Both visits of the series find no hour left beside B, which takes the whole day."""
    asks = problem(
        request("S", series=FlexibleSeries(count=2)),
        request("B", services="long"),
        services=(service(), service("long", minutes=240)),
    )
    placed = Schedule(assignments=(put("B", 8, 12, practitioner="ann"),))
    told = Explainer(asks, placed).why_not("S").text().splitlines()
    assert "  S#1 and S#2: 24 starts, 4 after opening_hours, 0 after capacity." in told


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_go_down_in_the_order_of_the_rules(seed: int) -> None:
    """Each step takes some starts; each rule in force speaks once, but for teams at the end."""
    drawn = Drawn(seed)
    order = [rule.name for rule in drawn.book.rules]
    for visit in drawn.prepared.visits:
        steps = _steps(drawn, visit.index, drawn.without(visit.index))
        left = [step.left for step in steps]
        assert left == sorted(set(left), reverse=True)
        names = [step.rule for step in steps]
        assert names[0] == "starts"
        places = [order.index(name) for name in names[1:]]
        falls = [n for n in range(1, len(places)) if places[n] <= places[n - 1]]
        assert len(falls) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_each_step_is_what_the_truths_so_far_leave(seed: int) -> None:
    """Where a visit has one need and no rule speaks of teams, each step is counted."""
    drawn = Drawn(seed)
    rules = [r for r in drawn.book.rules if r.name not in PRESENCE]
    if drawn.book.team_rules:
        rules = [r for r in rules if r not in drawn.book.team_rules]
    book = book_of(drawn.problem, rules)
    for visit in drawn.prepared.visits:
        if len(visit.needs) > 1 or visit.joins:
            continue
        beside = drawn.without(visit.index)
        state = State(drawn.prepared)
        for other, placement in beside.items():
            state.place(other, placement)
        steps = [(step.rule, step.left) for step in funnel(book, state, visit)]
        assert steps == by_truth(book, visit.index, beside, book.rules)


def _steps(drawn: Drawn, visit: int, beside: dict[int, Placement]) -> tuple[FunnelStep, ...]:
    state = State(drawn.prepared)
    for other, placement in beside.items():
        state.place(other, placement)
    return funnel(drawn.book, state, drawn.prepared.visits[visit])

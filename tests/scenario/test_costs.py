"""What each visit costs more in one scenario than in another."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from explain.places import Drawn
from faces import book_of
from random_problems import random_schedule
from scenario.test_comparison import outcome
from scenario.test_figures import SOME, clinic, placed

from allocator import InvalidProblem, Level, Problem, Schedule
from allocator.check.check import check
from allocator.scenario import Demand, Outcome, Outcomes, Scenario, Withdraw

SEEDS = range(40)


def scheduled(name: str, problem: Problem, schedule: Schedule) -> Outcome:
    """Return an outcome of a problem with a schedule."""
    one = outcome(name)
    assert one.solved is not None
    result = replace(one.solved.result, schedule=schedule)
    return replace(
        one,
        scenario=Scenario(name=name, base=problem),
        solved=replace(one.solved, result=result),
    )


def amounts(problem: Problem, schedule: Schedule) -> Counter[tuple[str, str]]:
    """Return what each goal costs, by the twins."""
    return Counter({(g.level, g.goal): g.cost for g in check(problem, schedule).goals})


@pytest.mark.parametrize("seed", SEEDS)
def test_differences_sum_to_those_of_the_goals(seed: int) -> None:
    """Of two random schedules, the second of a problem with as many again."""
    drawn = Drawn(seed)
    rng = random.Random(seed)
    other = Demand(percent=100, seed=seed).apply(drawn.problem)
    book = book_of(other)
    schedule = Schedule(
        assignments=tuple(
            book.prepared.assignment(v, p) for v, p in sorted(random_schedule(book, rng).items())
        )
    )
    some = Outcomes(
        (scheduled("old", drawn.problem, drawn.schedule), scheduled("new", other, schedule))
    )
    was, now = amounts(drawn.problem, drawn.schedule), amounts(other, schedule)
    found = some.compare().costs("new")
    sums = Counter[tuple[str, str]]()
    for one in found:
        sums[one.level, one.goal] += one.difference
        assert one.difference == one.after - one.before != 0
    assert {key: cost for key, cost in sums.items() if cost} == {
        key: now[key] - was[key] for key in {*was, *now} if now[key] != was[key]
    }
    by_visit = some.by_visit("new")
    assert {
        key: cost for key, cost in by_visit.groupby(["level", "goal"])["cost"].sum().items() if cost
    } == {key: cost for key, cost in now.items() if cost}
    order = [level.name for level in other.objective]
    assert [one.level for one in found] == sorted((o.level for o in found), key=order.index)
    back = Counter((c.level, c.goal, -c.difference) for c in some.compare("new").costs("old"))
    assert back == Counter((c.level, c.goal, c.difference) for c in found)


def test_by_hand() -> None:
    """B is left out now, A comes whole, and C is asked for no more."""
    base = clinic(
        levels=(
            Level(name="priority 1", goals=(("served:1", 1),)),
            Level(name="priority 3", goals=(("served:3", 1),)),
        )
    )
    less = Withdraw(requests=("C",)).apply(base)
    after = Schedule(
        assignments=(
            placed("A#1", 0, 8, "ann", "P1"),
            placed("A#2", 0, 10, "ann", "P1"),
            placed("A#3", 1, 8, "ann", "P1"),
        )
    )
    some = Outcomes((scheduled("old", base, SOME), scheduled("new", less, after)))
    frame = some.compare().by_visit("new")
    assert list(frame.columns) == [
        *("level", "goal", "visit", "request", "there"),
        *("before", "after", "difference", "why_before", "why_after"),
    ]
    # A#2 of before is A#3 now, as both start on Tuesday at 8; A#3, left out, has become A#2.
    third = "0.33 weight left out, of 3 visits together"
    assert frame.values.tolist() == [
        ["priority 1", "served:1", "B", "B", "both", 0, 2520, 2520, "", "1 weight left out"],
        ["priority 3", "served:3", "A#2", "A", "both", 840, 0, -840, third, ""],
        ["priority 3", "served:3", "C", "C", "before", 2520, 0, -2520, "1 weight left out", ""],
    ]
    visits = some.compare().visits("new")
    assert [(one.visit, one.there, one.levels, one.worse) for one in visits] == [
        ("B", "both", {"priority 1": 2520}, True),
        ("A#2", "both", {"priority 3": -840}, False),
        ("C", "before", {"priority 3": -2520}, False),
    ]
    assert [one.text() for visit in visits for one in visit.costs] == [
        "served:1: 1 weight left out, before nothing",
        f"served:3: nothing, before {third}",
        "served:3: nothing, before 1 weight left out",
    ]


def test_a_scenario_without_a_schedule_has_no_costs() -> None:
    """It is said which, and why."""
    some = Outcomes((scheduled("old", clinic(), SOME), outcome("new", error="MemoryError: no")))
    for ask in (some.by_visit, some.compare().by_visit):
        with pytest.raises(InvalidProblem) as error:
            ask("new")
        assert str(error.value) == "Scenario new has no schedule: MemoryError: no"

"""What holds of every solve, on random problems."""

import random
from dataclasses import replace
from typing import Any

import pytest
from faces import book_of
from random_problems import random_problem

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.frames import read_problem, read_schedule, write_problem, write_schedule
from allocator.prepare.prepared import Prepared
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve

#: One worker and a limit in deterministic time: the same every time.
PARAMS = Params(workers=1, deterministic_limit=5.0)


def shuffled(problem: Problem, rng: random.Random) -> Problem:
    """Return the same problem, told in another order."""
    lists = (
        *("requests", "resources", "services", "calendars", "sessions", "locations", "travel"),
        *("relations", "precedences", "apart", "published", "pins", "turnarounds", "forecast"),
    )
    told: dict[str, Any] = {}
    for name in lists:
        things = list(getattr(problem, name))
        rng.shuffle(things)
        told[name] = tuple(things)
    told["requests"] = tuple(
        replace(r, attendees=tuple(reversed(r.attendees)), windows=tuple(reversed(r.windows)))
        for r in told["requests"]
    )
    told["services"] = tuple(replace(s, needs=tuple(reversed(s.needs))) for s in told["services"])
    return replace(problem, **told)


@pytest.mark.parametrize("seed", range(200, 230))
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    """The same problem told in another order has the same schedule, visit by visit."""
    problem = random_problem(seed, most_visits=7)
    one, other = solve(problem, PARAMS), solve(shuffled(problem, random.Random(seed)), PARAMS)
    assert one.schedule == other.schedule
    assert one.levels == other.levels


@pytest.mark.parametrize("seed", range(300, 330))
def test_dropping_a_rule_never_worsens_the_optimum(seed: int) -> None:
    """Whatever was allowed with a rule is allowed without it."""
    problem = random_problem(seed, most_visits=5)
    base = solve(problem, PARAMS)
    names = [rule.name for rule in book_of(problem).rules if not rule.structural]
    for name in random.Random(seed).sample(names, 3):
        free = solve(replace(problem, without_rules=frozenset([name])), PARAMS)
        assert free.status is Status.OPTIMAL or base.status is Status.INFEASIBLE
        if base.schedule is not None:
            assert [level.cost for level in free.levels] <= [level.cost for level in base.levels]


@pytest.mark.parametrize("seed", range(400, 430))
def test_what_solve_returns_passes_the_check(seed: int, tmp_path: Any) -> None:
    """Valid, at the cost told; also once problem and schedule went through files."""
    problem = random_problem(seed, most_visits=8)
    result = solve(problem, PARAMS)
    if result.schedule is None:
        assert result.status is Status.INFEASIBLE
        return
    checked = check(problem, result.schedule)
    assert checked.valid
    assert checked.objective == {level.name: level.cost for level in result.levels}
    assert checked.goals == result.goals
    write_problem(problem, tmp_path / "problem")
    write_schedule(result.schedule, problem, tmp_path / "schedule.csv")
    again = read_problem(tmp_path / "problem")
    assert check(again, read_schedule(tmp_path / "schedule.csv", again)) == checked


@pytest.mark.parametrize("seed", range(500, 530))
def test_claims_fit_the_lanes(seed: int) -> None:
    """At no instant do claims take more lanes than a resource has, pins left out."""
    problem = random_problem(seed, most_visits=8, published=0.0)
    result = solve(problem, PARAMS)
    if result.schedule is None:
        assert any(request.must for request in problem.requests)
        return
    claims = Prepared(problem).claims(result.schedule)
    assert {claim.visit for claim in claims} <= {a.visit for a in result.schedule.assignments}
    for claim in claims:
        taken = sum(
            other.uses
            for other in claims
            if other.resource == claim.resource and other.start <= claim.start < other.end
        )
        assert taken <= problem.resource(claim.resource).lanes

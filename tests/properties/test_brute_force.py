"""On tiny random problems solve finds what trying everything finds: the optimum, level by level."""

import pytest
from faces import book_of
from random_problems import best_by_exhaustion, combinations_of, random_problem

from allocator.check.check import check
from allocator.domain.problem import Problem
from allocator.solve.params import Params
from allocator.solve.result import Result, Status
from allocator.solve.solve import solve

#: Joint placements up to which everything is tried.
MOST_WAYS = 3_000


def agrees(problem: Problem) -> Result:
    """Assert that solve returns the optimum with a proof, or proves that there is nothing."""
    book = book_of(problem)
    best = best_by_exhaustion(book)
    result = solve(problem, Params(workers=1))
    if best is None:
        assert result.status is Status.INFEASIBLE
        assert result.schedule is None
    else:
        assert tuple(level.cost for level in result.levels) == best[0]
        assert result.status is Status.OPTIMAL
        assert result.schedule is not None
        checked = check(problem, result.schedule)
        assert checked.valid
        assert tuple(checked.objective.values()) == best[0]
    return result


def small(seed: int, published: float) -> Problem:
    """Return the first problem from a seed on that is small enough to try everything."""
    while True:
        problem = random_problem(seed, published=published)
        if combinations_of(book_of(problem))[0] <= MOST_WAYS:
            return problem
        seed += 1_000_000


@pytest.mark.parametrize("seed", range(60))
def test_solve_finds_the_optimum(seed: int) -> None:
    """Every shape, rule and goal may appear; a quarter of the problems have a past."""
    agrees(small(seed, 0.25))


@pytest.mark.parametrize("seed", range(100, 130))
def test_solve_finds_the_optimum_around_what_is_published(seed: int) -> None:
    """Pins, freezes and changes: with nothing published there is little to demand."""
    agrees(small(seed, 1.0))

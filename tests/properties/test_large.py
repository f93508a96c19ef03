"""The way of large problems, taken by tiny ones: valid, and no bound above the true optimum."""

import pytest
from faces import book_of
from random_problems import best_by_exhaustion, combinations_of, random_problem

from allocator.check.check import check
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve


@pytest.mark.parametrize("seed", range(900, 940))
def test_repair_is_valid_and_its_bounds_are_true(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a model of the whole, bounds come from a relaxation; all else is tried out."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", -1)
    problem = random_problem(seed, published=0.5)
    book = book_of(problem)
    while combinations_of(book)[0] > 3_000:
        seed += 1_000_000
        problem = random_problem(seed, published=0.5)
        book = book_of(problem)
    best = best_by_exhaustion(book)
    result = solve(problem, Params(workers=1))
    if best is None:
        assert result.schedule is None
        return
    assert result.status in (Status.OPTIMAL, Status.FEASIBLE)
    assert result.schedule is not None
    checked = check(problem, result.schedule)
    costs = tuple(checked.objective.values())
    assert checked.valid
    assert costs == tuple(level.cost for level in result.levels) >= best[0]
    # A level's bound holds as long as the levels before it are as good as can be.
    for number, level in enumerate(result.levels):
        assert level.bound is None or level.bound <= best[0][number]
        if level.cost != best[0][number]:
            break

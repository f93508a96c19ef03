"""Limits that end before CP-SAT has begun: what is not proved is not told as proved."""

import pytest
from faces import book_of
from tiny import problem, request

from allocator.generate.clinics import clinic
from allocator.solve.budget import Budget
from allocator.solve.direct import prove
from allocator.solve.incumbent import incumbent
from allocator.solve.params import Params
from allocator.solve.solve import solve


def test_a_search_that_ends_before_it_began_proves_nothing() -> None:
    """Beside a schedule in which nobody is served, no effort at all leaves every bound open."""
    book = book_of(problem(*map(request, "ABCDE")))
    nothing = incumbent(book, [None] * 5)
    nobody = [None] * len(book.levels)
    budget = Budget(effort=1e-12)
    proof = prove(
        book,
        nothing.placements,
        range(5),
        (),
        nothing,
        nobody,
        Params(workers=1),
        budget,
        lambda *_: None,
    )
    assert proof.best == nothing
    assert proof.bounds == tuple(nobody)


@pytest.mark.parametrize("whole", [160, -1], ids=["whole", "parts"])
def test_no_bound_is_above_what_a_short_solve_reaches(
    whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clinic of 66 visits, stopped in the presolve of its plan: the schedule beats no bound."""
    monkeypatch.setitem(solve.__globals__, "WHOLE_MODEL_VISITS", whole)
    some = clinic("small", 95, 1, visits=66, weeks=2, booked=False)
    result = solve(some, Params(workers=1, deterministic_limit=0.002))
    assert result.schedule is not None
    assert all(level.bound is None or level.bound <= level.cost for level in result.levels)

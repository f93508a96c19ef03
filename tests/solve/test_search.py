"""Search: CP-SAT is asked again where its presolve stumbles over a hint."""

import pytest
from ortools.sat.python import cp_model

from allocator.solve.search import quick_solver, search


def breaks_beside_visits() -> cp_model.CpModel:
    """Return two visits on one of two days, with two equal breaks on each, and a hint.

    The breaks of a day are symmetric. That is all that the presolve of OR-Tools 9.15 needs to
    lose a hinted value: https://github.com/google/or-tools/issues/5288.
    """
    cp = cp_model.CpModel()
    opened = cp_model.Domain.from_intervals([[8, 12], [32, 36]])
    in_time = cp_model.Domain.from_intervals([[8, 11], [32, 35]])
    visits = [cp.new_int_var_from_domain(opened, "visit") for _ in range(2)]
    placed = [cp.new_bool_var("placed") for _ in visits]
    comes = cp.new_bool_var("comes")
    breaks = [
        cp.new_int_var(first, last, "break") for first, last in [(8, 11)] * 2 + [(32, 35)] * 2
    ]
    cp.add_linear_expression_in_domain(visits[0], in_time).only_enforce_if(comes, placed[0])
    cp.add_no_overlap(
        [
            *(
                cp.new_optional_fixed_size_interval_var(v, 1, p, "")
                for v, p in zip(visits, placed, strict=True)
            ),
            *(cp.new_fixed_size_interval_var(pause, 1, "") for pause in breaks),
        ]
    )
    both = cp.new_bool_var("both")
    cp.add_bool_and(*placed).only_enforce_if(both)
    cp.add(both == 1)
    cp.minimize(3 * placed[0] - 3 * comes)
    hinted = [8, 9, 1, 1, 1, 10, 11, 32, 33, 1]
    for variable, value in zip([*visits, *placed, comes, *breaks, both], hinted, strict=True):
        cp.add_hint(variable, value)
    return cp


def solver() -> cp_model.CpSolver:
    found = cp_model.CpSolver()
    found.parameters.num_workers = 1
    return found


def test_a_hint_lost_in_presolve_is_no_crash() -> None:
    """CP-SAT fails on this model; the search answers it: both placed, and coming, costs 0."""
    cp = breaks_beside_visits()
    with pytest.raises(IndexError):
        solver().solve(cp)
    again = solver()
    assert search(again, cp) == cp_model.OPTIMAL
    assert again.objective_value == 0


def test_a_search_without_trouble_is_left_alone() -> None:
    """Without a hint nothing fails, and symmetries stay on."""
    cp = breaks_beside_visits()
    cp.clear_hints()
    only = solver()
    before = only.parameters.symmetry_level
    assert search(only, cp) == cp_model.OPTIMAL
    assert only.parameters.symmetry_level == before


def test_the_quick_solver_comes_to_the_same_optimum() -> None:
    """Three visits of one to three hours on one practitioner, of which each hour of delay costs.

    The shortest is also the dearest, and goes first: they begin at 0, 1 and 3, which costs
    4 * 1 + 3 * 3, and 5 whatever is done.
    """
    cp = cp_model.CpModel()
    starts = [cp.new_int_var(0, 9, "start") for _ in range(3)]
    cp.add_no_overlap(
        cp.new_fixed_size_interval_var(start, hours, "")
        for start, hours in zip(starts, (1, 2, 3), strict=True)
    )
    cp.minimize(5 + sum(rate * start for rate, start in zip((5, 4, 3), starts, strict=True)))
    for found in (solver(), quick_solver(1)):
        assert search(found, cp) == cp_model.OPTIMAL
        assert found.objective_value == 18
        assert found.best_objective_bound == 18

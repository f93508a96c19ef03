"""The range of a cost: no solution costs less or more, and objectives keep to what is asked."""

from ortools.sat.python import cp_model

from allocator.solve.search import minimize, range_of


def test_the_range_of_a_cost_is_that_of_its_variables() -> None:
    """With constants, weights below 0 and opposites of literals."""
    cp = cp_model.CpModel()
    number = cp.new_int_var(2, 10, "")
    holes = cp.new_int_var_from_domain(cp_model.Domain.from_values([1, 4, 9]), "")
    literal = cp.new_bool_var("")
    assert range_of(cp, 3 * number + 5) == (11, 35)
    assert range_of(cp, 3 * number - 2 * literal) == (4, 30)
    assert range_of(cp, 4 * ~literal) == (0, 4)
    assert range_of(cp, holes - number) == (-9, 7)


def test_only_what_is_better_is_found() -> None:
    """At most so much may be paid: a solution, or the proof that there is none."""
    cp = cp_model.CpModel()
    number = cp.new_int_var(2, 10, "")
    solver = cp_model.CpSolver()
    minimize(cp, number + 1, 3)
    assert solver.solve(cp) == cp_model.OPTIMAL
    assert solver.value(number) == 2
    minimize(cp, number + 1, 2)
    assert solver.solve(cp) == cp_model.INFEASIBLE

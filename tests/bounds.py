"""What is missed of served levels in any case: by a plan, by prices, and as it is proved."""

from collections.abc import Sequence

from faces import book_of
from ortools.sat.python import cp_model

from allocator.check.score import score
from allocator.domain.problem import Problem
from allocator.model.model import Model
from allocator.solve.asks import Asks
from allocator.solve.bound import options_alone, served_total
from allocator.solve.budget import Budget
from allocator.solve.params import Params
from allocator.solve.plan import Plan, Planned
from allocator.solve.prices import Prices
from allocator.state.state import State
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook

EXACT = Params(workers=1, deterministic_limit=30.0)


def plan_of(
    book: Rulebook,
    level: int = 0,
    reached: tuple[int, ...] = (),
    seconds: float = 600.0,
    effort: float | None = None,
) -> Planned:
    """Return the plan of a level beside what is frozen, from nothing."""
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, p in enumerate(placements) if p is None]
    frozen = State(prepared, placements, pending=free)
    budget = Budget(seconds, effort)
    alone = options_alone(book, frozen)
    plan = Plan(book, frozen, alone, Asks(book, frozen, alone), budget)
    totals = [served_total(book, n) for n in range(len(book.levels))]
    return plan.solve(level, reached, totals, placements, EXACT, budget)


def prices_of(book: Rulebook) -> Prices:
    """Return the prices beside what is frozen, none of which is found yet."""
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, p in enumerate(placements) if p is None]
    frozen = State(prepared, placements, pending=free)
    alone = options_alone(book, frozen)
    return Prices(book, frozen, alone, Asks(book, frozen, alone))


def floor_of(
    prices: Prices, level: int = 0, before: Sequence[int] = (), budget: Budget | None = None
) -> int:
    """Return what is missed of a level in any case, as prices prove, where nothing is reached."""
    book = prices.book
    totals = [served_total(book, n) for n in range(len(book.levels))]
    reached = (*before, *(total or 0 for total in totals[len(before) :]))
    return prices.floor(level, reached, totals, budget or Budget())


def missed_by_plan(some: Problem) -> int:
    """Return the least value, in parts of a request, that a plan says is missed."""
    floor = plan_of(book_of(some)).floor
    assert floor is not None
    return floor


def missed_by_prices(some: Problem) -> int:
    """Return the least value, in parts of a request, that prices say is missed."""
    return floor_of(prices_of(book_of(some)))


def optimum(book: Rulebook) -> list[int] | None:
    """Return what is missed at least, level by level, as the model of the whole proves it.

    None where demands cannot be met.
    """
    prepared = book.prepared
    placements = [prepared.frozen.get(v) for v in range(len(prepared.visits))]
    free = [v for v, p in enumerate(placements) if p is None]
    levels = [n for n in range(len(book.levels)) if book.serves(n)]
    model = Model(book, State(prepared, placements, pending=free), free, levels=levels)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 8
    costs = []
    base = score(book, Timetable(prepared, placements)).levels
    for level in levels:
        cost = model.level_cost(level)
        model.cp.minimize(cost)
        status = solver.solve(model.cp)
        if status == cp_model.INFEASIBLE:
            return None
        assert status == cp_model.OPTIMAL
        value = int(solver.value(cost))
        model.cp.add(cost <= value)
        costs.append(base[level] + value)
    return costs

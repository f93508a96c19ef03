"""A large problem: its bounds by prices, its schedule by a plan, and then by walks in turns."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.goals.served import Served
from allocator.prepare.visit import Placement
from allocator.solve.budget import Budget
from allocator.solve.company import LONG
from allocator.solve.everybody import everybody
from allocator.solve.incumbent import Incumbent
from allocator.solve.on_days import insert_on_days
from allocator.solve.plan import Plan
from allocator.solve.prices import Prices, Rent, planned_days
from allocator.solve.realize import realize
from allocator.solve.repair import Repair
from allocator.solve.work import Work

#: Share of the time left in which visits are planned at prices, and in which they are inserted:
#: where insertion does not come to its end, all was in vain.
PLAN, INSERT = 0.25, 0.5
#: Share of the time left that a level of served requests may take while others wait behind it.
SHARE = 0.15
#: The same of the last such level: what is left is for comfort, in which more is served, too.
LAST_SHARE = 0.8
#: Free visits up to which one model of the whole may serve everybody, its share of the time left,
#: and the share of requests that are left out up to which that is worth it.
ALL_VISITS, ALL, FEW = 1_500, 0.4, 0.03
#: Share of the time left for one round of fitting in what is left out, and of improving; and the
#: share of the time after plans that is left for improving alone.
ROUND, LAST = 0.15, 0.4
#: Rounds in vain after which they end.
ROUNDS = 3
#: Share of the free visits that lie somewhere, above which nothing is planned from scratch.
KNOWN = 0.5


def solve_large(work: Work, best: Incumbent, bounds: list[int | None]) -> Incumbent:
    """Serve as much as can be, and improve comfort on the way.

    Parameters
    ----------
    work
        The problem and its limits.
    best
        A schedule.
    bounds
        Lower bounds of the levels; raised. They hold for the costs of the levels before that were
        reached.

    Returns
    -------
    Incumbent
        The best schedule, never worse than what was best before.
    """
    if _known(work):
        best = work.squeeze(best, bounds)
        if work.given:
            part = work.budget.part(LAST_SHARE)
            best = _repair(work, best.placements, best, bounds, work.serving, part)
        work.tighten(best, bounds)
    else:
        best = serve(work, best, bounds)
    best = serve_all(work, best, bounds)
    return alternate(work, best, bounds)


def _known(work: Work) -> bool:
    """Say whether most visits lie somewhere: then a plan would move what may well stay."""
    told = sum(visit in work.there for visit in work.free)
    return told > KNOWN * len(work.free)


def serve(work: Work, best: Incumbent, bounds: list[int | None]) -> Incumbent:
    """Plan who comes when, place what the plan serves, and repair the rest.

    First prices of time tell who comes when, and visits are inserted and squeezed in. Where the
    problem is not too large for that, a plan is then an integer programme, and each day is placed
    exactly.
    """
    prices = work.tighten(best, bounds)
    if prices is None or work.budget.over:
        return work.squeeze(best, bounds)
    work.phase = "plan"
    found = work.accept(_inserted(work, prices, best))
    # What a class lacks by a little is squeezed in before it is judged.
    squeezed = best if found is None else work.squeeze(found, bounds)
    best = squeezed if squeezed.costs < best.costs else work.squeeze(best, bounds)
    work.phase = "plan"
    plan = Plan(work.book, work.frozen_state, work.alone, work.asks, work.budget)
    if plan.too_large:
        return best
    for place, level in enumerate(work.serving):
        bound = bounds[level] or 0
        if work.aim.reached(level, best.costs[level], bound) or work.budget.over:
            continue
        work.phase = "plan"
        part = work.budget.part(LAST_SHARE if level == work.serving[-1] else SHARE)
        planned = plan.solve(level, best.costs, work.aim.totals, best.placements, work.params, part)
        if planned.floor is not None:
            bounds[level] = max(bound, planned.floor)
        work.tell(best, bounds, work.book.levels[level].name)
        if not work.budget.left:
            break
        levels = work.serving[: place + 1]
        start: Sequence[Placement | None] = best.placements
        if planned.days:
            start = realize(
                work.book,
                work.frozen_state,
                planned.days,
                best.placements,
                work.must,
                work.params,
                part,
                _classes(work, levels),
            )
            if work.budget.stopped:
                break
        best = _repair(work, start, best, bounds, levels, part)
    return best


def _inserted(work: Work, prices: Prices, best: Incumbent) -> Sequence[Placement | None]:
    """Plan at the prices of time who comes on which day, and return where they lie there."""
    planned = planned_days(prices, work.budget.part(PLAN))
    part = work.budget.part(INSERT)
    return insert_on_days(
        work.book,
        work.frozen_state,
        work.alone,
        planned,
        best.placements,
        work.must,
        work.params,
        part,
        Rent(prices),
    )


def serve_all(work: Work, best: Incumbent, bounds: Sequence[int | None]) -> Incumbent:
    """Serve everybody by one model of the whole, where few are left out and may not have to."""
    missed = [n for n in work.serving if best.costs[n]]
    requests = work.prepared.requests
    waiting = sum(any(best.placements[v] is None for v in r.visits) for r in requests)
    if (
        not missed
        or any(bounds[n] for n in missed)
        or len(work.free) > ALL_VISITS
        or waiting > FEW * len(requests)
        or work.budget.over
    ):
        return best
    work.phase = "serve all"
    part = work.budget.part(ALL)
    placements = everybody(work.book, work.frozen, work.free, best.placements, work.params, part)
    return work.better(best, placements)


def alternate(work: Work, best: Incumbent, bounds: list[int | None]) -> Incumbent:
    """Fit in what is left out and improve, in turns: each finds what the other opens."""
    left, vain = _left(work.budget), 0
    while (
        _left(work.budget) > LAST * left
        and work.budget.left * ROUND >= LONG
        and vain < ROUNDS
        and not all(work.aim.reached(n, best.costs[n], bounds[n]) for n in work.serving)
    ):
        before = best.costs
        part = work.budget.part(ROUND)
        best = _repair(work, best.placements, best, bounds, work.serving, part)
        best = work.improve(best, bounds, ROUND)
        vain = 0 if best.costs < before else vain + 1
    return best


def _repair(
    work: Work,
    start: Sequence[Placement | None],
    best: Incumbent,
    bounds: Sequence[int | None],
    levels: Sequence[int],
    budget: Budget,
) -> Incumbent:
    """Fit in what is left out, from placements in which requests may lie in part."""
    work.phase = "repair"
    repair = Repair(
        work.book,
        start,
        work.must,
        work.params,
        budget,
        _classes(work, levels),
        rules=work.rules,
        goals=work.goals,
    )
    return repair.run(work.alone, best, bounds, work.tell, work.book.levels[levels[-1]].name)


def _left(budget: Budget) -> float:
    """Return what is left, as seconds or as deterministic time."""
    return budget.effort if budget.exact else budget.left


def _classes(work: Work, levels: Sequence[int]) -> list[int]:
    """Return the priorities of which some levels speak, the most urgent first."""
    return sorted(
        {
            goal.priority
            for number, goal in enumerate(work.book.goals)
            if isinstance(goal, Served) and work.book.level(number) in levels
        }
    )

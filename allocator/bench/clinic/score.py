"""Requests served, counted from the requests and the names of the visits that are placed.

Comfort is not scored: a second count of it all would be a second library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from allocator.bench.case import PARTS, Scored
from allocator.bench.clinic.broken import broken
from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries, Request
from allocator.domain.schedule import Schedule

SERVED = "served:"


def score(problem: Problem, schedule: Schedule | None) -> Scored:
    """Count the value missed, and look for broken rules.

    Parameters
    ----------
    problem
        What was asked for.
    schedule
        What was made of it; without one nothing is served, and nothing broken.

    Returns
    -------
    Scored
        With the levels in which nothing but served requests counts.
    """
    placed = set() if schedule is None else {one.visit for one in schedule.assignments}
    missed: Counter[str] = Counter()
    unserved = []
    for request in problem.requests:
        value = earned(request, placed)
        missed[f"{SERVED}{request.priority}"] += PARTS * request.weight - value
        if request.must and not value:
            unserved.append(f"Request {request.id} must be served, and is not.")
    levels = {
        level.name: sum(weight * missed[goal] for goal, weight in level.goals)
        for level in problem.objective
        if all(goal.startswith(SERVED) for goal, _ in level.goals)
    }
    if schedule is None:
        return Scored(levels)
    return Scored(levels, (*unserved, *broken(problem, schedule)))


def earned(request: Request, placed: set[str]) -> int:
    """Return the value of what is placed of a request, in parts of its weight.

    Served whole it earns its weight; in part, its share, once the required visits are there.
    """
    whole = [n for n in range(1, request.occurrences + 1) if set(_visits(request, n)) <= placed]
    if len(whole) == request.occurrences:
        return PARTS * request.weight
    if not whole or not _enough(request, whole):
        return 0
    return len(whole) * (PARTS * request.weight // request.occurrences)


def _visits(request: Request, occurrence: int) -> Iterator[str]:
    for step in range(1, len(request.steps) + 1):
        yield request.visit_id(occurrence, step)


def _enough(request: Request, whole: list[int]) -> bool:
    """Say whether the occurrences that are placed are those that are required at least."""
    match request.series:
        case FlexibleSeries(at_least=int(least)):
            return len(whole) >= least
        case FixedSeries(count=count, may_miss=may_miss):
            return set(range(1, count + 1)) - may_miss <= set(whole)
    return False

"""A solve that is stopped and does not come to its end at once: its last news are its result."""

from __future__ import annotations

from allocator.domain.schedule import Schedule, Unplaced
from allocator.solve.progress import Progress
from allocator.solve.result import LevelResult, Result, Status
from api.solving.clinic import Clinic

#: What is said of those who are left out; how their starts run out is counted when that is asked.
REASON = "The solve was stopped before it was known why."


def stopped(news: Progress, found: Clinic) -> Result:
    """Return what a solve had reached: the best schedule so far, which every rule has passed."""
    assignments = news.assignments()
    placed = {a.visit for a in assignments}
    unplaced = tuple(
        Unplaced(visit=visit, request=mine.owner, reason=REASON)
        for visit, mine in found.visits.items()
        if visit not in placed and not mine.session
    )
    levels = zip(found.problem.objective, news.costs, news.bounds, strict=True)
    return Result(
        status=Status.FEASIBLE,
        schedule=Schedule(assignments=assignments, unplaced=unplaced),
        levels=tuple(LevelResult(level.name, cost, bound) for level, cost, bound in levels),
        visits=len(found.visits),
        visits_placed=len(placed & found.visits.keys()),
        seconds=news.seconds,
        notes=("It was stopped, and ends with the best that it had.",),
    )

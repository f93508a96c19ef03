"""A schedule from anywhere, as the report wants it: checked, scored, and with its reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.prepare.prepared import Prepared

if TYPE_CHECKING:
    from allocator.solve.result import Result


def complete(problem: Problem, schedule: Schedule) -> Schedule:
    """Return a schedule that tells of every visit that it does not place why.

    What it tells already stays as it is; the rest is told by what is placed.
    """
    told = {one.visit for one in schedule.unplaced} | {a.visit for a in schedule.assignments}
    if all(visit in told for request in problem.requests for visit in request.visit_ids()):
        return schedule
    from allocator.goals import GOALS
    from allocator.rules import RULES
    from allocator.solve.left_out import left_out
    from allocator.state.state import State
    from allocator.table.rulebook import Rulebook

    prepared = Prepared(problem)
    state = State(prepared, prepared.placements(schedule))
    rest = [
        one for one in left_out(Rulebook(prepared, RULES, GOALS), state) if one.visit not in told
    ]
    return replace(schedule, unplaced=(*schedule.unplaced, *rest))


def judged(problem: Problem, schedule: Schedule) -> Result:
    """Check and score a schedule; nothing is proved of it, and no time was taken.

    Returns
    -------
    Result
        Its violations are all that the schedule breaks, not only what is inherited.
    """
    from allocator.check.check import check
    from allocator.rules.series_completeness import served_occurrences
    from allocator.solve.result import LevelResult, Result, Status
    from allocator.state.timetable import Timetable

    found = check(problem, schedule)
    prepared = Prepared(problem)
    timetable = Timetable(prepared, prepared.placements(schedule))
    asked = [r for r in prepared.requests if any(v not in prepared.frozen for v in r.visits)]
    visits = [v for request in asked for v in request.visits if v not in prepared.frozen]
    return Result(
        status=Status.FEASIBLE,
        schedule=complete(problem, schedule),
        levels=tuple(LevelResult(name, cost, None) for name, cost in found.objective.items()),
        goals=found.goals,
        violations=found.violations,
        requests=len(asked),
        requests_served=sum(served_occurrences(timetable, request) > 0 for request in asked),
        visits=len(visits),
        visits_placed=sum(timetable.placements[visit] is not None for visit in visits),
        notes=prepared.notes,
    )

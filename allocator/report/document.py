"""Results as plain objects, for ``--json``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allocator.check.check import Checked
from allocator.check.score import GoalScore
from allocator.domain.schedule import Schedule
from allocator.rules.rule import Violation
from allocator.solve.result import Result


def result_document(result: Result) -> dict[str, Any]:
    """Return a result as an object of plain values.

    Returns
    -------
    dict
        ``status``, ``objective`` (cost by level, in order), ``bound`` and ``gap`` by level
        (None where nothing is proved), ``served`` by served level, counts, seconds,
        ``violations`` and ``goals``.
    """
    return {
        "status": result.status.name,
        "objective": {level.name: level.cost for level in result.levels},
        "bound": {level.name: level.bound for level in result.levels},
        "gap": {level.name: level.gap for level in result.levels},
        "served": {
            level.name: {"value": level.served, "at_most": level.servable}
            for level in result.levels
            if level.total is not None
        },
        "requests": result.requests,
        "requests_served": result.requests_served,
        "visits": result.visits,
        "visits_placed": result.visits_placed,
        "first_schedule_seconds": result.first_schedule_seconds,
        "seconds": result.seconds,
        "violations": [_violation(v) for v in result.violations],
        "goals": _goals(result.goals),
        "notes": list(result.notes),
    }


def checked_document(checked: Checked, schedule: Schedule) -> dict[str, Any]:
    """Return what a check of a schedule found as an object of plain values."""
    return {
        "valid": checked.valid,
        "visits_placed": len(schedule),
        "violations": [_violation(v) for v in checked.violations],
        "objective": checked.objective,
        "goals": _goals(checked.goals),
    }


def _violation(violation: Violation) -> dict[str, Any]:
    return {
        "rule": violation.rule,
        "message": violation.message,
        "visits": list(violation.visits),
        "resources": list(violation.resources),
        "inherited": violation.inherited,
    }


def _goals(goals: Iterable[GoalScore]) -> list[dict[str, Any]]:
    return [
        {
            "goal": goal.goal,
            "level": goal.level,
            "unit": goal.unit,
            "weight": goal.weight,
            "amount": goal.amount,
            "cost": goal.cost,
        }
        for goal in goals
    ]

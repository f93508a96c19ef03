"""A result as one plain object, for ``--json``."""

from __future__ import annotations

from typing import Any

from allocator.solve.result import Result


def result_document(result: Result) -> dict[str, Any]:
    """Return a result as an object of plain values.

    Returns
    -------
    dict
        ``status``, ``objective`` (cost by level, in order), ``bound`` and ``gap`` by level
        (None where nothing is proved), counts, seconds, ``violations`` and ``goals``.
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
        "violations": [violation_document(v) for v in result.violations],
        "goals": [
            {
                "goal": goal.goal,
                "level": goal.level,
                "unit": goal.unit,
                "weight": goal.weight,
                "amount": goal.amount,
                "cost": goal.cost,
            }
            for goal in result.goals
        ],
        "notes": list(result.notes),
    }


def violation_document(violation: Any) -> dict[str, Any]:
    """Return a violation as an object of plain values."""
    return {
        "rule": violation.rule,
        "message": violation.message,
        "visits": list(violation.visits),
        "resources": list(violation.resources),
        "inherited": violation.inherited,
    }

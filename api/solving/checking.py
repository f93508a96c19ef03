"""A schedule of one's own, checked and scored by the rules and goals; no solver takes part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allocator.check.check import check as checked
from allocator.domain.faults import Fault, InvalidSchedule
from allocator.domain.schedule import Assignment, Schedule
from allocator.frames.nested import Decoder
from api.problems import Invalid
from api.solving import queue
from api.solving.clinic import clinic
from api.solving.publishing import BESIDE
from api.usecases.rules import faults as told
from api.usecases.tx import Tx


def check(tx: Tx, body: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a schedule of the pending requests breaks, beside what is booked, and its cost.

    Parameters
    ----------
    body
        ``first`` and ``days`` as for a solve, and ``visits`` as a solve's result has them.

    Raises
    ------
    Invalid
        Where it names what is not there.
    """
    tx.demand("solves.read")
    found = clinic(tx, queue.parsed({key: body[key] for key in body.keys() - {"visits"}}))
    faults: list[Fault] = []
    given: tuple[Assignment, ...] = Decoder(faults).value(
        tuple[Assignment, ...], _plain(body.get("visits", [])), "visits"
    )
    if faults:
        raise Invalid(faults[0].message, faults=told(faults))
    named = {assignment.visit for assignment in given}
    beside = [a for a in found.problem.published if a.visit not in named]
    try:
        result = checked(found.problem, Schedule(assignments=(*given, *beside)))
    except InvalidSchedule as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error
    return {
        "valid": result.valid,
        "violations": [
            {
                "rule": violation.rule,
                "message": violation.message,
                "visits": list(violation.visits),
                "resources": list(violation.resources),
                "inherited": violation.inherited,
            }
            for violation in result.violations
        ],
        "levels": [{"name": name, "cost": cost} for name, cost in result.objective.items()],
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
    }


def _plain(visits: Any) -> Any:
    """Return visits without what a solve's result tells beside where they lie."""
    if not isinstance(visits, list):
        return visits
    return [
        {key: value for key, value in visit.items() if key not in BESIDE}
        if isinstance(visit, dict)
        else visit
        for visit in visits
    ]

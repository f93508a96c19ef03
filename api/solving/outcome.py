"""What came of a solve, as it is kept: what it would book and move, whom to tell, the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from allocator.domain.request import FlexibleSeries
from allocator.domain.schedule import Assignment, Schedule
from allocator.frames.nested import encode
from allocator.solve.result import Result
from api.solving.clinic import Clinic
from api.solving.units import place


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A booked visit that should be placed anew, and for which there is no other place.

    It stays booked where it is: whoever looks at it calls, or cancels.
    """

    booking: str
    person: str | None
    id: str
    start: datetime
    reason: str

    @classmethod
    def of(cls, row: Any, reason: str) -> Stay:
        """Return a stored visit that stays."""
        return cls(
            booking=row.booking, person=row.person, id=str(row.uid), start=row.start, reason=reason
        )


def document(result: Result, found: Clinic, stays: Iterable[Stay]) -> dict[str, Any]:
    """Return what came of a solve."""
    schedule = result.schedule or Schedule()
    services = {
        request.visit_id(occurrence, number): step.service
        for request in found.problem.requests
        for occurrence in range(1, request.occurrences + 1)
        for number, step in enumerate(request.steps, 1)
    }
    before = {a.visit: a for a in found.problem.published if a.visit in found.visits}
    after = _named_as_before(found, schedule, before)
    there = {a.visit for a in found.problem.published}
    return {
        "status": result.status.name.lower(),
        "seconds": round(result.seconds, 2),
        "levels": [
            {"name": level.name, "cost": level.cost, "bound": level.bound, "total": level.total}
            for level in result.levels
        ],
        "requests": len(found.requests),
        "visits": [
            {**_row(a, found), "service": services[a.visit]}
            for a in after
            if before.get(a.visit) is None or place(a) != place(before[a.visit])
        ],
        "sessions": [
            encode(a)
            for a in schedule.assignments
            if found.problem.knows("session", a.visit) and a.visit not in there
        ],
        "before": [
            _row(before[a.visit], found)
            for a in after
            if a.visit in before and place(a) != place(before[a.visit])
        ],
        "moved": [
            _moved(before[a.visit], a, found)
            for a in after
            if a.visit in before and place(a) != place(before[a.visit])
        ],
        "stays": [
            {
                "booking": stay.booking,
                "person": stay.person,
                "id": stay.id,
                "start": stay.start.isoformat(),
                "reason": stay.reason,
            }
            for stay in stays
        ],
        "unplaced": [
            {
                "visit": found.visits[u.visit].visit,
                "request": found.visits[u.visit].owner,
                "reason": u.reason,
                "funnel": [{"rule": step.rule, "left": step.left} for step in u.funnel],
            }
            for u in schedule.unplaced
            if u.visit in found.visits and not found.visits[u.visit].uid
        ]
        + [
            {"visit": name, "request": name, "reason": reason, "funnel": []}
            for name, reason in found.skipped.items()
        ],
        "notes": list(result.notes),
    }


def _row(assignment: Assignment, found: Clinic) -> dict[str, Any]:
    mine = found.visits[assignment.visit]
    return {**encode(replace(assignment, visit=mine.visit)), "request": mine.owner}


def _moved(before: Assignment, after: Assignment, found: Clinic) -> dict[str, Any]:
    """Return a move: whose, from where, to where."""
    mine = found.visits[after.visit]
    return {
        "booking": mine.owner,
        "person": found.people[mine.owner],
        "id": mine.uid,
        "from": _lies(before),
        "to": _lies(after),
    }


def _lies(assignment: Assignment) -> dict[str, Any]:
    return {
        "start": encode(assignment.start),
        "end": encode(assignment.end),
        "resources": {role: list(names) for role, names in assignment.resources},
    }


def _named_as_before(
    found: Clinic, schedule: Schedule, before: dict[str, Assignment]
) -> Sequence[Assignment]:
    """Return what is placed, where visits of a flexible series keep their names if they can.

    Its visits are interchangeable and are numbered by their start: one that moves past another
    changes the numbers of both, and the other has not moved for that.
    """
    named = {a.visit: a for a in schedule.assignments if a.visit in found.visits}
    for request in found.problem.requests:
        visits = [visit for visit in request.visit_ids() if visit in before and visit in named]
        if not isinstance(request.series, FlexibleSeries) or len(request.steps) > 1 or not visits:
            continue
        places = Counter(place(before[visit]) for visit in visits)
        kept = [visit for visit in visits if place(named[visit]) in places]
        lying = {place(named[visit]): named[visit] for visit in kept}
        new = [named[visit] for visit in visits if visit not in kept]
        left = [visit for visit in visits if place(before[visit]) not in lying]
        for visit in visits:
            if place(before[visit]) in lying:
                named[visit] = replace(lying[place(before[visit])], visit=visit)
        for visit, assignment in zip(left, new, strict=True):
            named[visit] = replace(assignment, visit=visit)
    return list(named.values())

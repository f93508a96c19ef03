"""What came of a solve, as it is kept: what it would book and move, whom to tell, the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """A booked visit, or a group session, that should be placed anew and has no other place.

    It stays booked where it is: whoever looks at it calls, or cancels.

    Attributes
    ----------
    booking, person
        Whose visit it is; None for a group session's place.
    session
        The group session that it is, or that it has a seat in; or None.
    """

    booking: str | None
    person: str | None
    session: str | None
    id: str
    start: datetime
    reason: str

    @classmethod
    def of(cls, row: Any, reason: str) -> Stay:
        """Return a stored visit that stays."""
        return cls(
            booking=row.booking,
            person=row.person,
            session=row.session if row.booking else row.ref,
            id=str(row.uid),
            start=row.start,
            reason=reason,
        )


def document(result: Result, found: Clinic, stays: Iterable[Stay]) -> dict[str, Any]:
    """Return what came of a solve."""
    schedule = result.schedule or Schedule()
    sessions = {session.id: session.service for session in found.problem.sessions}
    services = sessions | {
        request.visit_id(occurrence, number): step.service
        for request in found.problem.requests
        for occurrence in range(1, request.occurrences + 1)
        for number, step in enumerate(request.steps, 1)
    }
    before = found.before
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
            {**_row(a, found), "service": services[a.visit] or sessions[a.session or ""]}
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
        "moved": list(_moved(found, schedule, after)),
        "stays": [
            {
                "booking": stay.booking,
                "person": stay.person,
                "session": stay.session,
                "id": stay.id,
                "start": encode(stay.start),
                "reason": stay.reason or "No place is left for all who take part.",
            }
            for stay in stays
        ],
        "unplaced": [
            {
                "visit": found.visits[u.visit].visit,
                "request": found.visits[u.visit].owner,
                "person": found.people.get(found.visits[u.visit].owner),
                "reason": u.reason,
                "funnel": [{"rule": step.rule, "left": step.left} for step in u.funnel],
            }
            for u in schedule.unplaced
            if u.visit in found.visits and not found.visits[u.visit].uid
        ]
        + [
            {
                "visit": name,
                "request": name,
                "person": found.people.get(name),
                "reason": reason,
                "funnel": [],
            }
            for name, reason in found.skipped.items()
        ],
        "notes": list(result.notes),
    }


def _row(assignment: Assignment, found: Clinic) -> dict[str, Any]:
    """Return where a visit lies; the place of a group session is no request's."""
    mine = found.visits[assignment.visit]
    request = None if mine.session else mine.owner
    return {**encode(replace(assignment, visit=mine.visit)), "request": request}


def _moved(
    found: Clinic, schedule: Schedule, after: Sequence[Assignment]
) -> Iterator[dict[str, Any]]:
    """Yield the moves: whose, from where, to where.

    Whoever takes part in a group session hears of its staff and its room as if they were their
    own; so does who keeps a seat in it, and has nothing else to change.
    """
    held = {a.visit: a for a in schedule.assignments if found.problem.knows("session", a.visit)}
    keep = [a for a in schedule.assignments if a.session and a.visit in found.fixed]
    pairs = [(found.before[a.visit], a) for a in after if a.visit in found.before]
    for was, now in (*pairs, *zip(keep, keep, strict=True)):
        mine = found.visits.get(now.visit) or found.fixed[now.visit]
        was, now = _with_all(was, found.held), _with_all(now, held)
        if place(was) != place(now):
            yield {
                "booking": None if mine.session else mine.owner,
                "person": found.people.get(mine.owner),
                "session": mine.owner if mine.session else now.session,
                "id": mine.uid,
                "from": _lies(was),
                "to": _lies(now),
            }


def _with_all(assignment: Assignment, held: Mapping[str, Assignment]) -> Assignment:
    """Return a visit with the staff and the room of the group session that it joins."""
    session = held.get(assignment.session or "")
    if session is None:
        return assignment
    return replace(assignment, resources=(*session.resources, *assignment.resources))


def _lies(assignment: Assignment) -> dict[str, Any]:
    return {
        "start": encode(assignment.start),
        "end": encode(assignment.end),
        "resources": {role: list(names) for role, names in assignment.resources},
    }


def _named_as_before(
    found: Clinic, schedule: Schedule, before: Mapping[str, Assignment]
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

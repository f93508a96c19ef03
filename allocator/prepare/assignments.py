"""Assignments into placements and back: names and instants into numbers and ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode, InvalidProblem, InvalidSchedule
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.domain.time import is_aware
from allocator.prepare.visit import ANYWHERE, Placement, Visit

if TYPE_CHECKING:
    from allocator.prepare.prepared import Prepared


def read_all(
    prepared: Prepared,
    assignments: Iterable[Assignment],
    error: type[InvalidProblem] | type[InvalidSchedule],
) -> dict[int, Placement]:
    """Turn assignments into placements by visit.

    Raises
    ------
    InvalidProblem, InvalidSchedule
        As asked for, with every fault, when they name what does not exist.
    """
    placed: dict[int, Placement] = {}
    faults: list[Fault] = []
    for assignment in assignments:
        found = list(_faults(prepared, assignment))
        faults += found
        if found:
            continue
        number = prepared.visit_index[assignment.visit]
        if number in placed:
            faults.append(
                Fault(
                    FaultCode.DUPLICATE,
                    "assignment",
                    assignment.visit,
                    f"Assignment {assignment.visit}: the visit is placed twice.",
                )
            )
        placed[number] = _read(prepared, prepared.visits[number], assignment)
    if faults:
        raise error(faults)
    return {
        visit: p._replace(location=placed[p.session].location) if p.session in placed else p
        for visit, p in placed.items()
    }


def _read(prepared: Prepared, visit: Visit, assignment: Assignment) -> Placement:
    horizon = prepared.horizon
    start = horizon.tick(assignment.start)
    end = horizon.tick_at_or_after(assignment.end)
    filling = dict(assignment.resources)
    index = prepared.resource_index
    team = tuple(
        [tuple(sorted([index[name] for name in filling.get(n.role, ())])) for n in visit.needs]
    )
    session = ANYWHERE if assignment.session is None else prepared.visit_index[assignment.session]
    location = prepared.location_of(visit, team, session)
    return Placement(start, end - start, location, session, team)


def _faults(prepared: Prepared, assignment: Assignment) -> Iterator[Fault]:
    """Yield what an assignment names that does not exist."""
    id = assignment.visit

    def fault(code: FaultCode, message: str) -> Fault:
        return Fault(code, "assignment", id, f"Assignment {id}: {message}")

    number = prepared.visit_index.get(id)
    if number is None:
        yield fault(FaultCode.UNKNOWN_NAME, "no request has this visit.")
        return
    if not is_aware(assignment.start) or not is_aware(assignment.end):
        yield fault(FaultCode.NAIVE_TIME, "its times have no zone or offset.")
        return
    visit = prepared.visits[number]
    for role, names in assignment.resources:
        if not any(need.role == role for need in visit.needs):
            known = ", ".join(sorted(need.role for need in visit.needs)) or "none"
            yield fault(FaultCode.UNKNOWN_NAME, f"the role {role!r}; its visit has: {known}.")
        for name in names:
            if name not in prepared.resource_index:
                yield fault(FaultCode.UNKNOWN_NAME, f"the resource {name!r} does not exist.")
    session = assignment.session
    if session is not None and prepared.visit_index.get(session, ANYWHERE) not in visit.joins:
        yield fault(FaultCode.UNKNOWN_NAME, f"the session {session!r} is none that it accepts.")
    horizon = prepared.horizon
    start = horizon.tick(assignment.start)
    if horizon.instant(start) != assignment.start:
        yield fault(
            FaultCode.OFF_GRID,
            f"its start {assignment.start.isoformat()} is not on the grid of"
            f" {prepared.grain} minutes.",
        )
    if not 0 <= start < horizon.tick_at_or_after(assignment.end) <= prepared.ticks:
        yield fault(
            FaultCode.OUTSIDE_HORIZON,
            f"{assignment.start.isoformat()} to {assignment.end.isoformat()} is not"
            f" inside the horizon, {horizon.start.isoformat()} to"
            f" {horizon.end.isoformat()}.",
        )


def write(prepared: Prepared, visit: int, placement: Placement) -> Assignment:
    """Turn a placement into an assignment."""
    what = prepared.visits[visit]
    return Assignment(
        visit=what.id,
        start=prepared.horizon.instant(placement.start),
        end=prepared.horizon.instant(placement.start + placement.duration),
        resources=tuple(
            (need.role, tuple(prepared.resources[r].id for r in members))
            for need, members in zip(what.needs, placement.team, strict=True)
            if members
        ),
        session=None if placement.session < 0 else prepared.visits[placement.session].id,
    )


def claims_of(prepared: Prepared, schedule: Schedule) -> tuple[Claim, ...]:
    """Return what a schedule takes of each resource, in order of resource and start."""
    claims = []
    for number, placement in enumerate(prepared.placements(schedule)):
        if placement is not None:
            visit = prepared.visits[number]
            for claim in visit.claims(placement):
                claims.append(
                    Claim(
                        resource=prepared.resources[claim.resource].id,
                        visit=visit.id,
                        role=visit.needs[claim.need].role,
                        start=prepared.horizon.instant(claim.first),
                        end=prepared.horizon.instant(claim.end),
                        uses=claim.uses,
                    )
                )
    claims.sort(key=lambda c: (c.resource, c.start, c.visit, c.role))
    return tuple(claims)

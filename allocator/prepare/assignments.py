"""Assignments into placements and back: names and instants into numbers and ticks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode, InvalidProblem, InvalidSchedule
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.domain.time import is_aware, zone_of
from allocator.prepare.visit import ANYWHERE, Placement

if TYPE_CHECKING:
    from allocator.prepare.prepared import Prepared


def read_all(
    prepared: Prepared,
    assignments: Iterable[Assignment],
    error: type[InvalidProblem] | type[InvalidSchedule],
    held: Mapping[int, Placement] | None = None,
) -> dict[int, Placement]:
    """Turn assignments into placements by visit.

    Parameters
    ----------
    held
        Where visits lie that are not among them: who takes part in a session is where that is.

    Raises
    ------
    InvalidProblem, InvalidSchedule
        As asked for, with every fault, when they name what does not exist.
    """
    placed: dict[int, Placement] = {}
    faults: list[Fault] = []
    for assignment in assignments:
        placement = _read(prepared, assignment, faults)
        if placement is None:
            continue
        number = prepared.visit_index[assignment.visit]
        if number in placed:
            faults.append(_fault(assignment, FaultCode.DUPLICATE, "the visit is placed twice."))
        placed[number] = placement
    if faults:
        raise error(faults)
    there = {**(held or {}), **placed}
    return {
        visit: p._replace(location=there[p.session].location) if p.session in there else p
        for visit, p in placed.items()
    }


def _read(prepared: Prepared, assignment: Assignment, faults: list[Fault]) -> Placement | None:
    """Return where an assignment puts its visit, or None, with a fault for each thing amiss."""
    before = len(faults)

    def amiss(code: FaultCode, message: str) -> None:
        faults.append(_fault(assignment, code, message))

    number = prepared.visit_index.get(assignment.visit)
    if number is None:
        amiss(FaultCode.UNKNOWN_NAME, "no request has this visit.")
        return None
    if not is_aware(assignment.start) or not is_aware(assignment.end):
        amiss(FaultCode.NAIVE_TIME, "its times have no zone or offset.")
        return None
    visit, index, horizon = prepared.visits[number], prepared.resource_index, prepared.horizon
    roles = [need.role for need in visit.needs]
    for role, names in assignment.resources:
        if role not in roles:
            known = ", ".join(sorted(roles)) or "none"
            amiss(FaultCode.UNKNOWN_NAME, f"the role {role!r}; its visit has: {known}.")
        for name in names:
            if name not in index:
                amiss(FaultCode.UNKNOWN_NAME, f"the resource {name!r} does not exist.")
    session = ANYWHERE
    if assignment.session is not None:
        session = prepared.visit_index.get(assignment.session, ANYWHERE)
        if session not in visit.joins:
            text = f"the session {assignment.session!r} is none that it accepts."
            amiss(FaultCode.UNKNOWN_NAME, text)
    start, on_grid = horizon.place(assignment.start)
    end = horizon.tick_at_or_after(assignment.end)
    if not on_grid:
        amiss(
            FaultCode.OFF_GRID,
            f"its start {assignment.start.isoformat()} is not on the grid of"
            f" {prepared.grain} minutes.",
        )
    if not 0 <= start < end <= prepared.ticks:
        amiss(
            FaultCode.OUTSIDE_HORIZON,
            f"{assignment.start.isoformat()} to {assignment.end.isoformat()} is not"
            f" inside the horizon, {horizon.start.isoformat()} to"
            f" {horizon.end.isoformat()}.",
        )
    if len(faults) > before:
        return None
    filling = dict(assignment.resources)
    team = tuple([tuple(sorted([index[name] for name in filling.get(role, ())])) for role in roles])
    return Placement(start, end - start, prepared.location_of(visit, team, session), session, team)


def _fault(assignment: Assignment, code: FaultCode, message: str) -> Fault:
    id = assignment.visit
    return Fault(code, "assignment", id, f"Assignment {id}: {message}")


def write(prepared: Prepared, visit: int, placement: Placement, zone: tzinfo = UTC) -> Assignment:
    """Turn a placement into an assignment, whose times have a zone."""
    what = prepared.visits[visit]
    start = prepared.horizon.instant(placement.start)
    end = prepared.horizon.instant(placement.start + placement.duration)
    return Assignment(
        visit=what.id,
        start=start.astimezone(zone),
        end=end.astimezone(zone),
        resources=tuple(
            (need.role, tuple(prepared.resources[r].id for r in members))
            for need, members in zip(what.needs, placement.team, strict=True)
            if members
        ),
        session=None if placement.session < 0 else prepared.visits[placement.session].id,
    )


def place_of(prepared: Prepared, visit: int, placement: Placement) -> Assignment:
    """Return a placement as an assignment whose times have the zone of the visit's clock."""
    return write(prepared, visit, placement, zone_of(prepared.visits[visit].clock.zone))


def claims_of_visit(prepared: Prepared, number: int, placement: Placement) -> list[Claim]:
    """Return what a visit takes of each resource when it lies there, need by need."""
    visit = prepared.visits[number]
    return [
        Claim(
            resource=prepared.resources[claim.resource].id,
            visit=visit.id,
            role=visit.needs[claim.need].role,
            start=prepared.horizon.instant(claim.first),
            end=prepared.horizon.instant(claim.end),
            uses=claim.uses,
        )
        for claim in visit.claims(placement)
    ]


def claims_of(prepared: Prepared, schedule: Schedule) -> tuple[Claim, ...]:
    """Return what a schedule takes of each resource, in order of resource and start."""
    claims: list[Claim] = []
    for number, placement in enumerate(prepared.placements(schedule)):
        if placement is not None:
            claims += claims_of_visit(prepared, number, placement)
    claims.sort(key=lambda c: (c.resource, c.start, c.visit, c.role))
    return tuple(claims)

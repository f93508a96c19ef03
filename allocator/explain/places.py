"""Where visits lie, told in the wall time of the place."""

from __future__ import annotations

from dataclasses import replace

from allocator.domain.schedule import Assignment
from allocator.domain.time import zone_of
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement


def place_of(prepared: Prepared, visit: int, placement: Placement) -> Assignment:
    """Return a placement as an assignment whose times have the zone of the visit's clock."""
    found = prepared.assignment(visit, placement)
    zone = zone_of(prepared.visits[visit].clock.zone)
    return replace(found, start=found.start.astimezone(zone), end=found.end.astimezone(zone))


def who(assignment: Assignment, between: str = ", ") -> str:
    """Return the ids of whom a visit takes."""
    return between.join(id for _, ids in assignment.resources for id in ids)

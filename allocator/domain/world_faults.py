"""What can be wrong with the world of a problem: places, ways, hours, resources, services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.matching import matching
from allocator.domain.service import Need
from allocator.domain.time import is_zone
from allocator.domain.unknown import unknown_name

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.domain.resource import Resource


def world_faults(problem: Problem) -> Iterator[Fault]:
    """Yield what is wrong with everything but the services."""
    for location in problem.locations:
        if location.zone and not is_zone(location.zone):
            yield Fault(
                FaultCode.UNKNOWN_ZONE,
                "location",
                location.id,
                f"Location {location.id}: the zone {location.zone!r} is unknown.",
            )
        elif location.zone:
            yield from problem.horizon.zone_faults(location.zone)
    legs: set[tuple[str, str]] = set()
    for travel in problem.travel:
        id = f"{travel.origin} to {travel.destination}"
        for end in (travel.origin, travel.destination):
            yield from unknown_name(problem, "travel", id, "location", end)
        if travel.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "travel",
                id,
                f"Travel {id} takes {travel.minutes} minutes; at least 0.",
            )
        if (travel.origin, travel.destination) in legs:
            yield Fault(FaultCode.DUPLICATE, "travel", id, f"Travel {id} is given twice.")
        legs.add((travel.origin, travel.destination))
    for calendar in problem.calendars:
        yield from calendar.faults(problem.horizon.zone)
    for resource in problem.resources:
        yield from resource_faults(problem, resource)
    for turnaround in problem.turnarounds:
        id = f"{turnaround.before or 'any'} to {turnaround.after or 'any'}"
        for name in (turnaround.before, turnaround.after):
            if name is not None:
                yield from unknown_name(problem, "turnaround", id, "service", name)
        if turnaround.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "turnaround",
                id,
                f"Turnaround {id} takes {turnaround.minutes} minutes; at least 0.",
            )


def resource_faults(problem: Problem, resource: Resource) -> Iterator[Fault]:
    """Yield what is wrong with a resource, by itself and beside what a problem knows."""
    yield from resource.faults(problem.horizon.grain_minutes, problem.horizon.zone)
    if resource.calendar is not None:
        yield from unknown_name(problem, "resource", resource.id, "calendar", resource.calendar)
    if resource.location is not None:
        yield from unknown_name(problem, "resource", resource.id, "location", resource.location)
    for reserve in resource.reserves:
        for service in sorted(reserve.services):
            yield from unknown_name(problem, "resource", resource.id, "service", service)


def service_faults(problem: Problem) -> Iterator[Fault]:
    """Yield what is wrong with the services, by themselves and beside the resources."""
    for service in problem.services:
        yield from service.faults(problem.horizon.grain_minutes)
        if service.location is not None:
            yield from unknown_name(problem, "service", service.id, "location", service.location)
        for name, _ in service.minutes_by_resource:
            yield from unknown_name(problem, "service", service.id, "resource", name)
        drawn = 0
        named = {name for name, _ in service.minutes_by_resource}
        for need in service.needs:
            pool = set()
            for selector in need.alternatives:
                for name in sorted(selector.names):
                    yield from unknown_name(problem, "service", service.id, "resource", name)
                if selector.location is not None:
                    yield from unknown_name(
                        problem, "service", service.id, "location", selector.location
                    )
                pool |= {r.id for r in matching(problem, selector) if r.lanes >= need.uses}
            drawn += bool(pool & named)
            if need.alternatives and len(pool) < need.quantity:
                yield Fault(
                    FaultCode.NOBODY,
                    "service",
                    service.id,
                    f"Service {service.id}: the need {need.role} asks for {need.quantity}"
                    f" ({_said(need)}); {len(pool)} exist.",
                )
        if drawn > 1:
            yield Fault(
                FaultCode.CONTRADICTION,
                "service",
                service.id,
                f"Service {service.id}: its duration depends on resources of {drawn} needs;"
                " one is possible.",
            )


def _said(need: Need) -> str:
    words = []
    for selector in need.alternatives:
        parts = [selector.kind or "anything"]
        parts += [f"with {skill}" for skill in sorted(selector.skills)]
        parts += [f"at {selector.location}"] if selector.location else []
        parts += [f"named {', '.join(sorted(selector.names))}"] if selector.names else []
        words.append(" ".join(parts))
    return " or ".join(words)

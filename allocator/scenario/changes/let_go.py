"""Pins of visits that resources cannot keep any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from allocator.domain.problem import Problem
from allocator.domain.request import PinKind
from allocator.domain.resource import Resource

#: Says of a resource whether it is not there in some part of a stretch of time.
Away = Callable[[Resource, datetime, datetime], bool]


def let_go(problem: Problem, some: Sequence[Resource], away: Away) -> Problem:
    """Return the problem without the pins of visits that some resources cannot keep.

    A pinned visit stays where it is, whatever it breaks there: without this a visit would go on
    with who is not there. Pins of a time alone, or of resources alone, can still be kept. Of a
    group session all who take part are let go with it.
    """
    held = {pin.visit for pin in problem.pins if pin.kind is PinKind.ALL}
    if not held:
        return problem
    buffers = _buffers(problem)
    resources = {resource.id: resource for resource in some}
    gone: set[str] = set()
    for one in problem.published:
        for role, ids in one.resources:
            before, after = buffers.get((one.visit, role), (timedelta(), timedelta()))
            if any(
                away(resources[id], one.start - before, one.end + after)
                for id in ids
                if id in resources
            ):
                gone.add(one.visit)
    gone |= {one.visit for one in problem.published if one.session in gone}
    return replace(
        problem,
        pins=tuple(p for p in problem.pins if p.visit not in gone or p.kind is not PinKind.ALL),
    )


def _buffers(problem: Problem) -> dict[tuple[str, str], tuple[timedelta, timedelta]]:
    """Return the time that each role of a visit is claimed before and after it."""
    serves = {
        request.visit_id(occurrence, number): step.service
        for request in problem.requests
        for occurrence in range(1, request.occurrences + 1)
        for number, step in enumerate(request.steps, 1)
        if step.service
    } | {session.id: session.service for session in problem.sessions}
    return {
        (visit, need.role): (
            timedelta(minutes=need.before_minutes),
            timedelta(minutes=need.after_minutes),
        )
        for visit, service in serves.items()
        for need in problem.service(service).needs
        if need.before_minutes or need.after_minutes
    }

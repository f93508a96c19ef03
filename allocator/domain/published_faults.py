"""What can be wrong with what a problem has published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.time import Span, is_aware, write_instant, zone_of
from allocator.domain.unknown import unknown_name

if TYPE_CHECKING:
    from allocator.domain.problem import Problem


def published_faults(problem: Problem) -> Iterator[Fault]:
    """Yield what is wrong with the assignments, and with how they may change."""
    horizon = problem.horizon
    local = zone_of(horizon.zone)
    for assignment in problem.published:
        id = assignment.visit
        bad = list(
            Span(start=assignment.start, end=assignment.end).faults(
                "assignment", id, "its published span", horizon.zone
            )
        )
        yield from bad
        for name in assignment.everyone():
            yield from unknown_name(problem, "assignment", id, "resource", name)
        if assignment.session is not None:
            yield from unknown_name(problem, "assignment", id, "session", assignment.session)
        if bad:
            continue
        if assignment.start < horizon.start or assignment.end > horizon.end:
            yield Fault(
                FaultCode.OUTSIDE_HORIZON,
                "assignment",
                id,
                f"Assignment {id}: {write_instant(assignment.start, local)} to"
                f" {write_instant(assignment.end, local)} is not inside the horizon,"
                f" {write_instant(horizon.start, local)} to"
                f" {write_instant(horizon.end, local)} ({horizon.zone}).",
            )
        elif horizon.instant(horizon.tick(assignment.start)) != assignment.start:
            yield Fault(
                FaultCode.OFF_GRID,
                "assignment",
                id,
                f"Assignment {id}: its start {write_instant(assignment.start, local)}"
                f" ({horizon.zone}) is not on the grid of {horizon.grain_minutes} minutes.",
            )
    if problem.freeze_before is not None and not is_aware(problem.freeze_before):
        yield Fault(
            FaultCode.NAIVE_TIME,
            "problem",
            "",
            f"freeze_before, {problem.freeze_before.isoformat()}, has no zone or offset.",
        )
    if problem.most_changes is not None and problem.most_changes < 0:
        yield Fault(
            FaultCode.WRONG_NUMBER,
            "problem",
            "",
            f"most_changes is {problem.most_changes}; at least 0 published visits may change.",
        )

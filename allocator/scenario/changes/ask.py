"""Requests that come on top."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.resource import Resource
from allocator.scenario.changes.change import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Requests that are asked as well.

    Attributes
    ----------
    requests
        The new ones.
    resources
        Resources that come with them, such as new patients.
    """

    requests: tuple[Request, ...]
    resources: tuple[Resource, ...] = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these requests."""
        for request in self.requests:
            served = f"served:{request.priority}"
            if problem.levels and not any(served in dict(one.goals) for one in problem.levels):
                raise refuse(
                    FaultCode.CONTRADICTION,
                    "request",
                    request.id,
                    f"Request {request.id} has priority {request.priority}, and none of the"
                    f" {len(problem.levels)} levels has the goal {served}: serving it would be"
                    " worth nothing.",
                )
        return replace(
            problem,
            requests=(*problem.requests, *self.requests),
            resources=(*problem.resources, *self.resources),
        )

    def text(self) -> str:
        """Say what is asked."""
        return (
            f"{len(self.requests)} more requests"
            if len(self.requests) != 1
            else (f"request {self.requests[0].id} as well")
        )

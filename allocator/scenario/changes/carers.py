"""How many carers a series may have."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries, Request
from allocator.scenario.changes.change import demand_known, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Carers:
    """Flexible series whose visits may be shared by so many carers; series without any stay.

    Attributes
    ----------
    most
        Different resources in the carer's role; None is any number.
    services
        Ids of services of whose series this is so; empty is all.
    """

    most: int | None
    services: tuple[str, ...] = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with so many carers."""
        demand_known(problem, "service", self.services)
        if self.most is not None and self.most < 1:
            said = f"Series with at most {self.most} carers; at least 1."
            raise refuse(FaultCode.WRONG_NUMBER, "change", "carers", said)
        return replace(problem, requests=tuple(self._shared(problem, r) for r in problem.requests))

    def _shared(self, problem: Problem, request: Request) -> Request:
        services = [step.service for step in request.steps if step.service]
        meant = not self.services or any(service in self.services for service in services)
        if not meant or not isinstance(request.series, FlexibleSeries):
            return request
        roles = {need.role for service in services for need in problem.service(service).needs}
        if request.series.carer_role not in roles:
            return request
        return replace(request, series=replace(request.series, most_carers=self.most))

    def text(self) -> str:
        """Say how many carers there may be."""
        of = f" of {', '.join(self.services)}" if self.services else ""
        many = "any number of" if self.most is None else f"at most {self.most}"
        return f"series{of} with {many} carers"

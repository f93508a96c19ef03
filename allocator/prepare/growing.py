"""A prepared problem that takes in more: requests, people and bare claims that come later."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.matching import meets
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.request_faults import request_faults
from allocator.domain.resource import Resource, WorkLimits
from allocator.domain.world_faults import resource_faults
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Variant, Visit, VisitNeed
from allocator.prepare.visits import PreparedRequest

#: The role of a claim that belongs to no visit known.
TAKEN = "taken"


class Growing(Prepared):
    """Everything about a problem, and about what is asked and taken after it was posed.

    Numbers never change while they are in use. Those of what is dismissed go to what comes next,
    so whoever dismisses a visit first forgets what he knows of it.

    Parameters
    ----------
    problem
        What to prepare.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self._spare_visits: list[int] = []
        self._spare_requests: list[int] = []
        for _ in self.offered():
            pass  # all services are known from now on, asked for or not

    def admit(self, request: Request) -> PreparedRequest:
        """Take in a request that came later than the problem.

        Raises
        ------
        InvalidProblem
            When it has the id of another, or names what the problem does not have; with every
            fault.
        """
        faults = list(request_faults(self.problem, request))
        if request.id in self.request_index or "#" in request.id:
            what = "is known already" if request.id in self.request_index else "has a '#'"
            faults.append(
                Fault(FaultCode.DUPLICATE, "request", request.id, f"Request {request.id} {what}.")
            )
        if faults:
            raise InvalidProblem(tuple(faults))
        number = self._spare_requests.pop() if self._spare_requests else len(self.requests)
        some = [self._spare_visit() for _ in self._spare_visits[: request.visit_count]]
        some += range(len(self.visits), len(self.visits) + request.visit_count - len(some))
        prep = self._visits.add(number, request, some)
        if number < len(self.requests):
            self.requests[number] = prep
        else:
            self.requests.append(prep)
        self.request_index[request.id] = number
        return prep

    def dismiss(self, prep: PreparedRequest) -> None:
        """Take out a request that was admitted."""
        self.hide(prep)
        self._spare_requests.append(prep.index)
        self._spare_visits.extend(reversed(prep.visits))

    def hide(self, prep: PreparedRequest) -> None:
        """Let another request have the names of one that is known, until it is shown again."""
        for number in prep.visits:
            del self.visit_index[self.visits[number].id]
        del self.request_index[prep.request.id]

    def show(self, prep: PreparedRequest) -> None:
        """Give a request that was hidden its names back."""
        for number in prep.visits:
            self.visit_index[self.visits[number].id] = number
        self.request_index[prep.request.id] = prep.index

    def admit_claim(self, name: str, resource: int, length: int, uses: int) -> int:
        """Take in so many ticks of a resource as a visit of nobody, and return its number."""
        number = self._spare_visit() if self._spare_visits else len(self.visits)
        choices = ((resource,),)
        visit = Visit(
            index=number,
            id=name,
            request=None,
            session=None,
            request_index=-1,
            occurrence=1,
            step=1,
            service=None,
            needs=(
                VisitNeed(
                    role=TAKEN,
                    resources=(resource,),
                    rank=(0,),
                    skills=((frozenset(),),),
                    uses=uses,
                ),
            ),
            variants=(Variant(length, self.anchors[resource], -1, choices),),
            joins=(),
            clock=self.clock_of(resource),
            priority=1,
        )
        if number < len(self.visits):
            self.visits[number] = visit
        else:
            self.visits.append(visit)
        return number

    def dismiss_claim(self, number: int) -> None:
        """Take out a claim that was admitted."""
        self._spare_visits.append(number)

    def admit_resource(self, resource: Resource) -> None:
        """Take in somebody who comes to visits, or something that no service draws on.

        Raises
        ------
        InvalidProblem
            When the id is known, a calendar or location is not, a service draws on it, or it has
            what more than its own visits depend on.
        """
        faults = [
            *resource_faults(self.problem, resource),
            *(
                Fault(
                    FaultCode.CONTRADICTION,
                    "resource",
                    resource.id,
                    f"Resource {resource.id} {what}; it has to be there when a problem is posed.",
                )
                for what in self._ties(resource)
            ),
        ]
        if faults:
            raise InvalidProblem(tuple(faults))
        number = len(self.resources)
        self.problem = self.problem.with_resource(resource)
        anchor = self.anchor_of(resource)
        self.resources = (*self.resources, resource)
        self.resource_index[resource.id] = number
        self.anchors = (*self.anchors, anchor)
        if resource.limits != WorkLimits():
            self.forget("person_limits")

    def _ties(self, resource: Resource) -> Iterator[str]:
        """Yield in words what keeps a resource from being taken in later."""
        problem = self.problem
        if problem.knows("resource", resource.id):
            yield "is known already"
        if resource.kind in ("practitioner", *problem.off_peak.kinds):
            yield f"is a {resource.kind}"
        if any(
            meets(resource, selector)
            for service in problem.services
            for need in service.needs
            for selector in need.alternatives
        ):
            yield "is something that services draw on"
        own = replace(resource.limits, visits_per_day=None, visits_per_week=None)
        if own != WorkLimits() or resource.breaks or resource.contracts or resource.reserves:
            yield "has work of its own"
        if resource.seats is not None or resource.one_room_per_half_day:
            yield "has a place of its own"

    def forget(self, key: Hashable) -> None:
        """Forget what was worked out under a name: it is no longer so."""
        self._memo.pop(key, None)

    @contextmanager
    def forgetting(self, prep: PreparedRequest) -> Iterator[None]:
        """Forget in the end what is worked out meanwhile about a request that may be dismissed."""
        known, gone = len(self._memo), {prep.index, *prep.visits}
        try:
            yield
        finally:
            for key in list(islice(reversed(self._memo), max(0, len(self._memo) - known))):
                if isinstance(key, tuple) and not gone.isdisjoint(key):
                    del self._memo[key]

    def _spare_visit(self) -> int:
        return self._spare_visits.pop()

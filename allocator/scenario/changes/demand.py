"""More or less demand of the kind that there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request
from allocator.domain.resource import Resource
from allocator.prepare.prepared import Prepared
from allocator.scenario.changes.ask import Ask
from allocator.scenario.changes.change import demand_known, refuse, unknown
from allocator.scenario.changes.withdraw import Withdraw


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Demand that grows or shrinks by a share: requests drawn by lot are asked again, or not.

    The share is of what can still be asked: a request of which a visit is pinned, or frozen, is
    settled. One that is asked again is somebody else's: the patients of it are copied, without
    their names, and colleagues who serve as well are not. What is published or must be served is
    never taken away.

    Attributes
    ----------
    percent
        Above 0 it grows by so much, below it shrinks; at least -100.
    services
        Ids of services of which this is so; empty is all.
    priorities
        Classes of which this is so; empty is all.
    seed
        Of the lot.
    """

    percent: int
    services: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    seed: int = 0

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this demand."""
        if not -100 <= self.percent <= 1000:
            raise refuse(
                FaultCode.WRONG_NUMBER,
                "change",
                "demand",
                f"Demand changes by {self.percent} percent; -100 to 1000 are possible.",
            )
        demand_known(problem, "service", self.services)
        there = sorted({request.priority for request in problem.requests})
        for priority in self.priorities:
            if priority not in there:
                raise unknown("priority", str(priority), map(str, there))
        settled = _settled(problem)
        meant = [
            request
            for request in problem.requests
            if self._meant(request) and settled.isdisjoint({request.id, *request.visit_ids()})
        ]
        wanted = (abs(self.percent) * len(meant) + 50) // 100
        lot = Random(self.seed)
        if self.percent < 0:
            kept = {a.visit for a in problem.published}
            free = [r.id for r in meant if not r.must and kept.isdisjoint(r.visit_ids())]
            if wanted > len(free):
                raise refuse(
                    FaultCode.CONTRADICTION,
                    "change",
                    "demand",
                    f"{wanted} of {len(meant)} requests are to be taken away, and {len(free)} may"
                    " be: the others are published, or must be served.",
                )
            return Withdraw(requests=tuple(lot.sample(free, wanted))).apply(problem)
        whole, rest = divmod(wanted, max(1, len(meant)))
        drawn = [r for r in meant for _ in range(whole)] + lot.sample(meant, rest)
        return _asked_again(problem, drawn)

    def _meant(self, request: Request) -> bool:
        return (not self.priorities or request.priority in self.priorities) and (
            not self.services or any(step.service in self.services for step in request.steps)
        )

    def text(self) -> str:
        """Say how demand changes."""
        of = [f"for {', '.join(self.services)}"] if self.services else []
        if self.priorities:
            of.append(f"of priority {', '.join(map(str, self.priorities))}")
        return " ".join([f"demand {self.percent:+d} %", *of])


def _settled(problem: Problem) -> set[str]:
    """Return ids of requests and visits that are pinned or frozen."""
    freeze = problem.freeze_before
    return {pin.visit for pin in problem.pins} | {
        a.visit for a in problem.published if freeze is not None and a.start < freeze
    }


def _asked_again(problem: Problem, drawn: Iterable[Request]) -> Problem:
    """Return the problem with copies of requests, each of somebody else."""
    prepared = Prepared(problem)
    serving = {prepared.resources[number].id for number in prepared.drawn_on}
    taken = {r.id for r in problem.requests} | {r.id for r in problem.resources}
    taken |= {session.id for session in problem.sessions}
    requests: list[Request] = []
    people: list[Resource] = []
    for request in drawn:
        number = 2
        while f"{request.id}~{number}" in taken:
            number += 1
        copied: dict[str, str] = {}
        for attendee in request.attendees:
            resource = problem.resource(attendee.resource)
            if resource.id not in serving:
                id, other = f"{resource.id}~{number}", number
                while id in taken:
                    other += 1
                    id = f"{resource.id}~{other}"
                copied[resource.id] = id
                people.append(replace(resource, id=id, name=""))
        taken |= {f"{request.id}~{number}", *copied.values()}
        requests.append(_of_others(request, f"{request.id}~{number}", copied))
    return Ask(requests=tuple(requests), resources=tuple(people)).apply(problem)


def _of_others(request: Request, id: str, copied: dict[str, str]) -> Request:
    """Return a request with an id of its own, for the people who come instead."""

    def attendee(one: Attendee) -> Attendee:
        return replace(one, resource=copied.get(one.resource, one.resource))

    return replace(
        request,
        id=id,
        attendees=tuple(attendee(one) for one in request.attendees),
    )

"""What a visit's id stands for: its request, its service, its place."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE, Request
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Service


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: of a request, or (``request`` is None) a group session."""

    id: str
    request: Request | None
    occurrence: int = 1
    step: int = 1

    @property
    def label(self) -> str:
        """What people call it."""
        return self.id if self.request is None else self.request.label or self.id


class Visits:
    """The visits of a problem by id; a schedule, if given, says which sessions are joined."""

    def __init__(self, problem: Problem, schedule: Schedule | None = None) -> None:
        self.problem = problem
        self.schedule = schedule
        self._known = {
            request.visit_id(occurrence, step): Visit(
                request.visit_id(occurrence, step), request, occurrence, step
            )
            for request in problem.requests
            for occurrence in range(1, request.occurrences + 1)
            for step in range(1, len(request.steps) + 1)
        } | {session.id: Visit(session.id, None) for session in problem.sessions}
        self.roles = tuple(
            dict.fromkeys(need.role for service in problem.services for need in service.needs)
        )

    def __contains__(self, id: object) -> bool:
        """Say whether there is such a visit."""
        return id in self._known

    def __getitem__(self, id: str) -> Visit:
        """Return a visit by id."""
        return self._known[id]

    def ids(self) -> list[str]:
        """Return all ids, in the problem's order."""
        return list(self._known)

    def service(self, id: str, session: str | None = None) -> Service | None:
        """Return the service of a visit; for a place in a group session, the session's."""
        visit = self._known[id]
        if visit.request is None:
            return self.problem.service(self.problem.session(id).service)
        step = visit.request.steps[visit.step - 1]
        if step.service:
            return self.problem.service(step.service)
        if session is not None and self.problem.knows("session", session):
            return self.problem.service(self.problem.session(session).service)
        return None

    def needed(self, id: str) -> tuple[str, ...]:
        """Return the roles that the visit itself has to fill, attendees apart."""
        visit = self._known[id]
        if visit.request is not None and not visit.request.steps[visit.step - 1].service:
            return ()
        service = self.service(id)
        return tuple(need.role for need in service.needs) if service else ()

    def location(self, assignment: Assignment) -> str | None:
        """Return where a visit takes place: where what does not travel stands, or its service."""
        everyone = [
            id for role, ids in assignment.resources if not role.startswith(ATTENDEE) for id in ids
        ]
        session = assignment.session
        if session is not None and self.schedule is not None and session in self.schedule:
            everyone += self.schedule[session].everyone()
        for id in everyone:
            resource = self.problem.resource(id)
            if resource.location is not None and not resource.mobile:
                return resource.location
        service = self.service(assignment.visit, assignment.session)
        return None if service is None else service.location

    def zone(self, assignment: Assignment) -> str:
        """Return the zone in which a visit's times are told."""
        return self.problem.zone(self.location(assignment))

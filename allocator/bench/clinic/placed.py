"""What is placed, beside what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allocator.domain.problem import Problem
from allocator.domain.request import PinKind, Request
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Service
from allocator.domain.time import Span

ATTENDEE = "attendee:"


@dataclass(frozen=True, slots=True)
class Placed:
    """An assignment, with what was asked.

    Attributes
    ----------
    at
        The assignment.
    windows
        Spans in which it must lie; empty is anywhere.
    service
        Its service; None for a participant of a group session, who is served by that.
    attendees
        Ids of those who must come.
    held
        Whether it is pinned whole, or frozen: what such visits break is inherited.
    """

    at: Assignment
    windows: tuple[Span, ...]
    service: Service | None
    attendees: tuple[str, ...]
    held: bool


def placed_of(problem: Problem, schedule: Schedule) -> Iterator[Placed]:
    """Yield what is placed of a problem; what is none of it is passed over.

    Parameters
    ----------
    problem
        What was asked for.
    schedule
        What was made of it.
    """
    known = {id: (request, step) for request in problem.requests for step, id in _visits(request)}
    held = _held(problem)
    for one in schedule.assignments:
        if one.visit in known:
            yield _placed(problem, one, *known[one.visit], one.visit in held)
        elif problem.knows("session", one.visit):
            session = problem.session(one.visit)
            service = problem.service(session.service)
            yield Placed(one, session.windows, service, (), one.visit in held)


def _visits(request: Request) -> Iterator[tuple[int, str]]:
    """Yield the visits of a request with the number of their step, from 0."""
    for place, id in enumerate(request.visit_ids()):
        yield place % len(request.steps), id


def _held(problem: Problem) -> set[str]:
    held = {pin.visit for pin in problem.pins if pin.kind is PinKind.ALL}
    freeze = problem.freeze_before
    if freeze is not None:
        held |= {one.visit for one in problem.published if one.start < freeze}
    return held


def _placed(problem: Problem, one: Assignment, request: Request, step: int, held: bool) -> Placed:
    name = request.steps[step].service
    return Placed(
        one,
        request.windows,
        problem.service(name) if name else None,
        tuple(
            attendee.resource
            for attendee in request.attendees
            if attendee.required and (not attendee.steps or step + 1 in attendee.steps)
        ),
        held,
    )

"""Visits that stay where they are published, or that may move."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.request import Pin, PinKind
from allocator.scenario.changes.change import refuse, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Published visits that are held fast, or let go.

    Attributes
    ----------
    hold
        Ids of visits, or of requests for all of their visits that are published.
    release
        The same, of those that may move.
    kind
        What is held fast of them.
    """

    hold: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    kind: PinKind = PinKind.ALL

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these pins."""
        held, released = _visits(problem, self.hold), _visits(problem, self.release)
        for visit in held:
            if visit in released:
                message = f"Visit {visit} is held and released by the same change; choose one."
                raise refuse(FaultCode.CONTRADICTION, "visit", visit, message)
        changed = {*held, *released}
        kept = tuple(pin for pin in problem.pins if pin.visit not in changed)
        return replace(problem, pins=(*kept, *(Pin(visit=visit, kind=self.kind) for visit in held)))

    def text(self) -> str:
        """Say what is held."""
        said = [f"hold {', '.join(self.hold)}"] if self.hold else []
        said += [f"release {', '.join(self.release)}"] if self.release else []
        return " and ".join(said) or "pins as now"


def _visits(problem: Problem, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of visits: a request stands for all of its visits that are published."""
    requests = {request.id: request for request in problem.requests}
    visits = {visit: None for request in problem.requests for visit in request.visit_ids()}
    visits |= {session.id: None for session in problem.sessions}
    published = {one.visit for one in problem.published}
    found: dict[str, None] = {}
    for id in ids:
        if id in visits:
            found[id] = None
        elif id in requests:
            found |= dict.fromkeys(v for v in requests[id].visit_ids() if v in published)
        else:
            raise unknown("visit", id, (*visits, *requests))
    return tuple(found)

"""What can be wrong with what is asked of a problem: requests, group sessions, relations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.request import MAX_VISITS, FixedSeries, FlexibleSeries
from allocator.domain.time import Horizon, Span, is_aware, write_instant, zone_of
from allocator.domain.unknown import unknown_name

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.domain.request import Request


def request_faults(problem: Problem, request: Request) -> Iterator[Fault]:
    """Yield what is wrong with a request, by itself and beside what a problem knows."""
    horizon = problem.horizon
    yield from request.faults(horizon.zone)
    roles: set[str] = set()
    for step in request.steps:
        if step.service:
            yield from unknown_name(problem, "request", request.id, "service", step.service)
            if problem.knows("service", step.service):
                roles |= {need.role for need in problem.service(step.service).needs}
        for name in sorted(step.sessions):
            yield from unknown_name(problem, "request", request.id, "session", name)
    for attendee in request.attendees:
        yield from unknown_name(problem, "request", request.id, "resource", attendee.resource)
    for wish in request.preferred_resources:
        for name in sorted(wish.resources):
            yield from unknown_name(problem, "request", request.id, "resource", name)
        if wish.role not in roles:
            yield _no_role("request", request.id, wish.role, roles)
    for option in request.options:
        for placement in option.placements:
            for role, name in placement.resources:
                yield from unknown_name(problem, "request", request.id, "resource", name)
                if role not in roles:
                    yield _no_role("request", request.id, role, roles)
    series = request.series
    if (
        isinstance(series, FlexibleSeries)
        and series.most_carers is not None
        and series.carer_role not in roles
    ):
        yield _no_role("request", request.id, series.carer_role, roles)
    if isinstance(series, FixedSeries) and any(step.sessions for step in request.steps):
        yield Fault(
            FaultCode.CONTRADICTION,
            "request",
            request.id,
            f"Request {request.id}: a fixed series names a group session; a flexible one may.",
        )
    yield from _outside("request", request.id, request.windows, horizon)


def asked_faults(problem: Problem) -> Iterator[Fault]:
    """Yield what is wrong with the requests and the group sessions."""
    horizon = problem.horizon
    for request in problem.requests:
        yield from request_faults(problem, request)
    for session in problem.sessions:
        yield from session.faults(horizon.zone)
        yield from _outside("session", session.id, session.windows, horizon)
        yield from unknown_name(problem, "session", session.id, "service", session.service)
        if (
            problem.knows("service", session.service)
            and problem.service(session.service).minutes_by_resource
        ):
            yield Fault(
                FaultCode.CONTRADICTION,
                "session",
                session.id,
                f"Session {session.id}: its service {session.service} lasts differently with"
                " different resources; a group session has one duration.",
            )


def between_faults(problem: Problem) -> Iterator[Fault]:
    """Yield what is wrong between visits: in their ids, relations, precedences and pins."""
    owners = {r.id: f"request {r.id}" for r in problem.requests}
    owners |= {s.id: f"session {s.id}" for s in problem.sessions}
    visits: set[str] = set()
    for request in problem.requests:
        if request.visit_count > MAX_VISITS:
            continue  # refused already; counting up to a slip of the finger could take for ever
        for visit in request.visit_ids():
            visits.add(visit)
            if visit != request.id and visit in owners:
                yield Fault(
                    FaultCode.DUPLICATE,
                    "request",
                    request.id,
                    f"Request {request.id}: its visit {visit} has the id of {owners[visit]}.",
                )
    visits |= {session.id for session in problem.sessions}
    names = visits | {request.id for request in problem.requests}

    def unknown(kind: str, id: str, visit: str, known: set[str] = names) -> Iterator[Fault]:
        if visit not in known:
            yield Fault(
                FaultCode.UNKNOWN_NAME,
                kind,
                id,
                f"{kind.capitalize()} {id} names the visit {visit!r}, which does not exist.",
            )

    for relation in problem.relations:
        for visit in relation.visits:
            yield from unknown("relation", relation.id, visit)
    for precedence in problem.precedences:
        for visit in (precedence.before, precedence.after):
            yield from unknown("precedence", precedence.id, visit)
        if precedence.before == precedence.after:
            yield Fault(
                FaultCode.CONTRADICTION,
                "precedence",
                precedence.id,
                f"Precedence {precedence.id}: {precedence.before} would end before it starts.",
            )
        most = precedence.most_lag_minutes
        if most is not None and most < precedence.least_lag_minutes:
            yield Fault(
                FaultCode.EMPTY_SPAN,
                "precedence",
                precedence.id,
                f"Precedence {precedence.id}: a least lag of {precedence.least_lag_minutes}"
                f" minutes and a most lag of {most}.",
            )
    for pair in problem.apart:
        id = f"{pair.one} and {pair.other}"
        for name in (pair.one, pair.other):
            yield from unknown_name(problem, "apart", id, "resource", name)
        if pair.one == pair.other:
            yield Fault(
                FaultCode.CONTRADICTION,
                "apart",
                id,
                f"Apart: {pair.one} cannot be kept apart from itself.",
            )
    published = {assignment.visit for assignment in problem.published}
    for pin in problem.pins:
        yield from unknown("pin", pin.visit, pin.visit, visits)
        if pin.visit not in published:
            yield Fault(
                FaultCode.MISSING,
                "pin",
                pin.visit,
                f"Pin {pin.visit}: nothing is published for it to be held at.",
            )
    for assignment in problem.published:
        yield from unknown("assignment", assignment.visit, assignment.visit, visits)


def _outside(kind: str, id: str, windows: Sequence[Span], horizon: Horizon) -> Iterator[Fault]:
    """Yield a fault when there are windows, and none touches the horizon."""
    first, last, local = horizon.start, horizon.end, zone_of(horizon.zone)
    for span in windows:
        if not is_aware(span.start) or not is_aware(span.end):
            return
        if span.start < last and span.end > first:
            return
    if windows:
        yield Fault(
            FaultCode.OUTSIDE_HORIZON,
            kind,
            id,
            f"{kind.capitalize()} {id}: its windows, from"
            f" {write_instant(min(span.start for span in windows), local)} to"
            f" {write_instant(max(span.end for span in windows), local)}, all lie outside the"
            f" horizon, {write_instant(first, local)} to {write_instant(last, local)}"
            f" ({horizon.zone}).",
        )


def _no_role(kind: str, id: str, role: str, roles: set[str]) -> Fault:
    known = ", ".join(sorted(roles)) or "none"
    return Fault(
        FaultCode.UNKNOWN_NAME,
        kind,
        id,
        f"{kind.capitalize()} {id} names the role {role!r}; its services have: {known}.",
    )

"""Everything that can be wrong with a problem, found at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.matching import matching
from allocator.domain.request import MAX_VISITS, FixedSeries, FlexibleSeries
from allocator.domain.service import Need
from allocator.domain.time import (
    MINUTES_PER_DAY,
    Horizon,
    Span,
    is_aware,
    is_zone,
    write_instant,
    zone_of,
)

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.domain.request import Request
    from allocator.domain.resource import Resource

MAX_REQUESTS = 100_000
MAX_RESOURCES = 200_000

#: Takes the place of a horizon that cannot be, so that all else is looked at.
STAND_IN = Horizon(first=date(2000, 1, 1), days=1, zone="UTC", grain_minutes=1)


def problem_faults(problem: Problem) -> Iterator[Fault]:
    """Yield everything that is wrong with a problem.

    Where the horizon is at fault, all is told that does not depend on it.
    """
    horizon_faults = list(problem.horizon.faults())
    if not horizon_faults:
        yield from _faults(problem)
        return
    yield from horizon_faults
    grain = problem.horizon.grain_minutes
    possible = grain >= 1 and not MINUTES_PER_DAY % grain
    beside = copy(problem)
    zone = problem.horizon.zone
    horizon = replace(
        STAND_IN,
        grain_minutes=grain if possible else 1,
        zone=zone if is_zone(zone) else STAND_IN.zone,
    )
    object.__setattr__(beside, "horizon", horizon)
    yield from (fault for fault in _faults(beside) if not of_the_horizon(fault))


def of_the_horizon(fault: Fault) -> bool:
    """Say whether a fault may follow from a horizon that is not what was meant."""
    return (
        fault.code is FaultCode.OUTSIDE_HORIZON
        or (fault.kind == "horizon" and fault.code in (FaultCode.OFF_GRID, FaultCode.TOO_LARGE))
        or (fault.kind == "assignment" and fault.code is FaultCode.OFF_GRID)
    )


def _faults(problem: Problem) -> Iterator[Fault]:
    yield from _sizes(problem)
    yield from _ids(problem)
    yield from _world(problem)
    yield from _services(problem)
    yield from _requests(problem)
    yield from _among(problem)
    yield from _published(problem)
    yield from _objective(problem)


def _sizes(problem: Problem) -> Iterator[Fault]:
    for what, number, most in (
        ("requests", len(problem.requests), MAX_REQUESTS),
        ("resources", len(problem.resources), MAX_RESOURCES),
    ):
        if number > most:
            yield Fault(
                FaultCode.TOO_LARGE,
                "problem",
                "",
                f"The problem has {number} {what}; at most {most} are allowed.",
            )


def _ids(problem: Problem) -> Iterator[Fault]:
    groups: tuple[tuple[str, list[str]], ...] = (
        ("location", [x.id for x in problem.locations]),
        ("calendar", [x.id for x in problem.calendars]),
        ("resource", [x.id for x in problem.resources]),
        ("service", [x.id for x in problem.services]),
        ("request", [x.id for x in problem.requests] + [x.id for x in problem.sessions]),
        (
            "relation",
            [x.id for x in problem.relations] + [x.id for x in problem.precedences],
        ),
        ("level", [x.name for x in problem.levels]),
        ("pin", [x.visit for x in problem.pins]),
        ("assignment", [x.visit for x in problem.published]),
    )
    for kind, ids in groups:
        seen: set[str] = set()
        told: set[str] = set()
        for id in ids:
            if not id:
                yield Fault(FaultCode.MISSING, kind, "", f"A {kind} has no id.")
            if id in seen and id not in told:
                told.add(id)
                yield Fault(
                    FaultCode.DUPLICATE,
                    kind,
                    id,
                    f"{kind.capitalize()} {id} is defined {ids.count(id)} times.",
                )
            seen.add(id)
    for request in problem.requests:
        if "#" in request.id:
            yield Fault(
                FaultCode.CONTRADICTION,
                "request",
                request.id,
                f"Request {request.id}: its id has a '#', which numbers the visits of a series.",
            )


def _unknown(problem: Problem, kind: str, id: str, what: str, name: str) -> Iterator[Fault]:
    if not problem.knows(what, name):
        yield Fault(
            FaultCode.UNKNOWN_NAME,
            kind,
            id,
            f"{kind.capitalize()} {id} names the {what} {name!r}, which does not exist.",
        )


def _world(problem: Problem) -> Iterator[Fault]:
    for location in problem.locations:
        if location.zone and not is_zone(location.zone):
            yield Fault(
                FaultCode.UNKNOWN_ZONE,
                "location",
                location.id,
                f"Location {location.id}: the zone {location.zone!r} is unknown.",
            )
        elif location.zone:
            yield from problem.horizon.zone_faults(location.zone)
    legs: set[tuple[str, str]] = set()
    for travel in problem.travel:
        id = f"{travel.origin} to {travel.destination}"
        for end in (travel.origin, travel.destination):
            yield from _unknown(problem, "travel", id, "location", end)
        if travel.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "travel",
                id,
                f"Travel {id} takes {travel.minutes} minutes; at least 0.",
            )
        if (travel.origin, travel.destination) in legs:
            yield Fault(FaultCode.DUPLICATE, "travel", id, f"Travel {id} is given twice.")
        legs.add((travel.origin, travel.destination))
    for calendar in problem.calendars:
        yield from calendar.faults(problem.horizon.zone)
    for resource in problem.resources:
        yield from resource_faults(problem, resource)
    for turnaround in problem.turnarounds:
        id = f"{turnaround.before or 'any'} to {turnaround.after or 'any'}"
        for name in (turnaround.before, turnaround.after):
            if name is not None:
                yield from _unknown(problem, "turnaround", id, "service", name)
        if turnaround.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "turnaround",
                id,
                f"Turnaround {id} takes {turnaround.minutes} minutes; at least 0.",
            )


def resource_faults(problem: Problem, resource: Resource) -> Iterator[Fault]:
    """Yield what is wrong with a resource, by itself and beside what a problem knows."""
    yield from resource.faults(problem.horizon.grain_minutes, problem.horizon.zone)
    if resource.calendar is not None:
        yield from _unknown(problem, "resource", resource.id, "calendar", resource.calendar)
    if resource.location is not None:
        yield from _unknown(problem, "resource", resource.id, "location", resource.location)
    for reserve in resource.reserves:
        for service in sorted(reserve.services):
            yield from _unknown(problem, "resource", resource.id, "service", service)


def _services(problem: Problem) -> Iterator[Fault]:
    for service in problem.services:
        yield from service.faults(problem.horizon.grain_minutes)
        if service.location is not None:
            yield from _unknown(problem, "service", service.id, "location", service.location)
        for name, _ in service.minutes_by_resource:
            yield from _unknown(problem, "service", service.id, "resource", name)
        drawn = 0
        named = {name for name, _ in service.minutes_by_resource}
        for need in service.needs:
            pool = set()
            for selector in need.alternatives:
                for name in sorted(selector.names):
                    yield from _unknown(problem, "service", service.id, "resource", name)
                if selector.location is not None:
                    yield from _unknown(
                        problem, "service", service.id, "location", selector.location
                    )
                pool |= {r.id for r in matching(problem, selector) if r.lanes >= need.uses}
            drawn += bool(pool & named)
            if need.alternatives and len(pool) < need.quantity:
                yield Fault(
                    FaultCode.NOBODY,
                    "service",
                    service.id,
                    f"Service {service.id}: the need {need.role} asks for {need.quantity}"
                    f" ({_said(need)}); {len(pool)} exist.",
                )
        if drawn > 1:
            yield Fault(
                FaultCode.CONTRADICTION,
                "service",
                service.id,
                f"Service {service.id}: its duration depends on resources of {drawn} needs;"
                " one is possible.",
            )


def _said(need: Need) -> str:
    words = []
    for selector in need.alternatives:
        parts = [selector.kind or "anything"]
        parts += [f"with {skill}" for skill in sorted(selector.skills)]
        parts += [f"at {selector.location}"] if selector.location else []
        parts += [f"named {', '.join(sorted(selector.names))}"] if selector.names else []
        words.append(" ".join(parts))
    return " or ".join(words)


def request_faults(problem: Problem, request: Request) -> Iterator[Fault]:
    """Yield what is wrong with a request, by itself and beside what a problem knows."""
    horizon = problem.horizon
    yield from request.faults(horizon.zone)
    roles: set[str] = set()
    for step in request.steps:
        if step.service:
            yield from _unknown(problem, "request", request.id, "service", step.service)
            if problem.knows("service", step.service):
                roles |= {need.role for need in problem.service(step.service).needs}
        for name in sorted(step.sessions):
            yield from _unknown(problem, "request", request.id, "session", name)
    for attendee in request.attendees:
        yield from _unknown(problem, "request", request.id, "resource", attendee.resource)
    for wish in request.preferred_resources:
        for name in sorted(wish.resources):
            yield from _unknown(problem, "request", request.id, "resource", name)
        if wish.role not in roles:
            yield _no_role("request", request.id, wish.role, roles)
    for option in request.options:
        for placement in option.placements:
            for role, name in placement.resources:
                yield from _unknown(problem, "request", request.id, "resource", name)
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


def _requests(problem: Problem) -> Iterator[Fault]:
    horizon = problem.horizon
    for request in problem.requests:
        yield from request_faults(problem, request)
    for session in problem.sessions:
        yield from session.faults(horizon.zone)
        yield from _outside("session", session.id, session.windows, horizon)
        yield from _unknown(problem, "session", session.id, "service", session.service)
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


def _among(problem: Problem) -> Iterator[Fault]:
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
            yield from _unknown(problem, "apart", id, "resource", name)
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


def _published(problem: Problem) -> Iterator[Fault]:
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
            yield from _unknown(problem, "assignment", id, "resource", name)
        if assignment.session is not None:
            yield from _unknown(problem, "assignment", id, "session", assignment.session)
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


def _objective(problem: Problem) -> Iterator[Fault]:
    for level in problem.levels:
        for goal, weight in level.goals:
            if not 0 <= weight <= 1_000_000:
                yield Fault(
                    FaultCode.WRONG_NUMBER,
                    "level",
                    level.name,
                    f"Level {level.name}: {goal} has the weight {weight}; 0 to 1000000 exist.",
                )
    policy = problem.off_peak
    if policy.bucket_minutes < 1:
        yield Fault(
            FaultCode.WRONG_NUMBER,
            "off_peak",
            "",
            f"off_peak counts load by {policy.bucket_minutes} minutes; at least 1.",
        )
    for share, price in policy.steps:
        if not 0 <= share <= 100 or price < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "off_peak",
                "",
                f"off_peak has a step at {share} % with the price {price}; 0 to 100 % and"
                " prices from 0 are possible.",
            )
    for forecast in problem.forecast:
        yield from forecast.span.faults("forecast", forecast.kind, "its span", problem.horizon.zone)
        if forecast.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "forecast",
                forecast.kind,
                f"Forecast {forecast.kind}: {forecast.minutes} minutes; at least 0.",
            )

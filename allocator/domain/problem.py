"""The problem: everything that is known before a schedule is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from allocator.domain.calendar import Calendar
from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.request import (
    MAX_VISITS,
    Apart,
    FixedSeries,
    FlexibleSeries,
    Pin,
    Precedence,
    Relation,
    Request,
    Session,
)
from allocator.domain.resource import Location, Resource, Travel
from allocator.domain.schedule import Assignment
from allocator.domain.service import Need, Selector, Service, Turnaround
from allocator.domain.time import Horizon, Span, is_aware

MAX_REQUESTS = 100_000
MAX_RESOURCES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of the objective; a level is never traded for a later one.

    Attributes
    ----------
    name
        Unique among levels.
    goals
        Pairs of a goal's name and its weight (points for one unit of the goal's amount).
        ``served:2`` is the value of the requests in priority class 2.
    """

    name: str
    goals: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffPeakPolicy:
    """When a kind of resource counts as busy: the measure of the goal ``off_peak``.

    Attributes
    ----------
    kinds
        Kinds whose load is levelled.
    bucket_minutes
        Length of the stretches, from each local midnight, in which load is counted; rounded up
        to the grain.
    steps
        Pairs of a percentage of the kind's open time and a price: each claimed minute above
        that share of a bucket costs so much more. Prices add up, so cost is convex.
    """

    kinds: tuple[str, ...] = ("practitioner",)
    bucket_minutes: int = 60
    steps: tuple[tuple[int, int], ...] = ((60, 1), (85, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Minutes of a kind's time that others are expected to claim in a span, spread evenly."""

    kind: str
    span: Span
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCosts:
    """What a change against the published schedule costs in the goal ``fewest_changes``.

    ``start``, ``practitioner`` and ``other`` (room, device) are for each visit, multiplied by
    ``within_notice`` when its published start is less than ``notice_hours`` from now.
    """

    start: int = 3
    practitioner: int = 2
    other: int = 1
    notice_hours: int = 48
    within_notice: int = 2


#: Comfort in points: one point is about a minute's nuisance to somebody.
COMFORT: tuple[tuple[str, int], ...] = (
    ("preferred_windows", 30),
    ("preferred_resources", 20),
    ("preferred_attendees", 30),
    ("soonest", 5),
    ("near_wanted", 2),
    ("waiting", 20),
    ("same_carer", 60),
    ("same_time", 1),
    ("off_peak", 1),
    ("compact_days", 1),
    ("fair_load", 1),
    ("fewest_changes", 20),
    ("overtime", 1),
    ("option_penalty", 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Requests, and the world in which they are to be placed: frozen and validated.

    Raises
    ------
    InvalidProblem
        With every fault at once.

    Attributes
    ----------
    horizon
        The days looked at, and the grid.
    locations, travel, calendars, resources, services, turnarounds
        The world.
    requests, sessions
        What is asked; group sessions are visits of the problem that requests join.
    relations, precedences, apart
        Rules among named visits and resources.
    published
        Assignments that hold today. Unpinned ones may move, at the price of
        ``fewest_changes``.
    pins
        Visits held where they are published. What only pinned visits break is inherited.
    freeze_before
        Visits published to start before this instant are pinned, and none is put there anew.
    levels
        The objective, in order; empty is one level for each priority class, then comfort.
    without_rules
        Names of rules that are switched off.
    off_peak, forecast, change_costs
        Data of the goals ``off_peak`` and ``fewest_changes``.
    """

    horizon: Horizon
    name: str = ""
    locations: tuple[Location, ...] = ()
    travel: tuple[Travel, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    resources: tuple[Resource, ...] = ()
    services: tuple[Service, ...] = ()
    turnarounds: tuple[Turnaround, ...] = ()
    requests: tuple[Request, ...] = ()
    sessions: tuple[Session, ...] = ()
    relations: tuple[Relation, ...] = ()
    precedences: tuple[Precedence, ...] = ()
    apart: tuple[Apart, ...] = ()
    published: tuple[Assignment, ...] = ()
    pins: tuple[Pin, ...] = ()
    freeze_before: datetime | None = None
    levels: tuple[Level, ...] = ()
    without_rules: frozenset[str] = frozenset()
    off_peak: OffPeakPolicy = OffPeakPolicy()
    forecast: tuple[Forecast, ...] = ()
    change_costs: ChangeCosts = ChangeCosts()
    _index: Mapping[str, Mapping[str, Any]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        index: dict[str, dict[str, Any]] = {
            kind: {thing.id: thing for thing in things}
            for kind, things in (
                ("location", self.locations),
                ("calendar", self.calendars),
                ("resource", self.resources),
                ("service", self.services),
                ("request", self.requests),
                ("session", self.sessions),
            )
        }
        object.__setattr__(self, "_index", index)
        faults = tuple(problem_faults(self))
        if faults:
            raise InvalidProblem(faults)

    def location(self, id: str) -> Location:
        """Return a location by id."""
        return self._index["location"][id]  # type: ignore[no-any-return]

    def calendar(self, id: str) -> Calendar:
        """Return a calendar by id."""
        return self._index["calendar"][id]  # type: ignore[no-any-return]

    def resource(self, id: str) -> Resource:
        """Return a resource by id."""
        return self._index["resource"][id]  # type: ignore[no-any-return]

    def service(self, id: str) -> Service:
        """Return a service by id."""
        return self._index["service"][id]  # type: ignore[no-any-return]

    def request(self, id: str) -> Request:
        """Return a request by id."""
        return self._index["request"][id]  # type: ignore[no-any-return]

    def session(self, id: str) -> Session:
        """Return a group session by id."""
        return self._index["session"][id]  # type: ignore[no-any-return]

    def knows(self, kind: str, id: str) -> bool:
        """Say whether an object of this kind (``"resource"``, ``"service"``, …) has this id."""
        return id in self._index[kind]

    def zone(self, location: str | None) -> str:
        """Return the zone of a location; the horizon's where it names none."""
        if location is None:
            return self.horizon.zone
        return self.location(location).zone or self.horizon.zone

    @property
    def objective(self) -> tuple[Level, ...]:
        """The levels in force, in order."""
        if self.levels:
            return self.levels
        classes = sorted({request.priority for request in self.requests})
        served = tuple(
            Level(name=f"priority {priority}", goals=((f"served:{priority}", 1),))
            for priority in classes
        )
        return (*served, Level(name="comfort", goals=COMFORT))


def matching(problem: Problem, selector: Selector) -> Iterator[Resource]:
    """Yield the resources that meet a selector, taking any date for its skills."""
    if selector.names:
        some: Iterable[Resource] = (
            problem.resource(name)
            for name in sorted(selector.names)
            if problem.knows("resource", name)
        )
    else:
        some = problem.resources
    for resource in some:
        if (
            (not selector.kind or resource.kind == selector.kind)
            and (selector.location is None or resource.location == selector.location)
            and selector.skills <= {skill.name for skill in resource.skills}
        ):
            yield resource


def problem_faults(problem: Problem) -> Iterator[Fault]:
    """Yield everything that is wrong with a problem."""
    horizon_faults = list(problem.horizon.faults())
    yield from horizon_faults
    if horizon_faults:
        return
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
        if location.zone:
            try:
                yield from problem.horizon.zone_faults(location.zone)
            except Exception:
                yield Fault(
                    FaultCode.UNKNOWN_ZONE,
                    "location",
                    location.id,
                    f"Location {location.id}: the zone {location.zone!r} is unknown.",
                )
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
        yield from calendar.faults()
    for resource in problem.resources:
        yield from resource.faults(problem.horizon.grain_minutes)
        if resource.calendar is not None:
            yield from _unknown(problem, "resource", resource.id, "calendar", resource.calendar)
        if resource.location is not None:
            yield from _unknown(problem, "resource", resource.id, "location", resource.location)
        for reserve in resource.reserves:
            for service in sorted(reserve.services):
                yield from _unknown(problem, "resource", resource.id, "service", service)
    for turnaround in problem.turnarounds:
        id = f"{turnaround.before or 'any'} to {turnaround.after or 'any'}"
        for service in (turnaround.before, turnaround.after):
            if service is not None:
                yield from _unknown(problem, "turnaround", id, "service", service)
        if turnaround.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "turnaround",
                id,
                f"Turnaround {id} takes {turnaround.minutes} minutes; at least 0.",
            )


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


def _requests(problem: Problem) -> Iterator[Fault]:
    first, last = problem.horizon.start, problem.horizon.end
    for request in problem.requests:
        yield from request.faults()
        roles: set[str] = set()
        for step in request.steps:
            if step.service:
                yield from _unknown(problem, "request", request.id, "service", step.service)
                if problem.knows("service", step.service):
                    roles |= {need.role for need in problem.service(step.service).needs}
            for session in sorted(step.sessions):
                yield from _unknown(problem, "request", request.id, "session", session)
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
                f"Request {request.id}: a fixed series names a group session;"
                " a flexible one may.",
            )
        inside = [
            span
            for span in request.windows
            if not is_aware(span.start)
            or not is_aware(span.end)
            or (span.start < last and span.end > first)
        ]
        if request.windows and not inside:
            yield Fault(
                FaultCode.OUTSIDE_HORIZON,
                "request",
                request.id,
                f"Request {request.id}: its windows end by"
                f" {max(span.end for span in request.windows).isoformat()} or start from"
                f" {min(span.start for span in request.windows).isoformat()}; the horizon is"
                f" {first.isoformat()} to {last.isoformat()}.",
            )
    for session in problem.sessions:
        yield from session.faults()
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
    for assignment in problem.published:
        id = assignment.visit
        bad = list(
            Span(start=assignment.start, end=assignment.end).faults(
                "assignment", id, "its published span"
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
                f"Assignment {id}: {assignment.start.isoformat()} to"
                f" {assignment.end.isoformat()} is not inside the horizon,"
                f" {horizon.start.isoformat()} to {horizon.end.isoformat()}.",
            )
        elif horizon.instant(horizon.tick(assignment.start)) != assignment.start:
            yield Fault(
                FaultCode.OFF_GRID,
                "assignment",
                id,
                f"Assignment {id}: its start {assignment.start.isoformat()} is not on the grid"
                f" of {horizon.grain_minutes} minutes.",
            )
    if problem.freeze_before is not None and not is_aware(problem.freeze_before):
        yield Fault(
            FaultCode.NAIVE_TIME,
            "problem",
            "",
            f"freeze_before, {problem.freeze_before.isoformat()}, has no zone or offset.",
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
        yield from forecast.span.faults("forecast", forecast.kind, "its span")
        if forecast.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "forecast",
                forecast.kind,
                f"Forecast {forecast.kind}: {forecast.minutes} minutes; at least 0.",
            )

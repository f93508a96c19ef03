"""Requests: what people ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.time import Span, is_aware, write_instant, zone_of

MAX_VISITS = 200
#: Classes of requests; the first is the most urgent.
PRIORITIES = range(1, 10)
ATTENDEE = "attendee:"


def attendee_role(resource: str) -> str:
    """Return the role under which an attendee takes part in a visit."""
    return ATTENDEE + resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a request: a service, or a place in one of several group sessions.

    Attributes
    ----------
    service
        Id of the service; ``""`` where sessions are named.
    sessions
        Ids of the group sessions that would do.
    least_lag_minutes, most_lag_minutes
        Minutes between the end of the step before and this step's start; the first step has
        none before it.
    """

    service: str = ""
    sessions: frozenset[str] = frozenset()
    least_lag_minutes: int = 0
    most_lag_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedSeries:
    """Visits at one wall time, a fixed number of days apart: every Tuesday at 10:00.

    Attributes
    ----------
    count
        How many occurrences.
    every_days
        Local days between neighbours.
    start
        Start of the first, or None: weekday and time are chosen, the pattern holds.
    may_miss
        Numbers (from 1) of the occurrences that may be left out; all others are needed.
    """

    count: int
    every_days: int = 7
    start: datetime | None = None
    may_miss: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexibleSeries:
    """Interchangeable visits, numbered by start; gaps hold between those that are placed.

    Attributes
    ----------
    count
        How many visits.
    at_least
        How many suffice; None: all or nothing. The visits left out are the last.
    least_days_between, most_days_between
        Local days from one placed visit to the next; 0 allows one day twice.
    most_per_week
        Visits in a local Monday week, at most.
    most_carers
        Different resources in the carer's role, at most.
    carer_role
        The role whose continuity counts, here and for the goal ``same_carer``.
    """

    count: int
    at_least: int | None = None
    least_days_between: int = 1
    most_days_between: int | None = None
    most_per_week: int | None = None
    most_carers: int | None = None
    carer_role: str = "practitioner"


Series = FixedSeries | FlexibleSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Someone who comes to the visits of a request.

    Attributes
    ----------
    resource
        Id of the resource (a patient, a colleague).
    required
        A required attendee must be free; a preferred one comes if free.
    weight
        What it costs, in the goal ``preferred_attendees``, when a preferred one misses a visit.
    steps
        Numbers (from 1) of the steps that concern them; empty is all.
    """

    resource: str
    required: bool = True
    weight: int = 1
    steps: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferredWindow:
    """A span in which a visit would rather lie; ``weight`` is missed when it lies in none."""

    span: Span
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferredResource:
    """Resources that are rather had in a role; ``weight`` is missed for each other one."""

    role: str
    resources: frozenset[str]
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionPlacement:
    """Where an option puts one visit: its start, and by role the resources it insists on."""

    start: datetime
    resources: tuple[tuple[str, str], ...] = ()
    occurrence: int = 1
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A whole pattern that would do, with its penalty; visits it does not name are left out."""

    placements: tuple[OptionPlacement, ...]
    penalty: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What someone asks for.

    Attributes
    ----------
    id
        Unique among requests.
    steps
        One step, or a chain of steps in order. A chain is never placed in part.
    series
        How the steps repeat; None is once.
    attendees
        Who comes, apart from the resources that the service needs.
    windows
        Spans in which each visit must lie whole (hard); empty is the whole horizon.
    preferred_windows, preferred_resources
        Wishes (soft).
    priority
        Class from 1 (most urgent) to 9; a class is never traded for a lower one.
    weight
        Value of serving it whole, inside its class.
    must
        Whether it must be served: else there is no schedule at all.
    first_visit
        Whether its first visit lasts as long as a first visit does. That one may not be missed.
    wanted
        An instant that the start should be near to.
    requested, due
        When it was asked, and when it should be served at the latest: days beyond ``due`` cost
        by the goal ``waiting``. A due date is soft; a deadline is the end of a window.
    options
        If given, the only placements that would do.
    weights
        Pairs of a goal and its weight for this request, in place of the problem's.
    label
        What people call it.
    """

    id: str
    steps: tuple[Step, ...]
    series: Series | None = None
    attendees: tuple[Attendee, ...] = ()
    windows: tuple[Span, ...] = ()
    preferred_windows: tuple[PreferredWindow, ...] = ()
    preferred_resources: tuple[PreferredResource, ...] = ()
    priority: int = 3
    weight: int = 1
    must: bool = False
    first_visit: bool = False
    wanted: datetime | None = None
    requested: datetime | None = None
    due: datetime | None = None
    options: tuple[Option, ...] = ()
    weights: tuple[tuple[str, int], ...] = ()
    label: str = ""

    @property
    def occurrences(self) -> int:
        """How often the steps are to be placed."""
        return 1 if self.series is None else self.series.count

    @property
    def visit_count(self) -> int:
        """How many visits it asks for."""
        return self.occurrences * len(self.steps)

    def visit_id(self, occurrence: int, step: int) -> str:
        """Name one of its visits; both numbers count from 1.

        ``R`` for a single visit, ``R#2`` in a series, ``R.2`` in a chain, ``R#2.3`` in both.
        """
        name = self.id
        if self.series is not None:
            name += f"#{occurrence}"
        if len(self.steps) > 1:
            name += f".{step}"
        return name

    def visit_ids(self) -> Iterator[str]:
        """Name all its visits, by occurrence and step."""
        for occurrence in range(1, self.occurrences + 1):
            for step in range(1, len(self.steps) + 1):
                yield self.visit_id(occurrence, step)

    def faults(self, zone: str) -> Iterator[Fault]:
        """Yield what is wrong with the request itself; instants are told in the zone."""

        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "request", self.id, f"Request {self.id}: {message}")

        if not self.steps:
            yield fault(FaultCode.MISSING, "it asks for no service.")
        for number, step in enumerate(self.steps, 1):
            if bool(step.service) == bool(step.sessions):
                yield fault(
                    FaultCode.CONTRADICTION,
                    f"step {number} must name either a service or group sessions.",
                )
            if step.most_lag_minutes is not None and step.most_lag_minutes < step.least_lag_minutes:
                yield fault(
                    FaultCode.EMPTY_SPAN,
                    f"step {number} has a least lag of {step.least_lag_minutes} minutes and a"
                    f" most lag of {step.most_lag_minutes}.",
                )
            if step.least_lag_minutes < 0:
                yield fault(
                    FaultCode.WRONG_NUMBER,
                    f"step {number} has a least lag of {step.least_lag_minutes} minutes;"
                    " at least 0.",
                )
        if self.priority not in PRIORITIES:
            yield fault(FaultCode.WRONG_NUMBER, f"its priority is {self.priority}; 1 to 9 exist.")
        if not 1 <= self.weight <= 10_000:
            yield fault(FaultCode.WRONG_NUMBER, f"its weight is {self.weight}; 1 to 10000 exist.")
        yield from self._series_faults()
        for what, spans in (
            ("a window", self.windows),
            ("a preferred window", [p.span for p in self.preferred_windows]),
        ):
            for span in spans:
                yield from span.faults("request", self.id, what, zone)
        for what, instant in (
            ("wanted", self.wanted),
            ("requested", self.requested),
            ("due", self.due),
            *(("an option's start", p.start) for o in self.options for p in o.placements),
        ):
            if instant is not None and not is_aware(instant):
                yield fault(
                    FaultCode.NAIVE_TIME, f"{what}, {instant.isoformat()}, has no zone or offset."
                )
        if (
            self.requested
            and self.due
            and is_aware(self.requested)
            and is_aware(self.due)
            and self.due < self.requested
        ):
            local = zone_of(zone)
            yield fault(
                FaultCode.EMPTY_SPAN,
                f"it is due at {write_instant(self.due, local)}, before it was asked at"
                f" {write_instant(self.requested, local)} ({zone}).",
            )
        weights = [
            ("a preferred window", [p.weight for p in self.preferred_windows]),
            ("a preferred resource", [p.weight for p in self.preferred_resources]),
            ("an attendee", [a.weight for a in self.attendees]),
            ("an option", [o.penalty for o in self.options]),
            ("a goal", [weight for _, weight in self.weights]),
        ]
        for what, values in weights:
            for value in values:
                if not 0 <= value <= 1_000_000:
                    yield fault(
                        FaultCode.WRONG_NUMBER,
                        f"{what} has the weight {value}; 0 to 1000000 are possible.",
                    )
        names = [attendee.resource for attendee in self.attendees]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield fault(FaultCode.DUPLICATE, f"{name} attends {names.count(name)} times.")
        for attendee in self.attendees:
            for number in sorted(attendee.steps):
                if not 1 <= number <= len(self.steps):
                    yield fault(
                        FaultCode.WRONG_NUMBER,
                        f"{attendee.resource} attends step {number}; it has {len(self.steps)}.",
                    )
        for option in self.options:
            if not option.placements:
                yield fault(FaultCode.MISSING, "an option places nothing.")
            for placement in option.placements:
                if not (
                    1 <= placement.occurrence <= self.occurrences
                    and 1 <= placement.step <= len(self.steps)
                ):
                    yield fault(
                        FaultCode.WRONG_NUMBER,
                        f"an option names occurrence {placement.occurrence}, step"
                        f" {placement.step}; it has {self.occurrences} and {len(self.steps)}.",
                    )

    def _series_faults(self) -> Iterator[Fault]:
        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "request", self.id, f"Request {self.id}: {message}")

        series = self.series
        if series is None:
            return
        if not series.count >= 1 or self.visit_count > MAX_VISITS:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"it has {self.visit_count} visits; 1 to {MAX_VISITS} are possible.",
            )
            return
        if isinstance(series, FixedSeries):
            if series.every_days < 1:
                yield fault(
                    FaultCode.WRONG_NUMBER,
                    f"its visits are {series.every_days} days apart; at least 1.",
                )
            if series.start is not None and not is_aware(series.start):
                yield fault(
                    FaultCode.NAIVE_TIME,
                    f"its series starts at {series.start.isoformat()}, with no zone or offset.",
                )
            for number in sorted(series.may_miss):
                if not 1 <= number <= series.count:
                    yield fault(
                        FaultCode.WRONG_NUMBER,
                        f"occurrence {number} may be missed; it has {series.count}.",
                    )
            if self.first_visit and 1 in series.may_miss:
                yield fault(
                    FaultCode.CONTRADICTION,
                    "occurrence 1 may be missed; it is the first visit, which may not.",
                )
            return
        if series.at_least is not None and not 1 <= series.at_least <= series.count:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"at least {series.at_least} visits of {series.count}; 1 to {series.count} make"
                " sense.",
            )
        if series.least_days_between < 0:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"{series.least_days_between} days at least between visits; it may not be below 0.",
            )
        if (
            series.most_days_between is not None
            and series.most_days_between < series.least_days_between
        ):
            yield fault(
                FaultCode.EMPTY_SPAN,
                f"at least {series.least_days_between} and at most {series.most_days_between}"
                " days between visits.",
            )
        for what, value in (
            ("visits a week", series.most_per_week),
            ("carers", series.most_carers),
        ):
            if value is not None and value < 1:
                yield fault(FaultCode.WRONG_NUMBER, f"at most {value} {what}; at least 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A group session: one visit that several requests share.

    Staff and room are claimed once, each participant for themselves.

    Attributes
    ----------
    id, label
        Unique among sessions and requests; what people call it.
    service
        Id of its service, whose duration holds whoever leads it.
    windows
        Spans in which it must lie; empty is the whole horizon.
    least, most
        Participants: below the least it does not run.
    """

    id: str
    service: str
    most: int
    least: int = 1
    windows: tuple[Span, ...] = ()
    label: str = ""

    def faults(self, zone: str) -> Iterator[Fault]:
        """Yield what is wrong with the session itself; instants are told in the zone."""
        for span in self.windows:
            yield from span.faults("session", self.id, "a window", zone)
        if not 1 <= self.least <= self.most:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "session",
                self.id,
                f"Session {self.id}: at least {self.least} and at most {self.most} participants.",
            )


class Alike(Enum):
    """What a relation compares."""

    RESOURCE = "resource"
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Visits that must (or must not) share a resource, a day or a time of day.

    Attributes
    ----------
    id
        Unique among relations and precedences.
    visits
        Visit ids; a request's id stands for all its visits. Those unplaced do not count.
    alike
        What is compared. ``TIME`` is the local wall time of the start.
    same
        Whether all must agree (True) or every two must differ (False).
    role
        Role whose resources are compared, for ``RESOURCE``.
    """

    id: str
    visits: tuple[str, ...]
    alike: Alike
    same: bool = True
    role: str = "practitioner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedence:
    """One visit ends before another starts, where both are placed.

    A request's id stands for all its visits: each of ``before`` ends before each of ``after``
    starts, and the most lag runs from the last end to the first start.
    """

    id: str
    before: str
    after: str
    least_lag_minutes: int = 0
    most_lag_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Two resources that never share a visit: never this person with that one."""

    one: str
    other: str


class PinKind(Enum):
    """What a pin holds fast of a visit's published assignment."""

    ALL = "all"
    TIME = "time"
    RESOURCES = "resources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Holds a visit where it is published; its visit must be placed."""

    visit: str
    kind: PinKind = PinKind.ALL

"""The tables of what is asked: requests, sessions, and rules among visits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allocator.domain.request import (
    Alike,
    Apart,
    Attendee,
    FixedSeries,
    FlexibleSeries,
    Option,
    OptionPlacement,
    Pin,
    PinKind,
    Precedence,
    PreferredResource,
    PreferredWindow,
    Relation,
    Request,
    Session,
    Step,
)
from allocator.domain.time import Span
from allocator.frames.cells import (
    FLAG,
    INSTANT,
    INTEGER,
    LIST,
    NAMES,
    NUMBERS,
    ROLES,
    TEXT,
    choice,
)
from allocator.frames.columns import Column, Inline, Table, variant_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window of a request: hard where it has no weight."""

    span: Span
    weight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWeight:
    """A goal with the weight that one request gives it."""

    goal: str
    weight: int


def _put_window(window: Window) -> tuple[str, Any]:
    if window.weight is None:
        return "windows", window.span
    return "preferred_windows", PreferredWindow(span=window.span, weight=window.weight)


def _windows(request: Request) -> Iterable[Window]:
    for span in request.windows:
        yield Window(span=span)
    for wish in request.preferred_windows:
        yield Window(span=wish.span, weight=wish.weight)


def _one_window(values: dict[str, Any]) -> tuple[Span, ...]:
    start, end = values.get("window_start"), values.get("window_end")
    if start is None and end is None:
        return ()
    if start is None or end is None:
        given, missing = (
            ("window_end", "window_start")
            if start is None
            else (
                "window_start",
                "window_end",
            )
        )
        raise ValueError(f"{given} is given and {missing} is not; a window has both")
    return (Span(start=start, end=end),)


def _as_one_window(windows: tuple[Span, ...]) -> dict[str, Any] | None:
    if len(windows) > 1:
        return None
    return (
        {"window_start": w.start, "window_end": w.end} if (w := next(iter(windows), None)) else {}
    )


def _one_step(values: dict[str, Any]) -> tuple[Step, ...]:
    if not values:
        return ()
    return (Step(service=values.get("service", ""), sessions=values.get("sessions", frozenset())),)


def _as_one_step(steps: tuple[Step, ...]) -> dict[str, Any] | None:
    if len(steps) != 1 or steps[0].least_lag_minutes or steps[0].most_lag_minutes is not None:
        return None
    return {"service": steps[0].service or None, "sessions": steps[0].sessions or None}


def _plain_attendees(values: dict[str, Any]) -> tuple[Attendee, ...]:
    return tuple(Attendee(resource=id) for id in values.get("attendees", ()))


def _as_plain_attendees(attendees: tuple[Attendee, ...]) -> dict[str, Any] | None:
    if any(not a.required or a.weight != 1 or a.steps for a in attendees):
        return None
    return {"attendees": tuple(a.resource for a in attendees) or None}


SERIES = choice("series", (variant_name(FixedSeries), variant_name(FlexibleSeries)))

REQUEST_TABLES: tuple[Table, ...] = (
    Table(
        "requests",
        "One row for each request.",
        Request,
        (
            Column("id", TEXT, "Its id; without the sign #."),
            Column("label", TEXT, "What people call it."),
            Column("service", TEXT, "Id of the service; a chain in steps.csv.", "steps", "inline"),
            Column("sessions", NAMES, "Or ids of group sessions that would do.", "steps", "inline"),
            Column(
                "attendees",
                LIST,
                "Ids of who must come; others in attendees.csv.",
                "attendees",
                "inline",
            ),
            Column(
                "window_start",
                INSTANT,
                "Earliest start; several windows in windows.csv.",
                "windows",
                "inline",
            ),
            Column("window_end", INSTANT, "Latest end.", "windows", "inline"),
            Column("priority", INTEGER, "Class from 1, the most urgent, to 9."),
            Column("weight", INTEGER, "Value of serving it whole, inside its class."),
            Column("must", FLAG, "Whether there is no schedule without it."),
            Column("first_visit", FLAG, "Whether it begins with a first visit."),
            Column("wanted", INSTANT, "The start should be near to this."),
            Column("requested", INSTANT, "When it was asked."),
            Column("due", INSTANT, "When it should be served at the latest; later costs."),
            Column("series", SERIES, "How it repeats; empty is once.", "series.type"),
            Column("count", INTEGER, "How often.", "series.count"),
            Column("every_days", INTEGER, "Fixed: days between visits.", "series.every_days"),
            Column("series_start", INSTANT, "Fixed: start of the first visit.", "series.start"),
            Column("may_miss", NUMBERS, "Fixed: visits that may be missed.", "series.may_miss"),
            Column(
                "at_least", INTEGER, "Flexible: how many suffice; empty: all.", "series.at_least"
            ),
            Column(
                "least_days_between",
                INTEGER,
                "Flexible: least days between visits.",
                "series.least_days_between",
            ),
            Column(
                "most_days_between",
                INTEGER,
                "Flexible: most days between visits.",
                "series.most_days_between",
            ),
            Column(
                "most_per_week", INTEGER, "Flexible: most visits a week.", "series.most_per_week"
            ),
            Column(
                "most_carers", INTEGER, "Flexible: most different carers.", "series.most_carers"
            ),
            Column("carer_role", TEXT, "Flexible: role of the carer.", "series.carer_role"),
        ),
        "requests",
        kind="request",
        inline=(
            Inline("steps", _one_step, _as_one_step, alone=True),
            Inline("attendees", _plain_attendees, _as_plain_attendees),
            Inline("windows", _one_window, _as_one_window),
        ),
    ),
    Table(
        "steps",
        "One row for each step of a chain, in order.",
        Step,
        (
            Column("request", TEXT, "Id of the request.", role="parent"),
            Column("service", TEXT, "Id of the service."),
            Column("sessions", NAMES, "Or ids of group sessions that would do."),
            Column("least_lag_minutes", INTEGER, "Least time after the step before."),
            Column("most_lag_minutes", INTEGER, "Most time after it; empty is any."),
        ),
        "steps",
        parent="requests",
    ),
    Table(
        "attendees",
        "One row for each person who comes to a request's visits.",
        Attendee,
        (
            Column("request", TEXT, "Id of the request.", role="parent"),
            Column("resource", TEXT, "Id of the resource."),
            Column("required", FLAG, "Whether they must be free; else they come if free."),
            Column("weight", INTEGER, "What it costs when one who need not come misses it."),
            Column("steps", NUMBERS, "Numbers of the steps that concern them; empty is all."),
        ),
        "attendees",
        parent="requests",
    ),
    Table(
        "windows",
        "One row for each window of a request.",
        Window,
        (
            Column("request", TEXT, "Id of the request.", role="parent"),
            Column("start", INSTANT, "From.", "span.start"),
            Column("end", INSTANT, "To.", "span.end"),
            Column("weight", INTEGER, "Empty: must lie in it. A number: preferred by so much."),
        ),
        "windows",
        parent="requests",
        put=_put_window,
        take=_windows,
    ),
    Table(
        "preferences",
        "One row for each wish for resources.",
        PreferredResource,
        (
            Column("request", TEXT, "Id of the request.", role="parent"),
            Column("role", TEXT, "The role."),
            Column("resources", NAMES, "Ids of the resources that are rather had."),
            Column("weight", INTEGER, "What each other one costs."),
        ),
        "preferred_resources",
        parent="requests",
    ),
    Table(
        "options",
        "One row for each visit that an option places; with options, nothing else would do.",
        Option,
        (
            Column("request", TEXT, "Id of the request.", role="parent"),
            Column("option", INTEGER, "Number that joins the rows of one option.", role="group"),
            Column("penalty", INTEGER, "What the option costs."),
            Column("occurrence", INTEGER, "Which visit of the series.", role="item"),
            Column("step", INTEGER, "Which step of the chain.", role="item"),
            Column("start", INSTANT, "Its start.", role="item"),
            Column("resources", ROLES, "Resources that it insists on.", role="item"),
        ),
        "options",
        parent="requests",
        gathers=("placements", OptionPlacement),
        group=("option",),
    ),
    Table(
        "request_weights",
        "One row for each goal to which a request gives a weight of its own.",
        RequestWeight,
        (
            Column("request", TEXT, "Id of the request.", role="parent"),
            Column("goal", TEXT, "Name of the goal."),
            Column("weight", INTEGER, "Its weight for this request."),
        ),
        "weights",
        parent="requests",
        put=lambda x: ("weights", (x.goal, x.weight)),
        take=lambda x: [RequestWeight(goal=g, weight=w) for g, w in x.weights],
    ),
    Table(
        "sessions",
        "One row for each group session.",
        Session,
        (
            Column("id", TEXT, "Its id, unique among sessions and requests."),
            Column("label", TEXT, "What people call it."),
            Column("service", TEXT, "Id of its service."),
            Column("least", INTEGER, "Least participants: below, it does not run."),
            Column("most", INTEGER, "Most participants."),
            Column(
                "window_start",
                INSTANT,
                "Earliest start; several windows in session_windows.csv.",
                "windows",
                "inline",
            ),
            Column("window_end", INSTANT, "Latest end.", "windows", "inline"),
        ),
        "sessions",
        kind="session",
        inline=(Inline("windows", _one_window, _as_one_window),),
    ),
    Table(
        "session_windows",
        "One row for each window of a group session.",
        Span,
        (
            Column("session", TEXT, "Id of the session.", role="parent"),
            Column("start", INSTANT, "From."),
            Column("end", INSTANT, "To."),
        ),
        "windows",
        parent="sessions",
    ),
    Table(
        "relations",
        "One row for each set of visits that share something, or must not.",
        Relation,
        (
            Column("id", TEXT, "Its id, unique among relations and precedences."),
            Column("visits", LIST, "Ids of visits; a request's id is all of its visits."),
            Column("alike", choice("what is compared", Alike), "What they share."),
            Column("same", FLAG, "yes: all the same. no: all different."),
            Column("role", TEXT, "Role whose resources are compared."),
        ),
        "relations",
        kind="relation",
    ),
    Table(
        "precedences",
        "One row for each visit that ends before another starts.",
        Precedence,
        (
            Column("id", TEXT, "Its id, unique among relations and precedences."),
            Column("before", TEXT, "Id of a visit, or of a request: all of its visits."),
            Column("after", TEXT, "Id of a visit, or of a request: all of its visits."),
            Column("least_lag_minutes", INTEGER, "Least time between them."),
            Column("most_lag_minutes", INTEGER, "Most time between them; empty is any."),
        ),
        "precedences",
        kind="precedence",
    ),
    Table(
        "apart",
        "One row for each two resources that never share a visit.",
        Apart,
        (
            Column("one", TEXT, "Id of a resource."),
            Column("other", TEXT, "Id of another."),
        ),
        "apart",
        kind="apart",
        name_of=lambda x: f"{x.one} and {x.other}",
    ),
    Table(
        "pins",
        "One row for each visit that is held where it is published.",
        Pin,
        (
            Column("visit", TEXT, "Id of the visit."),
            Column("kind", choice("what a pin holds", PinKind), "What is held fast."),
        ),
        "pins",
        kind="pin",
        name_of=lambda x: str(x.visit),
    ),
)

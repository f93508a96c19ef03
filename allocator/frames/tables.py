"""The tables of a problem: one line for each column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allocator.domain.calendar import Block, Calendar, DatedException, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.resource import (
    Break,
    Contract,
    Location,
    Reserve,
    Resource,
    Skill,
    Travel,
)
from allocator.domain.service import Need, Selector, Service, Turnaround
from allocator.frames.cells import (
    DATE,
    FLAG,
    HOURS,
    INSTANT,
    INTEGER,
    LIST,
    NAMES,
    PRICES,
    TEXT,
    WALL,
    WEEKDAYS_CELL,
)
from allocator.frames.columns import Column, Inline, Table
from allocator.frames.plan_tables import PLAN_TABLES
from allocator.frames.request_tables import REQUEST_TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long a service lasts with a resource."""

    resource: str
    minutes: int


def _plain_skills(values: dict[str, Any]) -> tuple[Skill, ...]:
    return tuple(Skill(name=name) for name in values.get("skills", ()))


def _as_plain_skills(skills: tuple[Skill, ...]) -> dict[str, Any] | None:
    if any(skill.first or skill.last for skill in skills):
        return None
    return {"skills": tuple(skill.name for skill in skills) or None}


def _durations(service: Service) -> Iterable[Duration]:
    return (Duration(resource=id, minutes=m) for id, m in service.minutes_by_resource)


PROBLEM = Table(
    "problem",
    "One row for each key, with its value: what holds for the whole problem.",
    Problem,
    (
        Column("name", TEXT, "What people call the problem."),
        Column("first", DATE, "First date of the horizon.", "horizon.first"),
        Column("days", INTEGER, "How many dates the horizon has.", "horizon.days"),
        Column("zone", TEXT, "Time zone, such as Europe/Berlin.", "horizon.zone"),
        Column("grain_minutes", INTEGER, "Length of a tick.", "horizon.grain_minutes"),
        Column("now", INSTANT, "When the problem is asked; else its start.", "horizon.now"),
        Column("freeze_before", INSTANT, "What is published to start before this stays put."),
        Column(
            "most_changes", INTEGER, "Most published visits that may lie otherwise than published."
        ),
        Column("without_rules", NAMES, "Rules that are switched off."),
        Column("off_peak_kinds", LIST, "Kinds whose load is levelled.", "off_peak.kinds"),
        Column(
            "off_peak_bucket_minutes",
            INTEGER,
            "Stretches in which load is counted.",
            "off_peak.bucket_minutes",
        ),
        Column(
            "off_peak_steps",
            PRICES,
            "Percentages of the open time, and the price of a minute above each.",
            "off_peak.steps",
        ),
        Column("change_start", INTEGER, "Cost of another start.", "change_costs.start"),
        Column(
            "change_practitioner",
            INTEGER,
            "Cost of another practitioner.",
            "change_costs.practitioner",
        ),
        Column("change_other", INTEGER, "Cost of another room or device.", "change_costs.other"),
        Column(
            "change_notice_hours",
            INTEGER,
            "Changes nearer to now than this cost more.",
            "change_costs.notice_hours",
        ),
        Column(
            "change_within_notice",
            INTEGER,
            "How many times more they cost.",
            "change_costs.within_notice",
        ),
    ),
    "",
    kind="problem",
)

WORLD_TABLES: tuple[Table, ...] = (
    Table(
        "locations",
        "One row for each place.",
        Location,
        (
            Column("id", TEXT, "Its id."),
            Column("zone", TEXT, "Its time zone; the problem's where empty."),
        ),
        "locations",
        kind="location",
    ),
    Table(
        "travel",
        "One row for each way between two places; both ways unless the way back is given.",
        Travel,
        (
            Column("origin", TEXT, "Id of the place left."),
            Column("destination", TEXT, "Id of the place reached."),
            Column("minutes", INTEGER, "How long it takes."),
        ),
        "travel",
        kind="travel",
        name_of=lambda x: f"{x.origin} to {x.destination}",
    ),
    Table(
        "calendars",
        "One row for each calendar; its hours stand in opening_hours.csv.",
        Calendar,
        (
            Column("id", TEXT, "Its id."),
            Column("holidays", TEXT, "Region whose public holidays are closed: DE, DE-BE."),
        ),
        "calendars",
        kind="calendar",
    ),
    Table(
        "opening_hours",
        "One row for each weekly rule of a calendar.",
        WeeklyRule,
        (
            Column("calendar", TEXT, "Id of the calendar.", role="parent"),
            Column("weekdays", WEEKDAYS_CELL, "On which days."),
            Column("start", WALL, "From.", "hours.start_minute"),
            Column("end", WALL, "To.", "hours.end_minute"),
            Column("overtime", FLAG, "Whether these hours are overtime: open, at a cost."),
            Column("first", DATE, "First date on which the rule holds."),
            Column("last", DATE, "Last date on which the rule holds."),
        ),
        "weekly",
        parent="calendars",
    ),
    Table(
        "exceptions",
        "One row for each date on which a calendar has other hours.",
        DatedException,
        (
            Column("calendar", TEXT, "Id of the calendar.", role="parent"),
            Column("date", DATE, "The date.", "day"),
            Column("hours", HOURS, "Its hours; empty is closed."),
        ),
        "exceptions",
        parent="calendars",
    ),
    Table(
        "blocks",
        "One row for each stretch in which an open resource is not to be had.",
        Block,
        (
            Column("calendar", TEXT, "Id of the calendar.", role="parent"),
            Column("start", INSTANT, "From.", "span.start"),
            Column("end", INSTANT, "To.", "span.end"),
            Column("reason", TEXT, "Such as leave or maintenance."),
        ),
        "blocks",
        parent="calendars",
    ),
    Table(
        "resources",
        "One row for each practitioner, room, device, patient: whatever has its time taken.",
        Resource,
        (
            Column("id", TEXT, "Its id."),
            Column("kind", TEXT, "practitioner, room, device, patient or any other word."),
            Column("name", TEXT, "What people call it; its id where empty."),
            Column("location", TEXT, "Id of the place where it stands; empty is anywhere."),
            Column("mobile", FLAG, "Whether it travels between places."),
            Column("calendar", TEXT, "Id of its calendar; empty is always open."),
            Column("lanes", INTEGER, "How many visits it serves at once."),
            Column("seats", INTEGER, "People that fit into one visit; empty is any number."),
            Column(
                "skills", LIST, "Its skills; those with dates in skills.csv.", "skills", "inline"
            ),
            Column("minutes_per_day", INTEGER, "Most work a day.", "limits.minutes_per_day"),
            Column("minutes_per_week", INTEGER, "Most work a week.", "limits.minutes_per_week"),
            Column(
                "minutes_in_a_row",
                INTEGER,
                "Most work without a rest.",
                "limits.minutes_in_a_row",
            ),
            Column("rest_minutes", INTEGER, "How long a rest is.", "limits.rest_minutes"),
            Column("visits_per_day", INTEGER, "Most visits a day.", "limits.visits_per_day"),
            Column("visits_per_week", INTEGER, "Most visits a week.", "limits.visits_per_week"),
            Column(
                "one_room_per_half_day",
                FLAG,
                "Whether it stays in one room until noon, and from noon on.",
            ),
        ),
        "resources",
        kind="resource",
        inline=(Inline("skills", _plain_skills, _as_plain_skills),),
    ),
    Table(
        "skills",
        "One row for each skill that holds for a time only.",
        Skill,
        (
            Column("resource", TEXT, "Id of the resource.", role="parent"),
            Column("skill", TEXT, "The skill.", "name"),
            Column("first", DATE, "First date on which it holds."),
            Column("last", DATE, "Last date on which it holds."),
        ),
        "skills",
        parent="resources",
    ),
    Table(
        "contracts",
        "One row for each stretch of dates in which a resource is with us.",
        Contract,
        (
            Column("resource", TEXT, "Id of the resource.", role="parent"),
            Column("first", DATE, "First date."),
            Column("last", DATE, "Last date."),
            Column("minutes_per_week", INTEGER, "Work meant for a week; empty: while open."),
        ),
        "contracts",
        parent="resources",
    ),
    Table(
        "breaks",
        "One row for each pause that floats inside a window.",
        Break,
        (
            Column("resource", TEXT, "Id of the resource.", role="parent"),
            Column("minutes", INTEGER, "How long it is."),
            Column("start", WALL, "Start of the window.", "window.start_minute"),
            Column("end", WALL, "End of the window.", "window.end_minute"),
            Column("weekdays", WEEKDAYS_CELL, "On which days."),
        ),
        "breaks",
        parent="resources",
    ),
    Table(
        "reserves",
        "One row for each stretch kept for some services or for what is urgent.",
        Reserve,
        (
            Column("resource", TEXT, "Id of the resource.", role="parent"),
            Column("start", INSTANT, "From.", "span.start"),
            Column("end", INSTANT, "To.", "span.end"),
            Column("services", NAMES, "Ids of the services that may use it at any time."),
            Column("urgent_priority", INTEGER, "This class and more urgent ones may use it."),
            Column("release_hours", INTEGER, "Hours before its start when all may use it."),
        ),
        "reserves",
        parent="resources",
    ),
    Table(
        "services",
        "One row for each bookable kind of visit.",
        Service,
        (
            Column("id", TEXT, "Its id."),
            Column("name", TEXT, "What people call it; its id where empty."),
            Column("minutes", INTEGER, "How long a visit lasts."),
            Column("first_minutes", INTEGER, "How long a first visit lasts, if not as long."),
            Column("start_every_minutes", INTEGER, "Grid of starts on the local clock."),
            Column("start_offset_minutes", INTEGER, "Minutes after midnight where it begins."),
            Column("notice_minutes", INTEGER, "Least time between now and the start."),
            Column("hold_minutes", INTEGER, "How long a hold lasts."),
            Column("approval", FLAG, "Whether a reviewer approves."),
            Column("location", TEXT, "Id of the place, where no resource says it."),
        ),
        "services",
        kind="service",
    ),
    Table(
        "needs",
        "One row for each alternative of each role of a service, best first; what concerns the"
        " role stands in its first row, and is the same or empty in the others.",
        Need,
        (
            Column("service", TEXT, "Id of the service.", role="parent"),
            Column("role", TEXT, "Name of the role, unique in the service."),
            Column("kind", TEXT, "Kind of resource; empty is any.", role="item"),
            Column("skills", NAMES, "Skills that each must have.", role="item"),
            Column("location", TEXT, "Id of the place; empty is anywhere.", role="item"),
            Column("names", NAMES, "Ids of resources; empty is any.", role="item"),
            Column("quantity", INTEGER, "How many resources."),
            Column("uses", INTEGER, "Lanes taken of each."),
            Column("before_minutes", INTEGER, "Buffer before."),
            Column("after_minutes", INTEGER, "Buffer after."),
            Column("part_minutes", INTEGER, "Length of the part covered.", "part.minutes"),
            Column("part_offset_minutes", INTEGER, "Where it begins.", "part.offset_minutes"),
            Column("part_from_end", FLAG, "Whether that counts from the end.", "part.from_end"),
        ),
        "needs",
        parent="services",
        gathers=("alternatives", Selector),
        group=("role",),
    ),
    Table(
        "durations",
        "One row for each resource with which a service lasts longer or shorter.",
        Duration,
        (
            Column("service", TEXT, "Id of the service.", role="parent"),
            Column("resource", TEXT, "Id of the resource."),
            Column("minutes", INTEGER, "How long a visit lasts with it."),
        ),
        "minutes_by_resource",
        parent="services",
        put=lambda x: ("minutes_by_resource", (x.resource, x.minutes)),
        take=_durations,
    ),
    Table(
        "turnarounds",
        "One row for each pair of services that need time between them on a resource.",
        Turnaround,
        (
            Column("kind", TEXT, "Kind of resource that needs it."),
            Column("before", TEXT, "Id of the service before; empty is any."),
            Column("after", TEXT, "Id of the service after; empty is any."),
            Column("minutes", INTEGER, "How long."),
        ),
        "turnarounds",
        kind="turnaround",
        name_of=lambda x: f"{x.before or 'any'} to {x.after or 'any'}",
    ),
)

TABLES: tuple[Table, ...] = (PROBLEM, *WORLD_TABLES, *REQUEST_TABLES, *PLAN_TABLES)
BY_NAME = {table.name: table for table in TABLES}

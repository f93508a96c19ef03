"""The rows of a schedule's table: one for each visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE, attendee_role
from allocator.domain.schedule import Schedule
from allocator.domain.time import zone_of
from allocator.frames.cells import AMOUNTS, FILLED, INSTANT, INTEGER, LIST, TEXT
from allocator.frames.columns import Column
from allocator.frames.notation import quoted
from allocator.frames.visits import Visits

ROLE = "role:"

#: Columns before those of the roles, and after.
BEFORE = (
    Column("request", TEXT, "Your id of the request; empty for a group session itself."),
    Column("occurrence", INTEGER, "Which visit of a series, from 1. For information."),
    Column("step", INTEGER, "Which step of a chain, from 1. For information."),
    Column("visit", TEXT, "Id of the visit. Required."),
    Column("service", TEXT, "Id of the service. For information."),
    Column("start", INSTANT, "From; empty where the visit is not placed."),
    Column("end", INSTANT, "To."),
    Column("minutes", INTEGER, "How long. For information."),
)
AFTER = (
    Column("attendees", LIST, "Ids of who attends."),
    Column("session", TEXT, "Id of the group session that it joins."),
    Column("priority", INTEGER, "Class of the request. For information."),
    Column("reason", TEXT, "Why it is not placed."),
    Column("funnel", AMOUNTS, "How many starts each rule left, where it is not placed."),
    Column(
        "resources",
        FILLED,
        "Everyone by role: only where the columns of the roles and attendees do not say it all,"
        " such as an unusual order.",
    ),
)
FIXED = {column.name: column for column in (*BEFORE, *AFTER)}


def header(problem: Problem, resources: bool, unplaced: bool) -> list[tuple[str, str]]:
    """Return pairs of a column's header and the key of its values."""
    roles = dict.fromkeys(need.role for service in problem.services for need in service.needs)
    names = [(column.name, column.name) for column in BEFORE]
    names += [(_role_header(role), ROLE + role) for role in roles]
    for column in AFTER:
        if (column.name in ("reason", "funnel") and not unplaced) or (
            column.name == "resources" and not resources
        ):
            continue
        names.append((column.name, column.name))
    return names


def _role_header(role: str) -> str:
    return ROLE + role if role in FIXED or role.startswith(ROLE) or not role.strip() else role


def several_in_frame(ids: Sequence[str], problem: Problem) -> str | None:
    """Write ids into one cell of a frame: one as it is, several with semicolons."""
    if len(ids) == 1:
        return ids[0]
    text = LIST.write(ids, zone_of("UTC"))
    if problem.knows("resource", text):
        text = ";".join(quoted(id) for id in ids)
    return text or None


def several_in_csv(ids: Sequence[str], problem: Problem) -> str | None:
    """Write ids into one cell of a file."""
    return LIST.write(ids, zone_of("UTC")) or None


def rows_of(
    schedule: Schedule,
    visits: Visits,
    unplaced: bool,
    several: Callable[[Sequence[str], Problem], str | None],
) -> Iterator[dict[str, Any]]:
    """Yield the values of each row by column; columns of roles begin with ``role:``."""
    problem = visits.problem
    utc = zone_of("UTC")
    for assignment in schedule.assignments:
        row = _known(visits, assignment.visit, assignment.session)
        row |= {
            "@zone": visits.zone(assignment),
            "start": assignment.start,
            "end": assignment.end,
            "minutes": assignment.minutes,
            "session": assignment.session,
        }
        filled = dict(assignment.resources)
        came: list[str] = []
        for role, ids in filled.items():
            if role.startswith(ATTENDEE):
                came += ids
            else:
                row[ROLE + role] = several(ids, problem)
        row["attendees"] = several(came, problem)
        if _usual(visits, assignment.visit, filled, came) != assignment.resources:
            row["resources"] = FILLED.write(assignment.resources, utc)
        yield row
    for left in schedule.unplaced if unplaced else ():
        row = _known(visits, left.visit, None)
        row |= {
            "request": left.request,
            "reason": left.reason,
            "funnel": AMOUNTS.write([(s.rule, s.left) for s in left.funnel], utc) or None,
        }
        yield row


def _known(visits: Visits, id: str, session: str | None) -> dict[str, Any]:
    visit = visits[id]
    service = visits.service(id, session)
    row: dict[str, Any] = {"visit": id, "service": None if service is None else service.id}
    if visit.request is not None:
        row |= {
            "request": visit.request.id,
            "occurrence": visit.occurrence,
            "step": visit.step,
            "priority": visit.request.priority,
        }
    return row


def _usual(
    visits: Visits, visit: str, filled: dict[str, tuple[str, ...]], came: Sequence[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return resources in the usual order: the service's roles, then attendees."""
    return (
        *((role, filled[role]) for role in visits.needed(visit) if filled.get(role)),
        *((attendee_role(id), (id,)) for id in came),
    )

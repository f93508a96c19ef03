"""Tries of a tiny problem, drawn with what the rules and goals say: the examples of the docs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from allocator.check import check
from allocator.domain.problem import Problem
from allocator.domain.request import attendee_role
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.time import zone_of
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import VisitNeed
from allocator.report.timeline import Row, layout, rows
from allocator.rules import RULES
from allocator.rules.rule import Rule

TRY = re.compile(
    r"(?P<visit>\S+)(?: (?P<weekday>[a-z]{3})(?P<day>\d*))?"
    r" (?P<start>\d+:\d\d)(?:-(?P<end>\d+:\d\d))?"
    r"(?P<names>(?: \S+)*?)(?: in (?P<session>\S+))?"
)


def show(
    problem: Problem,
    *tries: str,
    goal: str = "",
    rules: Sequence[Rule] = RULES,
    goals: Sequence[Goal] = GOALS,
) -> None:
    """Print schedules, each with the rules that it breaks or, asked for, what a goal costs.

    A try lists visits, as ``placed`` reads them.
    """
    drawn: list[tuple[list[Row], str]] = []
    for text in tries:
        schedule = placed(problem, text)
        found = rows(problem, schedule) or [Row("(nothing)", "")]
        drawn.append((found, _verdict(problem, schedule, goal, rules, goals)))
    apart = any(len(found) > 1 for found, _ in drawn)
    lines: list[Row] = []
    notes: list[str] = []
    for found, verdict in drawn:
        if apart and lines:
            found = [Row("", ""), *found]
        lines += found
        notes += [*[""] * (apart and len(lines) > len(found)), verdict]
        notes += [""] * (len(lines) - len(notes))
    print(layout(lines, 15, notes))


def placed(problem: Problem, text: str) -> Schedule:
    """Read a schedule such as ``A 9:00 ann, B tue 9:00-9:30 bob room, P 9:00 in S``.

    Without a day it is the first, without an end it is as long as the service; of a kind that is
    not named it is the first. Whoever must attend does; whoever may comes if named.
    """
    prepared = Prepared(problem)
    return Schedule(
        assignments=tuple(_assignment(prepared, part.strip()) for part in text.split(",") if part)
    )


def _assignment(prepared: Prepared, text: str) -> Assignment:
    found = TRY.fullmatch(text)
    assert found, f"{text!r} is no visit with its time"
    visit = prepared.visits[prepared.visit_index[found["visit"]]]
    names = found["names"].split()
    day = next(
        date
        for date in prepared.clock(None).dates
        if found["weekday"] in (None, f"{date:%a}".lower())
        and found["day"] in (None, "", str(date.day))
    )

    def instant(time: str) -> datetime:
        hour, minute = map(int, time.split(":"))
        zone = zone_of(prepared.horizon.zone)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)

    start = instant(found["start"])
    end = instant(found["end"]) if found["end"] else None
    if end is None:
        service = visit.service
        if service is None:
            service = prepared.problem.service(prepared.problem.session(found["session"]).service)
        end = start.astimezone(UTC) + timedelta(minutes=service.minutes)
    return Assignment(
        visit=visit.id,
        start=start,
        end=end,
        resources=tuple((need.role, _filling(prepared, need, names)) for need in visit.needs),
        session=found["session"],
    )


def _filling(prepared: Prepared, need: VisitNeed, names: list[str]) -> tuple[str, ...]:
    """Return who fills a role: those named of its kind, else the first there are."""
    things = prepared.problem.resources
    if need.attendee:
        who = [r.id for r in things if attendee_role(r.id) == need.role]
        return tuple(id for id in who if not need.optional or id in names)
    kind = [r.id for r in things if r.kind == need.role]
    return tuple([id for id in names if id in kind] or kind[: need.quantity])


def _verdict(
    problem: Problem,
    schedule: Schedule,
    goal: str,
    rules: Sequence[Rule],
    goals: Sequence[Goal],
) -> str:
    found = check(problem, schedule, rules=rules, goals=goals)
    broken = sorted({violation.rule for violation in found.violations})
    if broken or not goal:
        return ", ".join(broken) or "allowed"
    [told] = [some for some in found.goals if some.goal == goal]
    return f"{told.unit}: {told.amount}, points: {told.cost}"

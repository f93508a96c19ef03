"""The day at the demonstration clinic, from its first call to its table."""

from __future__ import annotations

import io
from datetime import datetime

import psutil
from rich.console import Console
from service.processes import gone, until

from allocator.check.check import check
from allocator.domain.schedule import Schedule
from allocator.frames import read_problem
from api.demo import clinic, next_week
from api.demo_service import Day, _busiest, _single, run


def holidays() -> int:
    """How many call for a day on which the clinic is closed: in some weeks Christmas is one."""
    problem = next_week(read_problem(clinic()), datetime.now().date())
    booked = {a.visit: a for a in problem.published}
    found = check(problem, Schedule(assignments=problem.published)).violations
    closed = {visit for one in found if one.rule == "opening_hours" for visit in one.visits}
    calls = _busiest([r for r in problem.requests if _single(r) in booked])
    return sum(_single(request) in closed for request in calls)


def test_the_day_goes_by_and_everything_stops() -> None:
    """All who call get their time, every request is booked or left, and no process stays."""
    console = Console(file=io.StringIO(), width=100)
    before = set(psutil.Process().children(recursive=True))
    day = run(console, seconds=1)
    closed = holidays()
    assert (day.called, day.held, day.refused, day.waiting) == (64, 64 - closed, closed, 82)
    assert day.status in ("optimal", "feasible")
    assert 0 < day.booked == day.waiting - len(day.left) == day.placed - day.lost
    assert all(day.left.values())
    assert set(day.seconds) == {"started", "held", "sent", "solved", "published"}
    console.print(day.table())
    assert "held and confirmed" in console.file.getvalue()  # type: ignore[attr-defined]
    assert day.told().endswith("docs/client.md shows how to call it.")
    until(lambda: all(map(gone, set(psutil.Process().children(recursive=True)) - before)))


def test_why_requests_are_left_is_told() -> None:
    """Of five at most; of none where none is left."""
    reasons = {f"R{n}": "No start is left after the rule breaks." for n in range(7)}
    lines = Day(left=reasons).told().splitlines()
    assert lines[:2] == ["Why requests are left:", "  R0: No start is left after the rule breaks."]
    assert lines[6] == "  and 2 more"
    assert Day().told().splitlines()[0] == "Everything has stopped, and its data are gone."

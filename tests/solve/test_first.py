"""The first schedule: what is known stays, unless it stands in the way of what is more urgent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from tiny import at, calendar, need, practitioner, problem, request, service

from allocator.domain.calendar import DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.resource import Contract
from allocator.domain.schedule import Assignment
from allocator.goals import GOALS
from allocator.rules import RULES
from allocator.solve.budget import Budget
from allocator.solve.first import first_schedule
from allocator.solve.params import Params
from allocator.solve.work import Work

HOUR = WeeklyRule(
    weekdays=frozenset(range(7)), hours=DailySpan(start_minute=8 * 60, end_minute=9 * 60)
)
GONE = Contract(last=date(2026, 3, 2) - timedelta(days=1))


def clinic(urgent: int, other: int, *gone: str) -> Problem:
    """Return an hour of Ann and Ben, with U published with Ann and L with Ben, of these classes."""
    people = (practitioner("ann"), practitioner("ben"))
    return problem(
        request("L", priority=other),
        request("U", priority=urgent),
        calendars=(replace(calendar(), weekly=(HOUR,)),),
        resources=tuple(replace(p, contracts=(GONE,)) if p.id in gone else p for p in people),
        services=(service(needs=(need(),)),),
        published=tuple(
            Assignment(
                visit=visit,
                start=at(0, 8),
                end=at(0, 9),
                resources=(("practitioner", (who,)),),
            )
            for visit, who in (("U", "ann"), ("L", "ben"))
        ),
    )


def placed(some: Problem) -> dict[str, str]:
    """Return who serves which visit in the first schedule."""
    work = Work(some, Params(), Budget(), None, RULES, GOALS)
    best = first_schedule(work, work.frozen, Budget)
    assert best is not None
    prepared = work.prepared
    return {
        prepared.visits[number].id: prepared.resources[placement.team[0][0]].id
        for number, placement in enumerate(best.placements)
        if placement is not None
    }


def test_who_is_more_urgent_takes_the_time_of_who_is_less() -> None:
    """Ann has left: U of class 1 is with Ben, and L of class 3, who was with Ben, is left out."""
    assert placed(clinic(1, 3, "ann")) == {"U": "ben"}


def test_what_is_known_stays_otherwise() -> None:
    """Where nobody has left; where L is as urgent; and where U is less urgent."""
    assert placed(clinic(1, 3)) == {"U": "ann", "L": "ben"}
    assert placed(clinic(3, 3, "ann")) == {"L": "ben"}
    assert placed(clinic(3, 1, "ann")) == {"L": "ben"}

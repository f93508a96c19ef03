"""Planted conflicts: tiny problems in which A has no place, for reasons that a reader can check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tiny import at, practitioner, problem, request

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer, WhyNot

TUESDAY = date(2026, 3, 3)


@dataclass(frozen=True)
class Planted:
    """A problem, what is placed, and the core of why A is not."""

    problem: Problem
    placed: tuple[Assignment, ...]
    core: frozenset[tuple[str, str]]

    @property
    def schedule(self) -> Schedule:
        return Schedule(assignments=self.placed)

    def explainer(self) -> Explainer:
        return Explainer(self.problem, self.schedule)

    def why(self) -> WhyNot:
        return self.explainer().why_not("A")


#: By rule, what plants a conflict over it.
Planting = Callable[[], Planted]


def planted(problem: Problem, *placed: Assignment, core: str) -> Planted:
    """Plant a conflict; a core is written as ``rule object, rule object``."""
    facts = frozenset((rule, object) for rule, object in map(str.split, core.split(",")))
    return Planted(problem, placed, facts)


def put(
    visit: str, day: int, hour: int, minutes: int = 60, session: str | None = None, **roles: str
) -> Assignment:
    """Place a visit with a resource by role; attendees are told as ``pia="attendee"``."""
    by_role = {
        (f"attendee:{role}" if who == "attendee" else role): (
            (role,) if who == "attendee" else (who,)
        )
        for role, who in roles.items()
    }
    return Assignment(
        visit=visit,
        start=at(day, hour),
        end=at(day, hour, minutes),
        resources=tuple(sorted(by_role.items())),
        session=session,
    )


def with_ann(visit: str, day: int, hour: int, minutes: int = 60) -> Assignment:
    """Place a visit with Ann."""
    return put(visit, day, hour, minutes, practitioner="ann")


def ann(**more: Any) -> Any:
    """Ann, whose name is Dr Ann, and who works at any time unless told otherwise."""
    return practitioner("ann", **{"name": "Dr Ann", "calendar": None, **more})


def asked(*more: Any, who: Any = None, days: int = 1, **changes: Any) -> Problem:
    """A problem in which A and B ask for an hour with Ann, or what ``more`` asks for."""
    requests = more or (request("A"), request("B"))
    resources = who if isinstance(who, tuple) else (who or ann(),)
    return problem(*requests, days=days, **{"resources": resources, **changes})

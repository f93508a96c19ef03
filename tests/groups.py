"""Tiny problems with group sessions, for the tests of their rules."""

from __future__ import annotations

from typing import Any

from faces import universe
from tiny import need, patient, practitioner, problem, request, service

from allocator.domain.problem import Problem
from allocator.domain.request import Session, Step
from allocator.prepare.visit import Placement
from allocator.table.rulebook import Rulebook


def group(names: str, least: int = 1, most: int = 2, sessions: str = "ST", **more: Any) -> Problem:
    """Patients a, b, … who would join one of the sessions, of two hours each, in Ann's care.

    A name stands for a request of that patient; the grain is two hours, and Ann can hold
    several sessions at once.
    """
    step = Step(sessions=frozenset(sessions))
    return problem(
        *(request(name, name.lower(), services="", steps=(step,)) for name in names),
        **{
            "resources": (
                practitioner("ann", lanes=9),
                *(patient(name.lower(), lanes=9) for name in names),
            ),
            "services": (service(minutes=120, needs=(need(),)),),
            "sessions": tuple(
                Session(id=id, service="visit", least=least, most=most) for id in sessions
            ),
            "grain": 120,
            **more,
        },
    )


def held(book: Rulebook, session: str, hour: int) -> dict[int, Placement]:
    """Return a session's visit with its placement at an hour of the Monday."""
    number = book.prepared.visit_index[session]
    return {number: universe(book, book.prepared.visits[number], [hour // 2])[0]}


def joins(book: Rulebook, visit: str, session: str, hour: int) -> dict[int, Placement]:
    """Return a participant's visit with its placement in a session at an hour of the Monday."""
    number = book.prepared.visit_index[visit]
    some = universe(book, book.prepared.visits[number], [hour // 2])
    return {number: next(p for p in some if p.session == book.prepared.visit_index[session])}

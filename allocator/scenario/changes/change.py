"""What a change is, and what several changes ask of a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.resource import Resource
from allocator.domain.service import Service
from allocator.frames.sheets import close

EVERY_DAY = frozenset(range(7))
#: Open at any time, as a resource without a calendar is.
ALWAYS = WeeklyRule(weekdays=EVERY_DAY, hours=DailySpan(start_minute=0, end_minute=24 * 60))


class Change(Protocol):
    """One difference from a problem to another: data that can be saved, listed and undone."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this change.

        Raises
        ------
        InvalidProblem
            Where it cannot be made, naming the object and both numbers; the problem stays as it
            is in any case.
        """
        ...

    def text(self) -> str:
        """Say in plain words what it changes."""
        ...


def refuse(code: FaultCode, kind: str, id: str, message: str) -> InvalidProblem:
    """Return the error of a change that cannot be made."""
    return InvalidProblem([Fault(code, kind, id, message)])


def unknown(kind: str, id: str, known: Iterable[str]) -> InvalidProblem:
    """Return the error of a name that the problem does not have."""
    message = f"{kind.capitalize()} {id} does not exist{close(id, [*known])}"
    return refuse(FaultCode.UNKNOWN_NAME, kind, id, message)


def demand_known(problem: Problem, kind: str, ids: Iterable[str]) -> None:
    """Refuse ids of resources, requests or services (as ``kind`` says) that the problem lacks."""
    known: dict[str, Sequence[Resource | Request | Service]] = {
        "resource": problem.resources,
        "request": problem.requests,
        "service": problem.services,
    }
    for id in ids:
        if not problem.knows(kind, id):
            raise unknown(kind, id, (one.id for one in known[kind]))


def chosen(problem: Problem, ids: Sequence[str], kind: str) -> list[Resource]:
    """Return the resources that are named, or all of a kind.

    Raises
    ------
    InvalidProblem
        Where a name or the kind is unknown, or both or neither are given.
    """
    if bool(ids) == bool(kind):
        raise refuse(
            FaultCode.CONTRADICTION,
            "change",
            "",
            f"A change names either resources or a kind; here are {len(ids)} resources"
            f" and the kind {kind!r}.",
        )
    demand_known(problem, "resource", ids)
    found = [r for r in problem.resources if r.id in ids or (kind and r.kind == kind)]
    if not found:
        raise unknown("kind", kind, sorted({r.kind for r in problem.resources}))
    return found


def refuse_always_open(some: Iterable[Resource]) -> None:
    """Refuse resources that have no hours to which any could be added."""
    for resource in some:
        if resource.calendar is None:
            raise refuse(
                FaultCode.CONTRADICTION,
                "resource",
                resource.id,
                f"Resource {resource.id} has no calendar: it is always open, and cannot be open"
                " for longer.",
            )


def with_resources(
    problem: Problem, some: Sequence[Resource], edit: Callable[[Resource], Resource]
) -> Problem:
    """Return the problem with some of its resources edited."""
    ids = {resource.id for resource in some}
    return replace(
        problem, resources=tuple(edit(r) if r.id in ids else r for r in problem.resources)
    )


def with_calendars(
    problem: Problem, some: Sequence[Resource], edit: Callable[[Calendar, str], Calendar]
) -> Problem:
    """Return the problem with the calendars of some resources edited, and of nobody else.

    A calendar that others keep to as well is copied first. ``edit`` is also told the zone.
    """
    users: dict[str, set[str]] = {}
    for resource in problem.resources:
        users.setdefault(resource.calendar or "", set()).add(resource.id)
    ids = {resource.id for resource in some}
    calendars = {calendar.id: calendar for calendar in problem.calendars}
    moved: dict[str, str] = {}
    made: dict[tuple[str, str], str] = {}
    for resource in some:
        old, zone = resource.calendar or "", problem.zone(resource.location)
        key = (old, zone)
        if key not in made:
            alone = bool(old) and all(
                other in ids and problem.zone(problem.resource(other).location) == zone
                for other in users[old]
            )
            before = calendars[old] if old else Calendar(id="", weekly=(ALWAYS,))
            id = old if alone else _free(f"{old or 'always'} of {resource.id}", calendars)
            calendars[id] = edit(replace(before, id=id), zone)
            made[key] = id
        moved[resource.id] = made[key]
    return replace(
        problem,
        calendars=tuple(calendars.values()),
        resources=tuple(
            replace(r, calendar=moved[r.id]) if r.id in moved else r for r in problem.resources
        ),
    )


def _free(wanted: str, taken: Iterable[str]) -> str:
    """Return an id that nothing has yet, as near to the wanted one as can be."""
    there, id, number = set(taken), wanted, 2
    while id in there:
        id, number = f"{wanted} {number}", number + 1
    return id


def whose(ids: Sequence[str], kind: str) -> str:
    """Name resources, or a kind, in a sentence."""
    return f"every {kind}" if kind else " and ".join(ids)

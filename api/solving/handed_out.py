"""A tenant's problem as a planner takes it away: read only, and by default without names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from allocator.domain.calendar import Calendar
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, attendee_role
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.frames.problems import problem_to_json
from api.problems import Forbidden
from api.solving.clinic import clinic
from api.solving.queue import parsed
from api.usecases.tx import Tx

#: Kinds of resource whose names are those of things.
THINGS = frozenset({"room", "device"})


def problem(tx: Tx, asked: Mapping[str, Any], *, people: bool) -> str:
    """Return the problem that a solve would get, as a JSON document.

    Parameters
    ----------
    asked
        Horizon, and whether bookings may move: as a solve is asked for it.
    people
        Whether people have their own names, requests their labels, and absences their reasons.
        Without, people are numbered as they come in the problem, and staff has its ids alone.

    Raises
    ------
    Forbidden
        Where the asker works at some locations alone, or may not see people and asks for them.
    Invalid
        Where the problem cannot be meant as it stands, with every fault.
    """
    tx.demand("solves.read")
    if people:
        tx.demand("people.read")
    if tx.principal.locations:
        mine = ", ".join(sorted(tx.principal.locations))
        raise Forbidden(
            f"A problem holds what is booked at every location; yours are: {mine}.",
            action="solves.read",
        )
    found = clinic(tx, parsed(asked)).problem
    if not people:
        world = tx.world_now.resources
        found = without_names(found, [r.id for r in found.resources if r.id not in world])
    return problem_to_json(found)


def without_names(problem: Problem, people: list[str]) -> Problem:
    """Return a problem in which people are numbered, and nothing is said about them or of anyone.

    Parameters
    ----------
    people
        Ids of the resources that are people.
    """
    taken = {resource.id for resource in problem.resources}
    numbered = dict.fromkeys(
        name
        for request in problem.requests
        for name in (a.resource for a in request.attendees)
        if name in people
    ) | dict.fromkeys(people)
    new: dict[str, str] = {}
    number = 0
    for name in numbered:
        number += 1
        while f"person-{number}" in taken:
            number += 1
        new[name] = f"person-{number}"
    return replace(
        problem,
        calendars=tuple(_without_reasons(calendar) for calendar in problem.calendars),
        resources=tuple(_resource(resource, new) for resource in problem.resources),
        requests=tuple(_request(request, new) for request in problem.requests),
        sessions=tuple(replace(session, label="") for session in problem.sessions),
        published=tuple(_assignment(one, new) for one in problem.published),
    )


def _without_reasons(calendar: Calendar) -> Calendar:
    return replace(calendar, blocks=tuple(replace(block, reason="") for block in calendar.blocks))


def _resource(resource: Resource, new: Mapping[str, str]) -> Resource:
    """Return a resource without the name of somebody; only of things it is certain that none is."""
    if resource.id not in new and resource.kind in THINGS:
        return resource
    return replace(resource, id=new.get(resource.id, resource.id), name="")


def _request(request: Request, new: Mapping[str, str]) -> Request:
    def attendee(one: Attendee) -> Attendee:
        return replace(one, resource=new.get(one.resource, one.resource))

    return replace(
        request,
        label="",
        attendees=tuple(attendee(one) for one in request.attendees),
        preferred_resources=tuple(
            replace(wish, resources=frozenset(new.get(name, name) for name in wish.resources))
            for wish in request.preferred_resources
        ),
        options=tuple(
            replace(
                option,
                placements=tuple(
                    replace(
                        place,
                        resources=tuple((r, new.get(name, name)) for r, name in place.resources),
                    )
                    for place in option.placements
                ),
            )
            for option in request.options
        ),
    )


def _assignment(one: Assignment, new: Mapping[str, str]) -> Assignment:
    def role_of(role: str, names: tuple[str, ...]) -> str:
        (who,) = names[:1] or ("",)
        return attendee_role(new[who]) if who in new and role == attendee_role(who) else role

    return replace(
        one,
        resources=tuple(
            (role_of(role, names), tuple(new.get(name, name) for name in names))
            for role, names in one.resources
        ),
    )

"""A tenant's problem: a query over a horizon, as the library has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Pin
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon, zone_of
from api.problems import Invalid
from api.solving.anew import Mine
from api.solving.asked import Asked
from api.solving.booked import booked_in, booked_rows
from api.solving.groups import groups
from api.solving.pending import pending_in, sensible
from api.solving.staying import as_they_lie
from api.store import people
from api.store.world import absent, decoded
from api.usecases.rules import faults as told
from api.usecases.tx import Tx
from api.usecases.weights import objective


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A tenant's problem, and where its parts come from.

    Attributes
    ----------
    problem
        As the library has it: pending requests, and what is booked.
    requests
        Numbers of the pending requests, by their names in the problem.
    bookings
        Numbers of the bookings of which something may move, by their UUIDs.
    visits
        What may be placed, by the names of visits in the problem.
    before
        Where those of them lie that are booked.
    held
        Where the group sessions are that have their place, by name.
    fixed
        What is booked and stays where it is, by the names of visits.
    people
        Whose bookings and requests they are, by UUID and by name: names of people.
    stays
        What should be placed anew and stays where it is: booked visits, each with the reason.
    skipped
        Requests that ask for what is not there any more, each with the reason.
    """

    problem: Problem
    requests: Mapping[str, int]
    bookings: Mapping[str, int]
    visits: Mapping[str, Mine]
    before: Mapping[str, Assignment]
    held: Mapping[str, Assignment]
    fixed: Mapping[str, Mine]
    people: Mapping[str, str | None]
    stays: tuple[tuple[Any, str], ...]
    skipped: Mapping[str, str]


def clinic(tx: Tx, asked: Asked, stay: Collection[str] = ()) -> Clinic:
    """Return the problem of a tenant, as it is now.

    Parameters
    ----------
    stay
        Booked visits (UUIDs) that stay where they are, whatever was asked.

    Raises
    ------
    Invalid
        Where the problem cannot be meant as it stands, with every fault.
    """
    world = tx.world_now
    first = asked.first or tx.now.astimezone(zone_of(world.zone)).date()
    horizon = Horizon(
        first=first,
        days=asked.days,
        zone=world.zone,
        grain_minutes=world.grain_minutes,
        now=tx.now,
    )
    waiting, owners = pending_in(tx, world, asked, horizon) if asked.pending else ([], {})
    rows = booked_rows(tx, horizon)
    around = groups(tx, world, asked, horizon, rows, stay)
    booked = booked_in(tx, world, asked, horizon, rows, around, stay)
    names = {a.resource for _, request in waiting for a in request.attendees}
    names |= {n for v in rows for filled in v.resources.values() for n in filled}
    come = people.resources(tx.connection, tx.tenant, sorted(names - world.resources.keys()))
    known = {**world.resources, **{r.ref: decoded(Resource, r.spec, r.ref) for r in come}}
    erased = {row.ref for row in come if row.erased_at is not None}
    pending, skipped = sensible(waiting, world, known, around.open, erased)
    calendars = dict(world.calendars)
    there, gone = as_they_lie((*booked.fixed, *around.outside), world, known, around.held, horizon)
    fixed = (*around.fixed(), *(assignment for _, assignment in there))
    before = {a.visit: a for part in booked.parts for a in part.published}
    before |= {name: around.held[name] for name in around.moving()}
    moving = [part.request for part in booked.parts]
    requests = [request for _, request in pending] + moving
    joined = {name for request in requests for step in request.steps for name in step.sessions}
    absent(calendars, known, gone)
    try:
        problem = Problem(
            horizon=horizon,
            locations=world.locations,
            travel=world.travel,
            calendars=tuple(calendars.values()),
            resources=tuple(known[name] for name in sorted(known)),
            services=tuple(world.services.values()),
            turnarounds=world.turnarounds,
            requests=(*requests, *(request for request, _ in there)),
            sessions=around.sessions(world, joined, horizon),
            # Whoever leaves a session that stays is published nowhere: there they cannot be.
            published=(*fixed, *(a for a in before.values() if a.session not in around.left)),
            pins=tuple(Pin(visit=a.visit) for a in fixed),
            most_changes=asked.most_changes,
            levels=objective(
                world,
                [request.priority for request in (*requests, *(r for r, _ in there))],
                asked.weights,
                few_changes=bool(asked.unpinned),
            ),
        )
    except InvalidProblem as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error
    return Clinic(
        problem=problem,
        requests={request.id: number for number, request in pending},
        bookings=booked.numbers,
        visits={
            **{
                visit: Mine(owner=request.id, visit=visit)
                for _, request in pending
                for visit in request.visit_ids()
            },
            **{
                a.visit: mine
                for part in booked.parts
                for a, mine in zip(part.published, part.visits, strict=True)
            },
            **around.moving(),
        },
        before=before,
        held=around.held,
        fixed={
            str(row.uid): Mine(owner=row.booking, visit=str(row.uid), uid=str(row.uid))
            for row in booked.fixed
        },
        people=owners | {row.booking: row.person for row in rows},
        stays=booked.stays,
        skipped=skipped,
    )

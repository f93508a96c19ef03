"""The rules, run again on the visits that are to be placed and on those beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from allocator.check.violations import violations
from allocator.domain.faults import Fault, InvalidProblem, InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE, Attendee, Pin, Request, Step
from allocator.domain.resource import Resource, WorkLimits
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.domain.service import Service
from allocator.domain.time import MAX_DAYS, MAX_TICKS, MINUTES_PER_DAY, Horizon, zone_of
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.rule import Rule, Violation
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook
from api.problems import Invalid, RuleBroken, Taken
from api.store.world import World
from api.usecases.discretion import discreet, in_utc

#: Rules that say no more than that something is taken.
TAKEN = frozenset({"capacity", "attendees_free", "buffers"})
#: Rules that ask for all visits of a request, where only some are wanted.
WHOLE = frozenset({"series_completeness", "option_complete", "must_serve"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A visit that is booked or held beside the ones that are to be placed.

    Attributes
    ----------
    session
        The group session in which it is a seat, or None.
    """

    uid: str
    service: str
    start: datetime
    end: datetime
    resources: Mapping[str, Sequence[str]]
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The local days that the rules look at, from the first to before the last."""

    first: date
    days: int
    start: datetime
    end: datetime


def window(world: World, starts: Iterable[datetime], ends: Iterable[datetime]) -> Window:
    """Return the whole weeks, with the day before, in which instants lie.

    Raises
    ------
    Invalid
        Where they are further apart than can be looked at.
    """
    first, last = _local(world, starts, ends)
    begins, days = _whole(first, last)
    most = min(MAX_DAYS, MAX_TICKS * world.grain_minutes // MINUTES_PER_DAY)
    if days > most:
        raise Invalid(
            f"The visits lie between {first} and {last}, {days} days with the weeks round them;"
            f" at most {most} can be looked at together."
        )
    horizon = Horizon(first=begins, days=days, zone=world.zone, grain_minutes=world.grain_minutes)
    return Window(first=begins, days=days, start=horizon.start, end=horizon.end)


def weeks(world: World, starts: Iterable[datetime], ends: Iterable[datetime]) -> range:
    """Return the numbers of the weeks in which nobody else may book what a rule looks at."""
    begins, days = _whole(*_local(world, starts, ends))
    return range(begins.toordinal() // 7, begins.toordinal() // 7 + days // 7 + 1)


def _local(world: World, starts: Iterable[datetime], ends: Iterable[datetime]) -> tuple[date, date]:
    zone = zone_of(world.zone)
    return min(starts).astimezone(zone).date(), max(ends).astimezone(zone).date()


def _whole(first: date, last: date) -> tuple[date, int]:
    """Return the day before the week of a date, and how many days it is to the end of another's."""
    begins = first - timedelta(days=first.weekday() + 1)
    return begins, (last - begins).days + 8 - last.weekday()


def looks_aside(world: World, resource: Resource) -> bool:
    """Say whether a rule of this resource depends on what else it does.

    That nothing else takes it at the time is the database's business.
    """
    return bool(
        world.travel
        or any(turnaround.kind == resource.kind for turnaround in world.turnarounds)
        or resource.breaks
        or resource.one_room_per_half_day
        or resource.limits != WorkLimits()
    )


def check(
    world: World,
    resources: Mapping[str, Resource],
    request: Request,
    assignments: Sequence[Assignment],
    neighbours: Sequence[Neighbour],
    held: Sequence[Assignment],
    days: Window,
    now: datetime,
    *,
    before: Sequence[Assignment] = (),
    whole: bool,
    outside: bool,
) -> tuple[Claim, ...]:
    """Run every rule on the visits of a request, beside those that are there already.

    Parameters
    ----------
    resources
        All that the visits use, by name: the world's and people's.
    held
        Where the group sessions are that the visits join or in which the neighbours are, and the
        visits of the request that stay; what these break among themselves is not the new ones'
        doing.
    before
        Visits that keep their start, as they lie now: they had their notice then.
    whole
        Whether rules that ask for all visits of the request are run.
    outside
        Whether whoever asks is none of the staff, and told nothing of others.

    Returns
    -------
    tuple of Claim
        What the visits take.

    Raises
    ------
    Invalid
        Where the request cannot be meant as it stands.
    Taken, RuleBroken
        Naming every rule that is broken.
    """
    try:
        prepared = Prepared(
            _problem(world, resources, request, neighbours, held, before, days, now)
        )
        schedule = Schedule(assignments=tuple(assignments))
        placements = list(prepared.placements(schedule))
    except (InvalidProblem, InvalidSchedule) as error:
        others = {neighbour.uid for neighbour in neighbours} if outside else set()
        own = [fault for fault in error.faults if fault.id not in others]
        said = own[0].message if own else "It does not go with what is booked there."
        raise Invalid(said, faults=faults(own)) from error
    for visit, placement in prepared.frozen.items():
        placements[visit] = placement
    rules: tuple[Rule, ...] = tuple(r for r in RULES if whole or r.name not in WHOLE)
    book = Rulebook(prepared, rules, ())
    broken = [
        found for found in violations(book, Timetable(prepared, placements)) if not found.inherited
    ]
    if broken and outside:
        broken = [discreet(found, assignments, world.resources) for found in broken]
    if broken:
        raise _refusal(broken, assignments, world)
    return prepared.claims(schedule)


def faults(found: Iterable[Fault]) -> list[dict[str, Any]]:
    """Return faults as problem documents list them."""
    return [
        {
            "code": f.code.name.lower(),
            "kind": f.kind,
            "id": f.id,
            "message": f.message,
            "where": f.where,
        }
        for f in found
    ]


def _refusal(
    broken: Sequence[Violation], wanted: Sequence[Assignment], world: World
) -> Taken | RuleBroken:
    """Return a refusal with every rule; of what is taken, the first place that was wanted."""
    first = broken[0]
    told = [{"rule": v.rule, "message": v.message} for v in broken]
    if not all(v.rule in TAKEN for v in broken):
        return RuleBroken(first.message, violations=told)
    mine = next((a for a in wanted if a.visit in first.visits), wanted[0])
    name = next((n for n in first.resources if n in mine.everyone()), None)
    known = None if name is None else world.resources.get(name)
    return Taken(
        first.message,
        violations=told,
        resource=name,
        start=in_utc(mine.start),
        end=in_utc(mine.end),
        zone=world.zone_of(known.location if known else None),
    )


def _problem(
    world: World,
    resources: Mapping[str, Resource],
    request: Request,
    neighbours: Sequence[Neighbour],
    held: Sequence[Assignment],
    before: Sequence[Assignment],
    days: Window,
    now: datetime,
) -> Problem:
    """Return a problem of what is asked and what lies beside it, and nothing else."""
    beside = [n for n in neighbours if n.service in world.services]
    joined = {name for step in request.steps for name in step.sessions}
    joined |= {n.session for n in beside if n.session is not None}
    sessions = [world.sessions[name] for name in sorted(joined & world.sessions.keys())]
    services = {step.service for step in request.steps if step.service in world.services}
    services |= {n.service for n in beside} | {session.service for session in sessions}
    names = {name for service in services for name in world.support(service)}
    places = (place for option in request.options for place in option.placements)
    names |= {name for place in places for _, name in place.resources}
    for there in (
        *(n.resources.values() for n in beside),
        *(dict(h.resources).values() for h in held),
    ):
        names.update(name for filled in there for name in filled if name in world.resources)
    known = {name: world.resources[name] for name in names if name in world.resources}
    known.update(resources)
    calendars = {r.calendar for r in known.values()}
    published = [_published(n, known, world.services[n.service]) for n in beside]
    return Problem(
        horizon=Horizon(
            first=days.first,
            days=days.days,
            zone=world.zone,
            grain_minutes=world.grain_minutes,
            now=now,
        ),
        locations=world.locations,
        travel=world.travel,
        calendars=tuple(c for name, c in world.calendars.items() if name in calendars),
        resources=tuple(_narrowed(known[name], services, days) for name in sorted(known)),
        services=tuple(world.services[service] for service in sorted(services)),
        turnarounds=tuple(t for t in world.turnarounds if {t.before, t.after} - {None} <= services),
        requests=(
            replace(request, preferred_resources=(), preferred_windows=(), must=False, weights=()),
            *(asked for asked, _ in published),
        ),
        sessions=tuple(replace(session, windows=()) for session in sessions),
        published=(
            *held,
            *(replace(was, resources=()) for was in before),  # who was there may be gone by now
            *(assignment for _, assignment in published),
        ),
        pins=tuple(Pin(visit=a.visit) for a in (*held, *(there for _, there in published))),
    )


def _narrowed(resource: Resource, services: set[str], days: Window) -> Resource:
    """Return a resource with the reserves alone that lie in the days looked at."""
    reserves = tuple(
        replace(reserve, services=reserve.services & services)
        for reserve in resource.reserves
        if reserve.span.start < days.end and reserve.span.end > days.start
    )
    return replace(resource, reserves=reserves)


def _published(
    neighbour: Neighbour, known: Mapping[str, Resource], service: Service
) -> tuple[Request, Assignment]:
    """Return a neighbour as a request that is published where it lies.

    Roles that its service has had and has no more are left out.
    """
    seat = neighbour.session
    roles = {need.role for need in service.needs} if seat is None else set()
    filled = {
        role: tuple(name for name in names if name in known)
        for role, names in neighbour.resources.items()
        if role in roles or role.startswith(ATTENDEE)
    }
    attendees = [names[0] for role, names in filled.items() if role.startswith(ATTENDEE) and names]
    return (
        Request(
            id=neighbour.uid,
            steps=(
                Step(service=neighbour.service)
                if seat is None
                else Step(sessions=frozenset({seat})),
            ),
            attendees=tuple(Attendee(resource=name) for name in attendees),
        ),
        Assignment(
            visit=neighbour.uid,
            start=neighbour.start,
            end=neighbour.end,
            resources=tuple((role, names) for role, names in filled.items() if names),
            session=seat,
        ),
    )

"""Rules that a schedule breaks, looked for in its times and names alone.

Those that no clinic can do without: every assignment names a visit of the problem, in a window of
its request, with the people and things it asks for; and nobody and nothing is in more places at
once than they have lanes, nor has a room more people than seats. What only pinned visits break
among themselves is inherited, and not told; nor is what a rule forbids that the problem switches
off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from allocator.bench.clinic.placed import ATTENDEE, Placed, placed_of
from allocator.bench.clinic.together import lanes, seats, sessions
from allocator.domain.problem import Problem
from allocator.domain.request import PinKind
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment, Schedule
from allocator.domain.service import Need, Selector
from allocator.domain.time import Span, zone_of


def broken(problem: Problem, schedule: Schedule) -> Iterator[str]:
    """Yield what a schedule breaks, each as a sentence.

    Parameters
    ----------
    problem
        What was asked for.
    schedule
        What was made of it.
    """
    placed = list(placed_of(problem, schedule))
    known = {some.at.visit for some in placed}
    for visit, times in Counter(one.visit for one in schedule.assignments).items():
        if visit not in known:
            yield f"Visit {visit} is none of the problem."
        if times > 1:
            yield f"Visit {visit} is placed {times} times."
    for some in placed:
        if not some.held:
            yield from _alone(problem, some)
    yield from sessions(placed)
    off = problem.without_rules
    if "pins" not in off:
        yield from _pins(problem, schedule)
    if not off & {"capacity", "attendees_free", "buffers"}:
        yield from lanes(problem, placed)
    if "seats" not in off:
        yield from seats(problem, placed)


def _alone(problem: Problem, placed: Placed) -> Iterator[str]:
    """Yield what a visit breaks by itself."""
    at = placed.at
    when = f"from {at.start:%Y-%m-%d %H:%M} to {at.end:%H:%M} UTC"
    if at.start < problem.horizon.start or at.end > problem.horizon.end:
        yield f"Visit {at.visit} lies outside the horizon, {when}."
    off = problem.without_rules
    if placed.windows and "windows" not in off and not _inside(at, placed.windows):
        yield f"Visit {at.visit} lies in no window of its request, {when}."
    for person in placed.attendees:
        if at.filling(ATTENDEE + person) != (person,):
            yield f"Visit {at.visit} is without {person}, who must attend."
    if placed.service is None:
        return
    service = placed.service
    lengths = {service.minutes, service.first_minutes, *dict(service.minutes_by_resource).values()}
    if at.minutes not in lengths:
        yield f"Visit {at.visit} lasts {at.minutes} minutes, which is no length of {service.id}."
    for need in service.needs if "eligible_resources" not in off else ():
        filling = at.filling(need.role)
        if len(set(filling)) != need.quantity:
            yield f"Visit {at.visit} has {len(set(filling))} as {need.role}, not {need.quantity}."
        for id in filling:
            if not _suits(problem, problem.resource(id), need, at.start):
                yield f"Visit {at.visit} has {id} as {need.role}, who does not suit."


def _inside(at: Assignment, windows: tuple[Span, ...]) -> bool:
    """Say whether a visit lies whole in one window; those that touch count as one."""
    reach = at.start
    for window in sorted(windows, key=lambda span: span.start):
        if window.start <= reach <= window.end:
            reach = max(reach, window.end)
    return any(w.start <= at.start < w.end for w in windows) and at.end <= reach


def _suits(problem: Problem, resource: Resource, need: Need, start: datetime) -> bool:
    day = start.astimezone(zone_of(problem.zone(resource.location))).date()

    def one(selector: Selector) -> bool:
        return (
            selector.kind in ("", resource.kind)
            and selector.location in (None, resource.location)
            and (not selector.names or resource.id in selector.names)
            and all(resource.has_skill(skill, day) for skill in selector.skills)
        )

    return any(one(selector) for selector in need.alternatives)


def _pins(problem: Problem, schedule: Schedule) -> Iterator[str]:
    published = {one.visit: one for one in problem.published}
    for pin in problem.pins:
        if pin.visit not in schedule:
            yield f"Visit {pin.visit} is pinned, and not placed."
        elif pin.kind is PinKind.RESOURCES:
            continue
        elif schedule[pin.visit].start != published[pin.visit].start:
            yield f"Visit {pin.visit} is pinned, and starts at another time."

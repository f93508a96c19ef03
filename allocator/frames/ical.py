"""iCalendar out (RFC 5545): one calendar for each resource."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from icalendar import Calendar, Event

from allocator.domain.faults import Fault, FaultCode, InvalidSchedule
from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE
from allocator.domain.schedule import Assignment, Schedule, in_utc
from allocator.frames.files import write_file
from allocator.frames.visits import Visits

#: The last line of a calendar.
END = b"END:VCALENDAR\r\n"


def schedule_to_icalendar(schedule: Schedule, problem: Problem, resource: str) -> bytes:
    """Return the visits of one resource as an iCalendar file.

    Times are in UTC, which every reader shows on its own clock; the zone of the problem stands
    in ``X-WR-TIMEZONE``. The same schedule gives the same bytes: ``DTSTAMP`` is the instant at
    which the problem is asked, and a visit keeps its ``UID`` when it moves.

    Parameters
    ----------
    schedule, problem
        The schedule and what it is a schedule of.
    resource
        Id of the resource.

    Returns
    -------
    bytes
        With an event for each visit of the resource, by start.

    Raises
    ------
    InvalidSchedule
        When the problem has no such resource.
    """
    if not problem.knows("resource", resource):
        message = f"The resource {resource!r} does not exist."
        raise InvalidSchedule([Fault(FaultCode.UNKNOWN_NAME, "resource", resource, message)])
    visits = [a for a in schedule.assignments if resource in a.everyone()]
    return _Calendars(schedule, problem).of(resource, visits)


def write_icalendars(
    schedule: Schedule, problem: Problem, folder: Path | str, kinds: Iterable[str] | None = None
) -> list[Path]:
    """Write an ``.ics`` file for each resource that has visits.

    Parameters
    ----------
    schedule, problem
        The schedule and what it is a schedule of.
    folder
        It is made where it does not exist.
    kinds
        Kinds of resource; None is all.

    Returns
    -------
    list of Path
        The files, in the problem's order of resources.
    """
    wanted = None if kinds is None else set(kinds)
    by_resource: dict[str, list[Assignment]] = {}
    for assignment in schedule.assignments:
        for id in dict.fromkeys(assignment.everyone()):
            by_resource.setdefault(id, []).append(assignment)
    calendars = _Calendars(schedule, problem)
    made = []
    for resource in problem.resources:
        if resource.id in by_resource and (wanted is None or resource.kind in wanted):
            path = Path(folder) / _file_name(resource.id)
            write_file(path, calendars.of(resource.id, by_resource[resource.id]))
            made.append(path)
    return made


def _file_name(id: str) -> str:
    """Name a file after an id: nothing in it leads out of the folder, and it is not too long."""
    name = quote(id.encode("utf-8", "surrogatepass"), safe=" ")
    if len(name) > 150:
        name = f"{name[:100]}-{sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return f"{name}.ics"


class _Calendars:
    """The calendars of a schedule; an event is the same in all of them, and written once."""

    def __init__(self, schedule: Schedule, problem: Problem) -> None:
        self.problem = problem
        self.visits = Visits(problem, schedule)
        self.participants: dict[str, list[Assignment]] = {}
        for assignment in schedule.assignments:
            if assignment.session is not None:
                self.participants.setdefault(assignment.session, []).append(assignment)
        self._events: dict[str, bytes] = {}

    def of(self, resource: str, assignments: Iterable[Assignment]) -> bytes:
        """Return the calendar of a resource."""
        calendar = Calendar()
        calendar.add("prodid", "-//allocator//schedule//EN")
        calendar.add("version", "2.0")
        calendar.add("x-wr-calname", self.problem.resource(resource).label)
        calendar.add("x-wr-timezone", self.problem.horizon.zone)
        events = []
        for assignment in sorted(assignments, key=lambda a: (a.start, a.visit)):
            if assignment.visit not in self._events:
                self._events[assignment.visit] = self._event(assignment).to_ical()
            events.append(self._events[assignment.visit])
        return calendar.to_ical().removesuffix(END) + b"".join(events) + END

    def _event(self, assignment: Assignment) -> Event:
        problem, visits = self.problem, self.visits
        service = visits.service(assignment.visit, assignment.session)
        event = Event()
        event.add("uid", str(uuid5(NAMESPACE_URL, f"allocator:{problem.name}:{assignment.visit}")))
        event.add("dtstamp", problem.horizon.asked_at)
        event.add("dtstart", in_utc(assignment.start))
        event.add("dtend", in_utc(assignment.end))
        event.add("summary", assignment.visit if service is None else service.label)
        location = visits.location(assignment)
        if location is not None:
            event.add("location", location)
        lines = [f"visit: {assignment.visit}"]
        shown = [assignment, *self.participants.get(assignment.visit, ())]
        if assignment.session is not None:
            lines.append(f"session: {assignment.session}")
            if visits.schedule is not None and assignment.session in visits.schedule:
                shown.append(visits.schedule[assignment.session])
        for one in shown:
            for role, ids in one.resources:
                what = "attendee" if role.startswith(ATTENDEE) else role
                lines += [f"{what}: {_said(problem, id)}" for id in ids]
        event.add("description", "\n".join(dict.fromkeys(lines)))
        return event


def _said(problem: Problem, id: str) -> str:
    label = problem.resource(id).label
    return id if label == id else f"{id} ({label})"

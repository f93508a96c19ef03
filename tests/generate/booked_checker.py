"""A plain checker of what is booked, which shares no code with the generator.

It reads calendars, claims and series from the problem alone, minute by minute in local time.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.service import Need, Selector

MINUTE = timedelta(minutes=1)


class Hours:
    """Open stretches by local date, from a problem's calendars."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.zone = ZoneInfo(problem.horizon.zone)
        years = range(problem.horizon.first.year, problem.horizon.first.year + 2)
        self.berlin = set(holidays.country_holidays("DE", subdiv="BE", years=years))
        self.known: dict[tuple[str, date], list[tuple[datetime, datetime]]] = {}

    def at(self, day: date, minute: int) -> datetime:
        local = datetime.combine(day, time(), self.zone) + timedelta(minutes=minute)
        return local.astimezone(UTC)

    def of(self, resource: Resource, day: date) -> list[tuple[datetime, datetime]]:
        """Open stretches of a day, blocks taken out, overtime left out."""
        if resource.contracts and not any(c.holds_on(day) for c in resource.contracts):
            return []
        if resource.calendar is None:
            return [(self.at(day, 0), self.at(day + timedelta(days=1), 0))]
        key = (resource.calendar, day)
        if key not in self.known:
            self.known[key] = self.expand(resource.calendar, day)
        return self.known[key]

    def expand(self, id: str, day: date) -> list[tuple[datetime, datetime]]:
        calendar = self.problem.calendar(id)
        dated = [e for e in calendar.exceptions if e.day == day]
        if dated:
            hours = list(dated[0].hours)
        elif calendar.holidays and day in self.berlin:
            assert calendar.holidays == "DE-BE"
            hours = []
        else:
            hours = [
                rule.hours
                for rule in calendar.weekly
                if day.weekday() in rule.weekdays and not rule.overtime
            ]
        stretches = [(self.at(day, h.start_minute), self.at(day, h.end_minute)) for h in hours]
        for block in calendar.blocks:
            left = []
            for start, end in stretches:
                if start < block.span.start:
                    left.append((start, min(end, block.span.start)))
                if end > block.span.end:
                    left.append((max(start, block.span.end), end))
            stretches = [(start, end) for start, end in left if start < end]
        return sorted(stretches)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone)

    def hold(self, resource: Resource, start: datetime, end: datetime) -> bool:
        day = self.local(start).date()
        return any(first <= start and end <= last for first, last in self.of(resource, day))


def meets(resource: Resource, selector: Selector, day: date) -> bool:
    """Say whether a resource meets a selector on a day."""
    return resource.kind == selector.kind and all(
        any(skill.name == name and skill.holds_on(day) for skill in resource.skills)
        for name in selector.skills
    )


def claim(need: Need, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return what a need takes of its resources, buffers included."""
    if need.part is not None:
        offset = need.part.offset_minutes * MINUTE
        if need.part.from_end:
            end -= offset
            start = end - need.part.minutes * MINUTE
        else:
            start += offset
            end = start + need.part.minutes * MINUTE
    return start - need.before_minutes * MINUTE, end + need.after_minutes * MINUTE


def booked_faults(problem: Problem) -> list[str]:
    """Return all that is wrong with the published visits, as sentences."""
    faults: list[str] = []
    hours = Hours(problem)
    of_request = {visit: request for request in problem.requests for visit in request.visit_ids()}
    claims: dict[str, list[tuple[datetime, datetime, str, str]]] = defaultdict(list)
    placed: dict[str, list[Assignment]] = defaultdict(list)
    for assignment in problem.published:
        request = of_request[assignment.visit]
        placed[request.id].append(assignment)
        service = problem.service(request.steps[0].service)
        start, end = assignment.start, assignment.end
        local = hours.local(start)
        filled = dict(assignment.resources)
        (carer,) = filled["practitioner"]
        first = request.first_visit and assignment.visit in (request.id, f"{request.id}#1")
        minutes = dict(service.minutes_by_resource).get(carer, service.minutes)
        if first and service.first_minutes:
            minutes = service.first_minutes
        if end - start != minutes * MINUTE:
            faults.append(f"{assignment.visit} lasts {end - start}, not {minutes} minutes")
        if (local.hour * 60 + local.minute) % (service.start_every_minutes or 15):
            faults.append(f"{assignment.visit} starts off its grid at {local}")
        if start - problem.horizon.asked_at < service.notice_minutes * MINUTE:
            faults.append(f"{assignment.visit} is within its notice")
        patient = request.attendees[0].resource
        roles = {need.role for need in service.needs} | {f"attendee:{patient}"}
        if set(filled) != roles:
            faults.append(f"{assignment.visit} fills {sorted(filled)}, not {sorted(roles)}")
        claims[patient].append((start, end, assignment.visit, ""))
        if not hours.hold(problem.resource(patient), start, end):
            faults.append(f"{assignment.visit}: {patient} cannot come then")
        places = set()
        for need in service.needs:
            assert len(filled[need.role]) == need.quantity
            for id in filled[need.role]:
                resource = problem.resource(id)
                if not any(meets(resource, s, local.date()) for s in need.alternatives):
                    faults.append(f"{assignment.visit}: {id} does not fit {need.role}")
                begins, ends = claim(need, start, end)
                if not hours.hold(resource, begins, ends):
                    faults.append(f"{assignment.visit}: {id} is closed at {local}")
                for reserve in resource.reserves:
                    if begins < reserve.span.end and reserve.span.start < ends:
                        faults.append(f"{assignment.visit} lies in a reserve of {id}")
                if not resource.mobile:
                    places.add(resource.location)
                room = filled["room"][0]
                claims[id].append((begins, ends, assignment.visit, room))
        if len(places) > 1:
            faults.append(f"{assignment.visit} is at {sorted(map(str, places))}")
    for id, some in sorted(claims.items()):
        faults += claim_faults(problem, hours, problem.resource(id), sorted(some))
    for id, visits in sorted(placed.items()):
        faults += series_faults(problem, hours, id, visits)
    return faults


def claim_faults(
    problem: Problem,
    hours: Hours,
    resource: Resource,
    claims: list[tuple[datetime, datetime, str, str]],
) -> list[str]:
    """Return what is wrong with one resource's claims, in order of their starts."""
    faults = []
    for start, _, visit, _ in claims:
        at_once = sum(begins <= start < ends for begins, ends, _, _ in claims)
        if at_once > resource.lanes:
            faults.append(f"{resource.id} serves {at_once} at {hours.local(start)}: {visit}")
    if resource.kind == "device":
        services = {v: r.steps[0].service for r in problem.requests for v in r.visit_ids()}
        for one, other in pairwise(claims):
            for turnaround in problem.turnarounds:
                if turnaround.before == services[one[2]]:
                    gap = (other[0] - one[1]) / MINUTE
                    if gap < turnaround.minutes:
                        faults.append(f"{resource.id}: {gap} minutes after {one[2]}")
    by_day: dict[date, list[tuple[datetime, datetime, str, str]]] = defaultdict(list)
    by_week: dict[date, float] = defaultdict(float)
    for some in claims:
        day = hours.local(some[0]).date()
        by_day[day].append(some)
        by_week[day - timedelta(days=day.weekday())] += (some[1] - some[0]) / MINUTE
    limits = resource.limits
    if limits.minutes_per_week is not None:
        for monday, minutes in by_week.items():
            if minutes > limits.minutes_per_week:
                faults.append(f"{resource.id} works {minutes} minutes from {monday}")
    for day, today in by_day.items():
        if limits.visits_per_day is not None and len(today) > limits.visits_per_day:
            faults.append(f"{resource.id} has {len(today)} visits on {day}")
        work = sum((end - start) / MINUTE for start, end, _, _ in today)
        if limits.minutes_per_day is not None and work > limits.minutes_per_day:
            faults.append(f"{resource.id} works {work} minutes on {day}")
        if limits.minutes_in_a_row is not None and limits.rest_minutes is not None:
            begun, last = today[0][0], today[0][1]
            for start, end, _, _ in today:
                if start - last >= limits.rest_minutes * MINUTE:
                    begun = start
                last = max(last, end)
                if (last - begun) / MINUTE > limits.minutes_in_a_row:
                    faults.append(f"{resource.id} works {last - begun} in a row on {day}")
        if resource.one_room_per_half_day:
            noon = hours.at(day, 720)
            for half in (
                {room for start, _, _, room in today if start < noon},
                {room for _, end, _, room in today if end > noon},
            ):
                if len(half) > 1:
                    faults.append(f"{resource.id} changes rooms on {day}: {sorted(half)}")
        faults += break_faults(hours, resource, day, today)
        if resource.mobile:
            for one, other in pairwise(today):
                places = {problem.resource(room).location for room in (one[3], other[3])}
                if len(places) > 1:
                    way = min(leg.minutes for leg in problem.travel)
                    if (other[0] - one[1]) / MINUTE < way:
                        faults.append(f"{resource.id} cannot get to {other[2]} in time")
    return faults


def break_faults(
    hours: Hours,
    resource: Resource,
    day: date,
    today: list[tuple[datetime, datetime, str, str]],
) -> list[str]:
    """Return the breaks of a day that find no free stretch inside open hours."""
    faults = []
    for pause in resource.breaks:
        if day.weekday() not in pause.weekdays:
            continue
        minutes = range(pause.window.start_minute, pause.window.end_minute - pause.minutes + 1, 15)
        fits = any(
            hours.hold(resource, hours.at(day, m), hours.at(day, m + pause.minutes))
            and not any(
                start < hours.at(day, m + pause.minutes) and hours.at(day, m) < end
                for start, end, _, _ in today
            )
            for m in minutes
        )
        if not fits:
            faults.append(f"{resource.id} has no break on {day}")
    return faults


def series_faults(problem: Problem, hours: Hours, id: str, visits: list[Assignment]) -> list[str]:
    """Return what is wrong with the shape of a booked request."""
    request = problem.request(id)
    starts = [hours.local(visit.start) for visit in sorted(visits, key=lambda v: v.start)]
    if len(starts) != request.visit_count:
        return [f"{id} has {len(starts)} of {request.visit_count} visits"]
    faults = []
    numbered = sorted(visits, key=lambda v: int(v.visit.partition("#")[2] or 1))
    if [v.start for v in numbered] != sorted(v.start for v in visits):
        faults.append(f"{id} is not numbered by start")
    gaps = [(b.date() - a.date()).days for a, b in pairwise(starts)]
    series = request.series
    if isinstance(series, FixedSeries):
        if series.start != visits[0].start or {s.time() for s in starts} != {starts[0].time()}:
            faults.append(f"{id} does not keep its time")
        if set(gaps) - {series.every_days}:
            faults.append(f"{id} has the gaps {gaps}, not {series.every_days}")
    elif isinstance(series, FlexibleSeries) and min(gaps) < series.least_days_between:
        faults.append(f"{id} has the gaps {gaps}; at least {series.least_days_between}")
    return faults

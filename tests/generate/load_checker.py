"""The load of a clinic, measured from its problem alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from generate.booked_checker import MINUTE, Hours

from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, Request
from allocator.domain.service import Service


def measured_load(problem: Problem) -> float:
    """Return booked and asked minutes as a share of the practitioners' minutes.

    By profession and week, and of these the mean, weighted by the minutes asked for.
    """
    hours = Hours(problem)
    dates = [problem.horizon.first + timedelta(days=day) for day in range(problem.horizon.days)]
    week = {day: number // 7 for number, day in enumerate(dates)}
    staff = [r for r in problem.resources if r.kind == "practitioner"]
    profession = {person.id: person.skills[0].name for person in staff}
    house = next(r for r in problem.resources if r.calendar == "house")

    there: dict[tuple[str, date], float] = defaultdict(float)
    for person in staff:
        for day in dates:
            minutes = sum(
                max(0.0, (min(end, close) - max(start, opening)) / MINUTE)
                for start, end in hours.of(person, day)
                for opening, close in hours.of(house, day)
            )
            lunch = sum(p.minutes for p in person.breaks if day.weekday() in p.weekdays)
            there[profession[person.id], day] += max(0.0, minutes - lunch)

    booked: dict[tuple[str, int], float] = defaultdict(float)
    notes = {
        service.id: sum(n.after_minutes for n in service.needs if n.role == "practitioner")
        for service in problem.services
    }
    service_of = {v: r.steps[0].service for r in problem.requests for v in r.visit_ids()}
    for visit in problem.published:
        minutes = visit.minutes + notes[service_of[visit.visit]]
        (person_id,) = visit.filling("practitioner")
        booked[profession[person_id], week[hours.local(visit.start).date()]] += minutes

    asked: dict[tuple[str, int], float] = defaultdict(float)

    def spread(who: str, minutes: float, days: list[date]) -> None:
        total = sum(there[who, day] for day in days)
        for day in days:
            if total:
                asked[who, week[day]] += minutes * there[who, day] / total

    def shares(service: Service) -> dict[str, float]:
        minutes: dict[str, float] = defaultdict(float)
        for need in service.needs:
            able = [
                p for p in staff if any(meets_ever(p.skills, a.skills) for a in need.alternatives)
            ]
            if need.role in ("practitioner", "team"):
                each = (service.minutes + need.after_minutes) * need.quantity / len(able)
                for person in able:
                    minutes[profession[person.id]] += each
        return minutes

    def meets_ever(skills: tuple[object, ...], wanted: frozenset[str]) -> bool:
        return wanted <= {skill.name for skill in skills}  # type: ignore[attr-defined]

    for request in problem.requests:
        if request.id.startswith("B"):
            continue
        days = days_of(request, hours, dates)
        for step in request.steps:
            if not step.service:
                continue
            service = problem.service(step.service)
            for who, minutes in shares(service).items():
                spread(who, minutes * request.occurrences, days)
                if request.first_visit and service.first_minutes:
                    spread(who, service.first_minutes - service.minutes, days)
            for attendee in request.attendees:
                if attendee.resource in profession:
                    spread(profession[attendee.resource], service.minutes, days)
    for session in problem.sessions:
        days = [d for d in dates if any(on(hours, d, w.start, w.end) for w in session.windows)]
        for who, minutes in shares(problem.service(session.service)).items():
            spread(who, minutes, days)

    capacity: dict[tuple[str, int], float] = defaultdict(float)
    for (who, day), minutes in there.items():
        capacity[who, week[day]] += minutes
    total = sum(asked.values())
    return sum(m * (m + booked[key]) / capacity[key] for key, m in asked.items() if m) / total


def on(hours: Hours, day: date, start: datetime, end: datetime) -> bool:
    """Say whether a span touches a local date."""
    return start < hours.at(day + timedelta(days=1), 0) and hours.at(day, 0) < end


def days_of(request: Request, hours: Hours, dates: list[date]) -> list[date]:
    """Return the dates on which a request may lie."""
    series = request.series
    if isinstance(series, FixedSeries) and series.start is not None:
        first = hours.local(series.start).date()
        return [first + timedelta(days=series.every_days * n) for n in range(series.count)]
    return [d for d in dates if any(on(hours, d, w.start, w.end) for w in request.windows)]

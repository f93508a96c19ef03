"""Demonstration clinics are as large and as full as asked, valid, and the same each time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest
from generate.booked_checker import MINUTE, Hours, booked_faults, meets
from generate.load_checker import measured_load

from allocator.domain.problem import Problem
from allocator.domain.request import Alike, FixedSeries, FlexibleSeries, PinKind, Request
from allocator.generate import clinic
from allocator.generate.load import minutes_a_visit

made = cache(clinic)


def incoming(problem: Problem) -> list[Request]:
    return [request for request in problem.requests if request.id.startswith("R")]


def visits(problem: Problem) -> int:
    return sum(request.visit_count for request in incoming(problem))


CLINICS = [
    ("small", 75, 1),
    ("medium", 85, 1),
    ("large", 95, 1),
    ("medium", "overloaded", 1),
    ("medium", 85, 2),
]


@pytest.mark.parametrize(("size", "load", "sites"), CLINICS)
def test_what_is_booked_is_a_valid_schedule(size: str, load: int | str, sites: int) -> None:
    problem = made(size, load, 3, sites=sites)
    assert booked_faults(problem) == []
    assert {pin.visit for pin in problem.pins} == {a.visit for a in problem.published}
    assert {pin.kind for pin in problem.pins} == {PinKind.ALL}


def test_the_checker_of_bookings_finds_what_is_wrong() -> None:
    """A visit moved by a quarter of an hour, or to another room, is noticed nearly always."""
    problem = made("medium", 85, 3)
    found = 0
    some = problem.published[::200]
    for assignment in some:
        later = replace(
            assignment, start=assignment.start + 30 * MINUTE, end=assignment.end + 30 * MINUTE
        )
        others = tuple(a for a in problem.published if a is not assignment)
        found += bool(booked_faults(replace(problem, published=(*others, later))))
    assert found > 0.5 * len(some)


@pytest.mark.parametrize(("size", "load", "sites"), CLINICS)
def test_each_request_has_a_start_in_open_hours(size: str, load: int | str, sites: int) -> None:
    """Somebody qualified, the patient and the building are there, inside a window."""
    problem = made(size, load, 3, sites=sites)
    hours = Hours(problem)
    for request in incoming(problem):
        for step in request.steps:
            if step.service:
                assert any_start(problem, hours, request, step.service), request
            for session in step.sessions:
                service = problem.session(session).service
                windows = problem.session(session).windows
                assert any_start(problem, hours, replace(request, windows=windows), service)


def any_start(problem: Problem, hours: Hours, request: Request, service_id: str) -> bool:
    """Say whether every need and required attendee could start at once, whatever is booked."""
    service = problem.service(service_id)
    minutes = max(service.minutes, service.first_minutes or 0)
    earliest = problem.horizon.asked_at + service.notice_minutes * MINUTE
    windows = [(window.start, window.end) for window in request.windows] or [
        (problem.horizon.start, problem.horizon.end)
    ]
    people = [problem.resource(a.resource) for a in request.attendees if a.required]
    for first, last in windows:
        start = first
        while start + minutes * MINUTE <= last:
            day = hours.local(start).date()
            end = start + minutes * MINUTE
            if start >= earliest and all(hours.hold(person, start, end) for person in people):
                for need in service.needs:
                    there = [
                        resource
                        for resource in problem.resources
                        if resource.kind != "patient"
                        and any(meets(resource, some, day) for some in need.alternatives)
                        and hours.hold(resource, start, end + need.after_minutes * MINUTE)
                    ]
                    if len(there) < need.quantity:
                        break
                else:
                    return True
            start += 30 * MINUTE
    return False


@pytest.mark.parametrize(("size", "a_day"), [("small", 33), ("medium", 78), ("large", 110)])
def test_a_full_clinic_serves_as_many_appointments_a_day_as_its_size(size: str, a_day: int) -> None:
    """Contracted minutes a day over the minutes of an average visit."""
    problem = made(size, 85, 3)
    contracted = sum(c.minutes_per_week or 0 for r in problem.resources for c in r.contracts)
    assert contracted / 5 / sum(minutes_a_visit().values()) == pytest.approx(a_day, rel=0.1)


@pytest.mark.parametrize(
    ("size", "load", "share"),
    [
        ("small", 75, 0.75),
        ("small", 85, 0.85),
        ("medium", 75, 0.75),
        ("medium", 85, 0.85),
        ("medium", "overloaded", 1.2),
        ("large", 85, 0.85),
        ("large", 95, 0.95),
    ],
)
def test_booked_and_asked_for_make_the_load(size: str, load: int | str, share: float) -> None:
    assert measured_load(made(size, load, 3)) == pytest.approx(share, abs=0.04)


def test_the_demonstration_is_one_week_of_requests_beside_eight_weeks_of_bookings() -> None:
    problem = made("medium", 85, 1)
    assert len(incoming(problem)) == pytest.approx(300, rel=0.15)
    assert visits(problem) == pytest.approx(600, rel=0.1)
    assert 1000 < len(problem.published) < 2000
    horizon = problem.horizon
    assert (horizon.first, horizon.days) == (date(2026, 3, 2), 56)
    asked = [request.requested for request in incoming(problem)]
    for instant in asked:
        assert instant is not None
        assert timedelta(0) < horizon.asked_at - instant <= timedelta(days=7)
    weeks = Counter((a.start - horizon.start).days // 7 for a in problem.published)
    assert weeks[2] > weeks[4] > weeks[7] > 0


def test_other_volumes_come_from_the_same_generator() -> None:
    for number in (66, 150, 318, 816):
        problem = made("medium", 85, 1, visits=number, booked=False)
        assert visits(problem) == pytest.approx(number, rel=0.05, abs=4)
        assert problem.published == ()
    problem = made("medium", 85, 1, requests=1000, booked=False)
    assert len(incoming(problem)) == pytest.approx(1000, rel=0.05)
    short = made("medium", 85, 1, visits=66, weeks=1, booked=False)
    assert short.horizon.days == 7
    half = made("medium", 85, 1, days_of_requests=2)
    assert len(incoming(half)) == pytest.approx(0.4 * 330, rel=0.15)
    weekdays = {Hours(half).local(r.requested).weekday() for r in incoming(half) if r.requested}
    assert weekdays <= {2, 3, 4}  # asked on Thursday and Friday, or late on Wednesday


def test_the_demonstration_uses_the_language() -> None:
    problem = made("medium", 85, 1)
    requests = incoming(problem)
    flexible = [r.series for r in requests if isinstance(r.series, FlexibleSeries)]
    staff = [r for r in problem.resources if r.kind == "practitioner"]
    assert {r.kind for r in problem.resources} == {"practitioner", "room", "device", "patient"}
    assert {1, 2, 3} == {r.priority for r in requests}
    used = {
        "at least m of n": any(s.at_least for s in flexible),
        "days between": any(s.least_days_between > 1 for s in flexible),
        "most a week": any(s.most_per_week for s in flexible),
        "most carers": any(s.most_carers for s in flexible),
        "fixed series at a time": any(
            isinstance(r.series, FixedSeries) and r.series.start for r in requests
        ),
        "chain": any(len(r.steps) > 1 for r in requests),
        "chain in a series": any(len(r.steps) > 1 and r.series for r in requests),
        "group": bool(problem.sessions) and any(r.steps[0].sessions for r in requests),
        "conference by role": any(n.quantity > 1 for s in problem.services for n in s.needs),
        "preferred attendees": any(not a.required for r in requests for a in r.attendees),
        "preferred windows": any(r.preferred_windows for r in requests),
        "preferred resources": any(r.preferred_resources for r in requests),
        "wanted": any(r.wanted for r in requests),
        "due": any(r.due for r in requests),
        "first visit": any(r.first_visit for r in requests),
        "several windows": any(len(r.windows) > 1 for r in requests),
        "weights": any(r.weights for r in requests),
        "part of a visit": any(n.part for s in problem.services for n in s.needs),
        "part from the end": any(
            n.part and n.part.from_end for s in problem.services for n in s.needs
        ),
        "buffers": any(n.after_minutes for s in problem.services for n in s.needs),
        "turnaround": bool(problem.turnarounds),
        "lanes": any(r.lanes > 1 for r in problem.resources),
        "skill that ends": any(k.last for r in staff for k in r.skills),
        "contract that starts": any(c.first for r in staff for c in r.contracts),
        "breaks": any(r.breaks for r in staff),
        "work limits": any(r.limits.minutes_in_a_row for r in staff),
        "reserves": any(r.reserves for r in staff),
        "one room": any(r.one_room_per_half_day for r in staff),
        "overtime": any(rule.overtime for c in problem.calendars for rule in c.weekly),
        "leave": any(c.blocks for c in problem.calendars),
        "exceptions": any(c.exceptions for c in problem.calendars),
        "patients' hours": any(r.kind == "patient" and r.calendar for r in problem.resources),
        "same day": any(r.alike is Alike.DAY for r in problem.relations),
        "precedence": bool(problem.precedences),
        "apart": bool(problem.apart),
        "notice": any(s.notice_minutes for s in problem.services),
        "forecast": bool(problem.forecast),
    }
    assert [name for name, there in used.items() if not there] == []


def test_two_sites_have_travel_and_practitioners_at_both() -> None:
    problem = made("medium", 85, 3, sites=2)
    assert [location.id for location in problem.locations] == ["main", "branch"]
    assert problem.travel
    assert any(r.mobile for r in problem.resources)
    assert {r.location for r in problem.resources if r.kind == "room"} == {"main", "branch"}


def test_same_seed_same_problem_and_another_seed_another() -> None:
    assert clinic("small", 85, 3) == made("small", 85, 3)
    assert clinic("small", 85, 4) != made("small", 85, 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": "tiny"}, "tiny"),
        ({"load": 300}, "300 %"),
        ({"load": "very"}, "'very' is unknown"),
        ({"weeks": 0}, "0 weeks; 1 to 52"),
        ({"requests": 0}, "0 requests; 1 to 50000"),
        ({"visits": -5}, "-5 visits; 1 to 50000"),
        ({"requests": 5, "visits": 5}, "not both"),
        ({"first": date(2026, 3, 3)}, "no Monday"),
        ({"sites": 3}, "3 sites"),
    ],
)
def test_what_cannot_be_made_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        clinic(**wrong)  # type: ignore[arg-type]

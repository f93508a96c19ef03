"""Reading keeps up with the sizes that the library is made for."""

import resource
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, PreferredWindow, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import Horizon, Span
from allocator.frames import read_problem, write_problem

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def span(day, days):
    start = MONDAY + timedelta(days=day)
    return Span(start=start, end=start + timedelta(days=days))


def asked(number):
    """One request: one to three windows, a wish, one or two attendees."""
    attendees = [Attendee(resource=f"P{number}")]
    if number % 3 == 0:
        attendees.append(Attendee(resource=f"P{number + 1}", required=False))
    return Request(
        id=f"R{number}",
        label=f"Request {number}",
        steps=(Step(service=f"S{number % 20}"),),
        series=FlexibleSeries(count=3) if number % 2 else None,
        attendees=tuple(attendees),
        windows=tuple(span(7 * week, 5) for week in range(1 + number % 3)),
        preferred_windows=(PreferredWindow(span=span(number % 50, 1), weight=5),),
        priority=1 + number % 5,
        requested=MONDAY,
        due=MONDAY + timedelta(days=30),
    )


@pytest.mark.benchmark
@pytest.mark.parametrize("name", ["clinic", "clinic.json"])
def test_ten_thousand_requests_are_read_in_three_seconds(tmp_path, name):
    """10,000 requests with attendees and windows take under 3 s of CPU and 500 MB."""
    kinds = {"T": ("practitioner", 100), "A": ("room", 80), "P": ("patient", 10_001)}
    needs = tuple(
        Need(role=kind, alternatives=(Selector(kind=kind),)) for kind in ("practitioner", "room")
    )
    problem = Problem(
        horizon=Horizon(first=date(2026, 3, 2), days=84, zone="Europe/Berlin"),
        resources=tuple(
            Resource(id=f"{letter}{number}", kind=kind)
            for letter, (kind, count) in kinds.items()
            for number in range(count)
        ),
        services=tuple(Service(id=f"S{n}", minutes=30, needs=needs) for n in range(20)),
        requests=tuple(asked(number) for number in range(10_000)),
    )
    write_problem(problem, tmp_path / name)
    before = time.process_time()
    assert read_problem(tmp_path / name) == problem
    assert time.process_time() - before < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 500_000

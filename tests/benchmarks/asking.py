"""Clinics of any size to ask for suggestions, with bookings by chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment, Claim
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import Horizon
from allocator.suggest import Index

FIRST = date(2026, 3, 2)
BERLIN = ZoneInfo("Europe/Berlin")
LENGTHS = (30, 45, 60)
#: Minutes of wall time: mornings and afternoons of working days.
HALVES = ((480, 720), (780, 1080))


def clinic(practitioners: int, rooms: int, days: int, people: int = 200) -> Problem:
    """Return a clinic on a grid of 5 minutes; each visit takes a practitioner, a room, a person."""
    hours = tuple(
        WeeklyRule(
            weekdays=frozenset(range(5)), hours=DailySpan(start_minute=first, end_minute=end)
        )
        for first, end in HALVES
    )
    needs = (
        Need(role="practitioner", alternatives=(Selector(kind="practitioner"),)),
        Need(role="room", alternatives=(Selector(kind="room"),), after_minutes=5),
    )
    serving = [("practitioner", practitioners), ("room", rooms)]
    return Problem(
        horizon=Horizon(first=FIRST, days=days, zone="Europe/Berlin", grain_minutes=5),
        calendars=(Calendar(id="week", weekly=hours),),
        resources=(
            *(
                Resource(id=f"{kind[0]}{n:04}", kind=kind, calendar="week")
                for kind, many in serving
                for n in range(many)
            ),
            *(Resource(id=f"x{n:04}", kind="patient") for n in range(people)),
        ),
        services=tuple(Service(id=f"s{m}", minutes=m, needs=needs) for m in LENGTHS),
    )


def visits(
    practitioners: int, rooms: int, days: int, share: float, chance: random.Random
) -> Iterator[tuple[Request, Assignment]]:
    """Yield bookings that take about a share of the practitioners' time."""
    number = 0
    for who in range(practitioners):
        for day in range(days):
            midnight = datetime.combine(FIRST + timedelta(days=day), datetime.min.time(), BERLIN)
            if midnight.weekday() > 4:
                continue
            for first, end in HALVES:
                at = first + 5 * chance.randrange(3)
                while at + min(LENGTHS) <= end:
                    length = chance.choice([m for m in LENGTHS if at + m <= end])
                    if chance.random() < share:
                        taken = (
                            ("practitioner", (f"p{who:04}",)),
                            ("room", (f"r{number % rooms:04}",)),
                        )
                        yield (
                            Request(id=f"b{number}", steps=(Step(service=f"s{length}"),)),
                            Assignment(
                                visit=f"b{number}",
                                start=midnight + timedelta(minutes=at),
                                end=midnight + timedelta(minutes=at + length),
                                resources=taken,
                            ),
                        )
                        number += 1
                    at += length + 5 * chance.randrange(3)


def filled(practitioners: int, rooms: int, days: int, share: float, seed: int = 1) -> Index:
    """Return the index of a clinic with bookings."""
    index = Index(clinic(practitioners, rooms, days))
    chance = random.Random(seed)
    for request, assignment in visits(practitioners, rooms, days, share, chance):
        index.book(request, [assignment])
    return index


def asks(chance: random.Random, people: int = 200) -> Request:
    """Return somebody's request for a visit."""
    return Request(
        id="asked",
        steps=(Step(service=f"s{chance.choice(LENGTHS)}"),),
        attendees=(Attendee(resource=f"x{chance.randrange(people):04}"),),
    )


def claim(practitioners: int, days: int, chance: random.Random) -> Claim:
    """Return half an hour of a practitioner."""
    start = datetime.combine(FIRST, datetime.min.time(), BERLIN) + timedelta(
        days=chance.randrange(days), minutes=480 + 5 * chance.randrange(114)
    )
    return Claim(
        resource=f"p{chance.randrange(practitioners):04}",
        visit="somebody's",
        role="practitioner",
        start=start,
        end=start + timedelta(minutes=30),
    )

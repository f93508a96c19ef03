"""Tiny problems, written in a line or two, for tests that a reader can check by eye.

The week of Monday 2026-03-02 in Berlin; the grain is an hour unless a test says otherwise.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.objective import Level
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Resource
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import Horizon, Span

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a local wall time, ``day`` days after the Monday."""
    return datetime(2026, 3, 2, tzinfo=BERLIN) + timedelta(days=day, hours=hour, minutes=minute)


def span(day: int, first_hour: int, last_hour: int) -> Span:
    """Return a stretch of a day, in full hours."""
    return Span(start=at(day, first_hour), end=at(day, last_hour))


def horizon(days: int = 1, grain: int = 60, **more: Any) -> Horizon:
    """Return a horizon from the Monday on."""
    return Horizon(first=MONDAY, days=days, zone="Europe/Berlin", grain_minutes=grain, **more)


def calendar(id: str = "day", first_hour: int = 8, last_hour: int = 12) -> Calendar:
    """Return a calendar that is open every day between two hours."""
    hours = DailySpan(start_minute=first_hour * 60, end_minute=last_hour * 60)
    return Calendar(id=id, weekly=(WeeklyRule(weekdays=frozenset(range(7)), hours=hours),))


def practitioner(id: str, **more: Any) -> Resource:
    """Return a practitioner who works by the calendar ``day``."""
    return Resource(**{"id": id, "kind": "practitioner", "calendar": "day", **more})


def room(id: str, **more: Any) -> Resource:
    """Return a room that is open by the calendar ``day``."""
    return Resource(**{"id": id, "kind": "room", "calendar": "day", **more})


def patient(id: str, **more: Any) -> Resource:
    """Return a patient, who is always free."""
    return Resource(**{"id": id, "kind": "patient", **more})


def need(role: str = "practitioner", **more: Any) -> Need:
    """Return a need for any resource of the kind that the role is called by."""
    return Need(**{"role": role, "alternatives": (Selector(kind=role),), **more})


def service(id: str = "visit", minutes: int = 60, **more: Any) -> Service:
    """Return a service that needs a practitioner."""
    return Service(**{"id": id, "minutes": minutes, "needs": (need(),), **more})


def request(id: str, who: str = "", services: str = "visit", **more: Any) -> Request:
    """Return a request for a service (or a chain, by spaces), attended by these people."""
    return Request(
        **{
            "id": id,
            "steps": tuple(Step(service=name) for name in services.split()),
            "attendees": tuple(Attendee(resource=name) for name in who.split()),
            **more,
        }
    )


def problem(*requests: Request, days: int = 1, grain: int = 60, **more: Any) -> Problem:
    """Return a problem with one practitioner, Ann, and the service ``visit``."""
    return Problem(
        **{
            "horizon": horizon(days, grain),
            "calendars": (calendar(),),
            "resources": (practitioner("ann"),),
            "services": (service(),),
            "requests": requests,
            **more,
        }
    )


def goals(**weights: int) -> tuple[Level, ...]:
    """Return levels: the class 3 of requests, then a comfort of these goals."""
    return (
        Level(name="priority 3", goals=(("served:3", 1),)),
        Level(name="comfort", goals=tuple(weights.items())),
    )

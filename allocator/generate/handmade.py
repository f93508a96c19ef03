"""A clinic small enough to check by eye; data/handmade/README.md works its answer out."""

from __future__ import annotations

from datetime import date

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, FlexibleSeries, Request, Step
from allocator.domain.resource import Location, Resource, Skill
from allocator.domain.service import Need, Selector, Service
from allocator.domain.time import Horizon, Span
from allocator.generate.grid import Grid

MON, TUE = 0, 1


def handmade_clinic() -> Problem:
    """Return two practitioners, two rooms, two mornings and six requests."""
    grid = Grid(Horizon(first=date(2026, 3, 2), days=2, zone="Europe/Berlin", grain_minutes=15))

    def calendar(id: str, *hours: tuple[int, int, int]) -> Calendar:
        return Calendar(
            id=id,
            weekly=tuple(
                WeeklyRule(
                    weekdays=frozenset({day}),
                    hours=DailySpan(start_minute=60 * start, end_minute=60 * end),
                )
                for day, start, end in hours
            ),
        )

    def span(day: int, start: int, end: int) -> tuple[Span, ...]:
        return (Span(start=grid.instant(day, 60 * start), end=grid.instant(day, 60 * end)),)

    def need(role: str, kind: str, *skills: str) -> Need:
        alternatives = tuple(
            Selector(kind=kind, skills=frozenset({skill} if skill else ())) for skill in skills
        )
        return Need(role=role, alternatives=alternatives)

    def visit(id: str, name: str, *needs: Need) -> Service:
        return Service(id=id, name=name, minutes=60, start_every_minutes=60, needs=needs)

    def person(id: str, name: str, skill: str) -> Resource:
        return Resource(
            id=id,
            kind="practitioner",
            name=name,
            location="clinic",
            calendar=id,
            skills=(Skill(name=skill),),
        )

    def room(id: str, name: str, *skills: str) -> Resource:
        return Resource(
            id=id,
            kind="room",
            name=name,
            location="clinic",
            calendar=id,
            skills=tuple(Skill(name=skill) for skill in skills),
        )

    def ask(
        id: str,
        service: str,
        patient: str,
        windows: tuple[Span, ...],
        *,
        weight: int,
        priority: int = 2,
        series: FlexibleSeries | None = None,
    ) -> Request:
        return Request(
            id=id,
            steps=(Step(service=service),),
            attendees=(Attendee(resource=patient),),
            windows=windows,
            weight=weight,
            priority=priority,
            series=series,
        )

    return Problem(
        name="handmade clinic",
        horizon=grid.horizon,
        locations=(Location(id="clinic", zone="Europe/Berlin"),),
        calendars=(
            calendar("mira", (MON, 9, 12), (TUE, 9, 11)),
            calendar("jonas", (MON, 9, 12)),
            calendar("room-1", (MON, 9, 12), (TUE, 9, 12)),
            calendar("room-2", (MON, 9, 11)),
            calendar("early", (MON, 9, 10)),
        ),
        resources=(
            person("mira", "Mira Vogel (physio)", "physio"),
            person("jonas", "Jonas Brandt (speech)", "speech"),
            room("room-1", "Room 1", "wall-bars"),
            room("room-2", "Room 2", "mirror"),
            Resource(id="P1", kind="patient"),
            Resource(id="P2", kind="patient", calendar="early"),
            Resource(id="P3", kind="patient"),
            Resource(id="P4", kind="patient"),
            Resource(id="P5", kind="patient"),
        ),
        services=(
            visit(
                "joint_assessment",
                "Joint assessment",
                need("practitioner", "practitioner", "physio"),
                need("second", "practitioner", "speech"),
                need("room", "room", "wall-bars"),
            ),
            visit(
                "physiotherapy",
                "Physiotherapy",
                need("practitioner", "practitioner", "physio"),
                need("room", "room", "wall-bars"),
            ),
            visit(
                "speech_therapy",
                "Speech therapy",
                need("practitioner", "practitioner", "speech"),
                need("room", "room", "mirror", ""),
            ),
        ),
        requests=(
            ask("R1", "joint_assessment", "P1", span(MON, 9, 12), weight=1, priority=1),
            ask("R2", "speech_therapy", "P2", (), weight=3),
            ask("R3", "physiotherapy", "P3", (), weight=2, series=FlexibleSeries(count=2)),
            ask("R4", "speech_therapy", "P4", span(MON, 11, 12), weight=2),
            ask("R5", "physiotherapy", "P5", span(TUE, 9, 10), weight=2),
            ask("R6", "physiotherapy", "P1", span(TUE, 10, 11), weight=1),
        ),
    )

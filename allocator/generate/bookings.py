"""What is booked already: visits placed one after the other, each where it fits first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from allocator.domain.request import (
    Attendee,
    FixedSeries,
    FlexibleSeries,
    Pin,
    Request,
    Series,
    Step,
    attendee_role,
)
from allocator.domain.resource import Resource
from allocator.domain.schedule import Assignment
from allocator.domain.service import Service
from allocator.generate.asks import services_for, visits_asked
from allocator.generate.demand import Ask, draw_asks
from allocator.generate.diary import Diary
from allocator.generate.incoming import Incoming
from allocator.generate.load import Minutes
from allocator.generate.patients import Register
from allocator.generate.world import World


@dataclass(slots=True)
class Booked:
    """The bookings: their requests, assignments and pins."""

    requests: list[Request] = field(default_factory=list)
    published: list[Assignment] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    minutes: Minutes = field(default_factory=dict)


def book(
    world: World,
    incoming: Incoming,
    register: Register,
    wanted: Minutes,
    now: datetime,
    rng: Random,
) -> Booked:
    """Book visits until each profession's weeks hold the minutes wanted, or hold no more."""
    diary = Diary(world=world, kept=dict(incoming.kept))
    booked = Booked()
    known: dict[str, list[str]] = {}
    profession_of = {p.id: p.skills[0].name for p in world.staff.practitioners}
    for patient, person in sorted(incoming.usual.items()):
        known.setdefault(profession_of[person], []).append(patient)
    asks = _asks(rng)
    waiting: dict[str, list[tuple[Ask, str]]] = {}
    for profession, week in sorted(wanted, key=lambda key: (key[1], key[0])):
        if not world.staff.of(profession):
            continue
        failures = 0
        while failures < 15:
            short = wanted[profession, week] - booked.minutes.get((profession, week), 0.0)
            if short < 30:
                break
            while not waiting.get(profession):
                ask, service = next(asks)
                waiting.setdefault(ask.therapy, []).append((ask, service))
            ask, service_id = waiting[profession].pop()
            maker = _Course(
                world=world,
                diary=diary,
                incoming=incoming,
                register=register,
                known=known.get(profession, []),
                wanted=wanted,
                booked=booked,
                now=now,
                rng=rng,
            )
            if not maker.book(ask, world.services[service_id], profession, week):
                failures += 1
    booked.published.sort(key=lambda assignment: assignment.visit)
    booked.pins = [Pin(visit=assignment.visit) for assignment in booked.published]
    return booked


def _asks(rng: Random) -> Iterator[tuple[Ask, str]]:
    """Yield asks without end, those left out that were cancelled or are not for one patient."""
    while True:
        asks = [
            ask
            for ask in draw_asks(500, rng)
            if not ask.cancelled and ask.therapy not in ("conference", "group")
        ]
        yield from zip(asks, services_for(asks, rng), strict=True)


@dataclass(slots=True, kw_only=True)
class _Course:
    """One booked request: its first visit in a given week, the others after it."""

    world: World
    diary: Diary
    incoming: Incoming
    register: Register
    known: list[str]
    wanted: Minutes
    booked: Booked
    now: datetime
    rng: Random

    def book(self, ask: Ask, service: Service, profession: str, week: int) -> bool:
        grid, rng = self.world.grid, self.rng
        people = {p.id: p for p in self.world.carers(service)}
        first = ask.first and service.first_minutes is not None
        patient, usual, new = self._patient(ask, people)
        order = [usual, *rng.sample(sorted(people), min(4, len(people)))]
        days = [
            day
            for day in range(7 * week, min(7 * week + 7, grid.days))
            if grid.works(day, self.world.region)
        ]
        rng.shuffle(days)
        minute = 60 * min(max(ask.start_hour, 8), 18) + 15 * rng.randrange(4)
        found = None
        for day in days:
            for id in order:
                if self.world.can_meet(people[id], service):
                    found = self.diary.place(service, people[id], patient, day, minute, first=first)
                if found:
                    break
            if found:
                break
        if found is None:
            if new:
                self.register.forget(patient)
            return False
        person = people[id]
        visits = [(*found, day)]
        self._count(person, service, found, day)
        count = visits_asked(ask, grid.weeks)
        at = grid.wall(found[0])[1]
        for turn in range(count - 1):
            next_day = visits[-1][3] + ask.gap_days[turn % len(ask.gap_days)]
            placed = self._next(service, person, patient, next_day, at, ask.regular, profession)
            if placed is None:
                break
            visits.append(placed)
        self._write(ask, service, person, patient, visits, first)
        return True

    def _patient(self, ask: Ask, people: dict[str, Resource]) -> tuple[Resource, str, bool]:
        """Return a patient, sometimes one of those who ask again, and their practitioner."""
        if self.known and not ask.first and self.rng.random() < 0.2:
            id = self.rng.choice(self.known)
            usual = self.incoming.usual[id]
            if usual in people:
                return self.register.patients[id], usual, False
        return self.register.new(), self.rng.choice(sorted(people)), True

    def _next(
        self,
        service: Service,
        person: Resource,
        patient: Resource,
        day: int,
        minute: int,
        regular: bool,
        profession: str,
    ) -> tuple[int, int, dict[str, str], int] | None:
        """Book the next visit on a day or, unless regular, up to three days later."""
        grid = self.world.grid
        for later in range(1 if regular else 4):
            some = day + later
            if some >= grid.days or not grid.works(some, self.world.region):
                continue
            key = (profession, some // 7)
            if self.booked.minutes.get(key, 0.0) >= self.wanted.get(key, 0.0):
                continue
            found = self.diary.place(
                service, person, patient, some, minute, first=False, exact=regular
            )
            if found is not None:
                self._count(person, service, found, some)
                return (*found, some)
        return None

    def _count(
        self, person: Resource, service: Service, found: tuple[int, int, dict[str, str]], day: int
    ) -> None:
        minutes = (found[1] - found[0]) * self.world.grid.grain + self.world.notes(service)
        key = (person.skills[0].name, day // 7)
        self.booked.minutes[key] = self.booked.minutes.get(key, 0.0) + minutes

    def _write(
        self,
        ask: Ask,
        service: Service,
        person: Resource,
        patient: Resource,
        visits: list[tuple[int, int, dict[str, str], int]],
        first: bool,
    ) -> None:
        """Write the request and its assignments."""
        horizon = self.world.grid.horizon
        gaps = [later[3] - earlier[3] for earlier, later in pairwise(visits)]
        series: Series | None = None
        if gaps and ask.regular and len(set(gaps)) == 1:
            opening = horizon.instant(visits[0][0])
            series = FixedSeries(count=len(visits), every_days=gaps[0], start=opening)
        elif gaps:
            series = FlexibleSeries(count=len(visits), least_days_between=min(gaps))
        asked = self.now - timedelta(days=1 + max(ask.lead_days, visits[0][3] // 2))
        request = Request(
            id=f"B{len(self.booked.requests) + 1:04d}",
            steps=(Step(service=service.id),),
            series=series,
            attendees=(Attendee(resource=patient.id),),
            priority=2 if self.rng.random() < 0.3 else 3,
            weight=10 * len(visits),
            first_visit=first,
            requested=asked.replace(minute=ask.minute),
            label=service.label,
        )
        self.booked.requests.append(request)
        for occurrence, (start, end, chosen, _) in enumerate(visits, 1):
            filled = {
                attendee_role(patient.id): (patient.id,),
                "practitioner": (person.id,),
                **{role: (id,) for role, id in chosen.items()},
            }
            self.booked.published.append(
                Assignment(
                    visit=request.visit_id(occurrence, 1),
                    start=horizon.instant(start),
                    end=horizon.instant(end),
                    resources=tuple(sorted(filled.items())),
                )
            )

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
from allocator.domain.service import Need, Service
from allocator.generate.asks import services_for, visits_asked
from allocator.generate.demand import Ask, draw_asks
from allocator.generate.grid import Ticks, between, each, starts_of_runs
from allocator.generate.incoming import Incoming
from allocator.generate.load import Minutes
from allocator.generate.patients import Register
from allocator.generate.world import World

TURNAROUND_MINUTES = {"shockwave_therapy": 15}


@dataclass(frozen=True, slots=True)
class Work:
    """What a practitioner's visit takes of a day: ticks with the notes, and where it is."""

    start: int
    end: int
    room: str
    place: str | None


@dataclass(slots=True)
class Booked:
    """The bookings: their requests, assignments and pins."""

    requests: list[Request] = field(default_factory=list)
    published: list[Assignment] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    minutes: Minutes = field(default_factory=dict)


@dataclass(slots=True)
class Diary:
    """Who and what is taken when."""

    world: World
    kept: dict[str, Ticks]
    _busy: dict[str, list[Ticks]] = field(default_factory=dict)
    _work: dict[tuple[str, int], list[Work]] = field(default_factory=dict)
    _visits: dict[tuple[str, int], int] = field(default_factory=dict)

    def lanes(self, resource: Resource) -> list[Ticks]:
        """Return the busy ticks of each lane."""
        if resource.id not in self._busy:
            self._busy[resource.id] = [0] * resource.lanes
        return self._busy[resource.id]

    def free(self, person: Resource) -> Ticks:
        """Return when a practitioner can take a booking."""
        return self.world.unreserved(person) & ~self.lanes(person)[0] & ~self.kept.get(person.id, 0)

    def place(
        self,
        service: Service,
        person: Resource,
        patient: Resource,
        day: int,
        minute: int,
        *,
        first: bool,
        exact: bool = False,
    ) -> tuple[int, int, dict[str, str]] | None:
        """Book a visit on a day, as near to the minute as it fits.

        Returns
        -------
        tuple or None
            Start and end in ticks, and the resource of each role.
        """
        world, grid = self.world, self.world.grid
        length = grid.ticks_in(world.minutes_with(service, person, first=first))
        claimed = length + grid.ticks_in(world.notes(service))
        most = patient.limits.visits_per_day
        if most is not None and self._visits.get((patient.id, day), 0) >= most:
            return None
        today = grid.day_ticks(day)
        starts = starts_of_runs(self.free(person) & today, claimed)
        starts &= world.starts_with(service, person, first=first)
        if not starts:
            return None
        his = world.patient_ticks(patient) & ~self.lanes(patient)[0] & today
        starts &= starts_of_runs(his, length)
        wished = grid.tick(day, minute)
        if exact:
            starts &= 1 << wished
        for start in sorted(each(starts), key=lambda tick: (abs(tick - wished), tick))[:12]:
            chosen = self._others(service, person, start, length)
            if chosen is None:
                continue
            room = chosen["room"]
            work = Work(start, start + claimed, room.id, room.location)
            if not self._may_work(person, day, work):
                continue
            self._take(service, person, patient, day, work, length, chosen)
            return start, start + length, {role: one.id for role, one in chosen.items()}
        return None

    def _others(
        self, service: Service, person: Resource, start: int, length: int
    ) -> dict[str, Resource] | None:
        """Return a room, and a device where one is needed, that are free and in one place."""
        chosen: dict[str, Resource] = {}
        place = None if person.mobile else person.location
        for need in service.needs:
            if need.role == "practitioner":
                continue
            first, end = self._span(service, need, start, length)
            found = None
            for pool in self.world.pools(service, need):
                turn = start % len(pool) if person.mobile else 0
                for resource in (*pool[turn:], *pool[:turn]):
                    if place is not None and resource.location != place:
                        continue
                    open_ticks = self.world.open_ticks(resource) & ~self.kept.get(resource.id, 0)
                    span = between(first, end)
                    if span & ~open_ticks:
                        continue
                    if any(not span & busy for busy in self.lanes(resource)):
                        found = resource
                        break
                if found is not None:
                    break
            if found is None:
                return None
            place = found.location
            chosen[need.role] = found
        return chosen

    def _span(self, service: Service, need: Need, start: int, length: int) -> tuple[int, int]:
        """Return the ticks that a need takes, buffers and turnaround included."""
        grid = self.world.grid
        first, end = start, start + length
        if need.part is not None:
            offset = grid.ticks_in(need.part.offset_minutes)
            if need.part.from_end:
                end -= offset
                first = end - grid.ticks_in(need.part.minutes)
            else:
                first += offset
                end = first + grid.ticks_in(need.part.minutes)
        after = need.after_minutes
        if need.role == "device":
            after = max(after, TURNAROUND_MINUTES.get(service.id, 0))
        return first - grid.ticks_in(need.before_minutes), end + grid.ticks_in(after)

    def _may_work(self, person: Resource, day: int, work: Work) -> bool:
        """Say whether limits, lunch, rooms and ways still allow a visit."""
        world, grid = self.world, self.world.grid
        today = self._work.get((person.id, day), [])
        limits = person.limits
        minutes = (work.end - work.start) * grid.grain
        done = sum(other.end - other.start for other in today) * grid.grain
        if limits.minutes_per_day is not None and done + minutes > limits.minutes_per_day:
            return False
        if limits.visits_per_day is not None and len(today) >= limits.visits_per_day:
            return False
        if limits.minutes_per_week is not None:
            monday = day - grid.date(day).weekday()
            week = sum(
                other.end - other.start
                for some in range(monday, monday + 7)
                for other in self._work.get((person.id, some), [])
            )
            if week * grid.grain + minutes > limits.minutes_per_week:
                return False
        all_work = sorted([*today, work], key=lambda other: other.start)
        if limits.minutes_in_a_row is not None and limits.rest_minutes is not None:
            begun = last = None
            for other in all_work:
                if last is None or (other.start - last) * grid.grain >= limits.rest_minutes:
                    begun = other.start
                last = other.end
                assert begun is not None
                if (last - begun) * grid.grain > limits.minutes_in_a_row:
                    return False
        for one, other in pairwise(all_work):
            if one.place != other.place and (other.start - one.end) * grid.grain < self._way():
                return False
        if person.one_room_per_half_day:
            noon = grid.tick(day, 720)
            for other in today:
                morning = work.start < noon and other.start < noon
                afternoon = work.end > noon and other.end > noon
                if (morning or afternoon) and other.room != work.room:
                    return False
        busy = self.lanes(person)[0] | self.kept.get(person.id, 0)
        busy |= between(work.start, work.end)
        weekday = grid.date(day).weekday()
        for pause in person.breaks:
            if weekday not in pause.weekdays:
                continue
            window = between(
                grid.tick(day, pause.window.start_minute), grid.tick(day, pause.window.end_minute)
            )
            window &= world.open_ticks(person)
            needed = grid.ticks_in(pause.minutes)
            if starts_of_runs(window, needed) and not starts_of_runs(window & ~busy, needed):
                return False
        return True

    def _way(self) -> int:
        return max((leg.minutes for leg in self.world.travel), default=0)

    def _take(
        self,
        service: Service,
        person: Resource,
        patient: Resource,
        day: int,
        work: Work,
        length: int,
        chosen: dict[str, Resource],
    ) -> None:
        self.lanes(person)[0] |= between(work.start, work.end)
        self.lanes(patient)[0] |= between(work.start, work.start + length)
        self._work.setdefault((person.id, day), []).append(work)
        key = (patient.id, day)
        self._visits[key] = self._visits.get(key, 0) + 1
        for need in service.needs:
            if need.role == "practitioner":
                continue
            first, end = self._span(service, need, work.start, length)
            lanes = self.lanes(chosen[need.role])
            for lane, busy in enumerate(lanes):
                if not busy & between(first, end):
                    lanes[lane] |= between(first, end)
                    break


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

"""The clinic as the generator sees it: who can do what, and when they are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from allocator.domain.calendar import Calendar
from allocator.domain.resource import Location, Resource, Travel
from allocator.domain.service import Need, Service
from allocator.generate.grid import Grid, Ticks, between, starts_of_runs
from allocator.generate.patients import availability_calendars
from allocator.generate.services import PROFESSIONS, catalogue
from allocator.generate.staff import Staff


@dataclass(slots=True)
class World:
    """Grid, staff and services, with the open hours of each resource."""

    grid: Grid
    region: str
    staff: Staff
    services: dict[str, Service]
    locations: tuple[Location, ...]
    travel: tuple[Travel, ...]
    _calendars: dict[str, Calendar] = field(default_factory=dict)
    _open: dict[str, Ticks] = field(default_factory=dict)
    _unreserved: dict[str, Ticks] = field(default_factory=dict)
    _patients: dict[str, Ticks] = field(default_factory=dict)
    _starts: dict[tuple[str, bool], tuple[Ticks, int]] = field(default_factory=dict)
    _on_grid: dict[str, Ticks] = field(default_factory=dict)
    _pools: dict[tuple[str, str], tuple[tuple[Resource, ...], ...]] = field(default_factory=dict)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Practitioners, rooms and devices."""
        return (*self.staff.practitioners, *self.staff.rooms, *self.staff.devices)

    def open_ticks(self, resource: Resource) -> Ticks:
        """Return when a resource is there: open, not blocked, under contract."""
        if resource.id not in self._open:
            if not self._calendars:
                self._calendars.update({c.id: c for c in self.staff.calendars})
            calendar = self._calendars[resource.calendar] if resource.calendar else None
            ticks = self.grid.open_ticks(calendar)
            if resource.contracts:
                held = 0
                for day in range(self.grid.days):
                    if any(c.holds_on(self.grid.date(day)) for c in resource.contracts):
                        held |= self.grid.day_ticks(day)
                ticks &= held
            self._open[resource.id] = ticks
        return self._open[resource.id]

    def unreserved(self, resource: Resource) -> Ticks:
        """Return when a resource is there for everybody."""
        if resource.id not in self._unreserved:
            ticks = self.open_ticks(resource)
            for reserve in resource.reserves:
                ticks &= ~self.grid.span_ticks(reserve.span)
            self._unreserved[resource.id] = ticks
        return self._unreserved[resource.id]

    def pools(self, service: Service, need: Need) -> tuple[tuple[Resource, ...], ...]:
        """Return the resources of each alternative of a need, whatever the date."""
        key = (service.id, need.role)
        if key not in self._pools:
            self._pools[key] = tuple(
                tuple(
                    resource
                    for resource in self.resources
                    if resource.kind == selector.kind
                    and selector.skills <= {skill.name for skill in resource.skills}
                    and resource.lanes >= need.uses
                )
                for selector in need.alternatives
            )
        return self._pools[key]

    def carers(self, service: Service) -> tuple[Resource, ...]:
        """Return the practitioners who can lead a service, whatever the date."""
        for need in service.needs:
            if need.role == "practitioner":
                return self.pools(service, need)[0]
        return ()

    def skilled(self, person: Resource, service: Service) -> Ticks:
        """Return the days on which a practitioner has the skills that a service asks for."""
        wanted = {
            skill
            for need in service.needs
            if need.role == "practitioner"
            for skill in need.alternatives[0].skills
        }
        ticks = between(0, self.grid.horizon.ticks)
        for skill in person.skills:
            if skill.name in wanted and (skill.first or skill.last):
                ticks &= sum(
                    self.grid.day_ticks(day)
                    for day in range(self.grid.days)
                    if skill.holds_on(self.grid.date(day))
                )
        return ticks

    def minutes_with(self, service: Service, person: Resource, *, first: bool) -> int:
        """Return how long a visit lasts with a practitioner."""
        if first and service.first_minutes is not None:
            return service.first_minutes
        return dict(service.minutes_by_resource).get(person.id, service.minutes)

    def can_meet(self, person: Resource, service: Service) -> bool:
        """Say whether a practitioner's place has the rooms and devices of a service."""
        if person.mobile or person.location is None:
            return True
        for need in service.needs:
            if need.role in ("room", "device"):
                pools = self.pools(service, need)
                if not any(r.location == person.location for pool in pools for r in pool):
                    return False
        return True

    def starts(self, service: Service, *, first: bool, within: Ticks) -> Ticks:
        """Return the ticks at which some practitioner could start a visit inside a set of ticks.

        Looks at hours, skills, contracts, the service's own grid and its notice, never at what
        is booked.
        """
        key = (service.id, first)
        if key not in self._starts:
            found, longest = 0, 1
            for person in self.carers(service):
                if self.can_meet(person, service):
                    length = self.grid.ticks_in(self.minutes_with(service, person, first=first))
                    longest = max(longest, length)
                    found |= self.starts_with(service, person, first=first)
            self._starts[key] = (found, longest)
        found, longest = self._starts[key]
        return found & starts_of_runs(within, longest)

    def starts_with(self, service: Service, person: Resource, *, first: bool) -> Ticks:
        """Return the ticks at which this practitioner could start a visit."""
        minutes = self.minutes_with(service, person, first=first) + self.notes(service)
        house = self.open_ticks(self.staff.rooms[0])
        hours = self.unreserved(person) & self.skilled(person, service) & house
        return starts_of_runs(hours, self.grid.ticks_in(minutes)) & self.on_grid(service)

    def patient_ticks(self, patient: Resource) -> Ticks:
        """Return when a patient can come."""
        if patient.calendar is None:
            return between(0, self.grid.horizon.ticks)
        if patient.calendar not in self._patients:
            for calendar in availability_calendars():
                self._patients[calendar.id] = self.grid.open_ticks(calendar)
        return self._patients[patient.calendar]

    def notes(self, service: Service) -> int:
        """Return the minutes that the practitioner writes after a visit."""
        return sum(n.after_minutes for n in service.needs if n.role == "practitioner")

    def on_grid(self, service: Service) -> Ticks:
        """Return the ticks at which a service may start, notice included."""
        if service.id not in self._on_grid:
            first = self.grid.horizon.tick_at_or_after(self.grid.horizon.asked_at)
            notice = first + self.grid.ticks_in(service.notice_minutes)
            allowed = between(notice, self.grid.horizon.ticks)
            if service.start_every_minutes is not None:
                marks = 0
                for day in range(self.grid.days):
                    for minute in range(
                        service.start_offset_minutes, 1440, service.start_every_minutes
                    ):
                        marks |= 1 << self.grid.tick(day, minute)
                allowed &= marks
            self._on_grid[service.id] = allowed
        return self._on_grid[service.id]

    def capacity(self, profession: str, week: int) -> float:
        """Return the minutes of a profession in a week: hours in an open house, less lunch."""
        first, last = 7 * week, min(7 * week + 7, self.grid.days)
        return sum(
            self.minutes_on(person, day)
            for person in self.staff.of(profession)
            for day in range(first, last)
        )

    def minutes_on(self, person: Resource, day: int) -> float:
        """Return the minutes that a practitioner can work on a day."""
        house = self.open_ticks(self.staff.rooms[0])
        there = self.open_ticks(person) & house & self.grid.day_ticks(day)
        if not there:
            return 0.0
        minutes = there.bit_count() * self.grid.grain
        weekday = self.grid.date(day).weekday()
        minutes -= sum(pause.minutes for pause in person.breaks if weekday in pause.weekdays)
        return float(max(0, minutes))


def world_of(
    grid: Grid, region: str, staff: Staff, sites: tuple[str, ...], travel_minutes: int
) -> World:
    """Put a world together."""
    return World(
        grid=grid,
        region=region,
        staff=staff,
        services={service.id: service for service in catalogue(staff.trainee)},
        locations=tuple(Location(id=site, zone=grid.horizon.zone) for site in sites),
        travel=tuple(
            Travel(origin=sites[0], destination=site, minutes=travel_minutes) for site in sites[1:]
        ),
    )


def drawn_on(world: World, service: Service) -> Iterator[tuple[str, float]]:
    """Yield the professions whose time a visit takes, with the minutes it takes of each."""
    for need in service.needs:
        if need.role not in ("practitioner", "team"):
            continue
        people = [p for pool in world.pools(service, need) for p in pool]
        minutes = (service.minutes + need.after_minutes) * need.quantity
        for profession in PROFESSIONS:
            share = sum(p.skills[0].name == profession for p in people) / max(1, len(people))
            if share:
                yield profession, minutes * share

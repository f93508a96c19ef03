"""The diary of a clinic: who and what is taken when, and where another visit fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from allocator.domain.resource import Resource
from allocator.domain.service import Need, Service
from allocator.generate.grid import Ticks, between, each, starts_of_runs
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

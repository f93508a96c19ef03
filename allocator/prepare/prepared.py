"""A problem prepared: numbered, in ticks, with every calendar expanded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from allocator.domain.calendar import wall
from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.domain.garbage import collected_later
from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, PinKind
from allocator.domain.resource import Reserve, Resource
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.domain.time import wall_exists, zone_of
from allocator.prepare import masks
from allocator.prepare.assignments import claims_of, read_all, write
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.openings import Opening, expand
from allocator.prepare.visit import ANYWHERE, Placement, Team, Variant, Visit, VisitNeed
from allocator.prepare.visits import PreparedRequest as PreparedRequest
from allocator.prepare.visits import Visits

T = TypeVar("T")


class Prepared:
    """Everything about a problem that rules, goals and solvers ask for.

    Resources, requests and visits are numbered in the order of their ids, so that the order of
    the input never matters.

    Parameters
    ----------
    problem
        What to prepare.
    """

    @collected_later()
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.horizon = problem.horizon
        self.ticks = problem.horizon.ticks
        self.grain = problem.horizon.grain_minutes
        self.all_ticks: Mask = masks.span(0, self.ticks)
        self.now_tick = self.horizon.tick_at_or_after(self.horizon.asked_at)
        self.resources: tuple[Resource, ...] = tuple(sorted(problem.resources, key=lambda r: r.id))
        self.resource_index = {r.id: i for i, r in enumerate(self.resources)}
        self.locations = tuple(sorted(location.id for location in problem.locations))
        self.location_index = {id: i for i, id in enumerate(self.locations)}
        self._memo: dict[Hashable, Any] = {}
        self._clocks: dict[str, Clock] = {}
        self._openings: dict[tuple[str | None, str], Opening] = {}
        self._reserved: dict[int, tuple[tuple[Reserve, Mask], ...]] = {}
        self._visits = Visits(self)
        self.visits = self._visits.visits
        self.visit_index = self._visits.index
        self.requests = self._visits.requests
        self.request_index = {r.request.id: r.index for r in self.requests}
        self.pins = self._pins()
        self.published: dict[int, Placement] = read_all(self, problem.published, InvalidProblem)
        self.frozen: dict[int, Placement] = {
            visit: self.published[visit]
            for visit, kind in self.pins.items()
            if kind is PinKind.ALL and visit in self.published
        }

    def memo(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what ``compute`` gives, remembered: it depends on the problem alone."""
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    def clock(self, location: str | None) -> Clock:
        """Return the local clock of a location."""
        zone = self.problem.zone(location)
        if zone not in self._clocks:
            self._clocks[zone] = Clock(self.horizon, zone)
        return self._clocks[zone]

    def clock_of(self, resource: int) -> Clock:
        """Return the local clock of a resource."""
        return self.clock(self.resources[resource].location)

    def starts_every(self, clock: Clock, every_minutes: int, offset_minutes: int) -> Mask:
        """Return the ticks at which a clock shows so many minutes past a multiple of others."""
        return self.memo(
            ("starts every", clock.zone, every_minutes, offset_minutes),
            lambda: clock.starts_every(every_minutes, offset_minutes),
        )

    def opening(self, resource: int) -> Opening:
        """Return when a resource is open, and when it is blocked."""
        thing = self.resources[resource]
        key = (thing.calendar, self.problem.zone(thing.location))
        if key not in self._openings:
            calendar = None if key[0] is None else self.problem.calendar(key[0])
            self._openings[key] = expand(calendar, self.clock(thing.location))
        return self._openings[key]

    def reserved(self, resource: int) -> tuple[tuple[Reserve, Mask], ...]:
        """Return a resource's reserves that are not released by now, with every tick they touch."""
        if resource not in self._reserved:
            self._reserved[resource] = tuple(self._reserves(resource))
        return self._reserved[resource]

    def _reserves(self, resource: int) -> Iterator[tuple[Reserve, Mask]]:
        for reserve in self.resources[resource].reserves:
            start, hours = reserve.span.start.astimezone(UTC), reserve.release_hours
            if hours is None or self.horizon.asked_at < start - timedelta(hours=hours):
                end = min(self.horizon.tick_at_or_after(reserve.span.end), self.ticks)
                yield reserve, masks.span(self.horizon.tick(start), end)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What clock changes moved or dropped, and the holidays of each region, in sentences."""
        closed: dict[str, set[tuple[date, str]]] = {}
        for number, resource in enumerate(self.resources):
            opening = self.opening(number)
            if opening.closed and resource.calendar is not None:
                region = self.problem.calendar(resource.calendar).holidays
                closed.setdefault(region, set()).update(opening.closed)
        changes = dict.fromkeys(n for o in self._openings.values() for n in o.notes)
        holidays = (
            f"Closed for the holidays of {region}:"
            f" {', '.join(f'{day} {name}' for day, name in sorted(closed[region]))}."
            for region in sorted(closed)
        )
        return (*changes, *self._skipped_visits(), *holidays)

    def _skipped_visits(self) -> Iterator[str]:
        """Yield the visits of fixed series whose wall time the clocks skip."""
        for prep in self.requests:
            series = prep.request.series
            if not isinstance(series, FixedSeries) or series.start is None:
                continue
            clock = self.visits[prep.visits[0]].clock
            if not clock.gaps:
                continue
            first = series.start.astimezone(zone_of(clock.zone)).replace(tzinfo=None)
            minute = first.hour * 60 + first.minute
            for number in range(2, series.count + 1):
                day = first.date() + timedelta(days=(number - 1) * series.every_days)
                inside = 0 <= clock.day_index(day) < len(clock.dates)
                if not inside or wall_exists(day, minute, clock.zone) or clock.horizon.by_day:
                    continue
                lost = "" if number in series.may_miss else ", and the series with it"
                yield (
                    f"Request {prep.request.id}: {wall(minute)} does not exist on {day}; visit"
                    f" {number} of its series is dropped{lost}."
                )

    @cached_property
    def anchors(self) -> tuple[int, ...]:
        """By resource, the location that it ties its visits to, or -1."""
        return tuple(self.anchor_of(r) for r in self.resources)

    def anchor_of(self, resource: Resource) -> int:
        """Return the location that a resource ties its visits to, or -1."""
        if resource.mobile or resource.location is None:
            return ANYWHERE
        return self.location_index[resource.location]

    def anchor(self, resource: int) -> int:
        """Return the location that a resource ties its visits to, or -1."""
        return self.anchors[resource]

    def location_of(self, visit: Visit, team: Team, session: int = -1) -> int:
        """Return where a team meets: where its fixed resources stand, else the service's place.

        Who takes part in a session is where the session is. As long as nobody says where that
        was put, it is where they are tied to, or else at the first of its places.
        """
        for members in team:
            for resource in members:
                anchor = self.anchors[resource]
                if anchor != ANYWHERE:
                    return anchor
        if session >= 0:
            variants = self.visits[session].variants
            return variants[0].location if variants else ANYWHERE
        if visit.service is not None and visit.service.location is not None:
            return self.location_index[visit.service.location]
        return ANYWHERE

    def ticks_for(self, minutes: int) -> int:
        """Turn minutes into ticks, rounding up."""
        return -(-minutes // self.grain)

    def window(self, spans: Iterable[tuple[datetime, datetime]]) -> Mask:
        """Return the ticks that lie whole in the union of these half-open spans."""
        merged: list[tuple[datetime, datetime]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        mask = 0
        for start, end in merged:
            first = self.horizon.tick_at_or_after(start)
            mask |= masks.span(first, min(self.horizon.tick(end), self.ticks))
        return mask

    def who(self, resource: int) -> str:
        """Return what people call a resource."""
        return self.resources[resource].label

    def local(self, tick: int, clock: Clock | None = None) -> str:
        """Write the local wall time at which a tick starts."""
        from allocator.domain.time import zone_of

        zone = zone_of(clock.zone if clock else self.horizon.zone)
        return self.horizon.instant(tick).astimezone(zone).strftime("%a %Y-%m-%d %H:%M")

    def named_visits(self, name: str) -> tuple[int, ...]:
        """Return the visits that a name stands for: a visit, or all of a request."""
        if name in self.visit_index:
            return (self.visit_index[name],)
        return self.requests[self.request_index[name]].visits

    @cached_property
    def _serving(self) -> frozenset[int]:
        return self._visits.serving

    def attends_only(self, resource: int) -> bool:
        """Say whether a resource comes to visits as an attendee and never serves in one."""
        return resource not in self._serving

    @cached_property
    def drawn_on(self) -> frozenset[int]:
        """Resources that any service draws on, asked for or not."""
        needs = (need for needs, _ in self.offered() for need in needs)
        return frozenset(resource for need in needs for resource in need.resources)

    def offered(self) -> Iterator[tuple[tuple[VisitNeed, ...], Variant]]:
        """Yield what each service takes, asked for or not: its needs, with each variant."""
        yield from self._visits.offered()

    def _pins(self) -> dict[int, PinKind]:
        pins = {
            visit: pin.kind for pin in self.problem.pins for visit in self.named_visits(pin.visit)
        }
        freeze = self.problem.freeze_before
        if freeze is not None:
            for assignment in self.problem.published:
                if assignment.start < freeze:
                    pins[self.visit_index[assignment.visit]] = PinKind.ALL
        return pins

    def placements(self, schedule: Schedule) -> list[Placement | None]:
        """Turn a schedule into placements by visit.

        Group sessions that are pinned where they lie need not be in it for those who take part.

        Raises
        ------
        InvalidSchedule
            When it names visits, roles or resources that do not exist; with all faults.
        """
        found = read_all(self, schedule.assignments, InvalidSchedule, self.frozen)
        return [found.get(visit) for visit in range(len(self.visits))]

    def assignment(self, visit: int, placement: Placement) -> Assignment:
        """Turn a placement into an assignment."""
        return write(self, visit, placement)

    def claims(self, schedule: Schedule) -> tuple[Claim, ...]:
        """Return what a schedule takes of each resource: the one translation there is."""
        return claims_of(self, schedule)

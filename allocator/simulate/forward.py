"""A plan run forward, in all runs at once: who waits for whom, and when it is over."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from allocator.prepare.visit import Visit
from allocator.simulate.distributions import Draws
from allocator.simulate.luck import Luck, luck
from allocator.simulate.planned import NONE, Plan, PlannedVisit, Use
from allocator.simulate.servers import Servers
from allocator.simulate.uncertainty import Uncertainty

Flags = npt.NDArray[np.bool_]


class Attendance(IntEnum):
    """What becomes of a visit."""

    HELD = 0
    NO_SHOW = 1
    CANCELLED = 2
    TOO_LATE = 3


@dataclass(slots=True, eq=False)
class Came:
    """People of one visit: whether and when they came, and how long they waited."""

    visit: int
    attendance: npt.NDArray[np.int8]
    due: Draws
    waited: Draws = field(default_factory=lambda: np.empty(0))
    delay: Draws = field(default_factory=lambda: np.empty(0))

    @property
    def held(self) -> Flags:
        """In which runs the visit takes place."""
        return self.attendance == Attendance.HELD


@dataclass(slots=True, eq=False)
class UnderWay:
    """A visit that goes on.

    Attributes
    ----------
    planned
        The visit.
    held
        In which runs it takes place.
    length
        Its length, as a multiple of the planned minutes.
    at
        When its last phase ended; before the first: when it may begin.
    guests
        Who comes.
    waited_until
        Where it does not take place: until when its resources wait for who is too late.
    """

    planned: PlannedVisit
    held: Flags
    length: Draws
    at: Draws
    guests: list[Came]
    waited_until: Draws | float = -np.inf
    phase: int = 0
    begun: Draws = field(default_factory=lambda: np.empty(0))
    stalled: Draws | float = 0.0
    stepping: bool = False
    taken: dict[Use, tuple[list[Draws], Draws]] = field(default_factory=dict)
    seated: list[tuple[Came, Use, list[Draws]]] = field(default_factory=list)


class Forward:
    """All visits of a plan, one after the other in the order of planned starts.

    At each resource nobody overtakes: it serves in the planned order, as many at once as it has
    lanes. A phase of a visit begins when the one before is over and all that it needs is free; the
    first, when its people have come as well.

    Attributes
    ----------
    came
        People by visit, in planned order.
    work, in_hours
        By workday: minutes worked, and those of them in ordinary hours.
    firsts, lasts
        By workday: when work began and ended, planned or not.
    breaks
        Workday, start and end of each break.
    begun
        By visit, group sessions among them: when it began, in runs in which it was held.
    """

    def __init__(self, plan: Plan, uncertainty: Uncertainty, runs: int, seed: int) -> None:
        self.plan, self.uncertainty, self.runs, self.seed = plan, uncertainty, runs, seed
        days = len(plan.workdays)
        self.came: list[Came] = []
        self.work = np.zeros((days, runs))
        self.in_hours = np.zeros((days, runs))
        self.firsts = np.repeat(np.array([w.first for w in plan.workdays])[:, None], runs, axis=1)
        self.lasts = np.repeat(np.array([w.last for w in plan.workdays])[:, None], runs, axis=1)
        self.breaks: list[tuple[int, Draws, Draws]] = []
        self.begun: dict[int, Draws] = {}
        self._servers: dict[int, Servers] = {}
        self._ends: dict[int, list[dict[Hashable, Draws]]] = {}
        self._holders: dict[int, list[UnderWay]] = {}
        self._run()

    def _run(self) -> None:
        going: dict[int, UnderWay] = {}
        for place, phase in self.plan.phases:
            if phase == 0:
                going[place] = self._arrive(self.plan.visits[place])
            visit = going[place]
            if visit.phase == phase:  # unless it was brought to its end before its turn
                self._step(visit)
            if phase == len(visit.planned.phases) - 1:
                del going[place]

    def _arrive(self, planned: PlannedVisit) -> UnderWay:
        """Return a visit that may begin as soon as its people and resources are there."""
        runs, start = self.runs, np.full(self.runs, planned.start)
        everywhere = np.ones(runs, dtype=bool)
        if planned.number == NONE:
            return UnderWay(planned, everywhere, np.ones(runs), start, [])
        visit = self.plan.prepared.visits[planned.number]
        chance = self._luck(visit)
        if not planned.people:
            guests = [self._come(number, planned) for number, _ in planned.participants]
            held = np.any([g.held for g in guests], axis=0) if guests else everywhere
            made = UnderWay(planned, held, chance.length, start, guests)
            for guest, (_, uses) in zip(guests, planned.participants, strict=True):
                made.seated += [(guest, use, self._take(use, made)) for use in uses]
            return made
        guest = self._come(planned.number, planned, chance)
        arrived = planned.start + chance.late
        may = arrived if self.uncertainty.starts_early else guest.due
        over = planned.start + (self.uncertainty.grace_minutes or 0.0)
        until = np.where(guest.attendance == Attendance.TOO_LATE, over, -np.inf)
        return UnderWay(planned, guest.held, chance.length, may, [guest], until)

    def _luck(self, visit: Visit) -> Luck:
        service = visit.service.id if visit.service is not None else ""
        return luck(self.uncertainty, visit.id, service, self.runs, self.seed)

    def _come(self, number: int, planned: PlannedVisit, chance: Luck | None = None) -> Came:
        """Return whether and when the people of a visit come."""
        visit = self.plan.prepared.visits[number]
        chance = chance or self._luck(visit)
        attendance = np.full(self.runs, Attendance.HELD, dtype=np.int8)
        if self.uncertainty.grace_minutes is not None:
            attendance[chance.late > self.uncertainty.grace_minutes] = Attendance.TOO_LATE
        attendance[chance.away < self._no_show(visit, planned)] = Attendance.NO_SHOW
        attendance[chance.cancelled < self.uncertainty.cancelled] = Attendance.CANCELLED
        guest = Came(number, attendance, planned.start + np.maximum(chance.late, 0.0))
        self.came.append(guest)
        return guest

    def _no_show(self, visit: Visit, planned: PlannedVisit) -> float:
        return self.uncertainty.no_shows.probability(self.plan.lead_days(visit, planned.start))

    def _step(self, visit: UnderWay) -> None:
        """Run the next phase of a visit."""
        visit.stepping = True
        phase = visit.planned.phases[visit.phase]
        ready = visit.at
        taken = [(use, self._take(use, visit)) for use in phase.comes]
        for use, rows in taken:
            for free in rows:
                ready = np.maximum(ready, free + use.before)
            ready = np.maximum(self._turned(use, ready), use.earliest + use.before)
        visit.taken.update((use, (rows, ready)) for use, rows in taken)
        if visit.phase == 0:
            visit.begun = self.begun[visit.planned.number] = ready
        else:
            visit.stalled = visit.stalled + (ready - visit.at)
        visit.at = ready + phase.minutes * visit.length
        visit.phase += 1
        for use in phase.goes:
            self._leave(use, visit)
        if visit.phase == len(visit.planned.phases):
            self._end(visit)
        visit.stepping = False

    def _take(self, use: Use, visit: UnderWay) -> list[Draws]:
        """Take lanes of a resource; whoever still holds too many of them goes first."""
        resource = use.resource
        if resource not in self._servers:
            lanes = self.plan.prepared.resources[resource].lanes
            self._servers[resource] = Servers(lanes, self.runs)
        servers, holders = self._servers[resource], self._holders.setdefault(resource, [])
        if len(servers.rows) < use.lanes:
            for holder in list(holders):
                self._finish(holder)
        holders.append(visit)
        return servers.take(use.lanes)

    def _finish(self, visit: UnderWay) -> None:
        """Bring a visit to its end before its turn: the plan has another at the same time."""
        while not visit.stepping and visit.phase < len(visit.planned.phases):
            self._step(visit)

    def _turned(self, use: Use, ready: Draws) -> Draws:
        """Return when a resource is ready that may have to travel, or to be turned around."""
        for number, ends in enumerate(self._ends.get(use.resource, ())):
            gaps, kind = self.plan.gaps(number, use.resource), use.turns[number]
            before = use.before if self.plan.transitions[number].padded else 0.0
            for earlier, end in ends.items():
                if gap := gaps.get((earlier, kind), 0):
                    ready = np.maximum(ready, end + gap * self.plan.grain + before)
        return ready

    def _leave(self, use: Use, visit: UnderWay) -> None:
        """Give back what a visit has of a resource, and count its work."""
        rows, begun = visit.taken.pop(use)
        begun, end = begun - use.before, visit.at + use.after
        waits = use in visit.planned.phases[0].comes
        for row in rows:
            free = np.maximum(row, visit.waited_until) if waits else row
            self._servers[use.resource].free(np.where(visit.held, end, free))
        self._holders[use.resource].remove(visit)
        for number in range(len(use.turns)):
            if self.plan.gaps(number, use.resource):
                padded = self.plan.transitions[number].padded
                self._turn(use, number, np.where(visit.held, end if padded else visit.at, -np.inf))
        if visit.planned.number == NONE:
            self.breaks.append((use.workday, begun, end))
        elif use.workday != NONE:
            self._count(use, visit.held, begun, end)

    def _turn(self, use: Use, number: int, end: Draws) -> None:
        ends = self._ends.setdefault(use.resource, [{} for _ in self.plan.transitions])[number]
        kind = use.turns[number]
        ends[kind] = np.maximum(ends[kind], end) if kind in ends else end

    def _count(self, use: Use, held: Flags, begun: Draws, end: Draws) -> None:
        day, hours = use.workday, self.plan.hours(use.resource)
        self.work[day] += np.where(held, (end - begun) * use.lanes, 0.0)
        inside = (hours.before(end) - hours.before(begun)) * use.lanes
        self.in_hours[day] += np.where(held, inside, 0.0)
        self.firsts[day] = np.where(held, np.minimum(self.firsts[day], begun), self.firsts[day])
        self.lasts[day] = np.where(held, np.maximum(self.lasts[day], end), self.lasts[day])

    def _end(self, visit: UnderWay) -> None:
        """Let everybody go, with what they waited."""
        for guest, use, rows in visit.seated:
            for row in rows:
                end = np.where(guest.held, np.maximum(visit.at, row), row)
                self._servers[use.resource].free(end)
            self._holders[use.resource].remove(visit)
        for guest in visit.guests:
            waited = np.maximum(visit.begun - guest.due, 0.0) + visit.stalled
            guest.waited = np.where(guest.held, waited, np.nan)
            guest.delay = np.where(guest.held, visit.begun - visit.planned.start, np.nan)

    @property
    def overtime(self) -> Draws:
        """Minutes worked outside ordinary hours, by workday."""
        return self.work - self.in_hours

    def idle(self) -> Draws:
        """Return the open minutes between first and last work that are neither work nor break."""
        found = -self.in_hours
        for number in range(len(found)):
            found[number] += self._open(number, self.firsts[number], self.lasts[number])
        for number, begun, end in self.breaks:
            first = np.clip(begun, self.firsts[number], self.lasts[number])
            last = np.clip(end, self.firsts[number], self.lasts[number])
            found[number] -= self._open(number, first, last)
        return np.maximum(found, 0.0)

    def _open(self, workday: int, first: Draws, last: Draws) -> Draws:
        """Return the open minutes of all lanes between two moments."""
        resource = self.plan.workdays[workday].resource
        hours, lanes = self.plan.hours(resource), self.plan.prepared.resources[resource].lanes
        return (hours.before(last) - hours.before(first)) * lanes

"""A schedule as it is run: visits cut into phases, with what each phase takes and leaves."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

from allocator.domain.schedule import Schedule
from allocator.domain.time import zone_of
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, TickClaim, Visit
from allocator.rules.breaks import break_groups
from allocator.rules.transition import Transition
from allocator.rules.travel import Travel
from allocator.rules.turnaround import Turnaround
from allocator.simulate.hours import Hours, hours_of

#: Instead of a number where there is none: a break is no visit, patients have no workdays.
NONE = -1


class Use(NamedTuple):
    """What a visit, or a break, takes of a resource, in minutes.

    Attributes
    ----------
    resource, lanes
        Of which, and how many lanes.
    before, after
        Work in its buffers.
    earliest
        When the resource opens for it.
    workday
        Number of the workday, or ``NONE``.
    turns
        For each transition: the kind of use.
    """

    resource: int
    lanes: int
    before: float
    after: float
    earliest: float
    workday: int
    turns: tuple[Hashable, ...] = ()


class Phase(NamedTuple):
    """A stretch of a visit in which the same resources are there: what comes in, what goes out."""

    start: float
    minutes: float
    comes: tuple[Use, ...]
    goes: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVisit:
    """A visit that is placed, a group session with those who take part, or a break.

    Attributes
    ----------
    number
        Of the visit; ``NONE`` is a break.
    start
        Planned, in minutes from the start of the horizon.
    phases
        From its start to its end.
    people
        Whether people come to it, who may be late or stay away.
    participants
        Of a group session: the numbers of their visits, with what is taken of each.
    """

    number: int
    start: float
    phases: tuple[Phase, ...]
    people: bool = False
    participants: tuple[tuple[int, tuple[Use, ...]], ...] = ()


class Workday(NamedTuple):
    """A resource on a local date on which it has visits; planned first start and last end."""

    resource: int
    day: int
    first: float
    last: float


class Plan:
    """A schedule, ready to be run.

    Parameters
    ----------
    prepared, schedule
        The problem, and what is placed.
    buffers_worked
        Kinds of resource whose buffers are work.
    least_after
        For kinds of resource: minutes that pass after each visit at least, as work.

    Attributes
    ----------
    visits
        All that happens, in the order of planned starts.
    workdays
        By number, resource and date.
    """

    def __init__(
        self,
        prepared: Prepared,
        schedule: Schedule,
        buffers_worked: frozenset[str],
        least_after: Mapping[str, float] | None = None,
    ) -> None:
        self.prepared = prepared
        self.grain = float(prepared.grain)
        self._buffers_worked, self._least_after = buffers_worked, least_after or {}
        self._hours: dict[int, Hours] = {}
        self._gaps: dict[tuple[int, int], dict[tuple[Hashable, Hashable], int]] = {}
        self._placements = prepared.placements(schedule)
        self._claims = {
            number: prepared.visits[number].claims(placement)
            for number, placement in enumerate(self._placements)
            if placement is not None
        }
        self.workdays = list(self._workdays())
        self._workday = {(w.resource, w.day): number for number, w in enumerate(self.workdays)}
        rules: tuple[Transition, ...] = (Travel(), Turnaround())
        self.transitions = [r for r in rules if r.name not in prepared.problem.without_rules]
        self.visits = sorted(
            (*self._visits(), *self._breaks()), key=lambda visit: (visit.start, visit.number)
        )

    def hours(self, resource: int) -> Hours:
        """Return when a resource is open."""
        if resource not in self._hours:
            self._hours[resource] = hours_of(self.prepared, resource)
        return self._hours[resource]

    @cached_property
    def phases(self) -> list[tuple[int, int]]:
        """Places of visits and numbers of their phases, in the order of planned starts."""
        found = [
            (phase.start, visit.start, place, number)
            for place, visit in enumerate(self.visits)
            for number, phase in enumerate(visit.phases)
        ]
        return [(place, number) for _, _, place, number in sorted(found)]

    def gaps(self, transition: int, resource: int) -> dict[tuple[Hashable, Hashable], int]:
        """Return the ticks between two kinds of use of a resource, by one of the transitions."""
        key = transition, resource
        if key not in self._gaps:
            self._gaps[key] = self.transitions[transition].gaps(self.prepared, resource)
        return self._gaps[key]

    def lead_days(self, visit: Visit, start: float) -> int | None:
        """Return the local days from asking to a visit; None where nobody knows."""
        if visit.request is None or visit.request.requested is None:
            return None
        asked = visit.request.requested.astimezone(zone_of(visit.clock.zone)).date()
        tick = min(int(start // self.grain), self.prepared.ticks - 1)
        day = visit.clock.dates[int(visit.clock.day_of[tick])]
        return (day - asked).days

    def counts(self, resource: int) -> bool:
        """Say whether a resource's work is told: it has hours, and serves."""
        thing = self.prepared.resources[resource]
        return thing.calendar is not None and not self.prepared.attends_only(resource)

    def _workdays(self) -> Iterator[Workday]:
        found: dict[tuple[int, int], tuple[float, float]] = {}
        for claims in self._claims.values():
            for claim in claims:
                if self.counts(claim.resource):
                    key = claim.resource, self._day(claim.resource, claim.part_first)
                    before, after = self._worked(claim)
                    first = claim.part_first * self.grain - before
                    last = claim.part_end * self.grain + after
                    known = found.get(key, (first, last))
                    found[key] = min(first, known[0]), max(last, known[1])
        for (resource, day), (first, last) in sorted(found.items()):
            yield Workday(resource, day, first, last)

    def _day(self, resource: int, tick: int) -> int:
        ticks = self.prepared.ticks
        return int(self.prepared.clock_of(resource).day_of[min(max(tick, 0), ticks - 1)])

    def _worked(self, claim: TickClaim) -> tuple[float, float]:
        """Return the buffers of a claim that are work, in minutes."""
        kind, before, after = self.prepared.resources[claim.resource].kind, 0.0, 0.0
        if kind in self._buffers_worked:
            before = (claim.part_first - claim.first) * self.grain
            after = (claim.end - claim.part_end) * self.grain
        return before, max(after, self._least_after.get(kind, 0.0))

    def _visits(self) -> Iterator[PlannedVisit]:
        joined: dict[int, list[int]] = {}
        for number, placement in enumerate(self._placements):
            if placement is not None and self._joins(placement):
                joined.setdefault(placement.session, []).append(number)
        for number, placement in enumerate(self._placements):
            if placement is None or self._joins(placement):
                continue
            visit = self.prepared.visits[number]
            yield PlannedVisit(
                number=number,
                start=placement.start * self.grain,
                phases=tuple(self._phases(visit, placement)),
                people=self._has_people(visit, placement),
                participants=tuple(
                    (other, tuple(use for use, _, _ in self._uses(other)))
                    for other in joined.get(number, ())
                ),
            )

    def _joins(self, placement: Placement) -> bool:
        return placement.session >= 0 and self._placements[placement.session] is not None

    def _has_people(self, visit: Visit, placement: Placement) -> bool:
        """Say whether people come: attendees who serve nowhere, or somebody whom nobody named."""
        if visit.request is None:
            return False
        if not visit.request.attendees:
            return True
        return any(
            need.attendee and any(map(self.prepared.attends_only, members))
            for need, members in zip(visit.needs, placement.team, strict=True)
        )

    def _phases(self, visit: Visit, placement: Placement) -> Iterator[Phase]:
        uses = self._uses(visit.index)
        start, end = placement.start, placement.start + placement.duration
        cuts = sorted({start, end, *(t for _, first, last in uses for t in (first, last))})
        for first, last in pairwise(cuts):
            yield Phase(
                first * self.grain,
                (last - first) * self.grain,
                tuple(use for use, begins, _ in uses if begins == first),
                tuple(use for use, _, ends in uses if ends == last),
            )

    def _uses(self, number: int) -> list[tuple[Use, int, int]]:
        """Return what a visit uses, with the ticks at which each part starts and ends."""
        visit, placement = self.prepared.visits[number], self._placements[number]
        assert placement is not None
        turns = tuple(t.use(self.prepared, visit, placement.location) for t in self.transitions)
        found = []
        for claim in self._claims[number]:
            day = self._day(claim.resource, claim.part_first)
            before, after = self._worked(claim)
            use = Use(
                claim.resource,
                claim.uses,
                before,
                after,
                self.hours(claim.resource).opens(claim.part_first * self.grain - before),
                self._workday.get((claim.resource, day), NONE),
                turns,
            )
            found.append((use, claim.part_first, claim.part_end))
        return found

    def _breaks(self) -> Iterator[PlannedVisit]:
        """Yield the breaks of workdays, each where there is room for it first."""
        busy: dict[int, Mask] = {}
        for claim in chain.from_iterable(self._claims.values()):
            if self.prepared.resources[claim.resource].breaks:
                span = masks.span(claim.first, claim.end)
                busy[claim.resource] = busy.get(claim.resource, 0) | span
        for resource, taken in sorted(busy.items()):
            for pause in (p for g in break_groups(self.prepared, resource) for p in g.pauses):
                workday = self._workday.get((resource, self._day(resource, pause.first)), NONE)
                starts = masks.runs_of(masks.span(0, self.prepared.ticks) & ~taken, pause.length)
                starts &= pause.starts
                if workday != NONE and starts:
                    first = masks.lowest(starts)
                    taken |= masks.span(first, first + pause.length)
                    yield self._break(resource, workday, first, pause.length)

    def _break(self, resource: int, workday: int, first: int, length: int) -> PlannedVisit:
        start, lanes = first * self.grain, self.prepared.resources[resource].lanes
        use = Use(resource, lanes, 0.0, 0.0, start, workday)
        phase = Phase(start, length * self.grain, (use,), (use,))
        return PlannedVisit(number=NONE, start=start, phases=(phase,))

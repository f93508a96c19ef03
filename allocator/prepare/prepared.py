"""A problem prepared: numbered, in ticks, with every calendar expanded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from allocator.domain.faults import Fault, FaultCode, InvalidProblem, InvalidSchedule
from allocator.domain.problem import Problem, matching
from allocator.domain.request import PinKind, Request, attendee_role
from allocator.domain.resource import Reserve, Resource
from allocator.domain.schedule import Assignment, Claim, Schedule
from allocator.domain.service import Need, Service
from allocator.prepare import masks
from allocator.prepare.clock import Clock
from allocator.prepare.masks import Mask
from allocator.prepare.openings import Opening, expand
from allocator.prepare.visit import Placement, Team, Variant, Visit, VisitNeed

T = TypeVar("T")

ANYWHERE = -1


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request with the numbers of its visits, by occurrence and step."""

    index: int
    request: Request
    visits: tuple[int, ...]

    def visit(self, occurrence: int, step: int) -> int:
        """Return the number of one of its visits; both count from 1."""
        return self.visits[(occurrence - 1) * len(self.request.steps) + step - 1]

    def occurrence(self, number: int) -> tuple[int, ...]:
        """Return the visits of one occurrence, step by step."""
        steps = len(self.request.steps)
        return self.visits[(number - 1) * steps : number * steps]


class Prepared:
    """Everything about a problem that rules, goals and solvers ask for.

    Resources, requests and visits are numbered in the order of their ids, so that the order of
    the input never matters.

    Parameters
    ----------
    problem
        What to prepare.
    """

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
        self._shared_needs: dict[str, tuple[VisitNeed, ...]] = {}
        self._shared_variants: dict[tuple[str, bool], tuple[Variant, ...]] = {}
        self.visits: list[Visit] = []
        self.visit_index: dict[str, int] = {}
        self._sessions()
        self.requests: tuple[PreparedRequest, ...] = tuple(self._requests())
        self.request_index = {r.request.id: r.index for r in self.requests}
        self.pins = self._pins()
        self.published: dict[int, Placement] = self._together(
            {
                visit: placement
                for visit, placement in (
                    (self.visit_index[a.visit], self._placement(a)) for a in problem.published
                )
                if placement is not None
            }
        )
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
        """What clock changes moved or dropped, in sentences."""
        for resource in range(len(self.resources)):
            self.opening(resource)
        return tuple(dict.fromkeys(n for o in self._openings.values() for n in o.notes))

    @cached_property
    def anchors(self) -> tuple[int, ...]:
        """By resource, the location that it ties its visits to, or -1."""
        return tuple(
            ANYWHERE if r.mobile or r.location is None else self.location_index[r.location]
            for r in self.resources
        )

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
        """Return the ticks that lie whole in one of these half-open spans."""
        mask = 0
        for start, end in spans:
            first = self.horizon.tick_at_or_after(start)
            last = self.horizon.tick(end)
            mask |= masks.span(first, min(last, self.ticks))
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
        return frozenset(
            r for needs in self._shared_needs.values() for n in needs for r in n.resources
        )

    def attends_only(self, resource: int) -> bool:
        """Say whether a resource comes to visits as an attendee and never serves in one."""
        return resource not in self._serving

    # Visits -------------------------------------------------------------------------------

    def _sessions(self) -> None:
        for session in sorted(self.problem.sessions, key=lambda s: s.id):
            service = self.problem.service(session.service)
            index = len(self.visits)
            self.visit_index[session.id] = index
            self.visits.append(
                Visit(
                    index=index,
                    id=session.id,
                    request=None,
                    session=session,
                    request_index=-1,
                    occurrence=1,
                    step=1,
                    service=service,
                    needs=self._service_needs(service),
                    variants=self._service_variants(service, False),
                    joins=(),
                    clock=self._visit_clock(service),
                    priority=1,
                )
            )

    def _requests(self) -> Iterator[PreparedRequest]:
        for number, request in enumerate(sorted(self.problem.requests, key=lambda r: r.id)):
            first = len(self.visits)
            for occurrence in range(1, request.occurrences + 1):
                for step in range(1, len(request.steps) + 1):
                    self._add_visit(number, request, occurrence, step)
            yield PreparedRequest(number, request, tuple(range(first, len(self.visits))))

    def _add_visit(self, number: int, request: Request, occurrence: int, step: int) -> None:
        asked = request.steps[step - 1]
        first_visit = request.first_visit and occurrence == 1 and step == 1
        attendees = self._attendees(request, step)
        service: Service | None = None
        joins: tuple[int, ...] = ()
        if asked.service:
            service = self.problem.service(asked.service)
            needs = self._service_needs(service) + attendees
            if any(self.anchors[r] != ANYWHERE for need in attendees for r in need.resources):
                variants = tuple(self._variants(service, first_visit, attendees))
            else:
                tail = tuple(need.resources for need in attendees)
                variants = tuple(
                    v._replace(choices=v.choices + tail)
                    for v in self._service_variants(service, first_visit)
                )
            clock = self._visit_clock(service)
        else:
            joins = tuple(sorted(self.visit_index[name] for name in asked.sessions))
            needs = attendees
            variants = tuple(
                Variant(v.duration, v.location, joined, choices)
                for joined in joins
                for v in self.visits[joined].variants
                for choices in [self._choices(attendees, v.location)]
                if choices is not None
            )
            clock = self.visits[joins[0]].clock
        index = len(self.visits)
        visit = Visit(
            index=index,
            id=request.visit_id(occurrence, step),
            request=request,
            session=None,
            request_index=number,
            occurrence=occurrence,
            step=step,
            service=service,
            needs=needs,
            variants=variants,
            joins=joins,
            clock=clock,
            priority=request.priority,
        )
        self.visit_index[visit.id] = index
        self.visits.append(visit)

    def offered(self) -> Iterator[tuple[tuple[VisitNeed, ...], Variant]]:
        """Yield what each service takes, asked for or not: its needs, with each variant."""
        for service in self.problem.services:
            needs = self._service_needs(service)
            for first_visit in (False, True):
                for variant in self._service_variants(service, first_visit):
                    yield needs, variant

    def _visit_clock(self, service: Service) -> Clock:
        if service.location is not None:
            return self.clock(service.location)
        places = {v.location for v in self._service_variants(service, False)} - {ANYWHERE}
        return self.clock(self.locations[min(places)] if places else None)

    def _service_needs(self, service: Service) -> tuple[VisitNeed, ...]:
        if service.id not in self._shared_needs:
            self._shared_needs[service.id] = tuple(
                self._need(need) for need in sorted(service.needs, key=lambda n: n.role)
            )
        return self._shared_needs[service.id]

    def _need(self, need: Need) -> VisitNeed:
        ranks: dict[int, int] = {}
        skills: dict[int, list[frozenset[str]]] = {}
        for rank, selector in enumerate(need.alternatives):
            for resource in matching(self.problem, selector):
                if resource.lanes >= need.uses:
                    number = self.resource_index[resource.id]
                    ranks.setdefault(number, rank)
                    skills.setdefault(number, []).append(selector.skills)
        order = sorted(ranks)
        part = need.part
        return VisitNeed(
            role=need.role,
            resources=tuple(order),
            rank=tuple(ranks[r] for r in order),
            skills=tuple(tuple(skills[r]) for r in order),
            quantity=need.quantity,
            uses=need.uses,
            before=self.ticks_for(need.before_minutes),
            after=self.ticks_for(need.after_minutes),
            part=None
            if part is None
            else (
                self.ticks_for(part.minutes),
                self.ticks_for(part.offset_minutes),
                part.from_end,
            ),
        )

    def _attendees(self, request: Request, step: int) -> tuple[VisitNeed, ...]:
        return tuple(
            VisitNeed(
                role=attendee_role(attendee.resource),
                resources=(self.resource_index[attendee.resource],),
                rank=(0,),
                skills=((frozenset(),),),
                attendee=True,
                optional=not attendee.required,
                weight=attendee.weight,
            )
            for attendee in sorted(request.attendees, key=lambda a: a.resource)
            if not attendee.steps or step in attendee.steps
        )

    def _service_variants(self, service: Service, first_visit: bool) -> tuple[Variant, ...]:
        key = (service.id, first_visit and service.first_minutes is not None)
        if key not in self._shared_variants:
            self._shared_variants[key] = tuple(self._variants(service, key[1]))
        return self._shared_variants[key]

    def _choices(self, needs: tuple[VisitNeed, ...], place: int) -> Team | None:
        """Return what needs may take at a place; None where one of them cannot be met."""
        choices = tuple(
            tuple(r for r in need.resources if self.anchors[r] in (ANYWHERE, place))
            for need in needs
        )
        enough = all(
            need.optional or len(some) >= need.quantity
            for need, some in zip(needs, choices, strict=True)
        )
        return choices if enough else None

    def _variants(
        self, service: Service, first_visit: bool, attendees: tuple[VisitNeed, ...] = ()
    ) -> Iterator[Variant]:
        """Split a service by duration and location, so that needs no longer hang together.

        A first visit lasts ``first_minutes`` with whoever has no duration of their own, and
        longer by the same difference with who has.
        """
        needs = self._service_needs(service)
        base = service.minutes
        extra = 0
        if first_visit and service.first_minutes is not None:
            extra = service.first_minutes - base
        by_resource = {
            self.resource_index[name]: minutes for name, minutes in service.minutes_by_resource
        }
        timing = next(
            (n for n, need in enumerate(needs) if any(r in by_resource for r in need.resources)),
            None,
        )
        lengths = {base}
        if timing is not None:
            lengths = {by_resource.get(r, base) for r in needs[timing].resources}
        everyone = needs + attendees
        places = sorted({self.anchors[r] for n in everyone for r in n.resources} - {ANYWHERE})
        own = ANYWHERE if service.location is None else self.location_index[service.location]
        if own not in places and self._choices(everyone, ANYWHERE) is not None:
            places.append(own)
        for length in sorted(lengths):
            for place in places:
                found = self._choices(everyone, place)
                if found is None:
                    continue
                choices = tuple(
                    tuple(r for r in some if n != timing or by_resource.get(r, base) == length)
                    for n, some in enumerate(found)
                )
                if timing is None or len(choices[timing]) >= needs[timing].quantity:
                    yield Variant(max(1, self.ticks_for(length + extra)), place, -1, choices)

    # Schedules ----------------------------------------------------------------------------

    def _pins(self) -> dict[int, PinKind]:
        pins = {
            visit: pin.kind
            for pin in self.problem.pins
            for visit in self.named_visits(pin.visit)
        }
        freeze = self.problem.freeze_before
        if freeze is not None:
            for assignment in self.problem.published:
                if assignment.start < freeze:
                    pins[self.visit_index[assignment.visit]] = PinKind.ALL
        return pins

    def _placement(self, assignment: Assignment) -> Placement | None:
        placement, faults = self.read(assignment)
        if faults:
            raise InvalidProblem(faults)
        return placement

    def read(self, assignment: Assignment) -> tuple[Placement | None, list[Fault]]:
        """Turn an assignment into a placement, or say what it names that does not exist."""
        id = assignment.visit

        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "assignment", id, f"Assignment {id}: {message}")

        number = self.visit_index.get(id)
        if number is None:
            return None, [fault(FaultCode.UNKNOWN_NAME, "no request has this visit.")]
        visit = self.visits[number]
        faults = []
        if assignment.start.tzinfo is None or assignment.end.tzinfo is None:
            return None, [fault(FaultCode.NAIVE_TIME, "its times have no zone or offset.")]
        roles = {need.role for need in visit.needs}
        for role, names in assignment.resources:
            if role not in roles:
                known = ", ".join(sorted(roles)) or "none"
                faults.append(
                    fault(FaultCode.UNKNOWN_NAME, f"the role {role!r}; its visit has: {known}.")
                )
            for name in names:
                if name not in self.resource_index:
                    faults.append(
                        fault(FaultCode.UNKNOWN_NAME, f"the resource {name!r} does not exist.")
                    )
        session = -1
        if assignment.session is not None:
            session = self.visit_index.get(assignment.session, -1)
            if session not in visit.joins:
                faults.append(
                    fault(
                        FaultCode.UNKNOWN_NAME,
                        f"the session {assignment.session!r} is none that it accepts.",
                    )
                )
        start = self.horizon.tick(assignment.start)
        end = self.horizon.tick_at_or_after(assignment.end)
        if self.horizon.instant(start) != assignment.start:
            faults.append(
                fault(
                    FaultCode.OFF_GRID,
                    f"its start {assignment.start.isoformat()} is not on the grid of"
                    f" {self.grain} minutes.",
                )
            )
        if not 0 <= start < end <= self.ticks:
            faults.append(
                fault(
                    FaultCode.OUTSIDE_HORIZON,
                    f"{assignment.start.isoformat()} to {assignment.end.isoformat()} is not"
                    f" inside the horizon, {self.horizon.start.isoformat()} to"
                    f" {self.horizon.end.isoformat()}.",
                )
            )
        if faults:
            return None, faults
        filling = dict(assignment.resources)
        team = tuple(
            tuple(sorted(self.resource_index[name] for name in filling.get(need.role, ())))
            for need in visit.needs
        )
        location = self.location_of(visit, team, session)
        return Placement(start, end - start, location, session, team), []

    def placements(self, schedule: Schedule) -> list[Placement | None]:
        """Turn a schedule into placements by visit.

        Raises
        ------
        InvalidSchedule
            When it names visits, roles or resources that do not exist; with all faults.
        """
        placed: list[Placement | None] = [None] * len(self.visits)
        faults: list[Fault] = []
        seen: set[str] = set()
        for assignment in schedule.assignments:
            placement, wrong = self.read(assignment)
            faults += wrong
            if assignment.visit in seen:
                faults.append(
                    Fault(
                        FaultCode.DUPLICATE,
                        "assignment",
                        assignment.visit,
                        f"Assignment {assignment.visit}: the visit is placed twice.",
                    )
                )
            seen.add(assignment.visit)
            if placement is not None:
                placed[self.visit_index[assignment.visit]] = placement
        if faults:
            raise InvalidSchedule(faults)
        together = self._together({v: p for v, p in enumerate(placed) if p is not None})
        return [together.get(visit) for visit in range(len(placed))]

    def _together(self, placed: dict[int, Placement]) -> dict[int, Placement]:
        """Put who takes part in a session where the session is."""
        return {
            visit: p._replace(location=placed[p.session].location) if p.session in placed else p
            for visit, p in placed.items()
        }

    def assignment(self, visit: int, placement: Placement) -> Assignment:
        """Turn a placement into an assignment."""
        what = self.visits[visit]
        return Assignment(
            visit=what.id,
            start=self.horizon.instant(placement.start),
            end=self.horizon.instant(placement.start + placement.duration),
            resources=tuple(
                (need.role, tuple(self.resources[r].id for r in members))
                for need, members in zip(what.needs, placement.team, strict=True)
                if members
            ),
            session=None if placement.session < 0 else self.visits[placement.session].id,
        )

    def claims(self, schedule: Schedule) -> tuple[Claim, ...]:
        """Return what a schedule takes of each resource: the one translation there is."""
        claims = []
        for number, placement in enumerate(self.placements(schedule)):
            if placement is not None:
                visit = self.visits[number]
                for claim in visit.claims(placement):
                    claims.append(
                        Claim(
                            resource=self.resources[claim.resource].id,
                            visit=visit.id,
                            role=visit.needs[claim.need].role,
                            start=self.horizon.instant(claim.first),
                            end=self.horizon.instant(claim.end),
                            uses=claim.uses,
                        )
                    )
        claims.sort(key=lambda c: (c.resource, c.start, c.visit, c.role))
        return tuple(claims)

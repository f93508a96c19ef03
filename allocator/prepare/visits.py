"""From requests and sessions to visits: numbered, with their needs and variants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import ref

from allocator.domain.matching import matching
from allocator.domain.request import Request, attendee_role
from allocator.domain.service import Need, Service
from allocator.prepare.clock import Clock
from allocator.prepare.visit import ANYWHERE, Team, Variant, Visit, VisitNeed

if TYPE_CHECKING:
    from allocator.prepare.prepared import Prepared


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


class Visits:
    """All visits of a problem: those of its sessions first, then those of its requests.

    Parameters
    ----------
    prepared
        The problem, with resources and locations numbered.

    Attributes
    ----------
    visits, index
        The visits, and their numbers by id.
    requests
        The requests with the numbers of their visits.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = ref(prepared)  # which has this: both go at once, without a search
        self._needs: dict[str, tuple[VisitNeed, ...]] = {}
        self._service_variants: dict[tuple[str, bool], tuple[Variant, ...]] = {}
        self._clocks: dict[str, Clock] = {}
        self.visits: list[Visit] = []
        self.index: dict[str, int] = {}
        self._add_sessions()
        self.requests = list(self._add_requests())

    @property
    def prepared(self) -> Prepared:
        """The problem, for as long as it is there."""
        found = self._prepared()
        assert found is not None
        return found

    @property
    def serving(self) -> frozenset[int]:
        """The resources that a service asked for may draw on."""
        return frozenset(r for needs in self._needs.values() for n in needs for r in n.resources)

    def _add_sessions(self) -> None:
        for session in sorted(self.prepared.problem.sessions, key=lambda s: s.id):
            service = self.prepared.problem.service(session.service)
            index = len(self.visits)
            self.index[session.id] = index
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
                    needs=self.service_needs(service),
                    variants=self.service_variants(service, False),
                    joins=(),
                    clock=self._visit_clock(service),
                    priority=1,
                )
            )

    def _add_requests(self) -> Iterator[PreparedRequest]:
        for number, request in enumerate(
            sorted(self.prepared.problem.requests, key=lambda r: r.id)
        ):
            first = len(self.visits)
            yield self.add(number, request, range(first, first + request.visit_count))

    def add(self, number: int, request: Request, visits: Sequence[int]) -> PreparedRequest:
        """Give a request its number, and its visits theirs: next in line, or given back before."""
        steps = len(request.steps)
        for place, index in enumerate(visits):
            visit = self._visit(index, number, request, place // steps + 1, place % steps + 1)
            self.index[visit.id] = index
            if index < len(self.visits):
                self.visits[index] = visit
            else:
                self.visits.append(visit)
        return PreparedRequest(number, request, tuple(visits))

    def _visit(
        self, index: int, number: int, request: Request, occurrence: int, step: int
    ) -> Visit:
        asked = request.steps[step - 1]
        first_visit = request.first_visit and occurrence == 1 and step == 1
        attendees = self._attendees(request, step)
        anchors = self.prepared.anchors
        service: Service | None = None
        joins: tuple[int, ...] = ()
        variants: tuple[Variant, ...]
        if asked.service:
            service = self.prepared.problem.service(asked.service)
            needs = self.service_needs(service) + attendees
            tail = tuple([need.resources for need in attendees])
            if not tail:
                variants = self.service_variants(service, first_visit)
            elif all([anchors[resource] == ANYWHERE for (resource,) in tail]):
                variants = tuple(
                    [
                        Variant(v.duration, v.location, v.session, v.choices + tail)
                        for v in self.service_variants(service, first_visit)
                    ]
                )
            else:
                variants = tuple(self._variants(service, first_visit, attendees))
            clock = self._visit_clock(service)
        else:
            joins = tuple(sorted(self.index[name] for name in asked.sessions))
            needs = attendees
            variants = tuple(
                Variant(v.duration, v.location, joined, choices)
                for joined in joins
                for v in self.visits[joined].variants
                for choices in [self._choices(attendees, v.location)]
                if choices is not None
            )
            clock = self.visits[joins[0]].clock
        return Visit(
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

    def offered(self) -> Iterator[tuple[tuple[VisitNeed, ...], Variant]]:
        """Yield what each service takes, asked for or not: its needs, with each variant."""
        for service in self.prepared.problem.services:
            needs = self.service_needs(service)
            for first_visit in (False, True):
                for variant in self.service_variants(service, first_visit):
                    yield needs, variant

    def _visit_clock(self, service: Service) -> Clock:
        if service.id not in self._clocks:
            location = service.location
            if location is None:
                places = {v.location for v in self.service_variants(service, False)} - {ANYWHERE}
                location = self.prepared.locations[min(places)] if places else None
            self._clocks[service.id] = self.prepared.clock(location)
        return self._clocks[service.id]

    def service_needs(self, service: Service) -> tuple[VisitNeed, ...]:
        if service.id not in self._needs:
            self._needs[service.id] = tuple(
                self._need(need) for need in sorted(service.needs, key=lambda n: n.role)
            )
        return self._needs[service.id]

    def _need(self, need: Need) -> VisitNeed:
        ranks: dict[int, int] = {}
        skills: dict[int, list[frozenset[str]]] = {}
        for rank, selector in enumerate(need.alternatives):
            for resource in matching(self.prepared.problem, selector):
                if resource.lanes >= need.uses:
                    number = self.prepared.resource_index[resource.id]
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
            before=self.prepared.ticks_for(need.before_minutes),
            after=self.prepared.ticks_for(need.after_minutes),
            part=None
            if part is None
            else (
                self.prepared.ticks_for(part.minutes),
                self.prepared.ticks_for(part.offset_minutes),
                part.from_end,
            ),
        )

    def _attendees(self, request: Request, step: int) -> tuple[VisitNeed, ...]:
        return tuple(
            VisitNeed(
                role=attendee_role(attendee.resource),
                resources=(self.prepared.resource_index[attendee.resource],),
                rank=(0,),
                skills=((frozenset(),),),
                attendee=True,
                optional=not attendee.required,
                weight=attendee.weight,
            )
            for attendee in sorted(request.attendees, key=lambda a: a.resource)
            if not attendee.steps or step in attendee.steps
        )

    def service_variants(self, service: Service, first_visit: bool) -> tuple[Variant, ...]:
        key = (service.id, first_visit and service.first_minutes is not None)
        if key not in self._service_variants:
            self._service_variants[key] = tuple(self._variants(service, key[1]))
        return self._service_variants[key]

    def _choices(self, needs: tuple[VisitNeed, ...], place: int) -> Team | None:
        """Return what needs may take at a place; None where one of them cannot be met."""
        choices = tuple(
            tuple(r for r in need.resources if self.prepared.anchors[r] in (ANYWHERE, place))
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
        needs = self.service_needs(service)
        base = service.minutes
        extra = 0
        if first_visit and service.first_minutes is not None:
            extra = service.first_minutes - base
        by_resource = {
            self.prepared.resource_index[name]: minutes
            for name, minutes in service.minutes_by_resource
        }
        timing = next(
            (n for n, need in enumerate(needs) if any(r in by_resource for r in need.resources)),
            None,
        )

        def ticks(minutes: int) -> int:
            return max(1, self.prepared.ticks_for(minutes + extra))

        lengths = {ticks(base)}
        if timing is not None:
            lengths = {ticks(by_resource.get(r, base)) for r in needs[timing].resources}
        everyone = needs + attendees
        places = sorted(
            {self.prepared.anchors[r] for n in everyone for r in n.resources} - {ANYWHERE}
        )
        own = (
            ANYWHERE if service.location is None else self.prepared.location_index[service.location]
        )
        if own not in places and self._choices(everyone, ANYWHERE) is not None:
            places.append(own)
        for length in sorted(lengths):
            for place in places:
                found = self._choices(everyone, place)
                if found is None:
                    continue
                choices = tuple(
                    tuple(
                        r for r in some if n != timing or ticks(by_resource.get(r, base)) == length
                    )
                    for n, some in enumerate(found)
                )
                if timing is None or len(choices[timing]) >= needs[timing].quantity:
                    yield Variant(length, place, -1, choices)

"""Second requests beside single visits: on the same day, a scan before, an opinion."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.request import Alike, Precedence, Relation, Request, Step
from allocator.domain.service import Service
from allocator.generate import services
from allocator.generate.demand import Ask
from allocator.generate.incoming import Incoming
from allocator.generate.world import World


@dataclass(frozen=True, slots=True)
class Beside:
    """A second request beside a single visit: why, and for which service."""

    reason: str
    service: Service


@dataclass(slots=True, kw_only=True)
class SecondRequests:
    """Says who asks for a second thing, and adds the request for it."""

    world: World
    incoming: Incoming
    _single_consultations: int = 0

    def asked(self, ask: Ask, service: Service, priority: int) -> Beside | None:
        """Return what is asked for beside a single visit: on its day, a scan, an opinion."""
        if ask.same_day:
            companion = services.companion_of(ask.therapy, service.id)
            return Beside("same day", self.world.services[companion])
        if ask.therapy != "doctor" or priority == 1:
            return None
        self._single_consultations += 1
        if self._single_consultations % 10 == 5 and len(self.world.carers(service)) > 1:
            return Beside("second opinion", service)
        if self._single_consultations % 10 == 0:
            return Beside("scan before", self.world.services["sonography"])
        return None

    def add(self, request: Request, beside: Beside) -> None:
        """Add the second request, and how the two hang together."""
        second = replace(
            request,
            id=f"{request.id}-2",
            steps=(Step(service=beside.service.id),),
            preferred_resources=(),
            preferred_windows=(),
            wanted=None,
            first_visit=False,
            weights=(),
            label=beside.service.label,
        )
        pair = (request.id, second.id)
        id = f"{beside.reason} {request.id}"
        self.incoming.requests.append(second)
        if beside.reason == "same day":
            self.incoming.relations.append(Relation(id=id, visits=pair, alike=Alike.DAY))
        elif beside.reason == "second opinion":
            self.incoming.relations.append(
                Relation(id=id, visits=pair, alike=Alike.RESOURCE, same=False)
            )
        else:
            self.incoming.precedences.append(
                Precedence(id=id, before=second.id, after=request.id, least_lag_minutes=15)
            )

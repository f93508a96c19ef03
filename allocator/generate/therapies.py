"""Therapies and consultations: one patient with one practitioner, once or several times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from allocator.domain.request import (
    Apart,
    Attendee,
    PreferredWindow,
    Request,
    Series,
    Step,
)
from allocator.domain.resource import Resource
from allocator.domain.service import Service
from allocator.domain.time import Span
from allocator.generate import services
from allocator.generate.asks import Arrival, Days, days_of
from allocator.generate.beside import SecondRequests
from allocator.generate.demand import Ask
from allocator.generate.incoming import Incoming
from allocator.generate.patients import Register
from allocator.generate.series import FixedTime, FixedTimes, flexible_series
from allocator.generate.windows import some_weekdays, widen
from allocator.generate.wishes import usual_carer, wishes_of
from allocator.generate.world import World


@dataclass(slots=True, kw_only=True)
class Therapies:
    """Turns asks for therapies and consultations into requests, one after the other."""

    world: World
    register: Register
    incoming: Incoming
    times: FixedTimes
    seconds: SecondRequests
    rng: Random
    _first_visits: int = 0

    def add(self, arrival: Arrival) -> None:
        """Add the request for an ask, and a second one beside it where one is asked for."""
        world, rng, ask, priority = self.world, self.rng, arrival.ask, arrival.priority
        service = world.services[arrival.service]
        days = days_of(ask, world.grid.days)
        patient = self.register.new(visits_per_day=3 if ask.same_day else None)
        able = [p for p in world.carers(service) if world.can_meet(p, service)]
        usual = rng.choice(able).id
        self.incoming.usual[patient.id] = usual
        steps = _steps(ask, service, days, rng)
        first_visit = ask.first and len(steps) == 1 and service.first_minutes is not None
        chain = len(steps) == 2 and len(days.gaps) == 1 and not ask.same_day
        count = 1 if chain else len(days.gaps) + 1
        fixed = None
        series: Series | None = None
        if count > 1:
            if ask.regular and days.gaps[0] in (7, 14) and len(steps) == 1:
                fixed = self._fixed(service, patient, usual, ask, days, first_visit)
            series = (
                fixed.series if fixed is not None else flexible_series(ask, days, len(steps), rng)
            )
        beside = None
        if series is None and len(steps) == 1:
            beside = self.seconds.asked(ask, service, priority)
        windows: tuple[Span, ...]
        if fixed is not None:
            windows = fixed.windows
        else:
            second = beside.service if beside is not None else None
            days, patient = widen(
                world, self.register, patient, steps, second, days, priority, count, first_visit
            )
            windows = (world.grid.days_span(days.first, days.last),)
            if count == len(steps) == 1 and beside is None and patient.calendar is None:
                windows = some_weekdays(world, days, rng) or windows
        wishes: tuple[PreferredWindow, ...] = ()
        wanted = None
        if priority > 1 and patient.calendar is None:
            wishes, wanted = wishes_of(world, ask, days, count, rng)
        knows = not ask.first and len(steps) == 1 and rng.random() < 0.6
        carers = (usual_carer(usual, rng),) if knows else ()
        long_talk = service.id == "psychotherapy" and count > 1
        request = Request(
            id=arrival.id,
            steps=steps,
            series=series,
            attendees=(Attendee(resource=patient.id),),
            windows=windows,
            preferred_windows=wishes,
            preferred_resources=carers,
            priority=priority,
            weight=10 * count * len(steps) + (5 if ask.first else 0),
            first_visit=first_visit,
            wanted=wanted,
            requested=arrival.at,
            due=_due(arrival, rng),
            weights=(("same_carer", 120),) if long_talk else (),
            label=service.label,
        )
        self.incoming.requests.append(request)
        if beside is not None:
            self.seconds.add(request, beside)
        elif series is None and ask.first:
            self._keep_apart(patient, [p.id for p in able if p.id != usual])

    def _fixed(
        self,
        service: Service,
        patient: Resource,
        usual: str,
        ask: Ask,
        days: Days,
        first_visit: bool,
    ) -> FixedTime | None:
        """Return a time for a fixed series, and note who gives it; None where nobody has one."""
        fixed = self.times.find(service, patient, usual, ask, days, first_visit)
        if fixed is not None:
            self.incoming.usual[patient.id] = fixed.carer
        return fixed

    def _keep_apart(self, patient: Resource, others: list[str]) -> None:
        """Keep every tenth first visit away from one of the other practitioners."""
        self._first_visits += 1
        if self._first_visits % 10 == 5 and len(others) > 1:
            self.incoming.apart.append(Apart(one=others[0], other=patient.id))


def _steps(ask: Ask, service: Service, days: Days, rng: Random) -> tuple[Step, ...]:
    """Return one step, or the chain that the ask means."""
    count = len(days.gaps) + 1
    if ask.same_day:
        if count == 1 and rng.random() < 0.4:
            return (Step(service=service.id),)
        companion = services.companion_of(ask.therapy, service.id)
        return (Step(service=service.id), Step(service=companion, most_lag_minutes=120))
    if count == 2 and ask.first and not ask.regular and rng.random() < 0.5:
        assessment, therapy = services.ASSESSMENT[ask.therapy]
        most = (days.gaps[0] + 5) * 1440
        return (
            Step(service=assessment),
            Step(service=therapy, least_lag_minutes=720, most_lag_minutes=most),
        )
    return (Step(service=service.id),)


def _due(arrival: Arrival, rng: Random) -> datetime | None:
    """Return when the visit is due, for the second priority class and a tenth of the others."""
    if arrival.priority == 2 or rng.random() < 0.1:
        return arrival.at + timedelta(days=14 + 7 * rng.randrange(3))
    return None

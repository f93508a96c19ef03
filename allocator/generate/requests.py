"""Asks turned into requests: shapes, windows, wishes and patients."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from random import Random

from allocator.domain.request import (
    Alike,
    Apart,
    Attendee,
    FixedSeries,
    FlexibleSeries,
    Precedence,
    PreferredResource,
    PreferredWindow,
    Relation,
    Request,
    Series,
    Session,
    Step,
)
from allocator.domain.resource import Resource
from allocator.domain.service import Service
from allocator.domain.time import Span, zone_of
from allocator.generate import profile, services
from allocator.generate.demand import Ask
from allocator.generate.grid import Ticks, between, each, starts_of_runs
from allocator.generate.patients import Register
from allocator.generate.shares import deal
from allocator.generate.world import World

NOON, EVENING = 12 * 60, 16 * 60


@dataclass(slots=True)
class Incoming:
    """The requests so far, with what belongs to them.

    ``usual`` names each patient's usual practitioner; ``kept`` the ticks at which a fixed
    series would find its practitioner and room, which bookings leave alone.
    """

    requests: list[Request] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    precedences: list[Precedence] = field(default_factory=list)
    apart: list[Apart] = field(default_factory=list)
    usual: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Ticks] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Where an ask may lie: wished first day, days between visits, and the window (inclusive)."""

    wished: int
    gaps: tuple[int, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Beside:
    """A second request beside a single visit: why, and for which service."""

    reason: str
    service: Service


def visits_asked(ask: Ask, weeks: int) -> int:
    """Return how many visit days an ask has in a clinic that plans so many weeks.

    Whoever comes on four days or more in the six weeks counted has a series, which runs on
    at that pace, with 4 to 12 visits.
    """
    days = ask.visit_days
    if ask.therapy == "conference":
        return 1
    if ask.therapy == "group":
        return min(days, 4, weeks)
    if days < profile.FREQUENT:
        return min(days, 2 * weeks)
    least, most = profile.SERIES_VISITS
    return min(most, max(least, round(days * weeks / profile.COUNTED_WEEKS)), 3 * weeks)


def visit_count(ask: Ask, weeks: int) -> int:
    """Return how many visits an ask has, two on each day where it says so."""
    doubled = ask.same_day and ask.therapy not in ("conference", "group")
    return visits_asked(ask, weeks) * (2 if doubled else 1)


def days_of(ask: Ask, days: int) -> Days:
    """Return where an ask may lie in a horizon of so many days.

    The lead time counts from the first day that can still be planned. What would end after
    the horizon is pulled together, then forward.
    """
    count = visits_asked(ask, max(1, days // 7))
    gaps = [ask.gap_days[i % len(ask.gap_days)] for i in range(count - 1)] if count > 1 else []
    room = max(1, days - 4)
    if sum(gaps) > room:
        gaps = [max(1, gap * room // sum(gaps)) for gap in gaps]
    reach = sum(gaps)
    wished = max(0, min(ask.lead_days, days - 3 - reach))
    last = wished + reach + ask.days_after + (3 if gaps else 0)
    return Days(
        wished=wished,
        gaps=tuple(gaps),
        first=max(0, wished - ask.days_before),
        last=min(days - 1, last),
    )


def asked_at(ask: Ask, now: datetime, world: World, days_of_requests: int, rng: Random) -> datetime:
    """Return when an ask came in, inside the working days before ``now``."""
    workdays = min(5, days_of_requests)
    weekday = 5 - workdays + ask.weekday % workdays if ask.weekday < 5 - workdays else ask.weekday
    weeks_back = 1 + rng.randrange(ceil(days_of_requests / 5))
    monday = world.grid.horizon.first - timedelta(days=7 * weeks_back)
    naive = datetime(monday.year, monday.month, monday.day, ask.hour, ask.minute)
    naive += timedelta(days=weekday)
    instant = naive.replace(tzinfo=zone_of(world.grid.horizon.zone))
    return instant if instant < now else instant - timedelta(days=7)


def services_for(asks: list[Ask], rng: Random) -> list[str]:
    """Return the service that each ask means; ``""`` for conferences and groups."""
    hands = {
        therapy: iter(deal(rng, offered, sum(ask.therapy == therapy for ask in asks)))
        for therapy, offered in services.OFFERED.items()
    }
    chosen = []
    for ask in asks:
        if ask.therapy in hands:
            chosen.append(next(hands[ask.therapy]))
        elif ask.therapy == "doctor":
            chosen.append(services.consultation_for(ask.consultation_minutes))
        else:
            chosen.append("")
    return chosen


def priorities_for(asks: list[Ask], rng: Random) -> list[int]:
    """Return a priority class for each ask; the urgent ones ask for one visit, at once."""
    at_once = [
        place
        for place, ask in enumerate(asks)
        if ask.lead_days <= 1
        and ask.visit_days == 1
        and not ask.same_day
        and ask.therapy not in ("conference", "group")
    ]
    urgent = set(rng.sample(at_once, min(len(at_once), round(profile.PRIORITIES[1] * len(asks)))))
    others = {k: share for k, share in profile.PRIORITIES.items() if k > 1}
    rest = iter(deal(rng, others, len(asks) - len(urgent)))
    return [1 if place in urgent else next(rest) for place in range(len(asks))]


@dataclass(slots=True)
class Builder:
    """Turns asks into requests, one after the other."""

    world: World
    register: Register
    rng: Random
    now: datetime
    days_of_requests: int
    incoming: Incoming = field(default_factory=Incoming)
    _single_consultations: int = 0
    _first_visits: int = 0
    _fixed_series: int = 0

    def build(self, asks: list[Ask]) -> Incoming:
        """Return the requests for these asks, numbered in the order in which they came in."""
        timed = [
            (asked_at(ask, self.now, self.world, self.days_of_requests, self.rng), ask)
            for ask in asks
        ]
        timed.sort(key=lambda pair: pair[0])
        asks = [ask for _, ask in timed]
        meant = services_for(asks, self.rng)
        classes = priorities_for(asks, self.rng)
        width = max(4, len(str(len(asks))))
        groups: list[tuple[str, datetime, Ask, int]] = []
        conferences = 0
        for place, (instant, ask) in enumerate(timed):
            id = f"R{place + 1:0{width}d}"
            if ask.therapy == "group":
                groups.append((id, instant, ask, classes[place]))
            elif ask.therapy == "conference":
                self._conference(id, instant, ask, conferences)
                conferences += 1
            else:
                service = self.world.services[meant[place]]
                self._therapy(id, instant, ask, service, classes[place])
        self._groups(groups)
        self.incoming.requests.sort(key=lambda request: request.id)
        return self.incoming

    # Therapies and consultations

    def _therapy(
        self, id: str, instant: datetime, ask: Ask, service: Service, priority: int
    ) -> None:
        grid, rng = self.world.grid, self.rng
        days = days_of(ask, grid.days)
        count = len(days.gaps) + 1
        patient = self.register.new(visits_per_day=3 if ask.same_day else None)
        able = [p for p in self.world.carers(service) if self.world.can_meet(p, service)]
        usual = rng.choice(able).id
        self.incoming.usual[patient.id] = usual
        steps = self._steps(ask, service, days, count)
        series: Series | None = None
        windows: tuple[Span, ...] = ()
        first_visit = ask.first and len(steps) == 1 and service.first_minutes is not None
        if len(steps) == 2 and count == 2 and not ask.same_day:
            count = 1
        if count > 1:
            if ask.regular and days.gaps[0] in (7, 14) and len(steps) == 1:
                fixed = self._fixed(service, patient, usual, ask, days, count, first_visit)
                if fixed is not None:
                    series, windows = fixed
            if series is None:
                series = self._flexible(ask, days, count, len(steps))
        beside = None
        if series is None and len(steps) == 1:
            beside = self._beside(ask, service, priority)
        if not windows and not (isinstance(series, FixedSeries) and series.start):
            days, patient = self._widen(patient, steps, beside, days, priority, count, first_visit)
            windows = (grid.days_span(days.first, days.last),)
            if count == len(steps) == 1 and beside is None and patient.calendar is None:
                windows = self._some_weekdays(days) or windows
        wishes: tuple[PreferredWindow, ...] = ()
        wanted = None
        if priority > 1 and patient.calendar is None:
            wishes, wanted = self._wishes(ask, days, count)
        carers: tuple[PreferredResource, ...] = ()
        if not ask.first and len(steps) == 1 and rng.random() < 0.6:
            carers = (
                PreferredResource(
                    role="practitioner",
                    resources=frozenset({usual}),
                    weight=rng.choice((1, 1, 2, 3)),
                ),
            )
        due = None
        if priority == 2 or rng.random() < 0.1:
            due = instant + timedelta(days=14 + 7 * rng.randrange(3))
        long_talk = service.id == "psychotherapy" and count > 1
        request = Request(
            id=id,
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
            requested=instant,
            due=due,
            weights=(("same_carer", 120),) if long_talk else (),
            label=service.label,
        )
        self.incoming.requests.append(request)
        if beside is not None:
            self._add_beside(request, beside)
        elif series is None and ask.first:
            self._first_visits += 1
            others = [p.id for p in able if p.id != usual]
            if self._first_visits % 10 == 5 and len(others) > 1:
                self.incoming.apart.append(Apart(one=others[0], other=patient.id))

    def _steps(self, ask: Ask, service: Service, days: Days, count: int) -> tuple[Step, ...]:
        """Return one step, or the chain that the ask means."""
        if ask.same_day:
            if count == 1 and self.rng.random() < 0.4:
                return (Step(service=service.id),)
            companion = services.companion_of(ask.therapy, service.id)
            return (Step(service=service.id), Step(service=companion, most_lag_minutes=120))
        if count == 2 and ask.first and not ask.regular and self.rng.random() < 0.5:
            assessment, therapy = services.ASSESSMENT[ask.therapy]
            most = (days.gaps[0] + 5) * 1440
            return (
                Step(service=assessment),
                Step(service=therapy, least_lag_minutes=720, most_lag_minutes=most),
            )
        return (Step(service=service.id),)

    def _flexible(self, ask: Ask, days: Days, count: int, steps: int) -> FlexibleSeries:
        gaps, rng = days.gaps, self.rng
        if count < profile.FREQUENT:
            return FlexibleSeries(
                count=count,
                least_days_between=max(1, round(0.6 * min(gaps))),
                most_days_between=max(gaps) + max(5, round(0.4 * max(gaps))),
            )
        least = gaps[0] if ask.regular else (1 if sum(gaps) < 5 * (count - 1) else 2)
        most = gaps[0] + 5 if ask.regular else None
        per_week = None
        if not (ask.regular and gaps[0] <= 2):
            weeks = max(1, (days.last - days.first + 1) // 7)
            per_week = min(3, max(1, ceil(1.25 * count / weeks)))
            if per_week * weeks < count:
                per_week = ceil(count / weeks)
        carers = None
        if steps == 1 and rng.random() < 0.5:
            carers = 1 if count <= 6 and rng.random() < 0.4 else 2
        return FlexibleSeries(
            count=count,
            at_least=ceil(0.75 * count) if rng.random() < 0.4 else None,
            least_days_between=least,
            most_days_between=most,
            most_per_week=per_week,
            most_carers=carers,
        )

    def _fixed(
        self,
        service: Service,
        patient: Resource,
        usual: str,
        ask: Ask,
        days: Days,
        count: int,
        first_visit: bool,
    ) -> tuple[FixedSeries, tuple[Span, ...]] | None:
        """Return a fixed series at a time that a practitioner has, and keep it free there."""
        grid, world = self.world.grid, self.world
        gap = days.gaps[0]
        named = self._fixed_series % 2 == 0
        own = self.world.patient_ticks(patient)
        people = sorted(world.carers(service), key=lambda person: person.id != usual)
        best: tuple[int, Resource, int, int, list[int]] | None = None
        for person in people[:8]:
            starts = world.starts_with(service, person, first=first_visit) & own
            if not world.can_meet(person, service) or person.one_room_per_half_day:
                continue
            starts &= ~self.incoming.kept.get(person.id, 0)
            for day in range(days.wished, min(days.wished + 7, grid.days - gap * (count - 1))):
                for minute in sorted(
                    range(480, 1110, 30), key=lambda m: abs(m - 60 * ask.start_hour)
                ):
                    missed = [
                        turn + 1
                        for turn in range(count)
                        if not starts >> grid.tick(day + gap * turn, minute) & 1
                    ]
                    if 1 in missed or len(missed) > count // 3:
                        continue
                    if best is None or len(missed) < best[0]:
                        best = (len(missed), person, day, minute, missed)
            if best is not None and best[0] == 0:
                break
        if best is None:
            return None
        _, person, day, minute, missed = best
        self._fixed_series += 1
        self._keep(service, person, [grid.tick(day + gap * turn, minute) for turn in range(count)])
        self.incoming.usual[patient.id] = person.id
        series = FixedSeries(
            count=count,
            every_days=gap,
            start=grid.instant(day, minute) if named else None,
            may_miss=frozenset(missed),
        )
        if named:
            return series, ()
        return series, (grid.days_span(max(0, day - ask.days_before), grid.days - 1),)

    def _keep(self, service: Service, person: Resource, starts: list[int]) -> None:
        """Keep these starts free of bookings, with the practitioner and with one room."""
        length = self.world.grid.ticks_in(
            (service.first_minutes or service.minutes) + self.world.notes(service) + 15
        )
        ticks = 0
        for start in starts:
            ticks |= between(start, start + length)
        kept = self.incoming.kept
        kept[person.id] = kept.get(person.id, 0) | ticks
        for need in service.needs:
            if need.role == "practitioner":
                continue
            for resource in self.world.pools(service, need)[0]:
                at_home = person.mobile or resource.location == person.location
                if at_home and not kept.get(resource.id, 0) & ticks:
                    kept[resource.id] = kept.get(resource.id, 0) | ticks
                    break

    def _widen(
        self,
        patient: Resource,
        steps: tuple[Step, ...],
        beside: Beside | None,
        days: Days,
        priority: int,
        count: int,
        first_visit: bool,
    ) -> tuple[Days, Resource]:
        """Let the window grow until it holds enough days on which the visits could start.

        A patient whose own hours leave too few days in the whole horizon drops them.
        """
        grid = self.world.grid
        if priority == 1:
            days = replace(days, first=days.wished, last=days.wished + 2)
        enough = count if count > 1 else (1 if priority == 1 else 2)
        while True:
            within = self.world.patient_ticks(patient)
            within &= grid.span_ticks(grid.days_span(days.first, days.last))
            possible = self._days_for(steps, within, first_visit)
            if beside is not None:
                possible &= self._days_for((Step(service=beside.service.id),), within, False)
            if len(possible) >= enough:
                return days, patient
            if days.last < grid.days - 1:
                days = replace(days, last=days.last + 1)
            elif days.first > 0:
                days = replace(days, first=days.first - 1)
            elif patient.calendar is not None:
                patient = replace(patient, calendar=None)
                self.register.replace(patient)
            else:
                return days, patient

    def _days_for(self, steps: tuple[Step, ...], within: Ticks, first_visit: bool) -> set[int]:
        """Return the days on which the last step could start, after those before it."""
        grid, world = self.world.grid, self.world
        possible: Ticks = 0
        length = 0
        for number, step in enumerate(steps):
            service = world.services[step.service]
            starts = world.starts(service, first=first_visit and not number, within=within)
            if number:
                most = step.most_lag_minutes
                after = 0
                for lag in range(
                    grid.ticks_in(step.least_lag_minutes),
                    grid.ticks_in(most if most is not None else 1440) + 1,
                ):
                    after |= possible << (length + lag)
                starts &= after
            possible = starts
            length = grid.ticks_in(service.minutes)
        return {day for day in range(grid.days) if possible & grid.day_ticks(day)}

    def _some_weekdays(self, days: Days) -> tuple[Span, ...]:
        """Return only some weekdays of a window, for an eighth of those that are long."""
        grid = self.world.grid
        if days.last - days.first < 7 or self.rng.random() > 0.125:
            return ()
        return tuple(
            grid.days_span(day, day)
            for day in range(days.first, days.last + 1)
            if grid.works(day, self.world.region) and grid.date(day).weekday() not in (1, 3)
        )

    def _wishes(
        self, ask: Ask, days: Days, count: int
    ) -> tuple[tuple[PreferredWindow, ...], datetime | None]:
        """Return the part of the day that the patient prefers, or an instant to be near to."""
        grid, rng = self.world.grid, self.rng
        turn = rng.random()
        hour = min(max(ask.start_hour, 8), 18)
        if turn < 0.25:
            return (), None
        if count == 1 and turn < 0.5 and ask.lead_days >= 2:
            day = days.wished
            while day < days.last and not grid.works(day, self.world.region):
                day += 1
            return (), grid.instant(day, 60 * hour)
        if turn > (0.85 if count == 1 else 0.6):
            return (), None
        start, end = (480, NOON) if hour < 12 else (NOON, EVENING) if hour < 16 else (EVENING, 1140)
        weight = rng.choice((1, 1, 1, 2, 3))
        wishes = tuple(
            PreferredWindow(
                span=Span(start=grid.instant(day, start), end=grid.instant(day, end)),
                weight=weight,
            )
            for day in range(days.first, days.last + 1)
            if grid.works(day, self.world.region)
        )
        return wishes, None

    def _beside(self, ask: Ask, service: Service, priority: int) -> Beside | None:
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

    def _add_beside(self, request: Request, beside: Beside) -> None:
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

    # Conferences

    def _conference(self, id: str, instant: datetime, ask: Ask, turn: int) -> None:
        """Add a case conference: by roles, or by names, required and preferred."""
        grid, rng, world = self.world.grid, self.rng, self.world
        days = days_of(ask, grid.days)
        days = replace(days, last=min(grid.days - 1, max(days.last, days.first + 4)))
        by_role = turn % 2 == 0 and world.staff.of("doctor")
        service = world.services["case_conference" if by_role else "team_meeting"]
        attendees: tuple[Attendee, ...]
        if by_role:
            patient = self.register.new(free=True)
            attendees = (
                (Attendee(resource=patient.id, required=False, weight=2),)
                if rng.random() < 0.3
                else ()
            )
        else:
            home = world.locations[0].id
            people = [
                p
                for p in world.staff.practitioners
                if (p.mobile or p.location == home) and not p.one_room_per_half_day
            ]
            least, most = profile.CONFERENCE_STAFF
            whole = replace(days, first=0, last=grid.days - 1)
            attendees = ()
            for _ in range(20):
                some = rng.sample(people, min(len(people), rng.randint(least, most)))
                attendees = tuple(
                    Attendee(resource=p.id, required=number < 2, weight=1 if number < 2 else 3)
                    for number, p in enumerate(some)
                )
                if self._meets(service, attendees, whole):
                    break
        while days.last < grid.days - 1 and not self._meets(service, attendees, days):
            days = replace(days, last=days.last + 1)
        while days.first > 0 and not self._meets(service, attendees, days):
            days = replace(days, first=days.first - 1)
        self.incoming.requests.append(
            Request(
                id=id,
                steps=(Step(service=service.id),),
                attendees=attendees,
                windows=(grid.days_span(days.first, days.last),),
                priority=3,
                weight=20,
                requested=instant,
                label=service.label,
            )
        )

    def _meets(self, service: Service, attendees: tuple[Attendee, ...], days: Days) -> bool:
        """Say whether the window has two days on which those required could meet."""
        grid, world = self.world.grid, self.world
        people = {p.id: p for p in world.staff.practitioners}
        common = grid.span_ticks(grid.days_span(days.first, days.last))
        common &= world.open_ticks(world.staff.rooms[0])
        for attendee in attendees:
            if attendee.required and attendee.resource in people:
                common &= world.unreserved(people[attendee.resource])
        length = grid.ticks_in(service.minutes)
        if world.carers(service):
            starts = world.starts(service, first=False, within=common)
        else:
            starts = starts_of_runs(common, length) & world.on_grid(service)
        return len({grid.wall(tick)[0] for tick in each(starts)}) >= 2

    # Groups

    def _groups(self, asks: list[tuple[str, datetime, Ask, int]]) -> None:
        """Add group sessions for these asks, about seven of them to a group, and the requests."""
        if not asks:
            return
        number = max(1, round(len(asks) / 7))
        for group in range(number):
            service, _ = services.GROUPS[group % len(services.GROUPS)]
            members = asks[group::number]
            counts = [visits_asked(ask, self.world.grid.weeks) for _, _, ask, _ in members]
            sessions = self._sessions(service, group, len(members), max(counts), sum(counts))
            for (id, instant, _, priority), count in zip(members, counts, strict=True):
                count = min(count, len(sessions))
                patient = self.register.new(free=True)
                series = None
                if count > 1:
                    series = FlexibleSeries(
                        count=count, at_least=max(1, count - 1), most_per_week=1
                    )
                self.incoming.requests.append(
                    Request(
                        id=id,
                        steps=(Step(sessions=frozenset(s.id for s in sessions)),),
                        series=series,
                        attendees=(Attendee(resource=patient.id),),
                        priority=max(2, priority),
                        weight=10 * count,
                        requested=instant,
                        label=self.world.services[service].label,
                    )
                )

    def _sessions(
        self, service: str, group: int, members: int, most: int, visits: int
    ) -> list[Session]:
        grid, rng = self.world.grid, self.rng
        number = min(grid.weeks, max(most, ceil(visits / 5)))
        first_week = 1 if grid.weeks > number else 0
        least, top = profile.GROUP_SIZE
        sessions = []
        for turn in range(number):
            week = first_week + turn
            windows: list[Span] = []
            for start, end in ((780, 1110), (480, 1170)):
                windows = [
                    Span(start=grid.instant(day, start), end=grid.instant(day, end))
                    for day in range(7 * week + 1, min(7 * week + 4, grid.days))
                    if grid.works(day, self.world.region)
                ]
                within = sum(grid.span_ticks(window) for window in windows)
                found = self.world.starts(self.world.services[service], first=False, within=within)
                if found:
                    break
            sessions.append(
                Session(
                    id=f"S-{service}-{group + 1}-{turn + 1}",
                    service=service,
                    least=min(least, members),
                    most=rng.randint(max(least, 6), top),
                    windows=tuple(windows),
                    label=f"{self.world.services[service].label}, week {week + 1}",
                )
            )
        self.incoming.sessions.extend(sessions)
        return sessions

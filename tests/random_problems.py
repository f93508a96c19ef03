"""Tiny random problems over every shape, rule and goal, and random schedules of them.

A problem is drawn from a seed alone, so a seed in a failing test is all that is needed to see
it again. Open hours are short and visits few: everything can be tried.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from faces import PRESENCE, Placements, broken, universe, with_placements

from allocator.check.score import score
from allocator.domain.calendar import Block, Calendar, DailySpan, DatedException, WeeklyRule
from allocator.domain.faults import InvalidProblem
from allocator.domain.objective import COMFORT, ChangeCosts, Forecast, Level, OffPeakPolicy
from allocator.domain.problem import Problem
from allocator.domain.request import (
    Alike,
    Apart,
    Attendee,
    FixedSeries,
    FlexibleSeries,
    Option,
    OptionPlacement,
    Pin,
    PinKind,
    Precedence,
    PreferredResource,
    PreferredWindow,
    Relation,
    Request,
    Session,
    Step,
)
from allocator.domain.resource import (
    Break,
    Contract,
    Location,
    Reserve,
    Resource,
    Skill,
    Travel,
    WorkLimits,
)
from allocator.domain.service import Need, Part, Selector, Service, Turnaround
from allocator.domain.time import Horizon, Span
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.table.rulebook import Rulebook

SUNDAY, MONDAY, CHANGE = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 29)


def random_problem(
    seed: int, *, least_visits: int = 2, most_visits: int = 4, published: float = 0.25
) -> Problem:
    """Return the valid problem of a seed; some share of problems have visits published."""
    rng = random.Random(seed)
    while True:
        try:
            problem = _Drawn(rng, published).problem()
            visits = sum(r.visit_count for r in problem.requests) + len(problem.sessions)
            if least_visits <= visits <= most_visits:
                Prepared(problem)
                return problem
        except InvalidProblem:
            continue


class _Drawn:
    """One draw: each feature appears by chance, in sizes that can meet each other."""

    def __init__(self, rng: random.Random, published: float) -> None:
        self.rng = rng
        self.share_published = published
        self.mood = rng.choice([0.3, 0.6, 1.0])  # how often a feature appears
        self.grain = rng.choice([60, 60, 60, 120])
        self.days = rng.choice([1, 1, 2, 2, 2, 9])
        if self.days == 9:
            self.grain = 240
        self.first = rng.choice([SUNDAY, MONDAY, MONDAY, CHANGE])
        self.zone = rng.choice(["Europe/Berlin", "Europe/Berlin", "America/New_York"])
        self.locations = tuple(
            Location(id=id, zone=rng.choice(["", "", "Europe/London"]))
            for id in ("L", "M")[: rng.choice([0, 0, 2])]
        )
        if self.grain > 60:
            self.locations = tuple(Location(id=one.id) for one in self.locations)
        self.opens = rng.choice([8, 9]) // (self.grain // 60) * (self.grain // 60)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share * self.mood

    def some(self, share: float, *values: Any) -> Any:
        """Return one of the values by chance, else None."""
        return self.rng.choice(values) if self.chance(share) else None

    def tick_minutes(self, *ticks: int) -> int:
        return self.rng.choice(ticks) * self.grain

    def instant(self, day: int | None = None) -> datetime:
        """Return an instant in or near the open hours, on the grid."""
        day = self.rng.randrange(self.days) if day is None else day
        hour = self.opens + self.rng.randrange(-1, 5) * self.grain // 60
        start = datetime.combine(self.first + timedelta(days=day), datetime.min.time())
        return (start + timedelta(hours=hour)).replace(tzinfo=ZoneInfo(self.zone))

    def span(self, least: int = 1, most: int = 4) -> Span:
        """Return a stretch of some ticks, sometimes off the grid by half a tick."""
        start = self.instant()
        if self.chance(0.15):
            start += timedelta(minutes=self.grain // 2)
        return Span(
            start=start,
            end=start + timedelta(minutes=self.grain * self.rng.randint(least, most)),
        )

    # The world

    def calendar(self, id: str) -> Calendar:
        first = self.opens * 60
        long = self.grain * self.rng.choice([3, 4, 4, 5])
        rules = [
            WeeklyRule(
                weekdays=frozenset(range(7)),
                hours=DailySpan(start_minute=first, end_minute=min(1440, first + long)),
            )
        ]
        if self.chance(0.3) and first + long + 2 * self.grain <= 1440:
            late = DailySpan(start_minute=first + long, end_minute=first + long + 2 * self.grain)
            rules.append(WeeklyRule(weekdays=frozenset(range(7)), hours=late, overtime=True))
        exceptions: tuple[DatedException, ...] = ()
        if self.chance(0.1):
            hours = DailySpan(start_minute=first, end_minute=first + 2 * self.grain)
            exceptions = (DatedException(day=self.first, hours=self.rng.choice([(), (hours,)])),)
        blocks = (Block(span=self.span(1, 2)),) if self.chance(0.2) else ()
        return Calendar(id=id, weekly=tuple(rules), exceptions=exceptions, blocks=blocks)

    def place(self) -> str | None:
        return self.rng.choice(self.locations).id if self.locations and self.chance(0.8) else None

    def resource(self, id: str, kind: str) -> Resource:
        rng = self.rng
        patient = kind == "patient"
        works: dict[str, Any] = {}
        if kind == "practitioner":
            if self.chance(0.2):
                window = DailySpan(
                    start_minute=self.opens * 60, end_minute=self.opens * 60 + 4 * self.grain
                )
                works["breaks"] = tuple(
                    Break(minutes=self.grain, window=window) for _ in range(rng.choice([1, 1, 2]))
                )
            if self.chance(0.3):
                works["one_room_per_half_day"] = True
            works["skills"] = tuple(
                Skill(name=name, last=self.some(0.3, self.first))
                for name in ("hand", "neuro")
                if self.chance(0.3)
            )
            if self.chance(0.25):
                works["contracts"] = (
                    Contract(
                        last=self.some(0.3, self.first),
                        minutes_per_week=self.some(0.7, 600, 1200, 333),
                    ),
                )
        if self.chance(0.15):
            works["reserves"] = (
                Reserve(
                    span=self.span(),
                    services=frozenset(["S1"]) if self.chance(0.5) else frozenset(),
                    urgent_priority=self.some(0.4, 1, 2),
                    release_hours=self.some(0.4, 1, 30),
                ),
            )
        if self.chance(0.3):
            works["limits"] = WorkLimits(
                minutes_per_day=None if patient else self.some(0.4, self.grain, 2 * self.grain),
                minutes_per_week=None if patient else self.some(0.3, 2 * self.grain),
                visits_per_day=self.some(0.4, 1, 2),
                visits_per_week=self.some(0.3, 1, 2),
                **(
                    {"minutes_in_a_row": 2 * self.grain, "rest_minutes": self.grain}
                    if not patient and self.chance(0.4)
                    else {}
                ),
            )
        return Resource(
            id=id,
            kind=kind,
            location=self.place() if not patient or self.chance(0.2) else None,
            mobile=patient or (kind == "practitioner" and self.chance(0.6)),
            calendar=self.rng.choice(["C1", "C2"]) if not patient or self.chance(0.3) else None,
            lanes=2 if self.chance(0.2) else 1,
            seats=self.some(0.3, 1, 2) if kind == "room" else None,
            **works,
        )

    def need(self, role: str, who: Sequence[Resource]) -> Need:
        selectors: list[Selector] = [Selector(kind=role)]
        if self.chance(0.2):
            selectors.insert(0, Selector(kind=role, skills=frozenset(["hand"])))
            if self.chance(0.4):
                del selectors[1]
        elif self.chance(0.25):
            selectors.insert(0, Selector(names=frozenset([self.rng.choice(who).id])))
        if self.locations and self.chance(0.1):
            selectors = [Selector(kind=role, location=self.rng.choice(self.locations).id)]
        part = None
        if self.chance(0.15):
            part = Part(minutes=self.grain, from_end=self.chance(0.5))
        return Need(
            role=role,
            alternatives=tuple(selectors),
            quantity=2 if self.chance(0.15) else 1,
            uses=2 if self.chance(0.1) else 1,
            before_minutes=self.grain if self.chance(0.12) else 0,
            after_minutes=self.grain if self.chance(0.2) else 0,
            part=part,
        )

    def service(self, id: str, everyone: Sequence[Resource]) -> Service:
        kinds = {kind: [r for r in everyone if r.kind == kind] for kind in ("practitioner", "room")}
        roles = ["practitioner"] if self.chance(0.9) else []
        if kinds["room"] and (self.chance(0.5) or not roles):
            roles.append("room")
        needs = [self.need(role, kinds[role]) for role in roles]
        if self.chance(0.08) and kinds["room"]:
            needs.append(Need(role="helper", alternatives=(Selector(kind="practitioner"),)))
        every = self.some(0.2, 2 * self.grain)
        return Service(
            id=id,
            minutes=self.tick_minutes(1, 1, 2),
            first_minutes=self.tick_minutes(1, 2, 3) if self.chance(0.2) else None,
            minutes_by_resource=(
                ((self.rng.choice(kinds["practitioner"]).id, self.tick_minutes(1, 2)),)
                if self.chance(0.2)
                else ()
            ),
            needs=tuple(needs),
            start_every_minutes=every,
            start_offset_minutes=self.tick_minutes(0, 1) if every else 0,
            notice_minutes=self.some(0.15, 60, 10 * 60) or 0,
            location=self.place() if self.chance(0.4) else None,
        )

    # What is asked

    def series(self) -> FixedSeries | FlexibleSeries:
        count = self.rng.choice([2, 2, 2, 3])
        gap = self.rng.choice([1, 1, 2]) if self.days < 5 else self.rng.choice([1, 2, 7])
        if self.chance(0.4):
            missed = frozenset(n for n in range(1, count + 1) if self.chance(0.3))
            return FixedSeries(
                count=count,
                every_days=gap,
                start=self.instant(0) if self.chance(0.4) else None,
                may_miss=missed,
            )
        least = self.rng.choice([0, 0, 1, 2])
        return FlexibleSeries(
            count=count,
            at_least=self.some(0.6, 1, 2),
            least_days_between=least,
            most_days_between=self.some(0.3, least, least + 1),
            most_per_week=self.some(0.25, 1, 2),
            most_carers=self.some(0.3, 1),
        )

    def request(
        self, id: str, services: Sequence[Service], sessions: Sequence[Session],
        everyone: Sequence[Resource],
    ) -> Request:  # fmt: skip
        rng = self.rng
        steps = []
        for number in range(rng.choice([1, 1, 1, 2])):
            lag = {}
            if number and self.chance(0.6):
                least = self.grain * rng.choice([0, 1])
                lag = {
                    "least_lag_minutes": least,
                    "most_lag_minutes": self.some(0.6, least, least + self.grain),
                }
            if sessions and self.chance(0.6):
                some = frozenset(s.id for s in sessions if self.chance(0.7)) or frozenset(
                    [sessions[0].id]
                )
                steps.append(Step(sessions=some, **lag))
            else:
                steps.append(Step(service=rng.choice(services).id, **lag))
        series = self.series() if self.chance(0.45) else None
        people = [r for r in everyone if r.kind == "patient"]
        coming = rng.sample(people, min(len(people), rng.choice([0, 1, 1, 2])))
        if self.chance(0.08):
            coming.append(next(r for r in everyone if r.kind == "practitioner"))
        roles = {
            n.role: [r.id for r in everyone if r.kind == n.role] or [everyone[0].id]
            for s in services
            if s.id in {step.service for step in steps}
            for n in s.needs
        }
        request = Request(
            id=id,
            steps=tuple(steps),
            series=series,
            attendees=tuple(
                Attendee(
                    resource=r.id,
                    required=self.chance(0.7),
                    weight=rng.choice([1, 2]),
                    steps=frozenset([1]) if self.chance(0.15) else frozenset(),
                )
                for r in coming
            ),
            windows=tuple(self.span(2, 5) for _ in range(rng.choice([0, 0, 0, 1, 2]))),
            preferred_windows=tuple(
                PreferredWindow(span=self.span(), weight=rng.choice([1, 3]))
                for _ in range(rng.choice([0, 0, 1, 2]))
            ),
            preferred_resources=tuple(
                PreferredResource(
                    role=role, resources=frozenset([rng.choice(some)]), weight=rng.choice([1, 2])
                )
                for role, some in roles.items()
                if self.chance(0.2)
            ),
            priority=rng.choice([1, 2, 3, 3]),
            weight=rng.choice([1, 1, 2, 5]),
            must=self.chance(0.1),
            first_visit=self.chance(0.25),
            wanted=self.instant() if self.chance(0.25) else None,
            requested=self.instant(0) - timedelta(days=3) if self.chance(0.2) else None,
            due=self.instant(0) - timedelta(days=rng.choice([0, 0, 2]))
            if self.chance(0.2)
            else None,
            weights=tuple(
                (name, rng.choice([0, 7, 50]))
                for name in ("soonest", "same_time", "preferred_windows")
                if self.chance(0.08)
            ),
        )
        if self.chance(0.15):
            return self.with_options(request, roles)
        return request

    def with_options(self, request: Request, roles: Mapping[str, Sequence[str]]) -> Request:
        rng = self.rng
        every = [(o, s) for o in range(1, request.occurrences + 1)
                 for s in range(1, len(request.steps) + 1)]  # fmt: skip
        options = []
        for _ in range(rng.choice([1, 2, 3])):
            named = every[: rng.randint(1, len(every))] if self.chance(0.5) else every
            options.append(
                Option(
                    placements=tuple(
                        OptionPlacement(
                            start=self.instant(),
                            resources=tuple(
                                (role, rng.choice(some))
                                for role, some in roles.items()
                                if self.chance(0.3)
                            ),
                            occurrence=o,
                            step=s,
                        )
                        for o, s in named
                    ),
                    penalty=rng.choice([0, 3, 10]),
                )
            )
        return _replace(request, options=tuple(options))

    # Everything

    def problem(self) -> Problem:
        rng = self.rng
        everyone = [
            *(self.resource(f"p{n}", "practitioner") for n in range(rng.choice([1, 2, 2]))),
            *(self.resource(f"r{n}", "room") for n in range(rng.choice([0, 1, 2]))),
            *(self.resource(f"x{n}", "patient") for n in range(rng.choice([1, 2]))),
        ]
        services = [self.service(f"S{n}", everyone) for n in range(rng.choice([1, 2]))]
        leading = [s for s in services if not s.minutes_by_resource]
        sessions = [
            Session(
                id=f"G{n}",
                service=rng.choice(leading).id,
                least=rng.choice([1, 1, 2]),
                most=2,
                windows=(self.span(2, 5),) if self.chance(0.3) else (),
            )
            for n in range(rng.choice([0, 0, 0, 1, 1, 2]))
            if leading
        ]
        requests = [
            self.request(f"Q{n}", services, sessions, everyone)
            for n in range(rng.choice([1, 2, 2, 3]))
        ]
        visits = [v for r in requests for v in r.visit_ids()] + [s.id for s in sessions]
        names = visits + [r.id for r in requests]
        two = rng.sample(names, 2) if len(names) > 1 else []
        world = {
            "horizon": Horizon(
                first=self.first,
                days=self.days,
                zone=self.zone,
                grain_minutes=self.grain,
                now=self.instant(0) if self.chance(0.3) else None,
            ),
            "locations": self.locations,
            "travel": (
                Travel(origin="L", destination="M", minutes=self.grain * rng.choice([1, 2])),
            )
            if self.locations
            else (),
            "calendars": (self.calendar("C1"), self.calendar("C2")),
            "resources": tuple(everyone),
            "services": tuple(services),
            "turnarounds": tuple(
                Turnaround(
                    kind=rng.choice(["practitioner", "room"]),
                    minutes=self.grain,
                    before=self.some(0.5, *(s.id for s in services)),
                    after=self.some(0.5, *(s.id for s in services)),
                )
                for _ in range(rng.choice([0, 0, 0, 1]))
            ),
            "requests": tuple(requests),
            "sessions": tuple(sessions),
            "relations": tuple(
                Relation(
                    id=f"same {n}",
                    visits=tuple(rng.sample(names, min(len(names), rng.choice([2, 2, 3])))),
                    alike=rng.choice(list(Alike)),
                    same=self.chance(0.5),
                    role=rng.choice(["practitioner", "practitioner", "room"]),
                )
                for n in range(rng.choice([0, 0, 0, 1, 2]))
            ),
            "precedences": (
                Precedence(
                    id="order",
                    before=two[0],
                    after=two[1],
                    least_lag_minutes=self.grain * rng.choice([0, 0, 1]),
                    most_lag_minutes=self.some(0.5, self.grain, 3 * self.grain),
                ),
            )
            if two and self.chance(0.2)
            else (),
            "apart": (Apart(one=rng.choice(everyone).id, other="x0"),) if self.chance(0.15) else (),
            "levels": self.levels(requests),
            "off_peak": OffPeakPolicy(
                kinds=("practitioner", "room")[: rng.choice([1, 2])],
                bucket_minutes=rng.choice([60, 120]),
                steps=((0, 1), (50, 2)) if self.chance(0.5) else ((60, 1), (85, 2)),
            ),
            "forecast": (
                Forecast(kind="practitioner", span=self.span(), minutes=rng.choice([30, 90])),
            )
            if self.chance(0.2)
            else (),
        }
        if rng.random() < self.share_published:
            world |= self.published(Problem(**world))
        return Problem(**world)

    def levels(self, requests: Sequence[Request]) -> tuple[Level, ...]:
        if self.chance(0.6):
            return ()
        served = tuple((f"served:{p}", 1) for p in sorted({r.priority for r in requests}))
        comfort = tuple((name, self.rng.choice([0, 1, 3, weight])) for name, weight in COMFORT)
        if self.chance(0.5):
            return (Level(name="all", goals=served), Level(name="comfort", goals=comfort))
        return (
            Level(name="all", goals=served),
            Level(name="early", goals=comfort[3:7]),
            Level(name="rest", goals=comfort[:3] + comfort[7:]),
        )

    def published(self, problem: Problem) -> dict[str, Any]:
        """Publish some visits somewhere in the open hours, and hold some of them there."""
        rng = self.rng
        prepared = Prepared(problem)
        assignments, pins = [], []
        for visit in prepared.visits:
            if visit.joins or not visit.variants or self.chance(0.5):
                continue
            variant = rng.choice(visit.variants)
            try:
                team = tuple(
                    () if need.optional and self.chance(0.5)
                    else tuple(sorted(rng.sample(choices, need.quantity)))
                    for need, choices in zip(visit.needs, variant.choices, strict=True)
                )  # fmt: skip
            except ValueError:
                continue
            start = prepared.horizon.tick(self.instant())
            if 0 <= start <= prepared.ticks - variant.duration:
                where = Placement(start, variant.duration, variant.location, -1, team)
                assignments.append(prepared.assignment(visit.index, where))
                if self.chance(0.4):
                    pins.append(Pin(visit=visit.id, kind=rng.choice(list(PinKind))))
        return {
            "published": tuple(assignments),
            "pins": tuple(pins),
            "freeze_before": self.instant(0) if self.chance(0.2) else None,
            "most_changes": self.some(0.6, 0, 1, 2),
            "change_costs": ChangeCosts(
                start=rng.choice([3, 3, 0]),
                practitioner=rng.choice([2, 2, 0]),
                other=rng.choice([1, 1, 0]),
            ),
        }


def _replace(thing: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(thing, **changes)


# Schedules of them -------------------------------------------------------------------------


def likely(book: Rulebook) -> dict[int, list[Placement]]:
    """Return the placements of each visit that break no rule about one visit by itself."""
    lone = [rule for rule in book.rules if not rule.moving and rule.name not in PRESENCE]

    def allowed(visit: int, placement: Placement) -> bool:
        alone = with_placements(book, {visit: placement})
        return all(v.inherited for rule in lone for v in rule.violations(alone))

    found = {}
    for visit in book.prepared.visits:
        if visit.index in book.prepared.frozen:
            found[visit.index] = [book.prepared.frozen[visit.index]]
        else:
            found[visit.index] = [p for p in universe(book, visit) if allowed(visit.index, p)]
    return found


def random_schedule(book: Rulebook, rng: random.Random, tries: int = 25) -> dict[int, Placement]:
    """Return placements at random, frozen visits included, that break nothing."""
    pools = likely(book)
    placed = dict(book.prepared.frozen)
    order = [v.index for v in book.prepared.visits if v.index not in placed]
    rng.shuffle(order)
    for visit in sorted(order, key=lambda v: bool(book.prepared.visits[v].joins)):
        some = pools[visit]
        for placement in rng.sample(some, min(tries, len(some))):
            found = {b for b in broken(book, {**placed, visit: placement}) if b[0] not in PRESENCE}
            if not found:
                placed[visit] = placement
                break
    # What stands in part goes: requests first, then sessions with all requests that join them.
    sessions = [v.index for v in book.prepared.visits if v.session is not None]
    for bundle in [
        *({*r.visits} for r in book.prepared.requests),
        *({s, *_joining(book, s)} for s in sessions),
        {*order},
    ]:
        wrong = len(broken(book, placed))
        rest = {v: p for v, p in placed.items() if v not in bundle or v in book.prepared.frozen}
        if wrong and (len(broken(book, rest)) < wrong or bundle == {*order}):
            placed = rest
    return placed


def _joining(book: Rulebook, session: int) -> Iterator[int]:
    """Yield the visits of all requests of which some visit may join a session."""
    visits = book.prepared.visits
    for request in book.prepared.requests:
        if any(session in visits[v].joins for v in request.visits):
            yield from request.visits


def combinations_of(book: Rulebook) -> tuple[int, dict[int, list[Placement | None]]]:
    """Return, for every visit, all that it may do alone, and how many ways that is in all."""
    frozen = book.prepared.frozen
    pools: dict[int, list[Placement | None]] = {
        v: list(some) if v in frozen else [None, *some] for v, some in likely(book).items()
    }
    ways = 1
    for some in pools.values():
        ways *= len(some)
    return ways, pools


def best_by_exhaustion(book: Rulebook) -> tuple[tuple[int, ...], Placements] | None:
    """Return the least cost by level over all valid schedules, and one that has it.

    None where no schedule is valid. The plain checks and scores decide, and nothing else.
    """
    _, pools = combinations_of(book)
    scored = []
    for some in product(*pools.values()):
        placements = dict(zip(pools, some, strict=True))
        if _clear(book, placements):
            scored.append((score(book, with_placements(book, placements)).levels, placements))
    scored.sort(key=lambda pair: pair[0])
    for costs, placements in scored:
        if not broken(book, placements):
            return costs, placements
    return None


def _clear(book: Rulebook, placements: Placements) -> bool:
    """Say whether no resource of one lane is in two places, frozen visits aside."""
    frozen = book.prepared.frozen
    taken: dict[int, list[tuple[int, int]]] = {}
    for visit, placement in placements.items():
        if placement is None or visit in frozen:
            continue
        for claim in book.prepared.visits[visit].claims(placement):
            if book.prepared.resources[claim.resource].lanes == 1:
                spans = taken.setdefault(claim.resource, [])
                if any(claim.part_first < e and f < claim.part_end for f, e in spans):
                    return False
                spans.append((claim.part_first, claim.part_end))
    return True

"""What an ask means: how many visits, on which days, of which service, how urgent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from random import Random

from allocator.domain.time import zone_of
from allocator.generate import profile, services
from allocator.generate.demand import Ask
from allocator.generate.shares import deal
from allocator.generate.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An ask as it came in: its request's id, when, for which service, and how urgent.

    The service is ``""`` for conferences and groups.
    """

    id: str
    at: datetime
    ask: Ask
    service: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Where an ask may lie: wished first day, days between visits, and the window (inclusive)."""

    wished: int
    gaps: tuple[int, ...]
    first: int
    last: int


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


def arrivals(
    asks: list[Ask], world: World, now: datetime, days_of_requests: int, rng: Random
) -> list[Arrival]:
    """Return the asks in the order in which they came in, numbered in it."""
    timed = [(_asked_at(ask, now, world, days_of_requests, rng), ask) for ask in asks]
    timed.sort(key=lambda pair: pair[0])
    asks = [ask for _, ask in timed]
    meant = services_for(asks, rng)
    priorities = _priorities_for(asks, rng)
    width = max(4, len(str(len(asks))))
    return [
        Arrival(id=f"R{place:0{width}d}", at=at, ask=ask, service=service, priority=priority)
        for place, ((at, ask), service, priority) in enumerate(
            zip(timed, meant, priorities, strict=True), 1
        )
    ]


def _asked_at(
    ask: Ask, now: datetime, world: World, days_of_requests: int, rng: Random
) -> datetime:
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


def _priorities_for(asks: list[Ask], rng: Random) -> list[int]:
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

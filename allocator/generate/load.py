"""How much work there is, and how much a clinic can do, by profession and week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from allocator.domain import measured
from allocator.domain.request import FixedSeries, Request
from allocator.domain.service import Service
from allocator.generate import profile, services
from allocator.generate.asks import days_of, visit_count
from allocator.generate.demand import Ask
from allocator.generate.incoming import Incoming
from allocator.generate.services import PROFESSIONS
from allocator.generate.world import World, drawn_on

Minutes = dict[tuple[str, int], float]

#: Nobody's week is booked fuller than this before the requests come in.
MOST_BOOKED = 0.92

#: Together with its requests a week is at most 10 points fuller than the load, up to this; 5
#: points where the load is higher.
MOST_FULL = 0.95


def minutes_of_therapies() -> dict[str, dict[str, float]]:
    """Return, for each therapy, the minutes that a visit takes of each profession on average."""
    known = {service.id: service for service in services.catalogue(None)}

    def taken(service: Service, first_share: float = measured.FIRST_SHARE) -> float:
        longer = (service.first_minutes or service.minutes) - service.minutes
        notes = sum(need.after_minutes for need in service.needs if need.role == "practitioner")
        return service.minutes + first_share * longer + notes

    table: dict[str, dict[str, float]] = {}
    for therapy, offered in services.OFFERED.items():
        total = sum(offered.values())
        mean = sum(weight * taken(known[id]) for id, weight in offered.items()) / total
        table[therapy] = {therapy: mean}
    table["doctor"] = {
        "doctor": 0.69 * taken(known["consultation"])
        + 0.29 * taken(known["long_consultation"])
        + 0.02 * taken(known["extended_consultation"])
    }
    # Half of the conferences ask for roles, half for two to four people by name.
    team = (0.5 * 2 * 30 + 0.5 * 3 * 45) / len(PROFESSIONS)
    table["conference"] = dict.fromkeys(PROFESSIONS, team)
    table["conference"]["doctor"] += 15
    table["group"] = {
        profession: taken(known[id], 0) / 5 / len(services.GROUPS)
        for id, profession in services.GROUPS
    }
    return table


def minutes_a_visit() -> dict[str, float]:
    """Return the minutes of each profession that an average visit takes."""
    table = minutes_of_therapies()
    return {
        profession: sum(
            share * table[therapy].get(profession, 0.0)
            for therapy, share in profile.THERAPIES.items()
        )
        for profession in PROFESSIONS
    }


def minutes_for_asks(asks: Iterable[Ask], days: int, load: float) -> dict[str, float]:
    """Return the minutes a week of each profession with which these asks alone make the load."""
    table = minutes_of_therapies()
    weeks = max(1, days // 7)
    demand: Minutes = {}
    for ask in asks:
        where = days_of(ask, days)
        touched = sorted({day // 7 for day in range(where.first, where.last + 1)})
        for profession, minutes in table[ask.therapy].items():
            for week in touched:
                key = (profession, week)
                part = minutes * visit_count(ask, weeks) / len(touched)
                demand[key] = demand.get(key, 0.0) + part
    needed = {}
    for profession in PROFESSIONS:
        some = [minutes for (who, _), minutes in demand.items() if who == profession]
        needed[profession] = sum(m * m for m in some) / max(1.0, load * sum(some))
    return needed


def demand_of(world: World, incoming: Incoming) -> Minutes:
    """Return the minutes that the requests ask for, spread evenly over their windows."""
    grid = world.grid
    by_day = {
        profession: [
            sum(world.minutes_on(person, day) for person in world.staff.of(profession))
            for day in range(grid.days)
        ]
        for profession in PROFESSIONS
    }
    profession_of = {p.id: p.skills[0].name for p in world.staff.practitioners}
    drawn = {id: list(drawn_on(world, service)) for id, service in world.services.items()}
    demand: Minutes = {}

    def spread(profession: str, minutes: float, days: list[int]) -> None:
        there = by_day[profession]
        total = sum(there[day] for day in days)
        for day in days:
            if there[day]:
                key = (profession, day // 7)
                demand[key] = demand.get(key, 0.0) + minutes * there[day] / total

    for request in incoming.requests:
        days = _days(world, request)
        for step in request.steps:
            if not step.service:
                continue
            for profession, minutes in drawn[step.service]:
                spread(profession, minutes * request.occurrences, days)
            service = world.services[step.service]
            if request.first_visit and service.first_minutes:
                extra = service.first_minutes - service.minutes
                spread(drawn[step.service][0][0], extra, days)
            for attendee in request.attendees:
                if attendee.resource in profession_of:
                    spread(profession_of[attendee.resource], service.minutes, days)
    for session in incoming.sessions:
        days = [
            day
            for day in range(grid.days)
            if any(grid.span_ticks(span) & grid.day_ticks(day) for span in session.windows)
        ]
        for profession, minutes in drawn[session.service]:
            spread(profession, minutes, days)
    return demand


def _days(world: World, request: Request) -> list[int]:
    grid = world.grid
    series = request.series
    if isinstance(series, FixedSeries) and series.start is not None:
        first = grid.wall(grid.horizon.tick(series.start))[0]
        return [first + series.every_days * turn for turn in range(series.count)]
    windows = [
        (grid.horizon.tick(span.start), grid.horizon.tick_at_or_after(span.end))
        for span in request.windows
    ]
    return [
        day
        for day in range(grid.days)
        if any(start < grid.tick(day + 1) and grid.tick(day) < end for start, end in windows)
    ]


def load_of(demand: Minutes, booked: Minutes, capacity: Mapping[tuple[str, int], float]) -> float:
    """Return the load: what is booked and asked for, as a share of the practitioners' minutes.

    Taken where the requests may lie: the share of each week counts by the minutes that the
    requests ask for in it.
    """
    asked = sum(demand.values())
    total = 0.0
    for key, minutes in demand.items():
        total += minutes * (minutes + booked.get(key, 0.0)) / capacity[key]
    return total / asked if asked else 0.0


def bookings_wanted(
    demand: Minutes, capacity: Mapping[tuple[str, int], float], load: float
) -> Minutes:
    """Return the minutes to be booked already, so that each profession comes to the load.

    The nearer weeks are fuller, as the lead times of bookings made ahead have it; a week that
    is full together with its requests takes no more.
    """
    full = max(min(MOST_FULL, load + 0.1), load + 0.05)
    wanted: Minutes = {}
    for profession in sorted({profession for profession, _ in capacity}):
        weeks = sorted(week for who, week in capacity if who == profession)
        asked = {(profession, week): demand.get((profession, week), 0.0) for week in weeks}

        def booked(scale: float, profession: str = profession, asked: Minutes = asked) -> Minutes:
            some: Minutes = {}
            for key, minutes in asked.items():
                room = full * capacity[key] - minutes
                share = min(MOST_BOOKED, scale * profile.booked_ahead(5 + 7 * key[1]))
                some[key] = max(0.0, min(room, share * capacity[key]))
            return some

        low, high = 0.0, 20.0
        for _ in range(40):
            middle = (low + high) / 2
            here = {key: minutes for key, minutes in asked.items() if minutes and capacity[key]}
            if load_of(here, booked(middle), capacity) < load:
                low = middle
            else:
                high = middle
        wanted |= booked(high)
    return wanted

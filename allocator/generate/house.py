"""The house of a clinic: its hours, rooms and devices."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from allocator.domain.calendar import Block, Calendar, DailySpan, DatedException, WeeklyRule
from allocator.domain.resource import Resource, Skill
from allocator.generate.grid import Grid

HOUSE = "house"
HOUSE_HOURS = DailySpan(start_minute=450, end_minute=1170)


def house_calendar(grid: Grid, region: str) -> Calendar:
    """When the building is open: on one Thursday it closes early."""
    rule = WeeklyRule(weekdays=frozenset(range(5)), hours=HOUSE_HOURS)
    early = DailySpan(start_minute=HOUSE_HOURS.start_minute, end_minute=840)
    exceptions = (DatedException(day=grid.date(17), hours=(early,)),) if grid.days > 17 else ()
    return Calendar(id=HOUSE, weekly=(rule,), holidays=region, exceptions=exceptions)


def rooms_for(
    practitioners: list[Resource], calendars: Mapping[str, Calendar], sites: tuple[str, ...]
) -> list[Resource]:
    """Return rooms for as many people as are there at once."""
    rooms: list[Resource] = []

    def add(prefix: str, name: str, skill: str, site: str, lanes: int, seats: int) -> None:
        number = 1 + sum(room.id.startswith(prefix) for room in rooms)
        rooms.append(
            Resource(
                id=f"{prefix}-{number}",
                kind="room",
                name=f"{name} {number}",
                location=site,
                calendar=HOUSE,
                lanes=lanes,
                seats=seats,
                skills=(Skill(name=skill),),
            )
        )

    for site in sites:
        here = [p for p in practitioners if p.location == site or p.mobile]

        least = 1 if site == sites[0] else 0

        def there(profession: str, here: list[Resource] = here, least: int = least) -> int:
            people = [p for p in here if p.skills[0].name == profession]
            return _busiest(people, calendars) or least

        physios = there("physio")
        for _ in range(physios + (physios > 1)):
            add("room", "Room", "treatment", site, 1, 4)
        for profession, skill in (
            ("speech", "talk"),
            ("psychotherapy", "quiet"),
            ("doctor", "consulting"),
        ):
            for _ in range(there(profession)):
                add("room", "Room", skill, site, 1, 4)
        for _ in range(ceil(there("occupational") / 2)):
            add("workshop", "Workshop", "workshop", site, 2, 4)
        for _ in range(ceil(physios / 6)):
            add("gym", "Gym", "gym", site, 3, 6)
    for _ in range(ceil(len(practitioners) / 20)):
        add("hall", "Group room", "hall", sites[0], 1, 14)
        add("meeting-room", "Meeting room", "meeting", sites[0], 1, 8)
    return rooms


def _busiest(people: list[Resource], calendars: Mapping[str, Calendar]) -> int:
    """Return how many of these people are there at once in an ordinary week, at most."""
    most = 0
    for weekday in range(5):
        for minute in range(480, 1140, 30):
            there = sum(
                any(
                    weekday in rule.weekdays
                    and rule.hours.start_minute <= minute < rule.hours.end_minute
                    for rule in calendars[person.id].weekly
                )
                for person in people
            )
            most = max(most, there)
    return most


def devices_for(
    physios: int, grid: Grid, region: str, sites: tuple[str, ...]
) -> tuple[list[Resource], Calendar]:
    """Return the devices, and the calendar of the ultrasound with its day of maintenance."""
    rule = WeeklyRule(weekdays=frozenset(range(5)), hours=HOUSE_HOURS)
    blocks: tuple[Block, ...] = ()
    if grid.days > 10:
        blocks = (Block(span=grid.days_span(10, 10), reason="maintenance"),)
    upkeep = Calendar(id="ultrasound", weekly=(rule,), holidays=region, blocks=blocks)
    devices: list[Resource] = []
    for site in sites:
        for skill, calendar in (("ultrasound", upkeep.id), ("shockwave", HOUSE)):
            for _ in range(max(1, ceil(physios / 6 / len(sites)))):
                number = 1 + sum(device.id.startswith(skill) for device in devices)
                devices.append(
                    Resource(
                        id=f"{skill}-{number}",
                        kind="device",
                        name=f"{skill.capitalize()} {number}",
                        location=site,
                        calendar=calendar,
                        skills=(Skill(name=skill),),
                    )
                )
    return devices, upkeep

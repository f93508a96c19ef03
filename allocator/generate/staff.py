"""Practitioners: whom a clinic has for the work it expects, and how they work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from allocator.domain.calendar import Block, Calendar, DailySpan, DatedException, WeeklyRule
from allocator.domain.resource import Break, Contract, Reserve, Resource, Skill, WorkLimits
from allocator.domain.time import Span
from allocator.generate.grid import Grid
from allocator.generate.house import devices_for, house_calendar, rooms_for
from allocator.generate.services import PROFESSIONS

LUNCH = DailySpan(start_minute=690, end_minute=810)
LUNCH_MINUTES = 30

MON, TUE, WED, THU, FRI = range(5)


@dataclass(frozen=True, slots=True)
class WorkWeek:
    """An ordinary week: minutes of work (lunch left out), and wall times by weekday."""

    minutes: int
    hours: tuple[tuple[tuple[int, ...], int, int], ...]


FULL_EARLY = WorkWeek(2400, (((MON, TUE, WED, THU, FRI), 480, 990),))
FULL_LATE = WorkWeek(2400, (((MON, WED, FRI), 540, 1050), ((TUE, THU), 630, 1140)))
FOUR_DAYS = WorkWeek(1920, (((MON, TUE), 480, 990), ((WED, THU), 600, 1110)))
THREE_DAYS = WorkWeek(1440, (((TUE, WED), 540, 1050), ((FRI,), 480, 990)))
MORNINGS = WorkWeek(1200, (((MON, TUE, WED, THU, FRI), 480, 720),))
AFTERNOONS = WorkWeek(1200, (((MON, TUE, WED, THU), 840, 1140),))
TWO_DAYS = WorkWeek(960, (((MON, THU), 540, 1050),))
ONE_DAY = WorkWeek(480, (((WED,), 540, 1050),))

CYCLE = (FULL_EARLY, FOUR_DAYS, FULL_LATE, THREE_DAYS, MORNINGS, FULL_EARLY, AFTERNOONS)
ALL_WEEKS = (FULL_LATE, FOUR_DAYS, THREE_DAYS, MORNINGS, TWO_DAYS, ONE_DAY)

FIRST_NAMES = (
    "Mira",
    "Jonas",
    "Alma",
    "Levin",
    "Tilda",
    "Bruno",
    "Ronja",
    "Anton",
    "Selma",
    "Oskar",
    "Frida",
    "Matti",
    "Jule",
    "Kasimir",
    "Nele",
    "Hannes",
    "Wanda",
    "Emil",
    "Greta",
    "Linus",
    "Paula",
    "Arvid",
    "Ylva",
    "Konrad",
    "Thea",
    "Ruben",
    "Ida",
    "Caspar",
    "Svea",
    "Moritz",
)
LAST_NAMES = (
    "Vogel",
    "Brandt",
    "Lindner",
    "Falk",
    "Sommer",
    "Reuter",
    "Hartwig",
    "Nolte",
    "Ahrens",
    "Winkler",
    "Pohl",
    "Keller",
    "Damm",
    "Seidel",
    "Kranz",
    "Otte",
    "Baum",
    "Heller",
    "Stein",
    "Marten",
    "Lorenz",
    "Voss",
    "Thiel",
    "Jansen",
    "Berg",
    "Rabe",
    "Dorn",
    "Wolff",
    "Hagen",
    "Adler",
    "Busch",
)


def name_of(number: int, profession: str) -> str:
    """Return an invented name; no two numbers below 930 share one."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[(number + number // len(FIRST_NAMES)) % len(LAST_NAMES)]
    return f"{first} {last} ({profession})"


def work_weeks(minutes: float, turn: int) -> list[WorkWeek]:
    """Return work weeks that add up to about so many minutes, full and part time mixed."""
    weeks: list[WorkWeek] = []
    left = minutes
    while left >= 2400 + 720:
        weeks.append(CYCLE[(turn + len(weeks)) % len(CYCLE)])
        left -= weeks[-1].minutes
    if left > 1800:
        weeks.append(THREE_DAYS if turn % 2 else MORNINGS)
        left -= weeks[-1].minutes
    if left > 240 or not weeks:
        least = 0 if weeks else TWO_DAYS.minutes
        some = [week for week in ALL_WEEKS if week.minutes >= least]
        weeks.append(min(some, key=lambda week: abs(week.minutes - left)))
    return weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """What a clinic has, and the calendars that go with it."""

    practitioners: tuple[Resource, ...]
    rooms: tuple[Resource, ...]
    devices: tuple[Resource, ...]
    calendars: tuple[Calendar, ...]
    trainee: str | None

    def of(self, profession: str) -> list[Resource]:
        """Return the practitioners of a profession."""
        return [p for p in self.practitioners if p.skills[0].name == profession]


def hire(
    minutes_a_week: Mapping[str, float],
    grid: Grid,
    rng: Random,
    *,
    region: str,
    sites: tuple[str, ...],
) -> Staff:
    """Return staff, rooms and devices for so many minutes of work a week in each profession.

    Parameters
    ----------
    minutes_a_week
        Minutes of practitioners' time, by profession.
    grid
        The horizon's days.
    rng
        Decides on leave.
    region
        Region of the public holidays.
    sites
        Ids of the locations; where there are two, every third practitioner travels.
    """
    practitioners: list[Resource] = []
    calendars: list[Calendar] = [house_calendar(grid, region)]
    for turn, profession in enumerate(PROFESSIONS):
        weeks = work_weeks(minutes_a_week[profession], turn)
        absences = _absences(len(weeks), grid, rng)
        for number, week in enumerate(weeks):
            id = f"{profession}-{number + 1}"
            calendar = _calendar(id, week, grid, region, absences[number])
            if profession == "doctor" and number == 0:
                calendar = _with_overtime(calendar, grid)
            calendars.append(calendar)
            practitioners.append(
                _practitioner(
                    id,
                    profession,
                    number,
                    len(weeks),
                    week,
                    grid,
                    name=name_of(len(practitioners), profession),
                    site=sites[number % len(sites)],
                    mobile=len(sites) > 1 and number % 3 == 2,
                )
            )
    by_id = {calendar.id: calendar for calendar in calendars}
    practitioners = [_with_reserves(p, by_id, grid) for p in practitioners]
    physios = [p for p in practitioners if p.skills[0].name == "physio"]
    rooms = rooms_for(practitioners, by_id, sites)
    devices, upkeep = devices_for(len(physios), grid, region, sites)
    return Staff(
        practitioners=tuple(practitioners),
        rooms=tuple(rooms),
        devices=tuple(devices),
        calendars=(*calendars, upkeep),
        trainee=physios[-1].id if len(physios) >= 3 else None,
    )


def _absences(people: int, grid: Grid, rng: Random) -> list[tuple[int, int] | None]:
    """Draw leave, first and last day, in the third week or later; at most a third at a time."""
    chosen: list[tuple[int, int] | None] = [None] * people
    if grid.weeks < 4:
        return chosen
    away: dict[int, int] = {}
    for person in range(people):
        week = rng.randrange(2, grid.weeks)
        days = rng.randint(3, 5)
        takes_leave = rng.random() < 0.4
        if people == 1:
            chosen[person] = (7 * week + 1, 7 * week + 1)
        elif takes_leave and away.get(week, 0) < max(1, people // 3):
            away[week] = away.get(week, 0) + 1
            chosen[person] = (7 * week, 7 * week + days - 1)
    return chosen


def _calendar(
    id: str, week: WorkWeek, grid: Grid, region: str, absence: tuple[int, int] | None
) -> Calendar:
    rules = tuple(
        WeeklyRule(weekdays=frozenset(days), hours=DailySpan(start_minute=start, end_minute=end))
        for days, start, end in week.hours
    )
    blocks: tuple[Block, ...] = ()
    if absence is not None:
        reason = "training" if absence[0] == absence[1] else "leave"
        blocks = (Block(span=grid.days_span(*absence), reason=reason),)
    exceptions: tuple[DatedException, ...] = ()
    if id.endswith("-1") and grid.days > 8 and week is not AFTERNOONS:
        hours = DailySpan(start_minute=rules[0].hours.start_minute, end_minute=720)
        exceptions = (DatedException(day=grid.date(8), hours=(hours,)),)
    return Calendar(id=id, weekly=rules, exceptions=exceptions, holidays=region, blocks=blocks)


def _with_overtime(calendar: Calendar, grid: Grid) -> Calendar:
    """Add an hour of overtime after the last hours of a Thursday."""
    ends = [rule.hours.end_minute for rule in calendar.weekly if THU in rule.weekdays]
    if not ends:
        return calendar
    hours = DailySpan(start_minute=max(ends), end_minute=max(ends) + 60)
    extra = WeeklyRule(weekdays=frozenset({THU}), hours=hours, overtime=True)
    return replace(calendar, weekly=(*calendar.weekly, extra))


def _practitioner(
    id: str,
    profession: str,
    number: int,
    people: int,
    week: WorkWeek,
    grid: Grid,
    *,
    name: str,
    site: str,
    mobile: bool,
) -> Resource:
    last_day = grid.date(grid.days - 1)
    skills = [Skill(name=profession)]
    if profession == "physio" and number % 2 == 0:
        skills.append(Skill(name="manual"))
    elif profession == "physio" and number == 1:
        skills.append(Skill(name="manual", last=grid.date(min(32, grid.days - 1))))
    if profession == "speech" and number % 2 == 0:
        skills.append(Skill(name="swallowing"))
    if profession == "occupational" and number % 2 == 0:
        skills.append(Skill(name="hand"))
    if profession == "doctor" and number % 2 == 0:
        skills.append(Skill(name="sonography", last=last_day + timedelta(days=90)))
    settled = profession == "speech" and number == 1
    if profession != "doctor" and not settled:
        skills.append(Skill(name="team"))
    late = profession == "psychotherapy" and people >= 3 and number == people - 1
    limits = WorkLimits()
    if profession == "psychotherapy":
        limits = WorkLimits(minutes_in_a_row=240, rest_minutes=15)
    elif profession == "physio" and week.minutes >= 1920:
        limits = WorkLimits(minutes_per_day=450, visits_per_day=14)
    elif profession == "occupational":
        limits = WorkLimits(minutes_per_week=week.minutes)
    lunch_days = frozenset(
        day
        for days, start, end in week.hours
        for day in days
        if start <= LUNCH.start_minute and LUNCH.end_minute <= end
    )
    breaks = (Break(minutes=LUNCH_MINUTES, window=LUNCH, weekdays=lunch_days),)
    return Resource(
        id=id,
        kind="practitioner",
        name=name,
        location=site,
        mobile=mobile,
        calendar=id,
        skills=tuple(skills),
        contracts=(
            Contract(
                first=grid.date(14) if late and grid.weeks >= 6 else None,
                minutes_per_week=week.minutes,
            ),
        ),
        breaks=breaks if lunch_days else (),
        limits=limits,
        one_room_per_half_day=settled,
    )


def _with_reserves(person: Resource, calendars: Mapping[str, Calendar], grid: Grid) -> Resource:
    """Keep time for the urgent with the first doctor (daily) and the first psychotherapist."""
    if person.id not in ("doctor-1", "psychotherapy-1"):
        return person
    doctor = person.id == "doctor-1"
    start, minutes = (660, 30) if doctor else (600, 60)
    weekdays = set(range(5)) if doctor else {TUE, THU}
    assert person.calendar is not None
    open_ticks = grid.open_ticks(calendars[person.calendar])
    reserves = []
    for day in range(grid.days):
        if grid.date(day).weekday() in weekdays and open_ticks >> grid.tick(day, start) & 1:
            span = Span(start=grid.instant(day, start), end=grid.instant(day, start + minutes))
            reserves.append(Reserve(span=span, urgent_priority=1, release_hours=24))
    return replace(person, reserves=tuple(reserves))

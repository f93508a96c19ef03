from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from allocator.domain.time import Horizon, is_zone, wall_exists, wall_to_instant
from allocator.prepare.clock import Clock, Gap, Segment
from allocator.prepare.masks import ticks_of

NAMES = sorted(name for name in available_timezones() if is_zone(name))
MIDNIGHT = datetime.min.time()


@lru_cache(maxsize=1000)
def changes(zone: str, year: int) -> tuple[date, ...]:
    """Return the dates of a year on whose noon the offset is another than the day before."""
    tz = ZoneInfo(zone)
    days = [date(year, 1, 1) + timedelta(days=day) for day in range(366)]
    offsets = [datetime(d.year, d.month, d.day, 12, tzinfo=tz).utcoffset() for d in days]
    return tuple(days[i] for i in range(1, 366) if offsets[i] != offsets[i - 1])


@st.composite
def horizons(draw: st.DrawFn, zone: str | None = None) -> Horizon:
    """Draw a short horizon of any zone, more often than not around a change of its clocks."""
    zone = zone or draw(st.sampled_from(NAMES))
    year = draw(st.integers(1975, 2037))
    middle = draw(st.sampled_from(changes(zone, year) or (date(year, 6, 30),)))
    grain = draw(st.sampled_from([1, 5, 15, 30, 60, 120, 1440]))
    horizon = Horizon(
        first=middle - timedelta(days=draw(st.integers(0, 3))),
        days=draw(st.integers(1, 6)),
        zone=zone,
        grain_minutes=grain,
    )
    assume(not list(horizon.faults()))
    return horizon


def around(zone: str, day: date, grain: int = 15) -> Horizon:
    return Horizon(first=day - timedelta(days=1), days=3, zone=zone, grain_minutes=grain)


BERLIN = "Europe/Berlin"
SPRING = around(BERLIN, date(2026, 3, 29))
AUTUMN = around(BERLIN, date(2026, 10, 25))
CASES = [
    SPRING,
    AUTUMN,
    around("America/Sao_Paulo", date(2018, 11, 4)),
    around("America/Sao_Paulo", date(2018, 2, 17)),
    around("Asia/Beirut", date(2022, 3, 27)),
    around("Asia/Beirut", date(2022, 10, 29)),
    around("Australia/Lord_Howe", date(2026, 10, 4), 30),
    around("Australia/Lord_Howe", date(2026, 4, 5), 5),
    around("Pacific/Apia", date(2011, 12, 30)),
    around("Antarctica/Casey", date(2020, 10, 4)),
    around("America/St_Johns", date(2010, 11, 7)),
    around("America/St_Johns", date(2011, 3, 13)),
    around("America/Scoresbysund", date(2026, 3, 28)),
    around("Africa/Casablanca", date(2026, 2, 15)),
    around("Asia/Kolkata", date(2026, 2, 15), 120),
    around("America/Sao_Paulo", date(2018, 11, 4), 1440),
    around("Pacific/Apia", date(2011, 12, 30), 1440),
]


def shown(horizon: Horizon, zone: str) -> list[tuple[date, int]]:
    """Return the date and minute on the wall at the start of each tick, one by one."""
    if horizon.by_day:
        return [(horizon.first + timedelta(days=day), 0) for day in range(horizon.days)]
    tz = ZoneInfo(zone)
    walls = [horizon.instant(tick).astimezone(tz) for tick in range(horizon.ticks)]
    return [(w.date(), w.hour * 60 + w.minute) for w in walls]


def check(horizon: Horizon, zone: str) -> None:
    """Hold a clock against datetime arithmetic, tick by tick."""
    clock, walls = Clock(horizon, zone), shown(horizon, zone)
    assert [
        (clock.dates[day], minute)
        for day, minute in zip(clock.day_of.tolist(), clock.minute_of.tolist(), strict=True)
    ] == walls

    seen = [day for day, _ in walls]
    count = (max(seen) - min(seen)).days + 1
    assert clock.dates == tuple(min(seen) + timedelta(days=k) for k in range(count))
    first_from = [next(t for t, d in enumerate(seen) if d >= day) for day in clock.dates]
    assert clock.day_starts.tolist() == [*first_from, clock.ticks]
    assert clock.weekday_of_day.tolist() == [day.weekday() for day in clock.dates]
    mondays = [day - timedelta(days=day.weekday()) for day in clock.dates]
    assert clock.week_of_day.tolist() == [(m - mondays[0]).days // 7 for m in mondays]
    for index, day in enumerate(clock.dates):
        assert ticks_of(clock.day_mask(index)).tolist() == [
            t for t, d in enumerate(seen) if d == day
        ]
    assert clock.noon_half().tolist() == [
        2 * (day - clock.dates[0]).days + (minute >= 720) for day, minute in walls
    ]

    told = []
    for segment in clock.segments:
        assert segment.first < segment.end
        for step in range(segment.end - segment.first):
            minute = segment.first_minute + step * horizon.grain_minutes
            told.append((clock.dates[segment.day], minute))
    assert told == walls
    for one, other in pairwise(clock.segments):
        length = (one.end - one.first) * horizon.grain_minutes
        assert (one.day, one.first_minute + length) != (other.day, other.first_minute)


@settings(max_examples=80, deadline=None)
@given(horizons())
def test_every_tick_shows_what_datetime_says(horizon: Horizon) -> None:
    """In any zone each tick's date and minute are what datetime arithmetic says."""
    check(horizon, horizon.zone)


@pytest.mark.parametrize("horizon", CASES, ids=str)
def test_every_tick_is_right_around_a_change(horizon: Horizon) -> None:
    """The same holds for changes at midnight, of half an hour, of three hours and of a day."""
    check(horizon, horizon.zone)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_every_tick_shows_what_datetime_says_elsewhere(zone: str, data: st.DataObject) -> None:
    """A location's clock tells its own time on the grid of a horizon in another zone."""
    horizon = data.draw(horizons(BERLIN))
    assume(not list(horizon.zone_faults(zone)))
    check(horizon, zone)


@settings(max_examples=100, deadline=None)
@given(horizons(), st.integers(-2, 7), st.integers(0, 1440))
@example(SPRING, 1, 120)
@example(SPRING, 1, 180)
@example(AUTUMN, 1, 150)
@example(AUTUMN, 2, 1440)
def test_wall_times_find_their_ticks(horizon: Horizon, day: int, minute: int) -> None:
    """A wall time's tick is its instant's, and it starts there only if it exists on the grid."""
    clock = Clock(horizon, horizon.zone)
    wanted = horizon.first + timedelta(days=day)
    instant = wall_to_instant(wanted, minute, horizon.zone)
    tick = horizon.tick(instant)
    assert clock.tick(wanted, minute) == tick
    assert clock.tick_at_or_after(wanted, minute) == horizon.tick_at_or_after(instant)
    if 0 <= clock.day_index(wanted) < len(clock.dates):
        seconds = clock.seconds(minute)[clock.day_index(wanted)]
        assert horizon.start + timedelta(seconds=int(seconds)) == instant
    if not horizon.by_day:
        starts = (
            wall_exists(wanted, minute, horizon.zone)
            and 0 <= tick < horizon.ticks
            and horizon.instant(tick) == instant
        )
        assert clock.start_at(wanted, minute) == (tick if starts else None)


@pytest.mark.parametrize("horizon", CASES, ids=str)
def test_all_quarters_find_their_ticks_around_a_change(horizon: Horizon) -> None:
    """Around a change every quarter of an hour starts at its first tick, or nowhere."""
    clock = Clock(horizon, horizon.zone)
    if horizon.by_day:
        return
    for day in clock.dates:
        for minute in range(0, 1440, 15):
            instant = wall_to_instant(day, minute, horizon.zone)
            tick = horizon.tick(instant)
            exact = wall_exists(day, minute, horizon.zone) and horizon.instant(tick) == instant
            inside = exact and 0 <= tick < clock.ticks
            assert clock.start_at(day, minute) == (tick if inside else None)


@settings(max_examples=40, deadline=None)
@given(horizons(), st.sampled_from([15, 30, 45, 60, 90]), st.integers(0, 120))
def test_grids_of_starts_are_local(horizon: Horizon, every: int, offset: int) -> None:
    """Starts every so many minutes count from local midnight, on each day anew."""
    assume(not horizon.by_day)
    clock = Clock(horizon, horizon.zone)
    assert ticks_of(clock.starts_every(every, offset)).tolist() == [
        tick
        for tick, (_, minute) in enumerate(shown(horizon, horizon.zone))
        if minute % every == offset % every
    ]


def test_a_skipped_hour_makes_two_segments() -> None:
    """On the spring night the wall goes from 01:45 to 03:00 between two ticks."""
    # 96 quarters on Saturday, 8 until 02:00 on Sunday, 84 from 03:00, 96 on Monday.
    clock = Clock(SPRING, BERLIN)
    assert clock.segments == (
        Segment(0, 96, 0, 0),
        Segment(96, 104, 1, 0),
        Segment(104, 188, 1, 180),
        Segment(188, 284, 2, 0),
    )
    assert clock.gaps == (Gap(1, 120, 180),)
    assert clock.start_at(date(2026, 3, 29), 150) is None
    assert clock.start_at(date(2026, 3, 29), 120) is None
    assert clock.start_at(date(2026, 3, 29), 180) == 104
    assert clock.tick(date(2026, 3, 29), 150) == 104


def test_a_repeated_hour_starts_at_its_first() -> None:
    """On the autumn night 02:30 is the first of two, and both are starts of a half-hour grid."""
    clock = Clock(AUTUMN, BERLIN)
    assert clock.start_at(date(2026, 10, 25), 150) == 96 + 10
    assert clock.gaps == ()
    half_past_two = clock.starts_every(1440, 150) & clock.day_mask(1)
    assert ticks_of(half_past_two).tolist() == [106, 110]


def test_a_skipped_date_has_no_ticks() -> None:
    """Apia's 2011-12-30 stays among the dates, with no ticks and no wall time."""
    clock = Clock(around("Pacific/Apia", date(2011, 12, 30)), "Pacific/Apia")
    assert clock.dates[1] == date(2011, 12, 30)
    assert clock.day_starts.tolist() == [0, 96, 96, 192]
    assert clock.day_mask(1) == 0
    assert clock.gaps == (Gap(1, 0, 1440),)
    assert clock.start_at(date(2011, 12, 30), 0) is None
    assert clock.start_at(date(2011, 12, 31), 0) == 96


def test_a_date_starts_even_if_its_midnight_is_skipped() -> None:
    """With a grain of a day a date that exists has its start, and a skipped one has none."""
    summer = Clock(around("America/Sao_Paulo", date(2018, 11, 4), 1440), "America/Sao_Paulo")
    assert [summer.start_at(day, 0) for day in summer.dates] == [0, 1, 2]
    assert summer.starts_every(15, 0) == 0b111
    assert summer.start_at(date(2018, 11, 4), 60) is None
    assert summer.start_at(date(2018, 11, 6), 0) is None
    apia = Clock(around("Pacific/Apia", date(2011, 12, 30), 1440), "Pacific/Apia")
    assert [apia.start_at(day, 0) for day in apia.dates] == [0, None, 2]
    assert apia.starts_every(15, 0) == 0b101


def test_a_clock_that_goes_back_across_midnight_shows_the_old_date_again() -> None:
    """In St John's, until 2011, 00:01 became 23:01 of the day before: both parts are that day."""
    clock = Clock(around("America/St_Johns", date(2010, 11, 7)), "America/St_Johns")
    # Tick 96 starts at 00:00 on the 7th. The change comes a minute into it, so that the next
    # three start at 23:15, 23:30 and 23:45 of the 6th.
    assert ticks_of(clock.day_mask(0)).tolist() == [*range(96), 97, 98, 99]
    assert clock.day_starts.tolist()[:2] == [0, 96]
    assert ticks_of(clock.days_mask(None, date(2010, 11, 6))).tolist() == [*range(96), 97, 98, 99]


def test_days_between_two_dates_include_both() -> None:
    """Dates are inclusive, open-ended where None, and cut to the horizon."""
    clock = Clock(SPRING, BERLIN)
    all_ticks = (1 << clock.ticks) - 1
    assert clock.days_mask(None, None) == all_ticks
    assert clock.days_mask(date(2020, 1, 1), date(2030, 1, 1)) == all_ticks
    assert clock.days_mask(date(2026, 3, 29), date(2026, 3, 29)) == clock.day_mask(1)
    assert clock.days_mask(date(2026, 3, 29), None) == clock.day_mask(1) | clock.day_mask(2)
    assert clock.days_mask(date(2026, 3, 30), date(2026, 3, 29)) == 0
    assert clock.days_mask(date(2026, 4, 30), None) == 0
    assert clock.days_mask(None, date(2026, 1, 1)) == 0


def test_another_zone_sees_parts_of_days() -> None:
    """A day of Berlin is parts of two dates in Tokyo, seven hours ahead in summer."""
    horizon = Horizon(first=date(2026, 6, 1), days=1, zone=BERLIN, grain_minutes=60)
    clock = Clock(horizon, "Asia/Tokyo")
    assert clock.dates == (date(2026, 6, 1), date(2026, 6, 2))
    assert clock.day_starts.tolist() == [0, 17, 24]
    assert clock.minute_of[0] == 7 * 60
    assert clock.start_at(date(2026, 6, 1), 0) is None
    assert clock.tick(date(2026, 6, 1), 0) == -7


def test_a_long_horizon_counts_weeks_from_monday() -> None:
    """Weeks start on Mondays, also when the horizon does not."""
    # 2026-01-01 is a Thursday: the first week has 4 days.
    horizon = Horizon(first=date(2026, 1, 1), days=365, zone=BERLIN, grain_minutes=60)
    clock = Clock(horizon, BERLIN)
    assert clock.week_of_day[:12].tolist() == [0] * 4 + [1] * 7 + [2]
    assert clock.ticks == 365 * 24
    assert clock.start == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert len(clock.segments) == 367

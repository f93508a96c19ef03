from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.time import Horizon, Span, is_zone, wall_exists, wall_to_instant

ZONES = st.sampled_from(sorted(name for name in available_timezones() if is_zone(name)))
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("Asia/Beirut", date(2022, 3, 27)),
    ("Asia/Beirut", date(2022, 10, 29)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Antarctica/Casey", date(2020, 10, 4)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("America/Scoresbysund", date(2026, 3, 28)),
]


def of_berlin(first: date, days: int, grain: int) -> Horizon:
    return Horizon(first=first, days=days, zone="Europe/Berlin", grain_minutes=grain)


def shown(instant: datetime, zone: str) -> datetime:
    """Return what a clock on the wall shows."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def walk(day: date, minute: int, zone: str) -> tuple[bool, datetime]:
    """Look at the clock every minute until it first shows a wall time, or has jumped over it."""
    wanted = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    at = wanted.replace(tzinfo=UTC) - timedelta(hours=27)
    walls = []
    for _ in range(60 * 24 * 3):
        walls.append(shown(at, zone))
        if walls[-1] == wanted:
            return True, at
        at += timedelta(minutes=1)
    jump = next(i for i in range(1, len(walls)) if walls[i - 1] < wanted < walls[i])
    return False, at - timedelta(minutes=len(walls) - jump)


@settings(max_examples=60, deadline=None)
@given(ZONES, st.dates(date(1975, 1, 1), date(2037, 12, 31)), st.integers(0, 1440))
def test_a_wall_time_is_the_first_instant_that_shows_it(zone: str, day: date, minute: int) -> None:
    """A wall time is the first instant that shows it, or the change that skips it."""
    assert (wall_exists(day, minute, zone), wall_to_instant(day, minute, zone)) == walk(
        day, minute, zone
    )


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_wall_times_on_the_day_of_a_change(zone: str, day: date) -> None:
    """On the day of a change, too, each wall time is its first instant, or the change itself."""
    for minute in (0, 1, 15, 59, 60, 105, 120, 150, 179, 180, 720, 1380, 1410, 1439, 1440):
        assert (wall_exists(day, minute, zone), wall_to_instant(day, minute, zone)) == walk(
            day, minute, zone
        )


def test_an_ambiguous_time_is_its_first() -> None:
    """02:30 on the night that summer time ends is the one still in summer time."""
    assert wall_to_instant(date(2026, 10, 25), 150, "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_skipped_time_is_the_moment_of_the_change() -> None:
    """02:30 on the night that summer time starts is 03:00, the moment of the change."""
    assert not wall_exists(date(2026, 3, 29), 150, "Europe/Berlin")
    assert wall_to_instant(date(2026, 3, 29), 150, "Europe/Berlin") == datetime(
        2026, 3, 29, 1, 0, tzinfo=UTC
    )


def test_no_wall_time_exists_on_a_skipped_date() -> None:
    """Apia had no 2011-12-30: its midnight and its evening are one moment."""
    day = date(2011, 12, 30)
    assert not wall_exists(day, 720, "Pacific/Apia")
    assert {wall_to_instant(day, minute, "Pacific/Apia") for minute in (0, 720, 1439, 1440)} == {
        datetime(2011, 12, 30, 10, 0, tzinfo=UTC)
    }


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Europe", "a\0b"])
def test_what_is_no_zone_is_none(name: str) -> None:
    """A name that the zone database does not know is no zone."""
    assert not is_zone(name)


@pytest.mark.parametrize(
    ("first", "ticks"),
    # 2 days of 96 quarters of an hour, less or plus the 4 of the change.
    [(date(2026, 3, 28), 188), (date(2026, 10, 24), 196), (date(2026, 6, 1), 192)],
)
def test_the_hour_of_a_change_counts_in_ticks(first: date, ticks: int) -> None:
    """Two days are an hour shorter or longer when the clocks change."""
    horizon = of_berlin(first, days=2, grain=15)
    assert horizon.ticks == ticks
    assert horizon.instant(ticks) == horizon.end


def test_a_day_grain_counts_local_dates() -> None:
    """With a grain of a day, a tick is a local date, be it 23 or 25 hours long."""
    horizon = of_berlin(date(2026, 3, 28), days=3, grain=1440)
    assert horizon.ticks == 3
    assert horizon.instant(2) - horizon.instant(1) == timedelta(hours=23)
    assert horizon.tick(datetime(2026, 3, 29, 21, 59, tzinfo=UTC)) == 1
    assert horizon.tick(datetime(2026, 3, 29, 22, 0, tzinfo=UTC)) == 2


@settings(max_examples=100, deadline=None)
@given(
    ZONES,
    st.dates(date(1975, 1, 1), date(2037, 12, 31)),
    st.sampled_from([5, 15, 60, 1440]),
    st.integers(-4000, 9000),
    st.integers(0, 59),
)
@example("America/Sao_Paulo", date(2018, 11, 3), 1440, 1439, 59)
@example("Pacific/Apia", date(2011, 12, 29), 1440, 1500, 0)
def test_ticks_and_instants_agree(
    zone: str, first: date, grain: int, minutes: int, seconds: int
) -> None:
    """Every instant lies in its tick, and the next start is not before it."""
    horizon = Horizon(first=first, days=4, zone=zone, grain_minutes=grain)
    assume(horizon.start < horizon.end)
    instant = horizon.start + timedelta(minutes=minutes, seconds=seconds)
    tick, after = horizon.tick(instant), horizon.tick_at_or_after(instant)
    # A clock that goes back across midnight past 24:00 shows the old date again.
    assume(grain != 1440 or shown(instant, zone) >= shown(horizon.instant(tick), zone))
    assert horizon.instant(tick) <= instant < horizon.instant(tick + 1)
    assert horizon.instant(after) >= instant
    assert after == tick or horizon.instant(after - 1) < instant


def codes(horizon: Horizon, zone: str = "") -> list[FaultCode]:
    faults: list[Fault] = list(horizon.zone_faults(zone) if zone else horizon.faults())
    return [fault.code for fault in faults]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"zone": "Mars/Olympus"}, FaultCode.UNKNOWN_ZONE),
        ({"days": 0}, FaultCode.WRONG_NUMBER),
        ({"days": 10_000}, FaultCode.WRONG_NUMBER),
        ({"grain_minutes": 7}, FaultCode.WRONG_NUMBER),
        ({"grain_minutes": 0}, FaultCode.WRONG_NUMBER),
        ({"now": datetime(2026, 3, 1, 12)}, FaultCode.NAIVE_TIME),
        ({"days": 1000, "grain_minutes": 1}, FaultCode.TOO_LARGE),
        ({"first": date(9999, 12, 31)}, FaultCode.WRONG_NUMBER),
        ({"first": date(1, 1, 1)}, FaultCode.WRONG_NUMBER),
        ({"first": date(2011, 12, 30), "zone": "Pacific/Apia", "days": 1}, FaultCode.EMPTY_SPAN),
    ],
)
def test_an_impossible_horizon_is_a_fault(change: dict, code: FaultCode) -> None:
    """Each impossible horizon yields the one fault that says why."""
    usual = {"first": date(2026, 3, 1), "days": 7, "zone": "Europe/Berlin"}
    assert codes(Horizon(**{**usual, **change})) == [code]


def test_a_grain_that_does_not_divide_the_offsets_is_a_fault() -> None:
    """An hour's grain fits neither Kolkata's half hour nor the half hour of Lord Howe's change."""
    berlin = of_berlin(date(2026, 3, 25), days=14, grain=60)
    assert codes(berlin) == []
    assert codes(berlin, "Asia/Kolkata") == [FaultCode.OFF_GRID]
    assert codes(of_berlin(date(2026, 3, 25), days=14, grain=30), "Asia/Kolkata") == []
    howe = Horizon(first=date(2026, 4, 1), days=9, zone="Australia/Lord_Howe", grain_minutes=60)
    assert codes(howe) == [FaultCode.OFF_GRID]


def test_days_of_another_zone_are_no_grain() -> None:
    """With a grain of a day, a location may not have other days than the horizon."""
    horizon = of_berlin(date(2026, 3, 25), days=14, grain=1440)
    assert codes(horizon, "Europe/Berlin") == []
    assert codes(horizon, "Europe/London") == [FaultCode.OFF_GRID]


def test_a_span_is_measured_in_instants() -> None:
    """02:30 in summer time to 02:15 in winter time lasts 45 minutes, and the reverse is empty."""
    berlin = ZoneInfo("Europe/Berlin")
    summer = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    winter = datetime(2026, 10, 25, 2, 15, fold=1, tzinfo=berlin)
    whose = ("calendar", "mira", "a block", "Europe/Berlin")
    assert list(Span(start=summer, end=winter).faults(*whose)) == []
    [fault] = Span(start=winter, end=summer).faults(*whose)
    assert fault.code is FaultCode.EMPTY_SPAN


def test_a_span_is_told_in_local_time() -> None:
    """The fault of a span that was written in UTC names the zone's wall times and offsets."""
    start, end = datetime(2026, 10, 25, 1, 15, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
    [fault] = Span(start=start, end=end).faults("calendar", "mira", "a block", "Europe/Berlin")
    assert fault.message == (
        "Calendar mira: a block starts at 2026-10-25T02:15+01:00 and ends at"
        " 2026-10-25T02:00+02:00 (Europe/Berlin), which leaves nothing."
    )


def test_a_span_needs_offsets() -> None:
    """A span with a naive end yields the fault that says so."""
    start = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=1)))
    [fault] = Span(start=start, end=datetime(2026, 3, 2, 10)).faults(
        "resource", "r", "a reserve", "UTC"
    )
    assert fault.code is FaultCode.NAIVE_TIME
    assert fault.message.startswith("Resource r: the end of a reserve")


def test_a_date_that_has_begun_goes_on_though_the_clock_shows_the_one_before() -> None:
    """In St. John's the clocks went back from 00:01 to 23:01: 00:00:30 is the new date, and so is
    23:30 an hour later, which comes after the new date's midnight.
    """
    horizon = Horizon(first=date(2010, 11, 7), days=1, zone="America/St_Johns", grain_minutes=1440)
    assert [horizon.tick(horizon.start + timedelta(minutes=m)) for m in (-1, 0, 1, 30, 90)] == [
        *(-1, 0, 0, 0, 0)
    ]
    assert horizon.tick_at_or_after(horizon.start + timedelta(minutes=1)) == 1
    assert horizon.tick(datetime(9999, 12, 31, 23, tzinfo=UTC)) > 2_900_000

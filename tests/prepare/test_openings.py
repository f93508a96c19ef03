from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from allocator.domain.calendar import Block, Calendar, DailySpan, DatedException, WeeklyRule
from allocator.domain.faults import FaultCode, InvalidProblem
from allocator.domain.time import Horizon, Span, is_zone, wall_to_instant
from allocator.prepare.clock import Clock
from allocator.prepare.masks import flags, spans, ticks_of
from allocator.prepare.openings import Opening, expand, holiday_faults, public_holidays

BERLIN = "Europe/Berlin"
NAMES = sorted(name for name in available_timezones() if is_zone(name))
# Zones and dates of changes: usual, at midnight, of half an hour, of three hours, of a day.
AROUND = [
    (BERLIN, date(2026, 3, 29)),
    (BERLIN, date(2026, 10, 25)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("Asia/Beirut", date(2022, 3, 27)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Antarctica/Casey", date(2020, 10, 4)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("America/Scoresbysund", date(2026, 3, 28)),
    ("Pacific/Apia", date(2011, 12, 30)),
]
ALL_WEEK = frozenset(range(7))


def hours(start: str, end: str) -> DailySpan:
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (start, end)]
    return DailySpan(start_minute=minutes[0], end_minute=minutes[1])


def daily(start: str, end: str, overtime: bool = False) -> WeeklyRule:
    return WeeklyRule(weekdays=ALL_WEEK, hours=hours(start, end), overtime=overtime)


def clock_of(first: date, days: int = 1, zone: str = BERLIN, grain: int = 15) -> Clock:
    return Clock(Horizon(first=first, days=days, zone=zone, grain_minutes=grain), zone)


def spans_of(mask: int) -> list[tuple[int, int]]:
    return list(spans(mask))


def open_spans(calendar: Calendar, clock: Clock) -> list[tuple[int, int]]:
    return spans_of(expand(calendar, clock).open)


def by_hand(calendar: Calendar, clock: Clock) -> tuple[list[bool], list[bool], list[bool]]:
    """Open in ordinary hours, only in overtime, and blocked: tick by tick, minute by minute."""
    horizon = clock.horizon
    bands: dict[bool, list[tuple[datetime, datetime, date]]] = {False: [], True: []}
    day = horizon.first - timedelta(days=3)
    while day < horizon.first + timedelta(days=horizon.days + 3):
        exceptions = [e for e in calendar.exceptions if e.day == day]
        of_day = [(one, False) for e in exceptions for one in e.hours]
        closed = calendar.holidays and public_holidays(calendar.holidays, day, day)
        if not exceptions and not closed:
            of_day = [
                (rule.hours, rule.overtime)
                for rule in calendar.weekly
                if day.weekday() in rule.weekdays
                and (rule.first or day) <= day <= (rule.last or day)
            ]
        for one, late in of_day:
            start = wall_to_instant(day, one.start_minute, clock.zone)
            end = wall_to_instant(day, one.end_minute, clock.zone)
            if start < end:
                bands[late].append((start, end, day))
        day += timedelta(days=1)

    def touches(span: Span, start: datetime, end: datetime) -> bool:
        return span.start < end and start < span.end

    regular, overtime, blocked = [], [], []
    for tick in range(horizon.ticks):
        start, end = horizon.instant(tick), horizon.instant(tick + 1)
        if horizon.by_day:
            of_day = {late: [b for b in bands[late] if b[2] == clock.dates[tick]] for late in bands}
            in_hours, in_any = bool(of_day[False]), bool(of_day[False] or of_day[True])
        else:
            minutes = [start + timedelta(minutes=k) for k in range(horizon.grain_minutes)]
            at = [
                [any(s <= minute < e for s, e, _ in bands[late]) for minute in minutes]
                for late in (False, True)
            ]
            in_hours = all(at[0])
            in_any = all(one or other for one, other in zip(*at, strict=True))
        regular.append(in_hours)
        overtime.append(in_any and not in_hours)
        blocked.append(start < end and any(touches(b.span, start, end) for b in calendar.blocks))
    return regular, overtime, blocked


@st.composite
def daily_spans(draw: st.DrawFn) -> DailySpan:
    minutes = st.one_of(st.integers(0, 96).map(lambda q: 15 * q), st.integers(0, 1440))
    start, end = sorted((draw(minutes), draw(minutes)))
    assume(start < end)
    return DailySpan(start_minute=start, end_minute=end)


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    """Draw a few days of a zone, more often than not around a change."""
    zone, day = draw(
        st.one_of(
            st.sampled_from(AROUND),
            st.tuples(st.sampled_from(NAMES), st.dates(date(1990, 1, 1), date(2036, 12, 31))),
        )
    )
    horizon = Horizon(
        first=day - timedelta(days=draw(st.integers(0, 2))),
        days=draw(st.integers(1, 4)),
        zone=zone,
        grain_minutes=draw(st.sampled_from([5, 15, 30, 60, 1440])),
    )
    assume(not list(horizon.faults()))
    elsewhere = draw(st.sampled_from([zone, zone, "Asia/Tokyo", "America/New_York"]))
    return Clock(horizon, zone if list(horizon.zone_faults(elsewhere)) else elsewhere)


@st.composite
def calendars(draw: st.DrawFn, clock: Clock) -> Calendar:
    near = st.sampled_from(clock.dates)
    rules = st.builds(
        WeeklyRule,
        weekdays=st.one_of(
            st.just(ALL_WEEK), st.frozensets(st.integers(0, 6), min_size=1, max_size=7)
        ),
        hours=daily_spans(),
        overtime=st.booleans(),
        first=st.none() | near,
        last=st.none() | near,
    )
    exceptions = st.builds(
        DatedException,
        day=near,
        hours=st.lists(daily_spans(), max_size=2).map(tuple),
    )
    blocks = st.builds(
        lambda minutes, length: Block(
            span=Span(
                start=clock.start + timedelta(minutes=minutes),
                end=clock.start + timedelta(minutes=minutes + length),
            )
        ),
        st.integers(-2000, 6000),
        st.integers(1, 2000),
    )
    return Calendar(
        id="mira",
        weekly=tuple(draw(st.lists(rules, max_size=4))),
        exceptions=tuple(draw(st.lists(exceptions, max_size=2, unique_by=lambda e: e.day))),
        holidays=draw(st.sampled_from(["", "DE-BE"])),
        blocks=tuple(draw(st.lists(blocks, max_size=2))),
    )


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_an_opening_is_what_a_walk_along_the_ticks_finds(data: st.DataObject) -> None:
    """In any zone and on any grid the sets are those that a walk minute by minute finds."""
    clock = data.draw(clocks())
    calendar = data.draw(calendars(clock))
    opening = expand(calendar, clock)
    assert (
        flags(opening.regular, clock.ticks).tolist(),
        flags(opening.overtime, clock.ticks).tolist(),
        flags(opening.blocked, clock.ticks).tolist(),
    ) == by_hand(calendar, clock)
    highest = max(opening.regular, opening.overtime, opening.blocked)
    assert highest.bit_length() <= clock.ticks


def test_no_calendar_is_always_open() -> None:
    """What has no calendar is open at every tick, without overtime or blocks."""
    clock = clock_of(date(2026, 3, 2), days=2)
    assert expand(None, clock) == Opening((1 << 192) - 1, 0, 0, ())


def test_a_calendar_without_hours_is_never_open() -> None:
    """A calendar that names no hours is closed throughout."""
    assert expand(Calendar(id="mira"), clock_of(date(2026, 3, 2))) == Opening(0, 0, 0, ())


def test_hours_are_rounded_inward() -> None:
    """A quarter of an hour is open only if it lies wholly in the hours."""
    # 09:05 to 10:10 leaves 09:15 to 10:00: ticks 37, 38, 39.
    calendar = Calendar(id="mira", weekly=(daily("09:05", "10:10"),))
    assert open_spans(calendar, clock_of(date(2026, 3, 2))) == [(37, 40)]


def test_a_tick_may_lie_across_the_border_of_two_bands() -> None:
    """A tick that begins in ordinary hours and ends in overtime is overtime."""
    # 16:00 to 17:10 and on to 18:00: tick 68 (17:00 to 17:15) lies in both.
    calendar = Calendar(id="mira", weekly=(daily("16:00", "17:10"), daily("17:10", "18:00", True)))
    opening = expand(calendar, clock_of(date(2026, 3, 2)))
    assert spans_of(opening.regular) == [(64, 68)]
    assert spans_of(opening.overtime) == [(68, 72)]
    assert spans_of(opening.open) == [(64, 72)]


def test_a_block_takes_every_tick_that_it_touches() -> None:
    """A block from 09:10 to 09:31 Berlin time takes three quarters; one up to 09:30 takes two."""

    def blocked(end_minute: int) -> list[tuple[int, int]]:
        start = datetime(2026, 3, 2, 8, 10, tzinfo=UTC)
        block = Block(span=Span(start=start, end=datetime(2026, 3, 2, 8, end_minute, tzinfo=UTC)))
        calendar = Calendar(id="mira", weekly=(daily("08:00", "12:00"),), blocks=(block,))
        opening = expand(calendar, clock_of(date(2026, 3, 2)))
        assert spans_of(opening.open) == [(32, 48)]
        return spans_of(opening.blocked)

    assert blocked(31) == [(36, 39)]
    assert blocked(30) == [(36, 38)]


def test_a_block_beyond_the_horizon_is_cut() -> None:
    """Leave that began before the horizon and ends after it blocks all of it, and no more."""
    leave = Block(
        span=Span(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 6, 1, tzinfo=UTC))
    )
    past = Block(
        span=Span(start=datetime(2025, 1, 1, tzinfo=UTC), end=datetime(2025, 6, 1, tzinfo=UTC))
    )
    clock = clock_of(date(2026, 3, 2))
    assert expand(Calendar(id="mira", blocks=(leave,)), clock).blocked == (1 << 96) - 1
    assert expand(Calendar(id="mira", blocks=(past,)), clock).blocked == 0


def test_rules_hold_between_their_dates() -> None:
    """A rule's first and last dates are both included."""
    rule = WeeklyRule(
        weekdays=ALL_WEEK,
        hours=hours("00:00", "24:00"),
        first=date(2026, 3, 3),
        last=date(2026, 3, 4),
    )
    clock = clock_of(date(2026, 3, 2), days=4)
    assert open_spans(Calendar(id="mira", weekly=(rule,)), clock) == [(96, 288)]


def test_an_exception_replaces_the_week() -> None:
    """A date with hours of its own has only those, in ordinary time; one with none is closed."""
    calendar = Calendar(
        id="mira",
        weekly=(daily("08:00", "12:00"), daily("13:00", "15:00", True)),
        exceptions=(
            DatedException(day=date(2026, 3, 2), hours=(hours("10:00", "11:00"),)),
            DatedException(day=date(2026, 3, 3)),
            DatedException(day=date(2026, 9, 9), hours=(hours("10:00", "11:00"),)),
        ),
    )
    opening = expand(calendar, clock_of(date(2026, 3, 2), days=2))
    assert spans_of(opening.regular) == [(40, 44)]
    assert opening.overtime == 0
    assert opening.notes == ()


def test_holidays_close_and_say_so() -> None:
    """On Women's Day (a Sunday in 2026) Berlin is closed, Brandenburg is not."""
    week = (daily("00:00", "24:00"),)
    clock = clock_of(date(2026, 3, 7), days=3)
    berlin = expand(Calendar(id="mira", weekly=week, holidays="DE-BE"), clock)
    assert spans_of(berlin.open) == [(0, 96), (192, 288)]
    assert berlin.closed == ((date(2026, 3, 8), "Women's Day"),)
    assert berlin.notes == ()
    brandenburg = expand(Calendar(id="mira", weekly=week, holidays="DE-BB"), clock)
    assert spans_of(brandenburg.open) == [(0, 288)]
    assert brandenburg.closed == ()


def test_a_holiday_on_a_closed_day_is_not_worth_a_note() -> None:
    """A holiday drops nothing where the week has no hours."""
    rule = WeeklyRule(weekdays=frozenset({0}), hours=hours("09:00", "10:00"))
    calendar = Calendar(id="mira", weekly=(rule,), holidays="DE-BE")
    assert expand(calendar, clock_of(date(2026, 3, 8))).closed == ()


def test_an_exception_wins_over_a_holiday() -> None:
    """Who works on a holiday says so by an exception."""
    calendar = Calendar(
        id="mira",
        weekly=(daily("08:00", "12:00"),),
        exceptions=(DatedException(day=date(2026, 3, 8), hours=(hours("10:00", "11:00"),)),),
        holidays="DE-BE",
    )
    opening = expand(calendar, clock_of(date(2026, 3, 8)))
    assert spans_of(opening.regular) == [(40, 44)]
    assert opening.closed == ()


@pytest.mark.parametrize(
    ("start", "end", "ticks", "note"),
    [
        # 2026-03-29 has no 02:00 to 03:00: tick 8 starts at 03:00.
        ("01:00", "02:30", [(4, 8)], "02:30 does not exist on 2026-03-29; the span ends at the"),
        ("02:30", "04:00", [(8, 12)], "02:30 does not exist on 2026-03-29; the span starts at the"),
        ("02:10", "02:40", [], "02:10–02:40 does not exist on 2026-03-29; the span is dropped"),
        ("02:00", "03:00", [], "02:00–03:00 does not exist on 2026-03-29; the span is dropped"),
        ("01:00", "02:00", [(4, 8)], ""),
        ("03:00", "04:00", [(8, 12)], ""),
        ("01:00", "04:00", [(4, 12)], ""),
    ],
)
def test_hours_that_the_clocks_skip(
    start: str, end: str, ticks: list[tuple[int, int]], note: str
) -> None:
    """A span's end in a skipped hour moves to the change, and a note says so."""
    clock = clock_of(date(2026, 3, 29))
    for calendar in (
        Calendar(id="mira", weekly=(daily(start, end),)),
        Calendar(
            id="mira",
            exceptions=(DatedException(day=date(2026, 3, 29), hours=(hours(start, end),)),),
        ),
    ):
        opening = expand(calendar, clock)
        assert spans_of(opening.open) == ticks
        assert len(opening.notes) == (1 if note else 0)
        assert all(text.startswith(f"Calendar mira: {note}") for text in opening.notes)


@pytest.mark.parametrize(
    ("start", "end", "ticks"),
    [
        # 2026-10-25 has 02:00 to 03:00 twice: ticks 8 to 11, and 12 to 15.
        ("01:00", "02:30", [(4, 10)]),
        ("02:30", "04:00", [(10, 20)]),
        ("02:00", "03:00", [(8, 16)]),
        ("00:00", "24:00", [(0, 100)]),
    ],
)
def test_hours_that_come_twice(start: str, end: str, ticks: list[tuple[int, int]]) -> None:
    """An ambiguous end is its first; what lies between two plain times is open twice."""
    opening = expand(Calendar(id="mira", weekly=(daily(start, end),)), clock_of(date(2026, 10, 25)))
    assert spans_of(opening.open) == ticks
    assert opening.notes == ()


def test_a_day_that_starts_at_one_loses_its_first_hour() -> None:
    """Sao Paulo's clocks went from 24:00 to 01:00: the day before lost nothing."""
    clock = clock_of(date(2018, 11, 3), days=2, zone="America/Sao_Paulo", grain=60)
    opening = expand(Calendar(id="mira", weekly=(daily("00:00", "24:00"),)), clock)
    assert spans_of(opening.open) == [(0, 47)]
    assert opening.notes == (
        "Calendar mira: 00:00 does not exist on 2018-11-04; the span starts at the change.",
    )


def test_with_a_grain_of_a_day_any_hours_open_the_date() -> None:
    """A date is open if it has any hours, overtime if it has no others, blocked if touched."""
    rules = (
        WeeklyRule(weekdays=frozenset({0, 1}), hours=hours("09:05", "09:10")),
        WeeklyRule(weekdays=frozenset({1, 2}), hours=hours("20:00", "21:00"), overtime=True),
    )
    # Monday 23:00 to Tuesday 24:00, Berlin time: it does not touch Wednesday.
    block = Block(
        span=Span(
            start=datetime(2026, 3, 2, 22, tzinfo=UTC), end=datetime(2026, 3, 3, 23, tzinfo=UTC)
        )
    )
    clock = clock_of(date(2026, 3, 2), days=7, grain=1440)
    opening = expand(Calendar(id="mira", weekly=rules, blocks=(block,)), clock)
    assert ticks_of(opening.regular).tolist() == [0, 1]
    assert ticks_of(opening.overtime).tolist() == [2]
    assert ticks_of(opening.blocked).tolist() == [0, 1]


def test_a_skipped_date_has_no_hours() -> None:
    """Apia had no 2011-12-30: it is closed, and a note says so."""
    calendar = Calendar(id="mira", weekly=(daily("09:00", "17:00"),))
    clock = clock_of(date(2011, 12, 29), days=3, zone="Pacific/Apia", grain=1440)
    opening = expand(calendar, clock)
    assert ticks_of(opening.open).tolist() == [0, 2]
    assert opening.notes == (
        "Calendar mira: 09:00–17:00 does not exist on 2011-12-30; the span is dropped.",
    )


def test_public_holidays_are_those_between_the_dates() -> None:
    """Both dates are included, across the turn of the year, and the order is that of time."""
    found = public_holidays("DE", date(2025, 12, 26), date(2026, 1, 1))
    assert list(found) == [date(2025, 12, 26), date(2026, 1, 1)]
    assert found[date(2026, 1, 1)] == "New Year's Day"


@pytest.mark.parametrize("region", ["XX", "DE-XX", "de", "Germany", "DE-", "NYSE", "holidays", " "])
def test_an_unknown_region_is_a_fault(region: str) -> None:
    """A region that is unknown is refused by name, and the calendar can be asked beforehand."""
    with pytest.raises(InvalidProblem, match=f"region '{region}'") as refused:
        public_holidays(region, date(2026, 1, 1), date(2026, 12, 31))
    [fault] = refused.value.faults
    assert (fault.code, fault.kind) == (FaultCode.UNKNOWN_NAME, "calendar")
    [fault] = holiday_faults(Calendar(id="mira", holidays=region))
    assert (fault.code, fault.kind, fault.id) == (FaultCode.UNKNOWN_NAME, "calendar", "mira")
    assert f"Calendar mira: the region '{region}'" in fault.message


def test_known_regions_are_no_faults() -> None:
    """A country, a part of one, and none at all are in order."""
    for region in ("", "DE", "DE-BE", "US-CA"):
        assert list(holiday_faults(Calendar(id="mira", holidays=region))) == []

"""Instants, local wall time, spans and the grid of ticks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allocator.domain.faults import Fault, FaultCode

MINUTES_PER_DAY = 24 * 60
MAX_DAYS = 3 * 366
FIRST_YEAR, LAST_YEAR = 1970, 2200
MAX_TICKS = 600_000


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name; raises ``ZoneInfoNotFoundError`` when there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, IsADirectoryError, OSError) as error:
        raise ZoneInfoNotFoundError(name) from error


def is_zone(name: str) -> bool:
    """Say whether the zone database knows this name."""
    try:
        zone_of(name)
    except ZoneInfoNotFoundError:
        return False
    return True


def is_aware(instant: datetime) -> bool:
    """Say whether this instant names its offset."""
    return instant.tzinfo is not None and instant.utcoffset() is not None


def wall_exists(day: date, minute: int, zone: str) -> bool:
    """Say whether a local wall time exists: on the night clocks go forward an hour does not."""
    naive = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    tz = zone_of(zone)
    return naive.replace(tzinfo=tz).astimezone(UTC).astimezone(tz).replace(tzinfo=None) == naive


@lru_cache(maxsize=65_536)
def wall_to_instant(day: date, minute: int, zone: str) -> datetime:
    """Turn a local wall time into an instant.

    Parameters
    ----------
    day, minute
        Local date, and minutes after its midnight (1440 is the next midnight).
    zone
        Name of the zone.

    Returns
    -------
    datetime
        In UTC. An ambiguous time is its first; a time that the clocks skip moves to the
        moment of the change.
    """
    naive = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    tz = zone_of(zone)
    instant = naive.replace(tzinfo=tz).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == naive:
        return instant
    early, late = naive.replace(tzinfo=tz, fold=1).astimezone(UTC), instant
    before = early.astimezone(tz).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(tz).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def write_instant(instant: datetime, zone: tzinfo) -> str:
    """Write an instant in local time with its offset, as files and messages have it."""
    try:
        local = instant.astimezone(zone)
    except OverflowError:
        local = instant
    if local.second or local.microsecond:
        return local.isoformat()
    return local.isoformat(timespec="minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open stretch of time: ``start`` belongs to it, ``end`` does not."""

    start: datetime
    end: datetime

    def faults(self, kind: str, id: str, what: str, zone: str) -> Iterator[Fault]:
        """Yield what is wrong with this span, in the name of the object that holds it.

        Instants are told in local time of the zone.
        """
        for name, instant in (("start", self.start), ("end", self.end)):
            if not is_aware(instant):
                yield Fault(
                    FaultCode.NAIVE_TIME,
                    kind,
                    id,
                    f"{kind.capitalize()} {id}: the {name} of {what}, {instant.isoformat()},"
                    " has no zone or offset.",
                )
                return
        # In UTC: two instants of one zone would compare by their wall times.
        if self.start.astimezone(UTC) >= self.end.astimezone(UTC):
            local = zone_of(zone)
            yield Fault(
                FaultCode.EMPTY_SPAN,
                kind,
                id,
                f"{kind.capitalize()} {id}: {what} starts at {write_instant(self.start, local)}"
                f" and ends at {write_instant(self.end, local)} ({zone}), which leaves nothing.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """The days that a problem looks at, and the grid on which visits may start.

    Attributes
    ----------
    first
        First local date.
    days
        How many local dates, at least 1.
    zone
        Zone of the horizon, and of every location that names no other.
    grain_minutes
        Length of a tick, from 1 minute to 1440 (one day). It divides a day. With a grain of
        a day a tick is a local date, be it 23, 24 or 25 hours long.
    now
        The instant at which the problem is asked; notice, release times and due dates count
        from it. Defaults to the start of the horizon.
    """

    first: date
    days: int
    zone: str
    grain_minutes: int = 15
    now: datetime | None = None

    @property
    def by_day(self) -> bool:
        """Whether a tick is a local date."""
        return self.grain_minutes == MINUTES_PER_DAY

    @property
    def start(self) -> datetime:
        """First instant of the horizon, in UTC."""
        return wall_to_instant(self.first, 0, self.zone)

    @property
    def end(self) -> datetime:
        """First instant after the horizon, in UTC."""
        return wall_to_instant(self.first + timedelta(days=self.days), 0, self.zone)

    @property
    def asked_at(self) -> datetime:
        """The instant at which the problem is asked, in UTC."""
        return self.start if self.now is None else self.now.astimezone(UTC)

    @property
    def ticks(self) -> int:
        """How many ticks the horizon has."""
        if self.by_day:
            return self.days
        return int((self.end - self.start) / timedelta(minutes=self.grain_minutes))

    def instant(self, tick: int) -> datetime:
        """Return the instant, in UTC, at which a tick starts."""
        if self.by_day:
            return wall_to_instant(self.first + timedelta(days=tick), 0, self.zone)
        return self.start + tick * timedelta(minutes=self.grain_minutes)

    def tick(self, instant: datetime) -> int:
        """Return the tick that holds an instant; it may lie outside the horizon."""
        if self.by_day:
            day = (instant.astimezone(zone_of(self.zone)).date() - self.first).days
            # A clock that goes back across midnight shows the old date again, for a while.
            if -1 <= day < self.days and self.instant(day + 1) <= instant:
                day += 1
            return day
        return (instant - self.start) // timedelta(minutes=self.grain_minutes)

    def tick_at_or_after(self, instant: datetime) -> int:
        """Return the first tick that starts at an instant or after it."""
        tick, exact = self.place(instant)
        return tick if exact else tick + 1

    def place(self, instant: datetime) -> tuple[int, bool]:
        """Return the tick that holds an instant, and whether it starts right then."""
        if self.by_day:
            tick = self.tick(instant)
            return tick, self.instant(tick) == instant
        tick, past = divmod(instant - self.start, timedelta(minutes=self.grain_minutes))
        return tick, not past

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the horizon."""

        def fault(code: FaultCode, message: str) -> Fault:
            return Fault(code, "horizon", "", message)

        known = is_zone(self.zone)
        if not known:
            yield fault(FaultCode.UNKNOWN_ZONE, f"The horizon's zone {self.zone!r} is unknown.")
        some_days = 1 <= self.days <= MAX_DAYS
        if not some_days:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"The horizon has {self.days} days; it may have 1 to {MAX_DAYS}.",
            )
        near = FIRST_YEAR <= self.first.year <= LAST_YEAR
        if not near:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"The horizon starts on {self.first}; years {FIRST_YEAR} to {LAST_YEAR} are"
                " possible.",
            )
        divides = self.grain_minutes >= 1 and not MINUTES_PER_DAY % self.grain_minutes
        if not divides:
            yield fault(
                FaultCode.WRONG_NUMBER,
                f"The grain is {self.grain_minutes} minutes; it must divide the"
                f" {MINUTES_PER_DAY} minutes of a day.",
            )
        if self.now is not None and not is_aware(self.now):
            yield fault(
                FaultCode.NAIVE_TIME,
                f"The horizon's now, {self.now.isoformat()}, has no zone or offset.",
            )
        if not (known and some_days and near and divides):
            return
        if self.start == self.end:
            yield fault(
                FaultCode.EMPTY_SPAN,
                f"The horizon has no time: {self.zone} skipped {self.first}.",
            )
        if self.ticks > MAX_TICKS:
            yield fault(
                FaultCode.TOO_LARGE,
                f"The horizon has {self.ticks} ticks of {self.grain_minutes} minutes;"
                f" at most {MAX_TICKS} are allowed.",
            )
        yield from self.zone_faults(self.zone)

    def zone_faults(self, zone: str) -> Iterator[Fault]:
        """Yield a fault when the zone's clock changes do not fall on the grid of ticks."""
        if self.by_day:
            if zone != self.zone:
                yield Fault(
                    FaultCode.OFF_GRID,
                    "horizon",
                    "",
                    f"The grain is a day of {self.zone}; a location in {zone} has other days.",
                )
            return
        base = zone_of(self.zone)
        tz = zone_of(zone)
        start_offset = self.start.astimezone(base).utcoffset()
        for day in range(self.days + 1):
            offset = (self.start + timedelta(days=day)).astimezone(tz).utcoffset()
            assert offset is not None and start_offset is not None
            difference = int((offset - start_offset).total_seconds())
            if difference % (self.grain_minutes * 60):
                yield Fault(
                    FaultCode.OFF_GRID,
                    "horizon",
                    "",
                    f"The grain is {self.grain_minutes} minutes; {zone} is"
                    f" {difference / 60:g} minutes from the horizon's first midnight on"
                    f" {self.first + timedelta(days=day)}.",
                )
                return

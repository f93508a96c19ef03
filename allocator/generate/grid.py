"""The local days of a horizon, in ticks, and sets of ticks as integers (bit t is tick t)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import holidays

from allocator.domain.calendar import Calendar
from allocator.domain.time import Horizon, Span, wall_to_instant, zone_of

Ticks = int


def between(first: int, end: int) -> Ticks:
    """Return the ticks from ``first`` up to, not including, ``end``."""
    first = max(first, 0)
    return ((1 << (end - first)) - 1) << first if end > first else 0


def starts_of_runs(ticks: Ticks, length: int) -> Ticks:
    """Return the ticks from which ``length`` ticks in a row belong to the set."""
    have = 1
    while have < length and ticks:
        step = min(have, length - have)
        ticks &= ticks >> step
        have += step
    return ticks


def each(ticks: Ticks) -> Iterator[int]:
    """Yield the ticks of a set, ascending."""
    while ticks:
        low = ticks & -ticks
        yield low.bit_length() - 1
        ticks ^= low


@dataclass(slots=True)
class Grid:
    """A horizon with its local days: day 0 is the first date, minutes are of local wall time."""

    horizon: Horizon
    _ticks: dict[tuple[int, int], int] = field(default_factory=dict)
    _open: dict[str, Ticks] = field(default_factory=dict)
    _holidays: dict[str, frozenset[date]] = field(default_factory=dict)

    @property
    def grain(self) -> int:
        """Minutes of a tick."""
        return self.horizon.grain_minutes

    @property
    def days(self) -> int:
        """Local days of the horizon."""
        return self.horizon.days

    @property
    def weeks(self) -> int:
        """Weeks of the horizon, the last of which may be short."""
        return -(-self.days // 7)

    def date(self, day: int) -> date:
        """Return the local date of a day."""
        return self.horizon.first + timedelta(days=day)

    def instant(self, day: int, minute: int = 0) -> datetime:
        """Return a local wall time as an instant in UTC."""
        return wall_to_instant(self.date(day), minute, self.horizon.zone)

    def tick(self, day: int, minute: int = 0) -> int:
        """Return the first tick at or after a local wall time."""
        key = (day, minute)
        if key not in self._ticks:
            self._ticks[key] = self.horizon.tick_at_or_after(self.instant(day, minute))
        return self._ticks[key]

    def wall(self, tick: int) -> tuple[int, int]:
        """Return the day and the minute after midnight at which a tick starts."""
        local = self.horizon.instant(tick).astimezone(zone_of(self.horizon.zone))
        return (local.date() - self.horizon.first).days, local.hour * 60 + local.minute

    def ticks_in(self, minutes: int) -> int:
        """Return how many ticks so many minutes take."""
        return -(-minutes // self.grain)

    def day_ticks(self, day: int) -> Ticks:
        """Return the ticks of a local day."""
        return between(self.tick(day), self.tick(day + 1))

    def span_ticks(self, span: Span) -> Ticks:
        """Return the ticks that lie whole in a span, inside the horizon."""
        first = max(0, self.horizon.tick_at_or_after(span.start.astimezone(UTC)))
        end = min(self.horizon.ticks, self.horizon.tick(span.end.astimezone(UTC)))
        return between(first, end)

    def days_span(self, first: int, last: int) -> Span:
        """Return the span of whole local days, both included, cut to the horizon."""
        return Span(
            start=self.instant(max(0, first)), end=self.instant(min(self.days, max(1, last + 1)))
        )

    def is_holiday(self, day: int, region: str) -> bool:
        """Say whether a day is a public holiday of a region such as ``"DE-BE"``."""
        if not region:
            return False
        if region not in self._holidays:
            country, _, part = region.partition("-")
            years = range(self.date(0).year, self.date(self.days).year + 1)
            table = holidays.country_holidays(country, subdiv=part or None, years=years)
            self._holidays[region] = frozenset(table)
        return self.date(day) in self._holidays[region]

    def works(self, day: int, region: str) -> bool:
        """Say whether a day is a weekday and no holiday."""
        return self.date(day).weekday() < 5 and not self.is_holiday(day, region)

    def open_ticks(self, calendar: Calendar | None) -> Ticks:
        """Return when a calendar is open, overtime left out; None is always open."""
        if calendar is None:
            return between(0, self.horizon.ticks)
        if calendar.id not in self._open:
            self._open[calendar.id] = self._expand(calendar)
        return self._open[calendar.id]

    def _expand(self, calendar: Calendar) -> Ticks:
        exceptions = {exception.day: exception.hours for exception in calendar.exceptions}
        ticks = 0
        for day in range(self.days):
            on = self.date(day)
            if on in exceptions:
                hours = exceptions[on]
            elif self.is_holiday(day, calendar.holidays):
                hours = ()
            else:
                hours = tuple(
                    rule.hours
                    for rule in calendar.weekly
                    if on.weekday() in rule.weekdays
                    and not rule.overtime
                    and (rule.first is None or rule.first <= on)
                    and (rule.last is None or on <= rule.last)
                )
            for stretch in hours:
                ticks |= between(
                    self.tick(day, stretch.start_minute),
                    self.horizon.tick(self.instant(day, stretch.end_minute)),
                )
        for block in calendar.blocks:
            first = self.horizon.tick(block.span.start.astimezone(UTC))
            end = self.horizon.tick_at_or_after(block.span.end.astimezone(UTC))
            ticks &= ~between(first, min(end, self.horizon.ticks))
        return ticks

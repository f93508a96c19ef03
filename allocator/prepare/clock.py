"""The local clock of a zone on the grid of ticks: dates, weeks and wall minutes as arrays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from allocator.domain.time import MINUTES_PER_DAY, Horizon, wall_to_instant, zone_of
from allocator.prepare.masks import Mask, from_flags, span

#: Seconds of a day, and the ordinal of the day from which instants are counted.
DAY = 24 * 60 * 60
EPOCH = date(1970, 1, 1).toordinal()

#: Days on either side of a clock change whose wall times are looked up one by one.
MARGIN_DAYS = 3


class Segment(NamedTuple):
    """Ticks ``first`` to ``end`` (not included) of one local day, on a steady wall clock."""

    first: int
    end: int
    day: int
    first_minute: int


class Gap(NamedTuple):
    """Wall times of a date that the clocks skip.

    Minutes are counted from the date's midnight, so a gap across midnight belongs to both of
    its dates, and starts below 0 or ends beyond 1440.
    """

    day: int
    first_minute: int
    end_minute: int


class Clock:
    """The local clock of one zone over a horizon, on its grid.

    Parameters
    ----------
    horizon
        The days and the grid.
    zone
        Zone whose local time is told; its offsets lie on the grid (``Horizon.zone_faults``).

    Attributes
    ----------
    horizon, zone
        As given.
    start
        First instant of the horizon, in UTC.
    ticks
        How many ticks the horizon has.
    dates
        Local dates from the horizon's first to its last, without holes: a date that the zone
        skips (Apia has no 2011-12-30) stays in, and has no ticks unless the grain is a day.
    day_starts
        First tick of each date, then ``ticks``.
    day_of
        For each tick, the index of its date.
    minute_of
        For each tick, the wall time at its start, in minutes after midnight; 0 if the grain
        is a day.
    weekday_of_day
        For each date, 0 for Monday to 6.
    week_of_day
        For each date, the number of its local Monday week; 0 is the first of the horizon.
    segments
        Maximal stretches of ticks of one date on which each tick's wall time is one grain
        after the last: one a day, as a rule, and two when the clocks change.
    gaps
        Wall times that do not exist because of a change within the horizon.
    """

    __slots__ = (
        "_base",
        "_columns",
        "_halves",
        "_steady",
        "dates",
        "day_of",
        "day_starts",
        "gaps",
        "horizon",
        "minute_of",
        "segments",
        "start",
        "ticks",
        "week_of_day",
        "weekday_of_day",
        "zone",
    )

    def __init__(self, horizon: Horizon, zone: str) -> None:
        self.horizon = horizon
        self.zone = zone
        self.ticks = horizon.ticks
        self.start = horizon.start
        origin = int(self.start.timestamp())
        total = int(horizon.end.timestamp()) - origin
        stretches = _stretches(
            zone, origin - (MARGIN_DAYS + 2) * DAY, origin + total + (MARGIN_DAYS + 2) * DAY
        )

        if horizon.by_day:
            days = horizon.first.toordinal() - EPOCH + np.arange(self.ticks, dtype=np.int64)
            minutes = np.zeros(self.ticks, dtype=np.int64)
        else:
            days, minutes = self._tell(stretches, origin)
        first = int(days.min())
        count = int(days.max()) - first + 1
        self.dates = tuple(date.fromordinal(EPOCH + first + day) for day in range(count))
        self.day_of: npt.NDArray[np.int32] = _frozen((days - first).astype(np.int32))
        self.minute_of: npt.NDArray[np.int32] = _frozen(minutes.astype(np.int32))
        # A clock that goes back from 00:01 shows the old date again for a while; the running
        # maximum leaves that while to the new date, so that starts stay in order.
        reached = np.maximum.accumulate(self.day_of)
        self.day_starts: npt.NDArray[np.int64] = _frozen(
            np.searchsorted(reached, np.arange(count + 1)).astype(np.int64)
        )
        # 1970-01-01 was a Thursday.
        ordinals = first + np.arange(count, dtype=np.int64)
        self.weekday_of_day: npt.NDArray[np.int8] = _frozen(((ordinals + 3) % 7).astype(np.int8))
        weeks = (ordinals + 3) // 7
        self.week_of_day: npt.NDArray[np.int32] = _frozen((weeks - weeks[0]).astype(np.int32))
        self.segments = self._segments()
        self.gaps = _gaps(stretches, origin, total, first, count)
        self._base, self._steady = _midnights(stretches, origin, ordinals)
        self._columns: dict[int, npt.NDArray[np.int64]] = {}
        self._halves: npt.NDArray[np.int32] | None = None

    def _tell(
        self, stretches: tuple[tuple[int, int], ...], origin: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the day number (since 1970) and the minute of each tick."""
        grain = self.horizon.grain_minutes * 60
        local = origin + grain * np.arange(self.ticks, dtype=np.int64)
        starts = [-(-(start - origin) // grain) for start, _ in stretches[1:]]
        firsts = [0, *(min(max(tick, 0), self.ticks) for tick in starts)]
        for (_, offset), begin, end in zip(
            stretches, firsts, [*firsts[1:], self.ticks], strict=True
        ):
            local[begin:end] += offset
        days, seconds = np.divmod(local, DAY)
        return days, seconds // 60

    def _segments(self) -> tuple[Segment, ...]:
        grain = self.horizon.grain_minutes
        breaks = (np.diff(self.day_of) != 0) | (np.diff(self.minute_of) != grain)
        firsts = np.concatenate(([0], np.flatnonzero(breaks) + 1))
        ends = np.append(firsts[1:], self.ticks)
        return tuple(
            map(
                Segment,
                firsts.tolist(),
                ends.tolist(),
                self.day_of[firsts].tolist(),
                self.minute_of[firsts].tolist(),
            )
        )

    def day_index(self, day: date) -> int:
        """Return the index of a date in ``dates``; below 0 or beyond them when it is outside."""
        return (day - self.dates[0]).days

    def seconds(self, minute: int) -> npt.NDArray[np.int64]:
        """Return, for each date, the seconds from the horizon's start to a wall time.

        As ``wall_to_instant`` has it: an ambiguous time is its first, a skipped one is the
        moment of the change, and 1440 is the next midnight.
        """
        column = self._columns.get(minute)
        if column is None:
            column = self._base + 60 * minute
            for day in np.flatnonzero(~self._steady).tolist():
                column[day] = self._second(self.dates[day], minute)
            self._columns[minute] = _frozen(column)
        return column

    def _second(self, day: date, minute: int) -> int:
        instant = wall_to_instant(day, minute, self.zone)
        return (instant - self.start) // timedelta(seconds=1)

    def _seconds_at(self, day: date, minute: int) -> int:
        index = self.day_index(day)
        if (
            0 <= index < len(self.dates)
            and 0 <= minute <= MINUTES_PER_DAY
            and bool(self._steady[index])
        ):
            return int(self._base[index]) + 60 * minute
        return self._second(day, minute)

    def tick(self, day: date, minute: int) -> int:
        """Return the tick that holds a local wall time; it may lie outside the horizon."""
        if self.horizon.by_day:
            return self.horizon.tick(wall_to_instant(day, minute, self.zone))
        return self._seconds_at(day, minute) // (self.horizon.grain_minutes * 60)

    def tick_at_or_after(self, day: date, minute: int) -> int:
        """Return the first tick that starts at a local wall time or after it."""
        if self.horizon.by_day:
            return self.horizon.tick_at_or_after(wall_to_instant(day, minute, self.zone))
        return -(-self._seconds_at(day, minute) // (self.horizon.grain_minutes * 60))

    def start_at(self, day: date, minute: int) -> int | None:
        """Return the tick that starts at a local wall time.

        None where the wall time does not exist, or lies off the grid or outside the horizon.
        With a grain of a day a date that exists starts at minute 0, even if the clocks skip
        its midnight.
        """
        if self.horizon.by_day:
            extra, rest = divmod(minute, MINUTES_PER_DAY)
            tick = (day - self.horizon.first).days + extra
            return tick if not rest and 0 <= tick < self.ticks and self._lasts(tick) else None
        tick, rest = divmod(self._seconds_at(day, minute), self.horizon.grain_minutes * 60)
        if rest or not 0 <= tick < self.ticks:
            return None
        # The moment of a change stands for every wall time that it skips; only one is real.
        asked = self.day_index(day) * MINUTES_PER_DAY + minute
        shown = int(self.day_of[tick]) * MINUTES_PER_DAY + int(self.minute_of[tick])
        return tick if asked == shown else None

    def _lasts(self, day: int) -> bool:
        """Say whether a date has any time at all."""
        return bool(self.seconds(MINUTES_PER_DAY)[day] > self.seconds(0)[day])

    def day_mask(self, day_index: int) -> Mask:
        """Return the ticks of a date."""
        return self._days(day_index, day_index + 1)

    def days_mask(self, first: date | None, last: date | None) -> Mask:
        """Return the ticks of the dates from ``first`` to ``last``, both included."""
        begin = 0 if first is None else self.day_index(first)
        end = len(self.dates) if last is None else self.day_index(last) + 1
        return self._days(max(begin, 0), min(end, len(self.dates)))

    def _days(self, begin: int, end: int) -> Mask:
        if begin >= end:
            return 0
        if np.any(self.day_of[1:] < self.day_of[:-1]):
            return from_flags((self.day_of >= begin) & (self.day_of < end))
        return span(int(self.day_starts[begin]), int(self.day_starts[end]))

    def starts_every(self, every_minutes: int, offset_minutes: int) -> Mask:
        """Return the ticks whose wall time lies ``offset_minutes`` after a multiple of ``every``.

        With a grain of a day, every date that exists.
        """
        if self.horizon.by_day:
            return from_flags(self.seconds(MINUTES_PER_DAY) > self.seconds(0))
        return from_flags((self.minute_of - offset_minutes) % every_minutes == 0)

    def noon_half(self) -> npt.NDArray[np.int32]:
        """Return, for each tick, twice its date's index, plus one from noon on."""
        if self._halves is None:
            halves = 2 * self.day_of + (self.minute_of >= MINUTES_PER_DAY // 2)
            self._halves = _frozen(halves.astype(np.int32))
        return self._halves


def _frozen(array: npt.NDArray) -> npt.NDArray:
    array.setflags(write=False)
    return array


@lru_cache(maxsize=64)
def _stretches(zone: str, first: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return the stretches of constant offset: first second (since 1970) and offset of each.

    Sampled twice a day, then narrowed down by halves: the zone database has no two changes
    of an offset within a week.
    """
    tz = zone_of(zone)

    def offset_at(second: int) -> int:
        offset = datetime.fromtimestamp(second, tz).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    stretches = [(first, offset_at(first))]
    before = first
    for second in range(first + DAY // 2, end + DAY // 2, DAY // 2):
        offset = offset_at(second)
        if offset != stretches[-1][1]:
            early, late = before, second
            while late - early > 1:
                middle = (early + late) // 2
                if offset_at(middle) == offset:
                    late = middle
                else:
                    early = middle
            stretches.append((late, offset))
        before = second
    return tuple(stretches)


def _gaps(
    stretches: tuple[tuple[int, int], ...], origin: int, total: int, first_day: int, days: int
) -> tuple[Gap, ...]:
    """Return the wall times skipped by the changes within the horizon."""
    gaps = []
    for (_, before), (change, after) in pairwise(stretches):
        if after <= before or not origin <= change <= origin + total:
            continue
        skipped, resumed = change + before, change + after
        for day in range(skipped // DAY, (resumed - 1) // DAY + 1):
            if 0 <= day - first_day < days:
                midnight = day * DAY
                first_minute, end_minute = (skipped - midnight) // 60, (resumed - midnight) // 60
                gaps.append(Gap(day - first_day, first_minute, end_minute))
    return tuple(gaps)


def _midnights(
    stretches: tuple[tuple[int, int], ...], origin: int, ordinals: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return each date's midnight in seconds, and whether no change is near enough to matter."""
    base = np.zeros(len(ordinals), dtype=np.int64)
    steady = np.zeros(len(ordinals), dtype=bool)
    for place, (start, offset) in enumerate(stretches):
        midnight = ordinals * DAY - offset
        near = np.ones(len(ordinals), dtype=bool)
        if place:
            near &= midnight >= start + (MARGIN_DAYS - 1) * DAY
        if place + 1 < len(stretches):
            near &= midnight + DAY <= stretches[place + 1][0] - (MARGIN_DAYS - 1) * DAY
        base[near] = midnight[near] - origin
        steady |= near
    return base, steady

"""The load that is expected: read at every suggestion, kept in step with every claim."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from allocator.domain.objective import Forecast
from allocator.domain.time import Horizon, Span, wall_to_instant, zone_of
from allocator.forecast.curves import Curves
from allocator.forecast.pieces import Real, Whole
from allocator.prepare.clock import Clock


class Cells(Protocol):
    """Loads by kind and hour: of the days ahead, then of an ordinary week."""

    @property
    def kinds(self) -> Container[str]:
        """The kinds of which anything is known."""
        ...

    def cells(self, kind: str) -> Real:
        """Return the loads of a kind."""
        ...


class TickLoads:
    """The expected load of each kind by the ticks of a horizon.

    Parameters
    ----------
    forecast
        The loads by kind and hour.
    cells
        For each tick the cell of its hour, see ``cells_of``.
    """

    __slots__ = ("_cells", "_forecast")

    def __init__(self, forecast: Cells, cells: Whole) -> None:
        self._forecast = forecast
        self._cells = cells

    def load(self, kind: str, ticks: range) -> Real:
        """Return the expected load of a kind at each of these ticks; 0 where nothing is known."""
        if kind not in self._forecast.kinds:
            return np.zeros(len(ticks))
        return self._forecast.cells(kind)[self._cells[ticks.start : ticks.stop : ticks.step]]


class LoadForecast:
    """The load of each kind of resource that is expected, by local day and hour.

    ``learn`` makes it. A load is the share of the open time that will be claimed, or would be if
    nobody were refused: from 0 to 1, and 0 where nothing is open.

    Parameters
    ----------
    kinds
        Kinds of resource, in order.
    zone
        Of the local clock.
    now
        The instant from which it looks ahead.
    opened, booked, said, refused
        Minutes by kind, day from today on, and hour: open, on the books, usual for the day, and
        usually refused beside them.
    curves
        What the books say, for each of these days.
    place
        Of each day in the week.
    week, week_open
        The usual load by kind, weekday (0 is Monday) and hour, and which hours ever are open.
    half_lives
        By kind, in how many weeks the weight of a week halves.

    Attributes
    ----------
    kinds, zone, now, half_lives
        As given.
    first
        Today.
    """

    def __init__(
        self,
        *,
        kinds: Sequence[str],
        zone: str,
        now: pd.Timestamp,
        opened: Real,
        booked: Real,
        said: Real,
        refused: Real,
        curves: Curves,
        place: Whole,
        week: Real,
        week_open: Real,
        half_lives: Real,
    ) -> None:
        self.kinds = tuple(kinds)
        self.zone = zone
        self.now = now
        wall = now.tz_convert(zone)
        self.first = wall.date()
        self.half_lives = dict(zip(self.kinds, half_lives.tolist(), strict=True))
        self._number = {kind: number for number, kind in enumerate(self.kinds)}
        self._opened, self._booked, self._said, self._refused = opened, booked, said, refused
        self._curves, self._place = curves, place
        self._week_open = week_open
        self._begun = wall.hour
        self._days = opened.shape[1]
        self._expected = np.empty_like(opened)
        # The loads of the days ahead and of an ordinary week stand together, to be read at once.
        ahead = 24 * self._days
        self._both = np.concatenate([np.zeros((len(self.kinds), ahead)), week.reshape(-1, 168)], 1)
        self._load = self._both[:, :ahead].reshape(opened.shape)
        self._week = self._both[:, ahead:].reshape(week.shape)
        self._cells: dict[tuple[date, int, int, str], Whole] = {}
        for kind in range(len(self.kinds)):
            self._look_ahead(kind, slice(None))

    @property
    def days(self) -> int:
        """How many local days it looks ahead, today among them."""
        return self._days

    def load(self, kind: str) -> Real:
        """Return the expected load of a kind, by day from today on and hour; not to be changed."""
        return self._load[self._of(kind)]

    def usual(self, kind: str) -> Real:
        """Return the load of an ordinary week, by weekday (0 is Monday) and hour."""
        return self._week[self._of(kind)]

    def on(self, horizon: Horizon) -> TickLoads:
        """Return the same by the ticks of a horizon; on other days it is that of an ordinary week.

        Claims that are counted later count there as well.
        """
        return TickLoads(self, self._cells_of(horizon))

    def cells(self, kind: str) -> Real:
        """Return the loads of the days ahead, hour by hour, then of an ordinary week."""
        return self._both[self._of(kind)]

    def claim(self, kind: str, start: datetime, end: datetime, *, uses: int = 1) -> None:
        """Count a claim that was made; with ``uses=-1`` one that is gone.

        The forecast is then what ``learn`` would give that knows of it. A claim of a kind without
        opening hours, or outside the days ahead, changes nothing.
        """
        if kind not in self._number:
            return
        number, touched, local = self._number[kind], set(), zone_of(self.zone)
        at, last = start.astimezone(UTC), end.astimezone(UTC)
        while at < last:
            wall = at.astimezone(local)
            until = min(at + self._to_next_quarter(at), last)
            day = (wall.date() - self.first).days
            if 0 <= day < self._days and self._opened[number, day, wall.hour]:
                minutes = (until - at) / timedelta(minutes=1)
                self._booked[number, day, wall.hour] += uses * minutes
                touched.add(day)
            at = until
        for day in touched:
            self._look_ahead(number, slice(day, day + 1))

    @staticmethod
    def _to_next_quarter(at: datetime) -> timedelta:
        """Return how long the quarter of an hour still lasts, in which no clock changes."""
        return timedelta(minutes=15 - at.minute % 15, seconds=-at.second)

    def to_frame(self) -> pd.DataFrame:
        """Return the forecast, a row for each kind and open hour of the days ahead.

        ``open``, ``booked`` and ``expected`` are minutes, ``refused`` those usually refused
        beside, and ``load`` is the share.
        """
        kind, day, hour = np.nonzero(self._opened)
        dates = np.array([self.first + timedelta(days=n) for n in range(self._days)], dtype=object)
        at = kind, day, hour
        return pd.DataFrame(
            {
                "kind": np.array(self.kinds, dtype=object)[kind],
                "day": dates[day],
                "hour": hour,
                "open": self._opened[at],
                "booked": self._booked[at],
                "expected": self._expected[at],
                "refused": self._refused[at],
                "load": self._load[at],
            }
        )

    def popular_hours(self) -> pd.DataFrame:
        """Return the load of an ordinary week: ``kind``, ``weekday`` (0 is Monday), ``hour``."""
        kind, weekday, hour = np.nonzero(self._week_open)
        return pd.DataFrame(
            {
                "kind": np.array(self.kinds, dtype=object)[kind],
                "weekday": weekday,
                "hour": hour,
                "load": self._week[kind, weekday, hour],
            }
        )

    def still_to_come(self, kinds: Iterable[str] | None = None) -> tuple[Forecast, ...]:
        """Return what others are still expected to claim, as a problem takes it (``forecast``).

        Parameters
        ----------
        kinds
            Kinds to look at; by default all.
        """
        found = []
        for kind in self.kinds if kinds is None else kinds:
            number = self._of(kind)
            most = np.minimum(self._expected[number], self._opened[number])
            minutes = np.rint(most - self._booked[number]).astype(int)
            for day, hour in zip(*np.nonzero(minutes > 0), strict=True):
                on = self.first + timedelta(days=int(day))
                start, end = (wall_to_instant(on, 60 * int(h), self.zone) for h in (hour, hour + 1))
                if start < end:
                    span = Span(start=start, end=end)
                    found.append(Forecast(kind=kind, span=span, minutes=int(minutes[day, hour])))
        return tuple(found)

    def _of(self, kind: str) -> int:
        if kind not in self._number:
            known = ", ".join(self.kinds) or "none"
            raise KeyError(f"There is no forecast of the kind {kind!r}; kinds are: {known}.")
        return self._number[kind]

    def _look_ahead(self, kind: int, days: slice) -> None:
        """Work out what is expected of a kind on some days."""
        booked, said = self._booked[kind, days], self._said[kind, days]
        curves, number = self._curves, range(self._days)[days]
        share = curves.booked[number, kind, self._place[days]][:, None]
        by_hour, by_day, stays = (
            curve[number, kind][:, None] for curve in (curves.by_hour, curves.by_day, curves.stays)
        )
        total = said.sum(axis=1, keepdims=True)
        shape = np.divide(said, total, out=np.zeros_like(said), where=total > 0)
        beyond = booked - share * said
        expected = said + by_hour * beyond + by_day * beyond.sum(axis=1, keepdims=True) * shape
        expected = np.maximum(expected, stays * booked)
        if days.start in (None, 0):
            expected[0, : self._begun + 1] = booked[0, : self._begun + 1]
        self._expected[kind, days] = expected
        pressed = expected + self._refused[kind, days]
        opened = self._opened[kind, days]
        load = np.divide(pressed, opened, out=np.zeros_like(opened), where=opened > 0)
        self._load[kind, days] = np.clip(load, 0.0, 1.0)

    def _cells_of(self, horizon: Horizon) -> Whole:
        """Return for each tick the cell of its hour."""
        key = (horizon.first, horizon.days, horizon.grain_minutes, horizon.zone)
        if key not in self._cells:
            self._cells[key] = cells_of(horizon, self.zone, self.first, self._days)
        return self._cells[key]


def cells_of(horizon: Horizon, zone: str, first: date, days: int) -> Whole:
    """Return for each tick of a horizon the cell of its hour.

    Those of the days ahead come first, hour by hour, then those of an ordinary week.

    Parameters
    ----------
    horizon
        Its ticks are looked up.
    zone
        Of the local clock.
    first, days
        The days ahead.
    """
    clock = Clock(horizon, zone)
    start = clock.dates[0].toordinal()
    day = clock.day_of.astype(np.int64) + start - first.toordinal()
    weekday = clock.weekday_of_day[clock.day_of].astype(np.int64)
    hour = clock.minute_of.astype(np.int64) // 60
    inside = (day >= 0) & (day < days)
    return np.where(inside, day * 24, (days + weekday) * 24) + hour

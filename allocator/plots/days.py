"""Local days side by side: where a wall time lies from left to right."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

MIDNIGHT = 24 * 60
View = Literal["day", "week", "month"]
VIEWS: tuple[View, ...] = ("day", "week", "month")

#: Hours between marked times, and the least pixels between them with minutes and without.
STEPS = (1, 2, 3, 4, 6, 12)
LONG, SHORT = 46, 22


@dataclass(frozen=True, slots=True)
class Window:
    """Local dates from ``first`` up to, not including, ``end``."""

    first: date
    end: date

    def touches(self, start: datetime, end: datetime) -> bool:
        """Say whether a stretch of wall time lies in the window, if only in part."""
        return start < midnight(self.end) and end > midnight(self.first)


def window(view: View, day: date) -> Window:
    """Return the day, the Monday week or the calendar month that holds a date.

    Raises
    ------
    ValueError
        When there is no such view.
    """
    if view == "day":
        return Window(day, day + timedelta(days=1))
    if view == "week":
        monday = day - timedelta(days=day.weekday())
        return Window(monday, monday + timedelta(days=7))
    if view == "month":
        first = day.replace(day=1)
        return Window(first, (first + timedelta(days=32)).replace(day=1))
    raise ValueError(f"The view is {view!r}; day, week and month are possible.")


def midnight(day: date) -> datetime:
    """Return the wall time at which a date starts."""
    return datetime.combine(day, datetime.min.time())


def drawn_end(start: datetime, end: datetime, minutes: int) -> datetime:
    """Return where a stretch of wall time ends to the eye.

    Where clocks go back meanwhile, the wall time at its end lies too near its start, or before
    it; it is drawn as long as it lasts. The end of a day is that day's, not the next one's.
    """
    return max(end, start + timedelta(minutes=minutes)) if _goes_back(start, end, minutes) else end


def _goes_back(start: datetime, end: datetime, minutes: int) -> bool:
    return end - start < timedelta(minutes=minutes)


class Days:
    """Dates side by side, each between the same two hours, with a gap between them.

    Nights, and dates on which nothing is open or placed, are left out. Positions are hours from
    the left, and no browser's zone has a say in them.

    Parameters
    ----------
    dates
        In order.
    first_minute, last_minute
        The stretch of each date that is drawn, in full hours.
    """

    def __init__(self, dates: Sequence[date], first_minute: int, last_minute: int) -> None:
        self.dates = tuple(dates)
        self.first, self.last = first_minute, last_minute
        self.length = (last_minute - first_minute) / 60
        self.gap = max(0.5, round(self.length / 12) / 2)
        self._ordinals = [day.toordinal() for day in self.dates]

    @property
    def width(self) -> float:
        """Hours from the left of the first date to the right of the last."""
        return max(1, len(self.dates)) * (self.length + self.gap) - self.gap

    def place(self, time: datetime, *, end: bool = False) -> float:
        """Return where a wall time lies; one that is not drawn moves to what is next to it.

        Parameters
        ----------
        time
            Wall time.
        end
            Whether it ends something: then midnight belongs to the date before.
        """
        ordinal, minute = time.toordinal(), time.hour * 60 + time.minute
        if end and not minute:
            ordinal, minute = ordinal - 1, MIDNIGHT
        number = bisect_left(self._ordinals, ordinal)
        if number == len(self._ordinals):
            return self.width
        if self._ordinals[number] != ordinal:
            return max(0.0, number * (self.length + self.gap) - (self.gap if end else 0))
        inside = (min(max(minute, self.first), self.last) - self.first) / 60
        return round(number * (self.length + self.gap) + inside, 4)

    def start_of(self, number: int) -> float:
        """Return where a date starts."""
        return number * (self.length + self.gap)

    def gaps(self) -> list[tuple[float, float]]:
        """Return the gaps between dates."""
        return [(self.start_of(n) - self.gap, self.start_of(n)) for n in range(1, len(self.dates))]

    def marked(self, pixels: float) -> dict[float, str]:
        """Return positions with the times written at them, as many as a width has room for."""
        hour = pixels / self.width
        for least, pattern in ((LONG, "{:02d}:00"), (SHORT, "{:02d}")):
            for step in STEPS:
                if step * hour >= least and step < self.length:
                    return self._marked(step, pattern)
        return {}

    def _marked(self, step: int, pattern: str) -> dict[float, str]:
        hours = range(-(-self.first // 60), self.last // 60 + 1)
        return {
            self.start_of(number) + (hour - self.first / 60): pattern.format(hour % 24)
            for number in range(len(self.dates))
            for hour in hours
            if hour % step == 0 and (hour * 60 < self.last or len(self.dates) == 1)
        }

    def headings(self, pixels: float) -> list[tuple[float, str]]:
        """Return the middle of each date with its name, as long as a width has room for."""
        room = pixels * self.length / self.width
        found = []
        for number, day in enumerate(self.dates):
            name = str(day.day)
            if room >= 76:
                name = f"{day:%a} {day.day} {day:%b}"
            elif room >= 40:
                name = f"{day:%a} {day.day}"
            found.append((self.start_of(number) + self.length / 2, name))
        return found


def label_expression(marked: dict[float, str]) -> str:
    """Return the Vega expression that writes the times at their positions."""
    return f"{json.dumps({f'{at:g}': text for at, text in marked.items()})}[datum.value]"


def hours_of(stretches: Iterable[tuple[datetime, datetime]]) -> tuple[int, int]:
    """Return the full hours, in minutes after midnight, between which all stretches lie."""
    first, last = MIDNIGHT, 0
    for start, end in stretches:
        if start.date() != end.date() and end != midnight(start.date() + timedelta(days=1)):
            return 0, MIDNIGHT
        ends_at = (end.hour * 60 + end.minute) or MIDNIGHT
        first = min(first, start.hour * 60)
        last = max(last, -(-ends_at // 60) * 60)
    return (first, last) if first < last else (0, MIDNIGHT)


def dates_of(stretches: Iterable[tuple[datetime, datetime]], seen: Window) -> list[date]:
    """Return the dates of a window that any stretch touches."""
    found: set[date] = set()
    for start, end in stretches:
        day = max(start.date(), seen.first)
        last = min((end - timedelta(minutes=1)).date(), seen.end - timedelta(days=1))
        while day <= last:
            found.add(day)
            day += timedelta(days=1)
    return sorted(found)


def in_words(seen: Window, view: View) -> str:
    """Say which days these are."""
    first, last = seen.first, seen.end - timedelta(days=1)
    if view == "day":
        return f"{first:%A} {first.day} {first:%B %Y}"
    if view == "month":
        return f"{first:%B %Y}"
    start = f"{first.day} {first:%B}" if first.month != last.month else str(first.day)
    return f"{start} to {last.day} {last:%B %Y}"

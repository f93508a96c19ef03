"""A problem some weeks later: to show today what was made for another time."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from allocator.domain.problem import Problem
from allocator.domain.time import wall_to_instant, zone_of

T = TypeVar("T")


def weeks_until(problem: Problem, monday: date) -> int:
    """Return by how many weeks a problem shifts for its first week to begin on a Monday."""
    first = problem.horizon.first
    return (monday - (first - timedelta(days=first.weekday()))).days // 7


def shifted(problem: Problem, weeks: int) -> Problem:
    """Return a problem with all its dates some weeks later (or earlier, below 0).

    Weekdays and local wall times stay, across clock changes as well: nine o'clock in the
    horizon's zone is nine o'clock. Public holidays are those of the new dates.
    """
    return _shifted(problem, 7 * weeks, problem.horizon.zone)


def _shifted(value: T, days: int, zone: str) -> T:
    """Return anything that a problem is made of, some days later."""
    moved: Any = value
    if isinstance(value, datetime):
        moved = _at_the_same_time(value, days, zone)
    elif isinstance(value, date):
        moved = value + timedelta(days=days)
    elif isinstance(value, tuple | frozenset):
        moved = type(value)(_shifted(item, days, zone) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        known = {x.name: getattr(value, x.name) for x in fields(value) if x.init}
        moved = type(value)(**{name: _shifted(x, days, zone) for name, x in known.items()})
    return moved


def _at_the_same_time(instant: datetime, days: int, zone: str) -> datetime:
    """Return the instant at which clocks show the same, some days later."""
    local = instant.astimezone(zone_of(zone)).replace(tzinfo=None)
    midnight = datetime.combine(local.date(), datetime.min.time())
    minute, rest = divmod(local - midnight, timedelta(minutes=1))
    return wall_to_instant(local.date() + timedelta(days=days), minute, zone) + rest

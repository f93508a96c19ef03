"""The objective: levels of goals, and the data of goals that have some."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allocator.domain.time import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of the objective; a level is never traded for a later one.

    Attributes
    ----------
    name
        Unique among levels.
    goals
        Pairs of a goal's name and its weight (points for one unit of the goal's amount).
        ``served:2`` is the value of the requests in priority class 2.
    """

    name: str
    goals: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffPeakPolicy:
    """When a kind of resource counts as busy: the measure of the goal ``off_peak``.

    Attributes
    ----------
    kinds
        Kinds whose load is levelled.
    bucket_minutes
        Length of the stretches, from each local midnight, in which load is counted; rounded up
        to the grain.
    steps
        Pairs of a percentage of the kind's open time and a price: each claimed minute above
        that share of a bucket costs so much more. Prices add up, so cost is convex.
    """

    kinds: tuple[str, ...] = ("practitioner",)
    bucket_minutes: int = 60
    steps: tuple[tuple[int, int], ...] = ((60, 1), (85, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Minutes of a kind's time that others are expected to claim in a span, spread evenly."""

    kind: str
    span: Span
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCosts:
    """What a change against the published schedule costs in the goal ``fewest_changes``.

    ``start``, ``practitioner`` and ``other`` (room, device) are for each visit, multiplied by
    ``within_notice`` when its published start is less than ``notice_hours`` from now.
    """

    start: int = 3
    practitioner: int = 2
    other: int = 1
    notice_hours: int = 48
    within_notice: int = 2


#: Comfort in points: ten points are about a minute's nuisance to somebody.
COMFORT: tuple[tuple[str, int], ...] = (
    ("preferred_windows", 300),
    ("preferred_resources", 200),
    ("preferred_attendees", 300),
    ("soonest", 50),
    ("near_wanted", 20),
    ("waiting", 200),
    ("same_carer", 600),
    ("same_time", 10),
    ("off_peak", 2),
    ("compact_days", 10),
    ("fair_load", 2),
    ("fewest_changes", 200),
    ("overtime", 10),
    ("option_penalty", 10),
)


def served_first(classes: Iterable[int]) -> tuple[Level, ...]:
    """Return a level for each class of priority, the most urgent first."""
    return tuple(
        Level(name=f"priority {priority}", goals=((f"served:{priority}", 1),))
        for priority in sorted(set(classes))
    )

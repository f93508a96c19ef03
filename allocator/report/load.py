"""Load by kind of resource and hour of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from allocator.domain.schedule import Schedule
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.rules.contracts import away


@dataclass(frozen=True, slots=True)
class KindLoad:
    """How much of a kind's open time is claimed, by local hour of the day.

    Attributes
    ----------
    kind
        Of resource.
    claimed, open
        Minutes by hour, 24 of each, over the days looked at; lanes count each.
    """

    kind: str
    claimed: npt.NDArray[np.int64]
    open: npt.NDArray[np.int64]

    def share(self, first_hour: int = 0, end_hour: int = 24) -> float | None:
        """Return the share claimed of what is open in these hours; None where nothing is."""
        opened = int(self.open[first_hour:end_hour].sum())
        return float(self.claimed[first_hour:end_hour].sum() / opened) if opened else None


def load_by_hour(
    prepared: Prepared, schedule: Schedule, *, first_day: int = 0, days: int | None = None
) -> list[KindLoad]:
    """Return the load of every kind whose time is limited: it has a calendar, and serves.

    It serves where any service may draw on it, asked for or not: else what is asked would change
    how much time there is. Those who only attend, such as patients, are left out.

    Parameters
    ----------
    prepared, schedule
        The problem and what is placed.
    first_day, days
        Local days of the horizon to look at; by default all.
    """
    last = prepared.problem.horizon.days if days is None else first_day + days
    wanted = prepared.clock(None)
    looked_at = masks.span(
        int(wanted.day_starts[first_day]), int(wanted.day_starts[min(last, len(wanted.dates))])
    )
    claims: list[list[tuple[int, int, int]]] = [[] for _ in prepared.resources]
    for number, placement in enumerate(prepared.placements(schedule)):
        if placement is not None:
            for claim in prepared.visits[number].claims(placement):
                claims[claim.resource].append((claim.first, claim.end, claim.uses))
    found: dict[str, KindLoad] = {}
    for number, resource in enumerate(prepared.resources):
        if resource.calendar is None or number not in prepared.drawn_on:
            continue
        hours = prepared.clock_of(number).minute_of // 60
        opened = masks.flags(to_be_had(prepared, number) & looked_at, prepared.ticks)
        load = np.zeros(prepared.ticks + 1, dtype=np.int64)
        for first, end, uses in claims[number]:
            load[max(first, 0)] += uses
            load[min(end, prepared.ticks)] -= uses
        taken = np.cumsum(load[:-1]) * masks.flags(looked_at, prepared.ticks)
        entry = found.setdefault(
            resource.kind,
            KindLoad(resource.kind, np.zeros(24, dtype=np.int64), np.zeros(24, dtype=np.int64)),
        )
        grain = prepared.grain
        entry.claimed[:] += np.bincount(hours, weights=taken * grain, minlength=24).astype(int)
        entry.open[:] += np.bincount(
            hours, weights=opened * (grain * resource.lanes), minlength=24
        ).astype(int)
    return [found[kind] for kind in sorted(found) if found[kind].open.any()]


def to_be_had(prepared: Prepared, resource: int) -> Mask:
    """Return the ticks in which a resource is open, not blocked, and with us."""
    opening = prepared.opening(resource)
    return opening.open & ~opening.blocked & ~away(prepared, resource)


def workable(prepared: Prepared, resource: int) -> int:
    """Return the minutes that a resource may work: what it is to be had for, within its limits.

    Lanes count each. Whoever is open for a whole week and may work half of it has half of it.
    """
    thing, clock = prepared.resources[resource], prepared.clock_of(resource)
    off = prepared.problem.without_rules
    there = masks.flags(to_be_had(prepared, resource), prepared.ticks)
    minutes = np.bincount(clock.day_of, weights=there * (prepared.grain * thing.lanes))
    limits = thing.limits
    if limits.minutes_per_day is not None and "work_per_day" not in off:
        minutes = np.minimum(minutes, limits.minutes_per_day)
    minutes = np.bincount(clock.week_of_day[: len(minutes)], weights=minutes)
    if limits.minutes_per_week is not None and "work_per_week" not in off:
        minutes = np.minimum(minutes, limits.minutes_per_week)
    return int(minutes.sum())


def busy_days(prepared: Prepared, schedule: Schedule) -> int:
    """Return the days from the first to the end of the week that holds 9 of 10 visits."""
    clock = prepared.clock(None)
    days = sorted(int(clock.day_of[prepared.horizon.tick(a.start)]) for a in schedule.assignments)
    if not days:
        return prepared.problem.horizon.days
    busy = days[int(0.9 * (len(days) - 1))]
    return min(prepared.problem.horizon.days, (busy // 7 + 1) * 7)


def days_in_words(prepared: Prepared, days: int) -> str:
    """Say which days these are, of the horizon's first."""
    if days >= prepared.problem.horizon.days:
        return "in the whole horizon"
    return "in the first week" if days == 7 else f"in the first {days // 7} weeks"

"""What a schedule comes to, in figures that a planner compares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean

import numpy as np

from allocator.domain.problem import Problem
from allocator.domain.request import FlexibleSeries
from allocator.domain.schedule import Schedule
from allocator.explain.difference import matched
from allocator.goals.fair_load import contracted_minutes, groups_of
from allocator.goals.overtime import overtime_of
from allocator.goals.same_carer import carer_need
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.report.load import KindLoad, load_by_hour, to_be_had, workable
from allocator.report.served import served_by_class
from allocator.state.timetable import Timetable

DAY = timedelta(days=1)
MORE, LESS = "more", "less"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a schedule.

    Attributes
    ----------
    name
        Of the figure, the same for every schedule.
    value
        In the unit.
    unit
        Of the value, as people say it.
    better
        ``"more"`` or ``"less"``; empty where neither is.
    """

    name: str
    value: float
    unit: str
    better: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourLoad:
    """How much of a kind's open time is claimed in one local hour of the day, in minutes."""

    kind: str
    hour: int
    claimed: int
    open: int


def figures(problem: Problem, schedule: Schedule) -> tuple[Figure, ...]:
    """Return what a schedule of a problem comes to.

    Parameters
    ----------
    problem, schedule
        The problem and what is placed of it.

    Returns
    -------
    tuple of Figure
        By priority class, the share of requests served whole and of visits placed, of all that
        there are, pinned or not; days from asking to the first visit (mean, and of the longest
        tenth the shortest); the share of visits of series that are with the carer who has most of
        them; utilisation by kind, of the time that may be worked within all limits; overtime; idle
        time between the visits of a practitioner's day; how uneven practitioners of the same skills
        work; and the visits placed otherwise than they are published. A figure that nothing is
        known of, such as continuity without series, is left out.
    """
    return measured(problem, schedule)[0]


def hour_loads(problem: Problem, schedule: Schedule) -> tuple[HourLoad, ...]:
    """Return the load of each kind of resource whose time is limited, by local hour of the day."""
    return measured(problem, schedule)[1]


def measured(
    problem: Problem, schedule: Schedule
) -> tuple[tuple[Figure, ...], tuple[HourLoad, ...]]:
    """Return figures and loads together: the problem is prepared once for both."""
    prepared = Prepared(problem)
    timetable = Timetable(prepared, prepared.placements(schedule))
    loads = load_by_hour(prepared, schedule)
    hours = tuple(
        HourLoad(
            kind=load.kind, hour=hour, claimed=int(load.claimed[hour]), open=int(load.open[hour])
        )
        for load in loads
        for hour in range(24)
        if load.open[hour] or load.claimed[hour]
    )
    return tuple(_figures(timetable, loads)), hours


def _figures(timetable: Timetable, loads: list[KindLoad]) -> Iterator[Figure]:
    prepared = timetable.prepared
    placed = [visit.id for visit, _ in timetable.placed()]
    for row in served_by_class(prepared, placed, frozen=True):
        of = f"priority {row.priority}"
        whole, visits = 100 * row.whole / row.asked, 100 * row.visits_placed / row.visits
        yield Figure(name=f"served whole, {of}", value=whole, unit="% of requests", better=MORE)
        yield Figure(name=f"placed, {of}", value=visits, unit="% of visits", better=MORE)
    waits = list(_waits(timetable))
    if waits:
        mean, long = float(np.mean(waits)), float(np.quantile(waits, 0.9))
        yield Figure(name="waiting", value=mean, unit="days to the first visit", better=LESS)
        yield Figure(name="waiting, 9 of 10 within", value=long, unit="days", better=LESS)
    with_main, all_of_them = _continuity(timetable)
    if all_of_them:
        share = 100 * with_main / all_of_them
        yield Figure(name="continuity", value=share, unit="% with the main carer", better=MORE)
    there: dict[str, int] = {}
    for number in prepared.drawn_on:
        resource = prepared.resources[number]
        if resource.calendar is not None:
            there[resource.kind] = there.get(resource.kind, 0) + workable(prepared, number)
    for load in loads:
        used = 100 * int(load.claimed.sum()) / max(there[load.kind], 1)
        yield Figure(name=f"utilisation, {load.kind}", value=used, unit="% of workable time")
    yield Figure(name="overtime", value=_overtime(timetable) / 60, unit="hours", better=LESS)
    gaps, uneven = _gaps(timetable), _uneven(timetable)
    if gaps is not None:
        yield Figure(name="gaps", value=gaps, unit="minutes a working day", better=LESS)
    if uneven is not None:
        yield Figure(name="uneven work", value=uneven, unit="points of load", better=LESS)
    if prepared.published:
        moved = _changes(timetable)
        yield Figure(name="changes", value=moved, unit="visits not as published", better=LESS)


def _waits(timetable: Timetable) -> Iterator[float]:
    """Yield the days from asking (or from now) to the first visit of each request served."""
    horizon = timetable.prepared.horizon
    for prep in timetable.prepared.requests:
        starts = [placement.start for _, placement in timetable.of(prep)]
        if starts:
            first: datetime = horizon.instant(min(starts))
            asked = prep.request.requested or horizon.asked_at
            yield (first.astimezone(UTC) - asked.astimezone(UTC)) / DAY


def _continuity(timetable: Timetable) -> tuple[int, int]:
    """Count the visits of series with the carer who has most of the series, and all of them."""
    with_main = all_of_them = 0
    for prep in timetable.prepared.requests:
        carers: dict[int, int] = {}
        for visit, placement in timetable.of(prep):
            need = carer_need(visit)
            if need >= 0:
                for resource in placement.team[need]:
                    carers[resource] = carers.get(resource, 0) + 1
        with_main += max(carers.values(), default=0)
        all_of_them += sum(carers.values())
    return with_main, all_of_them


def _overtime(timetable: Timetable) -> int:
    """Return the minutes claimed in overtime bands."""
    prepared, ticks = timetable.prepared, 0
    for resource, claims in enumerate(timetable.claims):
        band = overtime_of(prepared, resource) if claims else 0
        if band:
            ticks += sum((masks.span(c.first, c.end) & band).bit_count() for c in claims)
    return ticks * prepared.grain


def _changes(timetable: Timetable) -> int:
    """Count published visits that lie elsewhere, or nowhere.

    Visits of a flexible series are interchangeable: one that lies where any of its series was
    published is no change, whatever its number.
    """
    prepared = timetable.prepared

    def alike(number: int) -> tuple[int, int]:
        visit = prepared.visits[number]
        if visit.request is not None and isinstance(visit.request.series, FlexibleSeries):
            return visit.request_index, visit.step
        return -1, number

    were: dict[tuple[int, int], list[Placement]] = {}
    come: dict[tuple[int, int], list[Placement]] = {}
    for number, place in prepared.published.items():
        were.setdefault(alike(number), []).append(place)
    for visit, place in timetable.placed():
        come.setdefault(alike(visit.index), []).append(place)
    return sum(
        was is not None and was != now
        for key, some in were.items()
        for was, now in matched(some, come.get(key, []), lambda place: place.start)
    )


def _practitioners(timetable: Timetable) -> list[int]:
    prepared = timetable.prepared
    return [
        number
        for number, resource in enumerate(prepared.resources)
        if resource.kind == "practitioner" and resource.calendar is not None
    ]


def _gaps(timetable: Timetable) -> float | None:
    """Return the idle open minutes between first and last claim of a practitioner's day, a day."""
    prepared = timetable.prepared
    idle = days = 0
    for resource in _practitioners(timetable):
        there = to_be_had(prepared, resource)
        ends: dict[int, list[tuple[int, int]]] = {}
        day_of = prepared.clock_of(resource).day_of
        for claim in timetable.claims[resource]:
            ends.setdefault(int(day_of[claim.part_first]), []).append((claim.first, claim.end))
        for claims in ends.values():
            free = masks.span(claims[0][0], max(end for _, end in claims)) & there
            for first, end in claims:
                free &= ~masks.span(first, end)
            idle += free.bit_count()
            days += 1
    return idle * prepared.grain / days if days else None


def _uneven(timetable: Timetable) -> float | None:
    """Return how far practitioners' loads lie from those of their equals, in points.

    A load is what is claimed of what the contract says; equals have the same skills. It is the
    root of the mean square, over all who have equals.
    """
    prepared = timetable.prepared
    squares: list[float] = []
    for group in groups_of(prepared):
        loads = [
            sum((c.end - c.first) * c.uses for c in timetable.claims[number])
            * prepared.grain
            / (contracted_minutes(prepared, number) * prepared.resources[number].lanes)
            for number in group.members
        ]
        squares += [(100 * (load - fmean(loads))) ** 2 for load in loads]
    return fmean(squares) ** 0.5 if squares else None

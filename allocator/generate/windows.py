"""The windows of requests, long enough for their visits."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from allocator.domain.request import Step
from allocator.domain.resource import Resource
from allocator.domain.service import Service
from allocator.domain.time import Span
from allocator.generate.asks import Days
from allocator.generate.grid import Ticks
from allocator.generate.patients import Register
from allocator.generate.world import World


def widen(
    world: World,
    register: Register,
    patient: Resource,
    steps: tuple[Step, ...],
    beside: Service | None,
    days: Days,
    priority: int,
    count: int,
    first_visit: bool,
) -> tuple[Days, Resource]:
    """Let the window grow until it holds enough days on which the visits could start.

    A patient whose own hours leave too few days in the whole horizon drops them.
    """
    grid = world.grid
    if priority == 1:
        days = replace(days, first=days.wished, last=days.wished + 2)
    enough = count if count > 1 else (1 if priority == 1 else 2)
    while True:
        within = world.patient_ticks(patient)
        within &= grid.span_ticks(grid.days_span(days.first, days.last))
        possible = _days_for(world, steps, within, first_visit)
        if beside is not None:
            possible &= _days_for(world, (Step(service=beside.id),), within, False)
        if len(possible) >= enough:
            return days, patient
        if days.last < grid.days - 1:
            days = replace(days, last=days.last + 1)
        elif days.first > 0:
            days = replace(days, first=days.first - 1)
        elif patient.calendar is not None:
            patient = replace(patient, calendar=None)
            register.replace(patient)
        else:
            return days, patient


def some_weekdays(world: World, days: Days, rng: Random) -> tuple[Span, ...]:
    """Return only some weekdays of a window, for an eighth of those that are long."""
    grid = world.grid
    if days.last - days.first < 7 or rng.random() > 0.125:
        return ()
    return tuple(
        grid.days_span(day, day)
        for day in range(days.first, days.last + 1)
        if grid.works(day, world.region) and grid.date(day).weekday() not in (1, 3)
    )


def _days_for(world: World, steps: tuple[Step, ...], within: Ticks, first_visit: bool) -> set[int]:
    """Return the days on which the last step could start, after those before it."""
    grid = world.grid
    possible: Ticks = 0
    length = 0
    for number, step in enumerate(steps):
        service = world.services[step.service]
        starts = world.starts(service, first=first_visit and not number, within=within)
        if number:
            most = step.most_lag_minutes
            after = 0
            for lag in range(
                grid.ticks_in(step.least_lag_minutes),
                grid.ticks_in(most if most is not None else 1440) + 1,
            ):
                after |= possible << (length + lag)
            starts &= after
        possible = starts
        length = grid.ticks_in(service.minutes)
    return {day for day in range(grid.days) if possible & grid.day_ticks(day)}

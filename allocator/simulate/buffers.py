"""Buffers: how much slack between visits is worth its while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.prepare.prepared import Prepared
from allocator.simulate.choose import Choice, Prices, choose
from allocator.simulate.forward import Forward
from allocator.simulate.planned import Plan
from allocator.simulate.simulate import RUNS
from allocator.simulate.simulation import KIND
from allocator.simulate.uncertainty import Uncertainty


def with_buffer(
    problem: Problem, schedule: Schedule, minutes: int, *, kind: str = KIND
) -> Schedule:
    """Return a schedule whose visits lie later, so that slack follows each at a kind of resource.

    Visits keep their day's order, their length and their resources, and begin no earlier than
    before; gaps that are there are used first, breaks are kept, buffers of the services stay. It is
    no new solve: what is pushed late may break windows or opening hours, which ``check`` tells and
    a simulation counts as overtime. A solve with longer buffers places the visits anew.

    Parameters
    ----------
    problem, schedule
        The world, and what is placed.
    minutes
        The least time after each visit, a multiple of the grain.
    kind
        The kind of resource that has it.
    """
    grain = problem.horizon.grain_minutes
    if minutes < 0 or minutes % grain:
        message = f"A buffer of {minutes} minutes; a multiple of the grain, {grain}, from 0 on."
        raise InvalidProblem([Fault(FaultCode.OFF_GRID, "buffer", "", message)])
    prepared = Prepared(problem)
    kinds = frozenset(resource.kind for resource in problem.resources)
    plan = Plan(prepared, schedule, kinds, {kind: float(minutes)})
    begun = Forward(plan, Uncertainty(starts_early=False), 1, 0).begun
    starts = {
        prepared.visits[number].id: prepared.horizon.start + timedelta(minutes=float(start[0]))
        for number, start in begun.items()
        if number >= 0
    }

    def moved(assignment: Assignment) -> Assignment:
        start = starts[assignment.session or assignment.visit]
        lasts = assignment.end - assignment.start
        return replace(assignment, start=start, end=start + lasts)

    return replace(schedule, assignments=tuple(moved(a) for a in schedule.assignments))


def choose_buffer(
    problem: Problem,
    schedule: Schedule,
    prices: Prices,
    uncertainty: Uncertainty | None = None,
    *,
    minutes: Iterable[int] = (0, 5, 10, 15),
    kind: str = KIND,
    runs: int = RUNS,
    seed: int = 0,
) -> Choice:
    """Find the buffer after each visit that costs least, by running the schedule with each.

    Parameters
    ----------
    problem, schedule
        The world, and what is placed.
    prices, uncertainty, runs, seed
        As for ``choose``.
    minutes
        The buffers to try, multiples of the grain; the first is what others are compared to.
    kind
        The kind of resource that has them, and whose overtime and idle time count.
    """
    candidates = {
        f"{some} minutes": (problem, with_buffer(problem, schedule, some, kind=kind))
        for some in minutes
    }
    return choose(candidates, prices, uncertainty, kind=kind, runs=runs, seed=seed)

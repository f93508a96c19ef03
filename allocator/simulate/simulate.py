"""Run a schedule forward: what becomes of it when people are late, stay away or take longer."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.domain.time import zone_of
from allocator.prepare.prepared import Prepared
from allocator.simulate.forward import Forward
from allocator.simulate.planned import Plan
from allocator.simulate.simulation import Simulation
from allocator.simulate.uncertainty import Uncertainty

RUNS = 200


def simulate(
    problem: Problem,
    schedule: Schedule,
    uncertainty: Uncertainty | None = None,
    *,
    runs: int = RUNS,
    seed: int = 0,
) -> Simulation:
    """Run a schedule forward many times, and tell how long people wait and staff stays.

    A visit begins when its people have come and all that it needs is free, as a rule not before
    the time planned where only staff comes to it. Nobody overtakes: each resource serves in the
    planned order, as many at once as it has lanes, and waits for whoever is late (``grace_minutes``
    ends that). A need that covers a part of the visit comes in, and goes, with its part; the visit
    waits for it. A group session begins at its time without those who are late. A visit to which
    nobody comes takes no time. Resources come when they open, stay until all is done, have their
    breaks whole, if later, and take the time that travel and turnaround need.

    Parameters
    ----------
    problem
        The world, and the requests.
    schedule
        Whoever made it. It need not keep the rules: visits on one lane at once are served one
        after the other.
    uncertainty
        What may come otherwise; by default ``Uncertainty.from_profile()``.
    runs
        How often.
    seed
        Same seed, same chance: a visit has the same luck in every schedule that has it.

    Returns
    -------
    Simulation
        Its figures and frames.

    Raises
    ------
    InvalidProblem
        Where a tick is a day, there are no runs, the seed is below 0, or the uncertainty names a
        service that there is not.
    InvalidSchedule
        Where the schedule names what the problem does not have.
    """
    return simulate_prepared(
        Prepared(problem), schedule, uncertainty or Uncertainty.from_profile(), runs, seed
    )


def simulate_prepared(
    prepared: Prepared, schedule: Schedule, uncertainty: Uncertainty, runs: int, seed: int
) -> Simulation:
    """Run a schedule of a prepared problem."""
    _refuse(prepared, uncertainty, runs, seed)
    plan = Plan(prepared, schedule, uncertainty.buffers_worked)
    exact = Uncertainty(buffers_worked=uncertainty.buffers_worked)
    planned = Forward(plan, exact, 1, seed)
    run = Forward(plan, uncertainty, runs, seed)
    empty = np.empty((0, runs))
    return Simulation(
        runs=runs,
        seed=seed,
        uncertainty=uncertainty,
        visits=_visits(plan, run),
        attendance=np.array([came.attendance for came in run.came] or empty, dtype=np.int8),
        waiting=np.array([came.waited for came in run.came] or empty),
        delay=np.array([came.delay for came in run.came] or empty),
        workdays=_workdays(plan, planned),
        work=run.work,
        overtime=run.overtime,
        idle=run.idle(),
        planned_waiting=np.array([came.waited[0] for came in planned.came]),
    )


def _refuse(prepared: Prepared, uncertainty: Uncertainty, runs: int, seed: int) -> None:
    """Raise what speaks against a simulation."""
    faults = []
    if prepared.horizon.by_day:
        faults.append(
            Fault(
                FaultCode.OFF_GRID,
                "horizon",
                "",
                f"The grain is {prepared.grain} minutes, a day; waiting is told in minutes, so a"
                " grain below a day is needed.",
            )
        )
    if runs < 1:
        message = f"A simulation has {runs} runs; at least 1."
        faults.append(Fault(FaultCode.WRONG_NUMBER, "uncertainty", "", message))
    if seed < 0:
        message = f"The seed of a simulation is {seed}; at least 0."
        faults.append(Fault(FaultCode.WRONG_NUMBER, "uncertainty", "", message))
    for service, _ in uncertainty.lengths:
        if not prepared.problem.knows("service", service):
            message = f"Uncertainty: it has lengths of {service!r}, a service that does not exist."
            faults.append(Fault(FaultCode.UNKNOWN_NAME, "uncertainty", "", message))
    if faults:
        raise InvalidProblem(faults)


def _visits(plan: Plan, run: Forward) -> pd.DataFrame:
    starts = {
        number: visit.start
        for visit in plan.visits
        for number in (visit.number, *(other for other, _ in visit.participants))
    }
    rows = []
    for came in run.came:
        visit = plan.prepared.visits[came.visit]
        minutes = timedelta(minutes=starts[came.visit])
        start = (plan.prepared.horizon.start + minutes).astimezone(zone_of(visit.clock.zone))
        service = visit.service.id if visit.service is not None else ""
        rows.append((visit.id, service, start, start.hour))
    return pd.DataFrame(rows, columns=["visit", "service", "start", "hour"])


def _workdays(plan: Plan, planned: Forward) -> pd.DataFrame:
    idle = planned.idle()
    rows = []
    for number, workday in enumerate(plan.workdays):
        resource = plan.prepared.resources[workday.resource]
        clock, hours = plan.prepared.clock_of(workday.resource), plan.hours(workday.resource)
        first, end = clock.day_starts[workday.day], clock.day_starts[workday.day + 1]
        edges = np.array([first, end]) * plan.grain
        opened = float(np.diff(hours.before(edges))[0]) * resource.lanes
        rows.append(
            (
                resource.id,
                resource.label,
                resource.kind,
                clock.dates[workday.day],
                opened,
                float(planned.work[number, 0]),
                float(planned.overtime[number, 0]),
                float(idle[number, 0]),
            )
        )
    minutes = ["open", "planned_work", "planned_overtime", "planned_idle"]
    frame = pd.DataFrame(rows, columns=["resource", "name", "kind", "day", *minutes])
    return frame.astype(dict.fromkeys(minutes, float))

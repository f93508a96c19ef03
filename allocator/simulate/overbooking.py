"""Overbooking: a second visit at the time of one that is likely to be missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment, Schedule
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Visit
from allocator.simulate.choose import Choice, Prices, choose
from allocator.simulate.planned import Plan
from allocator.simulate.simulate import RUNS
from allocator.simulate.simulation import KIND
from allocator.simulate.uncertainty import Uncertainty

#: What the name of a second visit ends in.
SECOND = "+"


def overbooked(
    problem: Problem,
    schedule: Schedule,
    uncertainty: Uncertainty,
    *,
    risk: float,
    most_per_day: int = 1,
    kind: str = KIND,
) -> tuple[Problem, Schedule]:
    """Return a problem and a schedule with a second visit at the time of each that is risky.

    The second one is of the same service, with the same resources, asked for at the same time, for
    somebody whom nobody named; it is called as the first, with a ``+`` behind. It breaks the rule
    of capacity, as overbooking does: a simulation serves the two one after the other.

    Parameters
    ----------
    problem, schedule
        The world, and what is placed.
    uncertainty
        How likely people are to stay away.
    risk
        The probability of a no-show from which a visit is given a second one, 0 to 1.
    most_per_day
        How many second visits a resource of the kind is given a day: the riskiest, and of those
        alike the first.
    kind
        The kind of resource that serves.
    """
    if not 0 <= risk <= 1:
        message = f"Visits with a risk of {risk:g} are overbooked; 0 to 1 are possible."
        raise InvalidProblem([Fault(FaultCode.WRONG_NUMBER, "overbooking", "", message)])
    prepared = Prepared(problem)
    plan = Plan(prepared, schedule, uncertainty.buffers_worked)
    found = []
    for planned in plan.visits:
        if planned.people:
            visit = prepared.visits[planned.number]
            chance = uncertainty.no_shows.probability(plan.lead_days(visit, planned.start))
            if chance >= risk:
                found.append((-chance, planned.start, visit))
    known = {request.id for request in problem.requests}
    given: Counter[tuple[str, object]] = Counter()
    requests, assignments = [], []
    for _, _, visit in sorted(found, key=lambda f: (f[0], f[1], f[2].index)):
        assignment = schedule[visit.id]
        day = visit.clock.day_of[prepared.horizon.tick(assignment.start)]
        who = [(id, day) for id in assignment.everyone() if problem.resource(id).kind == kind]
        if who and all(given[key] < most_per_day for key in who):
            given.update(who)
            request, second = _second(visit, assignment, known)
            known.add(request.id)
            requests.append(request)
            assignments.append(second)
    return (
        replace(problem, requests=(*problem.requests, *requests)),
        replace(schedule, assignments=(*schedule.assignments, *assignments)),
    )


def _second(
    visit: Visit, assignment: Assignment, known: Collection[str]
) -> tuple[Request, Assignment]:
    """Return a visit more at the same time: its request, by a name not known, and its place."""
    asked = visit.request
    assert asked is not None
    step = replace(asked.steps[visit.step - 1], least_lag_minutes=0, most_lag_minutes=None)
    name = visit.id.replace("#", "-") + SECOND  # a "#" numbers the visits of a series
    while name in known:
        name += SECOND
    request = Request(
        id=name,
        steps=(step,),
        priority=asked.priority,
        first_visit=asked.first_visit and visit.occurrence == 1,
        requested=asked.requested,
    )
    needs = {need.role for need in visit.needs if not need.attendee}
    roles = tuple((role, ids) for role, ids in assignment.resources if role in needs)
    return request, replace(assignment, visit=name, resources=roles)


def choose_overbooking(
    problem: Problem,
    schedule: Schedule,
    prices: Prices,
    uncertainty: Uncertainty | None = None,
    *,
    risks: Iterable[float] = (0.4, 0.3, 0.2),
    most_per_day: int = 1,
    kind: str = KIND,
    runs: int = RUNS,
    seed: int = 0,
) -> Choice:
    """Find out from which risk on overbooking pays, beside none at all.

    Parameters
    ----------
    problem, schedule
        The world, and what is placed.
    prices, uncertainty, runs, seed
        As for ``choose``. The price ``held`` says what a visit is worth.
    risks
        Probabilities of a no-show from which on visits are overbooked.
    most_per_day, kind
        As for ``overbooked``.
    """
    chance = uncertainty or Uncertainty.from_profile()
    candidates = {"none": (problem, schedule)}
    for risk in risks:
        candidates[f"from {100 * risk:g} %"] = overbooked(
            problem, schedule, chance, risk=risk, most_per_day=most_per_day, kind=kind
        )
    return choose(candidates, prices, chance, kind=kind, runs=runs, seed=seed)

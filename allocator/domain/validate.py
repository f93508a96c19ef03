"""Everything that can be wrong with a problem, found at once."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.published_faults import published_faults
from allocator.domain.request_faults import asked_faults, between_faults
from allocator.domain.time import MINUTES_PER_DAY, Horizon, is_zone
from allocator.domain.world_faults import service_faults, world_faults

if TYPE_CHECKING:
    from allocator.domain.problem import Problem

MAX_REQUESTS = 100_000
MAX_RESOURCES = 200_000

#: Takes the place of a horizon that cannot be, so that all else is looked at.
STAND_IN = Horizon(first=date(2000, 1, 1), days=1, zone="UTC", grain_minutes=1)


def problem_faults(problem: Problem) -> Iterator[Fault]:
    """Yield everything that is wrong with a problem.

    Where the horizon is at fault, all is told that does not depend on it.
    """
    horizon_faults = list(problem.horizon.faults())
    if not horizon_faults:
        yield from _faults(problem)
        return
    yield from horizon_faults
    grain = problem.horizon.grain_minutes
    possible = grain >= 1 and not MINUTES_PER_DAY % grain
    beside = copy(problem)
    zone = problem.horizon.zone
    horizon = replace(
        STAND_IN,
        grain_minutes=grain if possible else 1,
        zone=zone if is_zone(zone) else STAND_IN.zone,
    )
    object.__setattr__(beside, "horizon", horizon)
    yield from (fault for fault in _faults(beside) if not of_the_horizon(fault))


def of_the_horizon(fault: Fault) -> bool:
    """Say whether a fault may follow from a horizon that is not what was meant."""
    return (
        fault.code is FaultCode.OUTSIDE_HORIZON
        or (fault.kind == "horizon" and fault.code in (FaultCode.OFF_GRID, FaultCode.TOO_LARGE))
        or (fault.kind == "assignment" and fault.code is FaultCode.OFF_GRID)
    )


def _faults(problem: Problem) -> Iterator[Fault]:
    yield from _sizes(problem)
    yield from _ids(problem)
    yield from world_faults(problem)
    yield from service_faults(problem)
    yield from asked_faults(problem)
    yield from between_faults(problem)
    yield from published_faults(problem)
    yield from _objective(problem)


def _sizes(problem: Problem) -> Iterator[Fault]:
    for what, number, most in (
        ("requests", len(problem.requests), MAX_REQUESTS),
        ("resources", len(problem.resources), MAX_RESOURCES),
    ):
        if number > most:
            yield Fault(
                FaultCode.TOO_LARGE,
                "problem",
                "",
                f"The problem has {number} {what}; at most {most} are allowed.",
            )


def _ids(problem: Problem) -> Iterator[Fault]:
    groups: tuple[tuple[str, list[str]], ...] = (
        ("location", [x.id for x in problem.locations]),
        ("calendar", [x.id for x in problem.calendars]),
        ("resource", [x.id for x in problem.resources]),
        ("service", [x.id for x in problem.services]),
        ("request", [x.id for x in problem.requests] + [x.id for x in problem.sessions]),
        (
            "relation",
            [x.id for x in problem.relations] + [x.id for x in problem.precedences],
        ),
        ("level", [x.name for x in problem.levels]),
        ("pin", [x.visit for x in problem.pins]),
        ("assignment", [x.visit for x in problem.published]),
    )
    for kind, ids in groups:
        seen: set[str] = set()
        told: set[str] = set()
        for id in ids:
            if not id:
                yield Fault(FaultCode.MISSING, kind, "", f"A {kind} has no id.")
            if id in seen and id not in told:
                told.add(id)
                yield Fault(
                    FaultCode.DUPLICATE,
                    kind,
                    id,
                    f"{kind.capitalize()} {id} is defined {ids.count(id)} times.",
                )
            seen.add(id)
    for request in problem.requests:
        if "#" in request.id:
            yield Fault(
                FaultCode.CONTRADICTION,
                "request",
                request.id,
                f"Request {request.id}: its id has a '#', which numbers the visits of a series.",
            )


def _objective(problem: Problem) -> Iterator[Fault]:
    for level in problem.levels:
        for goal, weight in level.goals:
            if not 0 <= weight <= 1_000_000:
                yield Fault(
                    FaultCode.WRONG_NUMBER,
                    "level",
                    level.name,
                    f"Level {level.name}: {goal} has the weight {weight}; 0 to 1000000 exist.",
                )
    policy = problem.off_peak
    if policy.bucket_minutes < 1:
        yield Fault(
            FaultCode.WRONG_NUMBER,
            "off_peak",
            "",
            f"off_peak counts load by {policy.bucket_minutes} minutes; at least 1.",
        )
    for share, price in policy.steps:
        if not 0 <= share <= 100 or price < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "off_peak",
                "",
                f"off_peak has a step at {share} % with the price {price}; 0 to 100 % and"
                " prices from 0 are possible.",
            )
    for forecast in problem.forecast:
        yield from forecast.span.faults("forecast", forecast.kind, "its span", problem.horizon.zone)
        if forecast.minutes < 0:
            yield Fault(
                FaultCode.WRONG_NUMBER,
                "forecast",
                forecast.kind,
                f"Forecast {forecast.kind}: {forecast.minutes} minutes; at least 0.",
            )

"""What the asker bears beside the goals: a busy hour, and the distance from the time wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from allocator.domain.objective import COMFORT
from allocator.domain.steering import Band, Saving, SteeringPolicy
from allocator.domain.time import zone_of
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement, Visit
from allocator.prepare.visits import PreparedRequest
from allocator.state.state import State
from allocator.suggest.suggestion import ExpectedLoad

Vector = npt.NDArray[np.int64]
Loads = npt.NDArray[np.float64]

#: Points for an hour of a detour, where distance from the time wanted weighs nothing.
PER_HOUR = dict(COMFORT)["near_wanted"]
PRACTITIONER = "practitioner"
#: Points between an idle and a full hour for each visit, where neither has a price.
QUIET = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """Points beside the goals, and the load that is expected.

    Attributes
    ----------
    prepared
        The problem.
    forecast
        How busy hours are expected to be; None is flat.
    wanted
        When the first visit should start; None is any time.
    policy
        How people are steered to quiet hours; None is by the problem's ``off_peak``.
    familiar
        Numbers of the practitioners whom those who attend know from other visits.
    """

    prepared: Prepared
    forecast: ExpectedLoad | None
    wanted: datetime | None
    policy: SteeringPolicy | None = None
    familiar: frozenset[int] = frozenset()

    def weight(self, goal: str) -> int:
        """Return what a unit of a goal weighs: in the objective, or usually."""

        def compute() -> dict[str, int]:
            levels = self.prepared.problem.objective
            return {name: weight for level in levels for name, weight in level.goals}

        return self.prepared.memo("wishes", compute).get(goal, dict(COMFORT)[goal])

    @property
    def none(self) -> bool:
        """Whether there is nothing beside the goals and people."""
        return self.forecast is None and self.wanted is None

    def strangers(self, visit: Visit) -> dict[int, int]:
        """Return points for practitioners whom those who attend a visit do not know.

        Nobody is a stranger where nobody is known who could come, or somebody is wished for.
        """
        resources, found = self.prepared.resources, dict[int, int]()
        wished = {w.role for w in visit.request.preferred_resources} if visit.request else set()
        for need in visit.needs:
            if need.attendee or need.role in wished or self.familiar.isdisjoint(need.resources):
                continue
            for resource in need.resources:
                if resources[resource].kind == PRACTITIONER and resource not in self.familiar:
                    found[resource] = self.weight("preferred_resources")
        return found

    def points(self, visit: Visit, duration: int, ticks: Vector, *, first: bool) -> Vector:
        """Return what each start costs, all of them ascending.

        Parameters
        ----------
        visit, duration
            What starts then, and for how long.
        ticks
            The starts.
        first
            Whether it is the visit that should be near to the time wanted.
        """
        found = np.zeros(len(ticks), dtype=np.int64)
        if not len(ticks):
            return found
        if first and self.wanted is not None:
            found += self.weight("near_wanted") * self._hours_off(ticks)
        if self.policy is not None:
            found += self._detours(self.policy, visit, duration, ticks)
        elif self.forecast is not None:
            low, high = int(ticks[0]), min(int(ticks[-1]) + duration, self.prepared.ticks)
            for kind in self.kinds(visit):
                load = self.forecast.load(kind, range(low, high))
                prices = np.zeros(len(load), dtype=np.int64)
                for share, price in self.prepared.problem.off_peak.steps:
                    prices += price * (load * 100 >= share)
                whole = np.concatenate(([0], np.cumsum(prices)))
                ends = np.minimum(ticks + duration, high)
                minutes = self.prepared.grain * (whole[ends - low] - whole[ticks - low])
                found += self.weight("off_peak") * minutes
                found += np.rint(QUIET * load[ticks - low]).astype(np.int64)
        return found

    def of(self, visit: Visit, placement: Placement, *, first: bool) -> int:
        """Return what a place costs beside the goals."""
        points = 0
        if self.familiar:
            strangers = self.strangers(visit)
            for need, members in zip(visit.needs, placement.team, strict=True):
                if not need.attendee:
                    points += sum(strangers.get(resource, 0) for resource in members)
        if self.none:
            return points
        ticks = np.array([placement.start])
        return points + int(self.points(visit, placement.duration, ticks, first=first)[0])

    def load(self, visit: Visit, start: int, duration: int) -> float | None:
        """Return the expected load of the busiest tick of a visit; None without a forecast."""
        loads = self.loads(visit, duration, np.array([start]))
        return None if loads is None else float(loads[0])

    def loads(self, visit: Visit, duration: int, ticks: Vector) -> Loads | None:
        """Return the expected load of the busiest tick of a visit from each of some starts."""
        if self.forecast is None:
            return None
        kinds = self.kinds(visit)
        if not kinds:
            return None
        low, high = int(ticks[0]), min(int(ticks[-1]) + duration, self.prepared.ticks)
        some = [self.forecast.load(kind, range(low, high)) for kind in kinds]
        busiest = np.max(some, axis=0)
        reach = np.minimum(ticks[:, None] - low + np.arange(duration), high - low - 1)
        found: Loads = busiest[reach].max(axis=1)
        return found

    def band(self, load: float | None) -> Band | None:
        """Return whether a load is quiet or busy."""
        if self.policy is not None and load is not None:
            return self.policy.band(load)
        shares = [share for share, _ in self.prepared.problem.off_peak.steps]
        if load is None or not shares:
            return None
        if load * 100 < min(shares):
            return Band.OFF_PEAK
        return Band.PEAK if load * 100 >= max(shares) else Band.BETWEEN

    def kinds(self, visit: Visit) -> list[str]:
        """Return the kinds of which the load counts and on which a visit draws."""
        resources = self.prepared.resources
        drawn = {
            resources[need.resources[0]].kind
            for need in visit.needs
            if need.resources and not need.attendee
        }
        policy = self.prepared.problem.off_peak if self.policy is None else self.policy
        return [kind for kind in policy.kinds if kind in drawn]

    def saving(self, load: float | None, visit: int, placement: Placement) -> Saving | None:
        """Return what the policy offers for a request whose first visit lies there."""
        if self.policy is None or load is None:
            return None
        first = self.prepared.visits[visit]
        wanted = self.wanted or (None if first.request is None else first.request.wanted)
        if wanted is None:
            return self.policy.saving(load)
        zone = zone_of(first.clock.zone)
        wished = wanted.astimezone(zone)
        start = self.prepared.horizon.instant(placement.start).astimezone(zone)
        minutes = abs(60 * (start.hour - wished.hour) + start.minute - wished.minute)
        return self.policy.saving(load, minutes, abs((start.date() - wished.date()).days))

    def _detours(
        self, policy: SteeringPolicy, visit: Visit, duration: int, ticks: Vector
    ) -> Vector:
        """Return what each start costs by the policy, as the hours of a detour from it would."""
        if self.forecast is None or not policy.detour_minutes:
            return np.zeros(len(ticks), dtype=np.int64)
        low, high = int(ticks[0]), min(int(ticks[-1]) + duration, self.prepared.ticks)
        some = [self.forecast.load(kind, range(low, high)) for kind in self.kinds(visit)]
        busiest = 100 * np.max([np.zeros(high - low), *some], axis=0)
        width = max(policy.peak - policy.off_peak, 1)
        pressure = np.clip((busiest - policy.off_peak) / width, 0, 1)
        whole = np.concatenate(([0.0], np.cumsum(pressure)))
        ends = np.minimum(ticks + duration, high)
        mean = (whole[ends - low] - whole[ticks - low]) / duration
        hour = self.weight("near_wanted") or PER_HOUR
        return np.rint(hour * policy.detour_minutes / 60 * mean).astype(np.int64)

    def _hours_off(self, ticks: Vector) -> Vector:
        assert self.wanted is not None
        horizon = self.prepared.horizon
        if horizon.by_day:
            return 24 * np.abs(ticks - horizon.tick(self.wanted))
        minutes = (self.wanted - horizon.start) // timedelta(minutes=1)
        return np.abs(self.prepared.grain * ticks - minutes) // 60


def known_to(state: State, request: PreparedRequest, gone: Iterable[Placement]) -> frozenset[int]:
    """Return the practitioners whom those who attend a request know from other visits.

    Parameters
    ----------
    state
        What is placed.
    request
        The request.
    gone
        Where visits lie that are thought to be gone: who moves a visit knows whom it was with.
    """
    prepared = state.prepared
    resources = prepared.resources
    teams = [placement.team for placement in gone]
    for attendee in request.request.attendees:
        number = prepared.resource_index[attendee.resource]
        if attendee.required and resources[number].kind != PRACTITIONER:
            teams += [state.placement(claim.visit).team for claim in state.claims[number]]
    return frozenset(
        resource
        for team in teams
        for members in team
        for resource in members
        if resources[resource].kind == PRACTITIONER
    )

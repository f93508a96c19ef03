"""One more resource like one that is there: half a therapist, a second gym."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.resource import Contract, Resource
from allocator.domain.service import Need, Selector, Service
from allocator.scenario.changes.change import EVERY_DAY, demand_known, refuse
from allocator.scenario.changes.days import dates, in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Hire:
    """One more resource like another, for all or a part of its week.

    It has a contract of its own: since when the other is there, and until when, does not count.

    Attributes
    ----------
    like
        Id of the resource whose place, skills, calendar, limits and services it has.
    id, name
        Of the new one.
    percent
        Share of the other's week that it works at most, 1 to 100. The week is what the other may
        work at most, or else what its contract says, or else as long as it is open.
    """

    like: str
    id: str
    name: str = ""
    percent: int = 100
    first: date | None = None
    last: date | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with the new resource."""
        demand_known(problem, "resource", (self.like,))
        if not 1 <= self.percent <= 100:
            raise refuse(
                FaultCode.WRONG_NUMBER,
                "resource",
                self.id,
                f"Resource {self.id}: {self.percent} percent of {self.like}; 1 to 100 make sense.",
            )
        model = problem.resource(self.like)
        contracted = max((one.minutes_per_week or 0 for one in model.contracts), default=0)
        week: int | None = contracted or None
        limits = model.limits
        if self.percent < 100:
            grain = problem.horizon.grain_minutes
            worked = contracted or self._opened(problem, model)
            most = limits.minutes_per_week
            limits = replace(
                limits, minutes_per_week=self._share(worked if most is None else most, grain)
            )
            week = self._share(worked, grain)
        contract = Contract(first=self.first, last=self.last, minutes_per_week=week)
        new = replace(
            model,
            id=self.id,
            name=self.name,
            limits=limits,
            contracts=() if contract == Contract() else (contract,),
        )
        return replace(
            problem,
            resources=(*problem.resources, new),
            services=tuple(self._served(service) for service in problem.services),
        )

    def _share(self, minutes: int, grain: int) -> int:
        """Return the share of so many minutes, on the grid."""
        share = minutes * self.percent // 100
        return share - share % grain

    def _opened(self, problem: Problem, model: Resource) -> int:
        """Return the minutes that the other is open in its longest week, overtime left out."""
        if model.calendar is None:
            return 7 * 24 * 60
        worked: Counter[tuple[int, int]] = Counter()
        for day in dates(problem.horizon, EVERY_DAY, None, None):
            for rule in problem.calendar(model.calendar).weekly:
                if not rule.overtime and rule.holds_on(day):
                    minutes = rule.hours.end_minute - rule.hours.start_minute
                    worked[day.isocalendar()[:2]] += minutes
        return max(worked.values(), default=0)

    def _served(self, service: Service) -> Service:
        """Return a service that takes the new resource wherever it takes the other."""
        lengths = dict(service.minutes_by_resource)
        if self.like in lengths:
            lengths[self.id] = lengths[self.like]
        return replace(
            service,
            needs=tuple(self._need(need) for need in service.needs),
            minutes_by_resource=tuple(lengths.items()),
        )

    def _need(self, need: Need) -> Need:
        return replace(need, alternatives=tuple(self._named(one) for one in need.alternatives))

    def _named(self, selector: Selector) -> Selector:
        if self.like not in selector.names:
            return selector
        return replace(selector, names=selector.names | {self.id})

    def text(self) -> str:
        """Say who comes."""
        share = "" if self.percent == 100 else f", {self.percent} % of the week"
        when = in_words(EVERY_DAY, self.first, self.last)
        since = f", {when}" if self.first or self.last else ""
        return f"hire {self.name or self.id}, like {self.like}{share}{since}"

"""Resources that are no longer there from a day on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from allocator.domain.problem import Problem
from allocator.domain.resource import Contract, Resource
from allocator.domain.time import wall_to_instant
from allocator.scenario.changes.change import chosen, whose, with_resources
from allocator.scenario.changes.let_go import let_go


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Resources whose contract ends: they stay known, and have no time any more.

    Visits that are pinned to them from then on are let go: they move, or are dropped, as all
    others.

    Attributes
    ----------
    resources, kind
        Ids, or all of a kind.
    first
        First date without them; None is the horizon's first.
    """

    resources: tuple[str, ...] = ()
    kind: str = ""
    first: date | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem without their time."""
        last = (self.first or problem.horizon.first) - timedelta(days=1)
        never = Contract(last=min(last, problem.horizon.first - timedelta(days=1)))

        def ended(resource: Resource) -> Resource:
            contracts = [
                replace(one, last=last if one.last is None else min(one.last, last))
                for one in resource.contracts or (Contract(),)
                if one.first is None or one.first <= last
            ]
            return replace(resource, contracts=tuple(contracts) or (never,))

        def away(resource: Resource, _: datetime, end: datetime) -> bool:
            zone = problem.zone(resource.location)
            return wall_to_instant(last + timedelta(days=1), 0, zone) < end

        some = chosen(problem, self.resources, self.kind)
        return let_go(with_resources(problem, some, ended), some, away)

    def text(self) -> str:
        """Say who goes."""
        since = f" from {self.first} on" if self.first else ""
        return f"{whose(self.resources, self.kind)} no longer there{since}"

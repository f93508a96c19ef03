"""Resources that are no longer there from a day on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from allocator.domain.problem import Problem
from allocator.domain.resource import Contract, Resource
from allocator.scenario.changes.change import chosen, whose, with_resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Resources whose contract ends: they stay known, and have no time any more.

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

        return with_resources(problem, chosen(problem, self.resources, self.kind), ended)

    def text(self) -> str:
        """Say who goes."""
        since = f" from {self.first} on" if self.first else ""
        return f"{whose(self.resources, self.kind)} no longer there{since}"

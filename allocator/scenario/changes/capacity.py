"""How many visits at once, and how many people in each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.domain.resource import Resource
from allocator.scenario.changes.change import chosen, whose, with_resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Resources with other numbers of lanes or seats.

    Attributes
    ----------
    resources, kind
        Ids, or all of a kind.
    lanes
        Visits at once; None leaves them as they are.
    seats
        People in one visit; None leaves them as they are.
    """

    resources: tuple[str, ...] = ()
    kind: str = ""
    lanes: int | None = None
    seats: int | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these numbers."""

        def fitted(resource: Resource) -> Resource:
            return replace(
                resource,
                lanes=resource.lanes if self.lanes is None else self.lanes,
                seats=resource.seats if self.seats is None else self.seats,
            )

        return with_resources(problem, chosen(problem, self.resources, self.kind), fitted)

    def text(self) -> str:
        """Say how much fits."""
        said = [] if self.lanes is None else [f"{self.lanes} visits at once"]
        said += [] if self.seats is None else [f"{self.seats} seats"]
        return f"{whose(self.resources, self.kind)} with {' and '.join(said) or 'as much as now'}"

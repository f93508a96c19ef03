"""How much of what is published may change."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.scenario.changes.weigh import Weigh


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A cap or a price on what is placed otherwise than it is published.

    Attributes
    ----------
    most_changes
        At most so many published visits; None leaves the cap as it is.
    weight
        Of the goal ``fewest_changes``; None leaves the price as it is.
    """

    most_changes: int | None = None
    weight: int | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this cap and this price."""
        if self.most_changes is not None:
            problem = replace(problem, most_changes=self.most_changes)
        if self.weight is not None:
            problem = Weigh(goal="fewest_changes", weight=self.weight).apply(problem)
        return problem

    def text(self) -> str:
        """Say how much may change."""
        said = [] if self.most_changes is None else [f"at most {self.most_changes} changes"]
        said += [] if self.weight is None else [f"each change weighs {self.weight}"]
        return " and ".join(said) or "as many changes as now"

"""What a solve gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from allocator.check.score import GoalScore
from allocator.domain.schedule import Schedule
from allocator.goals.served import PARTS
from allocator.rules.rule import Violation
from allocator.solve.params import Params


class Status(Enum):
    """How a solve ended; the value is one sentence."""

    OPTIMAL = "The schedule is proved to be the best there is, level by level."
    FEASIBLE = "The schedule breaks no rule; a better one may exist, within the gap shown."
    INFEASIBLE = "No schedule meets the hard demands: this is proved."
    UNKNOWN = "No schedule was found that meets the hard demands; none is proved impossible."


@dataclass(frozen=True, slots=True)
class LevelResult:
    """What one level of the objective came to.

    Attributes
    ----------
    name
        Of the level.
    cost
        In points; smaller is better.
    bound
        No schedule costs less in this level, given the costs of the levels before; None where
        nothing is proved.
    total
        For a level of served requests, what serving nothing would cost; else None.
    """

    name: str
    cost: int
    bound: int | None
    total: int | None = None

    @property
    def proved(self) -> bool:
        """Whether nothing cheaper exists."""
        return self.bound is not None and self.cost <= self.bound

    @property
    def gap(self) -> float | None:
        """Relative distance to the bound: of the value served, or of the cost."""
        if self.bound is None:
            return None
        if self.proved:
            return 0.0
        if self.total is not None:
            return (self.cost - self.bound) / max(1, self.total - self.bound)
        return (self.cost - self.bound) / max(1, abs(self.cost))

    @property
    def served(self) -> float | None:
        """For a level of served requests, the value served, in weights of requests."""
        return None if self.total is None else (self.total - self.cost) / PARTS

    @property
    def servable(self) -> float | None:
        """For a level of served requests, the most that could be served, as proved."""
        if self.total is None or self.bound is None:
            return None
        return (self.total - self.bound) / PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A schedule with what is known about it.

    Attributes
    ----------
    status
        How it ended.
    schedule
        None where no schedule meets the hard demands (or none was found).
    levels, goals
        The objective, recomputed from the schedule; empty without one.
    violations
        What pinned visits break among themselves: inherited, and nothing else.
    requests, requests_served, visits, visits_placed
        Counts of what was asked (not counting what was frozen beforehand) and what was placed.
    seconds, first_schedule_seconds
        Wall time in all, and until the first valid schedule; from the call on.
    params
        The settings.
    notes
        What clock changes moved or dropped, and what the solve wants to be known.
    """

    status: Status
    schedule: Schedule | None
    levels: tuple[LevelResult, ...] = ()
    goals: tuple[GoalScore, ...] = ()
    violations: tuple[Violation, ...] = ()
    requests: int = 0
    requests_served: int = 0
    visits: int = 0
    visits_placed: int = 0
    seconds: float = 0.0
    first_schedule_seconds: float | None = None
    params: Params = field(default_factory=Params)
    notes: tuple[str, ...] = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Say in a line what it is: a notebook would show, and keep, all that it holds."""
        printer.text(
            f"Result {self.status.name}: {self.requests_served} of {self.requests} requests served,"
            f" {self.visits_placed} of {self.visits} visits placed, {self.seconds:.1f} seconds."
        )

    @property
    def gap(self) -> float | None:
        """The widest gap of any level; None where a level has no bound."""
        gaps = [level.gap for level in self.levels]
        if not gaps or any(gap is None for gap in gaps):
            return None
        return max(gap for gap in gaps if gap is not None)

"""What goals weigh."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.request import PRIORITIES
from allocator.goals import GOALS
from allocator.scenario.changes.change import refuse, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Weigh:
    """A goal that weighs more or less, or that comes in, or is left out.

    Attributes
    ----------
    goal
        Its name.
    weight
        Points for one unit of its amount; 0 takes the goal out.
    level
        Name of the level in which it counts; ``""`` is where it is, or else the last.
    """

    goal: str
    weight: int
    level: str = ""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with this weight."""
        if self.weight < 0:
            raise refuse(
                FaultCode.WRONG_NUMBER,
                "goal",
                self.goal,
                f"Goal {self.goal}: its weight is {self.weight}; it may not be below 0.",
            )
        known = [*(goal.name for goal in GOALS), *(f"served:{n}" for n in PRIORITIES)]
        if self.goal not in known:
            raise unknown("goal", self.goal, known)
        levels = problem.objective
        names = [level.name for level in levels]
        if self.level and self.level not in names:
            raise unknown("level", self.level, names)
        home = next((one.name for one in levels if self.goal in dict(one.goals)), names[-1])
        found = []
        for level in levels:
            goals = {name: weight for name, weight in level.goals if name != self.goal}
            if level.name == (self.level or home) and self.weight:
                goals = dict(level.goals) | {self.goal: self.weight}
            found.append(replace(level, goals=tuple(goals.items())))
        left = tuple(level for level in found if level.goals)
        if not left:  # no level at all would be those by default, with all their goals
            said = f"Goal {self.goal} is the only one; without it 0 goals would be left."
            raise refuse(FaultCode.CONTRADICTION, "goal", self.goal, said)
        return replace(problem, levels=left)

    def text(self) -> str:
        """Say what the goal weighs."""
        if not self.weight:
            return f"goal {self.goal} left out"
        where = f" in level {self.level}" if self.level else ""
        return f"goal {self.goal} weighs {self.weight}{where}"

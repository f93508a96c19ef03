"""Rules switched off and on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.rules import RULES
from allocator.scenario.changes.change import unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules that do not hold, or hold again.

    Attributes
    ----------
    off, on
        Names of rules.
    """

    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these rules."""
        known = [rule.name for rule in RULES]
        for name in (*self.off, *self.on):
            if name not in known:
                raise unknown("rule", name, known)
        return replace(
            problem, without_rules=problem.without_rules.difference(self.on) | {*self.off}
        )

    def text(self) -> str:
        """Say which rules hold."""
        said = [f"without the rule {name}" for name in self.off]
        return ", ".join([*said, *(f"with the rule {name}" for name in self.on)]) or "rules as now"

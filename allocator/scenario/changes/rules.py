"""Rules switched off and on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.rules import RULES
from allocator.scenario.changes.change import refuse, unknown


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
        known = {rule.name: rule for rule in RULES}
        for name in (*self.off, *self.on):
            if name not in known:
                raise unknown("rule", name, known)
            if name in self.off and (known[name].structural or name in self.on):
                why = (
                    "is part of what a visit is and cannot be switched off"
                    if known[name].structural
                    else "is switched off and on by the same change; choose one"
                )
                raise refuse(FaultCode.CONTRADICTION, "rule", name, f"Rule {name} {why}.")
        return replace(
            problem, without_rules=problem.without_rules.difference(self.on) | {*self.off}
        )

    def text(self) -> str:
        """Say which rules hold."""
        said = [f"without the rule {name}" for name in self.off]
        return ", ".join([*said, *(f"with the rule {name}" for name in self.on)]) or "rules as now"

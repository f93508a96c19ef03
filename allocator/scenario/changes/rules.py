"""Rules switched off and on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem


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
        return replace(
            problem, without_rules=problem.without_rules.difference(self.on) | {*self.off}
        )

    def text(self) -> str:
        """Say which rules hold."""
        said = [f"without the rule {name}" for name in self.off]
        return ", ".join([*said, *(f"with the rule {name}" for name in self.on)]) or "rules as now"

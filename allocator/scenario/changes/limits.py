"""Limits of work."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.domain.resource import WorkLimits
from allocator.scenario.changes.change import chosen, whose, with_resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Resources with other limits of work, in place of all that they have.

    Attributes
    ----------
    resources, kind
        Ids, or all of a kind.
    limits
        The new ones.
    """

    limits: WorkLimits
    resources: tuple[str, ...] = ()
    kind: str = ""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these limits."""
        some = chosen(problem, self.resources, self.kind)
        return with_resources(problem, some, lambda one: replace(one, limits=self.limits))

    def text(self) -> str:
        """Say how much work there may be."""
        said = [
            f"{name.replace('_', ' ')} {value}"
            for name in WorkLimits.__dataclass_fields__
            if (value := getattr(self.limits, name)) is not None
        ]
        return f"{whose(self.resources, self.kind)} with {', '.join(said) or 'no limits'}"

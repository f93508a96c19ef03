"""A schedule that people have been told of, from which the rest is planned."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Visits that hold where a schedule has them: to be planned anew with few changes.

    Together with ``Stay``, which caps or prices what is placed otherwise, and with whatever has
    happened, such as ``Close``.

    Attributes
    ----------
    assignments
        Those of a schedule. What was published of these visits before is replaced.
    """

    assignments: tuple[Assignment, ...]

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these visits published."""
        new = {one.visit for one in self.assignments}
        kept = tuple(one for one in problem.published if one.visit not in new)
        return replace(problem, published=(*kept, *self.assignments))

    def text(self) -> str:
        """Say how much is published."""
        many = len(self.assignments)
        return "1 visit published" if many == 1 else f"{many} visits published"

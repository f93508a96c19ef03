"""Check a schedule, wherever it comes from, by the twins alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.check.score import GoalScore, score
from allocator.check.violations import violations
from allocator.domain.garbage import collected_later
from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.rule import Rule, Violation
from allocator.state.timetable import Timetable
from allocator.table.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Checked:
    """What a schedule breaks, and what it costs.

    Attributes
    ----------
    violations
        Inherited ones included.
    objective
        Cost by level, in order.
    goals
        Their parts.
    """

    violations: tuple[Violation, ...]
    objective: dict[str, int]
    goals: tuple[GoalScore, ...]

    @property
    def valid(self) -> bool:
        """Whether it breaks nothing but what pinned visits break among themselves."""
        return all(violation.inherited for violation in self.violations)


@collected_later()
def check(
    problem: Problem,
    schedule: Schedule,
    *,
    rules: Sequence[Rule] = RULES,
    goals: Sequence[Goal] = GOALS,
) -> Checked:
    """Check and score a schedule; no solver takes part.

    Raises
    ------
    InvalidSchedule
        When it names what the problem does not have.
    """
    prepared = Prepared(problem)
    book = Rulebook(prepared, rules, goals)
    timetable = Timetable(prepared, prepared.placements(schedule))
    scored = score(book, timetable)
    names = [level.name for level in book.levels]
    return Checked(
        tuple(violations(book, timetable)),
        dict(zip(names, scored.levels, strict=True)),
        scored.goals,
    )

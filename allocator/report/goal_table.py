"""The goals with what was missed of them, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.console import RenderableType

from allocator.check.score import GoalScore
from allocator.goals.served import PARTS, Served
from allocator.report.style import QUIET, plain_table, titled
from allocator.report.words import gap, value

if TYPE_CHECKING:
    from allocator.solve.result import LevelResult


class GoalRow(NamedTuple):
    """What is said of a goal, or of a level as a whole."""

    name: str
    amount: str
    unit: str
    weight: str
    points: str
    whole: bool = False
    missed: bool = True


def goal_rows(
    goals: Sequence[GoalScore], levels: Sequence[tuple[str, str, int]]
) -> Iterator[GoalRow]:
    """Yield the rows of a table of goals: those of each level, then the level itself.

    Parameters
    ----------
    goals
        What each came to.
    levels
        Names, with what is known of each and its cost.
    """
    for level, proof, cost in levels:
        mine = [goal for goal in goals if goal.level == level]
        for goal in mine:
            missed = bool(goal.cost)
            if goal.unit == Served.unit:  # parts of a weight mean little to people
                amount = value(goal.amount / PARTS, up=True)
                yield GoalRow(goal.goal, amount, "weight left out", "", "", missed=missed)
            else:
                amount, weight = f"{goal.amount:,}", f"× {goal.weight:,}"
                points = f"{goal.cost:,}"
                yield GoalRow(goal.goal, amount, goal.unit, weight, points, missed=missed)
        if not all(goal.unit == Served.unit for goal in mine):
            yield GoalRow(level, "", proof, "", f"{cost:,}", whole=True)


def goal_table(
    goals: Sequence[GoalScore], levels: Sequence[tuple[str, str, int]]
) -> RenderableType:
    """Return a table of the goals of some levels, level by level.

    Parameters
    ----------
    goals
        What each came to.
    levels
        Names, with what is known of each and its cost.
    """
    table = plain_table()
    for name, right in (
        ("goal", False),
        ("amount", True),
        ("unit", False),
        ("weight", True),
        ("points", True),
    ):
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "unit")
    rows = list(goal_rows(goals, levels))
    for number, row in enumerate(rows):
        style = "bold" if row.whole else "" if row.missed else QUIET
        last = number == len(rows) - 1
        table.add_row(*row[:5], style=style, end_section=row.whole and not last)
    return titled("Goals: what was missed of each, and its cost in points", table)


def known(level: LevelResult) -> str:
    """Say in a few words how good a level is known to be."""
    if level.proved:
        return "proved best"
    if level.bound is None or level.gap is None:
        return "no bound"
    return f"gap {gap(level.gap)}"

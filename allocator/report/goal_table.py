"""The goals with what was missed of them, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from allocator.check.score import GoalScore
from allocator.goals.served import PARTS, Served
from allocator.report.style import QUIET, plain_table, titled
from allocator.report.words import gap, value
from allocator.solve.result import LevelResult


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
    for number, (level, proof, cost) in enumerate(levels):
        mine = [goal for goal in goals if goal.level == level]
        last = number == len(levels) - 1
        for goal in mine:
            style = "" if goal.cost else QUIET
            if goal.unit == Served.unit:  # parts of a weight mean little to people
                amount, unit = value(goal.amount / PARTS, up=True), "weight left out"
                table.add_row(goal.goal, amount, unit, "", "", style=style)
            else:
                weight = f"× {goal.weight:,}"
                table.add_row(
                    goal.goal, f"{goal.amount:,}", goal.unit, weight, f"{goal.cost:,}", style=style
                )
        if all(goal.unit == Served.unit for goal in mine):
            continue
        table.add_row(level, "", proof, "", f"{cost:,}", style="bold", end_section=not last)
    return titled("Goals: what was missed of each, and its cost in points", table)


def known(level: LevelResult) -> str:
    """Say in a few words how good a level is known to be."""
    if level.proved:
        return "proved best"
    if level.bound is None or level.gap is None:
        return "no bound"
    return f"gap {gap(level.gap)}"

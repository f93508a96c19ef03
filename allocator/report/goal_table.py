"""The goals with what was missed of them, and what that costs."""

from __future__ import annotations

from rich.console import RenderableType

from allocator.report.style import QUIET, plain_table, titled
from allocator.report.words import gap
from allocator.solve.result import LevelResult, Result


def goal_table(result: Result) -> RenderableType:
    """Return a table of the goals below the served levels, level by level."""
    levels = [level for level in result.levels if level.total is None]
    table = plain_table()
    for name, right in (
        ("goal", False),
        ("amount", True),
        ("unit", False),
        ("weight", True),
        ("points", True),
    ):
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "unit")
    for number, level in enumerate(levels):
        for goal in result.goals:
            if goal.level == level.name:
                table.add_row(
                    goal.goal,
                    f"{goal.amount:,}",
                    goal.unit,
                    f"× {goal.weight:,}",
                    f"{goal.cost:,}",
                    style="" if goal.cost else QUIET,
                )
        table.add_row(
            level.name,
            "",
            known(level),
            "",
            f"{level.cost:,}",
            style="bold",
            end_section=number < len(levels) - 1,
        )
    return titled("Goals: what was missed of each, and its cost in points", table)


def known(level: LevelResult) -> str:
    """Say in a few words how good a level is known to be."""
    if level.proved:
        return "proved best"
    if level.bound is None or level.gap is None:
        return "no bound"
    return f"gap {gap(level.gap)}"

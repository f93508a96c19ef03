"""The tables of what is planned already, of the objective, and of its forecast."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.domain.objective import Forecast, Level
from allocator.domain.schedule import Assignment
from allocator.frames.cells import FILLED, INSTANT, INTEGER, TEXT
from allocator.frames.columns import Column, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalWeight:
    """A goal of a level, and its weight."""

    goal: str
    weight: int


PLAN_TABLES: tuple[Table, ...] = (
    Table(
        "published",
        "One row for each visit that is published today; a schedule.csv will do.",
        Assignment,
        (
            Column("visit", TEXT, "Id of the visit: R, R#2 in a series, R.2 in a chain, R#2.3."),
            Column("start", INSTANT, "From."),
            Column("end", INSTANT, "To."),
            Column("resources", FILLED, "Who fills which role."),
            Column("session", TEXT, "Id of the group session that it joins."),
        ),
        "published",
        kind="assignment",
        name_of=lambda x: str(x.visit),
    ),
    Table(
        "goals",
        "One row for each goal of each level of the objective, in order.",
        Level,
        (
            Column("level", TEXT, "Name of the level; an earlier one is never traded.", "name"),
            Column("goal", TEXT, "Name of the goal.", role="item"),
            Column("weight", INTEGER, "Points for one unit of it.", role="item"),
        ),
        "levels",
        kind="level",
        name_of=lambda x: str(x.name),
        gathers=("goals", GoalWeight),
        group=("level",),
        put_item=lambda x: (x.goal, x.weight),
        take_items=lambda x: [GoalWeight(goal=g, weight=w) for g, w in x.goals],
    ),
    Table(
        "forecast",
        "One row for each stretch in which others are expected to claim time.",
        Forecast,
        (
            Column("kind", TEXT, "Kind of resource."),
            Column("start", INSTANT, "From.", "span.start"),
            Column("end", INSTANT, "To.", "span.end"),
            Column("minutes", INTEGER, "Minutes of its time."),
        ),
        "forecast",
        kind="forecast",
        name_of=lambda x: str(x.kind),
    ),
)

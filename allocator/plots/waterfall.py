"""From the cost of one scenario to that of another, goal by goal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allocator.domain.objective import Level
from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.scenario import Outcome

WIDTH, ROW = 520, 26
LESS, MORE, TOTAL = "cheaper", "dearer", "in all"
COLOURS = {LESS: style.GREEN, MORE: style.VERMILLION, TOTAL: style.GREY}


def waterfall(before: Outcome, after: Outcome, *, level: str = "comfort") -> alt.LayerChart:
    """Draw how the cost of a level comes from one scenario's to another's, goal by goal.

    Parameters
    ----------
    before, after
        Two outcomes of a study.
    level
        Name of the level.

    Returns
    -------
    altair.LayerChart
        A floating bar for each goal that differs, each from where the one before ends, and one
        for the whole difference.

    Raises
    ------
    ValueError
        Where one has no schedule, or no such level.
    """
    costs = [_costs(one, level) for one in (before, after)]
    names = [one.scenario.name for one in (before, after)]
    goals = [
        goal
        for goal in dict.fromkeys([*costs[0], *costs[1]])
        if costs[0].get(goal, 0) != costs[1].get(goal, 0)
    ]
    goals.sort(key=lambda goal: costs[1].get(goal, 0) - costs[0].get(goal, 0))
    rows: list[dict[str, Any]] = []
    at = 0
    for goal in goals:
        change = costs[1].get(goal, 0) - costs[0].get(goal, 0)
        rows.append(_row(goal, at, at + change))
        at += change
    rows.append({**_row("in all", 0, at), "kind": TOTAL})
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y(
            "name:N",
            sort=[row["name"] for row in rows],
            axis=style.axis(labelLimit=style.LABEL),
        ),
        tooltip=[alt.Tooltip("name:N"), alt.Tooltip("points:Q", format="+,")],
    )
    bars = base.mark_bar(height=16).encode(
        x=alt.X(
            "start:Q",
            axis=style.axis(
                title="points",
                grid=True,
                gridColor=style.LINE,
                format="~s",
                tickCount=6,
                labelFlush=False,
            ),
        ),
        x2="end:Q",
        color=alt.Color("kind:N", scale=style.colours(COLOURS), legend=style.legend()),
    )
    words = base.mark_text(**style.text_mark(align="left", dx=6)).encode(x="right:Q", text="told:N")
    return (bars + words).properties(
        width=WIDTH,
        height=ROW * len(rows),
        view=style.ground(),
        title=style.title(
            f"Cost of {level}, from “{names[0]}” to “{names[1]}”",
            f"From {sum(costs[0].values()):,} to {sum(costs[1].values()):,} points, goal by goal;"
            " those that cost the same are left out.",
        ),
    )


def _row(name: str, start: int, end: int) -> dict[str, Any]:
    return {
        "name": name,
        "start": start,
        "end": end,
        "right": max(start, end),
        "kind": LESS if end < start else MORE,
        "points": end - start,
        "told": style.signed(end - start),
    }


def _costs(one: Outcome, level: str) -> dict[str, int]:
    """Return what each goal of a level costs."""
    if one.result is None or one.schedule is None:
        raise ValueError(f"Scenario {one.scenario.name} has no schedule.")
    levels: list[Level] = list(one.problem.objective)
    if level not in [some.name for some in levels]:
        raise ValueError(
            f"Scenario {one.scenario.name} has no level {level!r}; there are"
            f" {', '.join(some.name for some in levels)}."
        )
    return {goal.goal: goal.cost for goal in one.result.goals if goal.level == level}

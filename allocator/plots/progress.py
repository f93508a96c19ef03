"""How the cost of each level fell, and its bound rose, in the course of a solve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from allocator.domain.problem import Problem
from allocator.goals.served import PARTS
from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.solve.progress import Progress

WIDTH, HEIGHT = 620, 110
COST, BOUND = "cost of the best schedule so far", "bound: no schedule costs less"
COLOURS = {COST: style.BLUE, BOUND: style.VERMILLION}


def progress(history: Iterable[Progress], *, problem: Problem | None = None) -> alt.VConcatChart:
    """Draw the course of a solve, level by level.

    Parameters
    ----------
    history
        What a listener heard: a ``History``, or a list of ``allocator.solve.Progress``.
    problem
        What was solved. With it levels are called by name, and levels of served requests are
        in weights left out in place of points.

    Returns
    -------
    altair.VConcatChart
        One chart for each level, over the seconds since the call. Costs fall, bounds rise;
        where the two meet, the level is proved.
    """
    events = [news for news in history if news.costs]
    levels = max((len(news.costs) for news in events), default=0)
    last = max((news.seconds for news in events), default=1.0)
    charts = [_level(number, events, last, problem, of=levels) for number in range(levels)]
    if not charts:
        empty = alt.Chart(style.data([])).mark_point()
        charts = [empty.properties(width=WIDTH, height=HEIGHT, view=style.ground())]
    return alt.vconcat(
        *charts,
        spacing=18,
        title=style.title(
            "Course of the solve",
            "Costs by level; where cost and bound meet, the level is proved."
            if events
            else "No schedule was found.",
        ),
    )


def _level(
    number: int, events: Sequence[Progress], last: float, problem: Problem | None, *, of: int
) -> alt.Chart:
    """Draw one level."""
    name, unit, scale = _called(number, problem)
    rows: list[dict[str, Any]] = []
    for what in (COST, BOUND):
        seen: float | None = None
        for news in events:
            known = news.costs if what == COST else news.bounds
            value = known[number] if number < len(known) else None
            if value is not None and value != seen:
                rows.append({"seconds": news.seconds, "value": value / scale, "what": what})
                seen = value
        if seen is not None:
            rows.append({"seconds": last, "value": seen / scale, "what": what})
    return (
        alt.Chart(style.data(rows))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X(
                "seconds:Q",
                scale=alt.Scale(domain=[0, last], nice=False),
                axis=style.axis(
                    title="seconds" if number == of - 1 else None,
                    labels=number == of - 1,
                    tickCount=8,
                    labelColor=style.QUIET,
                ),
            ),
            y=alt.Y(
                "value:Q",
                scale=alt.Scale(zero=False, nice=True),
                axis=style.axis(
                    title=[name, unit],
                    titleAngle=0,
                    titleAlign="right",
                    titleX=-70,
                    titleY=HEIGHT / 2 - 8,
                    titleColor=style.INK,
                    tickCount=4,
                    tickMinStep=1 if scale == 1 else 0,
                    grid=True,
                    gridColor=style.LINE,
                    labelColor=style.QUIET,
                ),
            ),
            color=alt.Color(
                "what:N",
                scale=style.colours(COLOURS),
                legend=style.legend(symbolType="stroke", symbolStrokeWidth=2)
                if number == 0
                else None,
            ),
            strokeDash=alt.StrokeDash(
                "what:N", scale=alt.Scale(domain=[COST, BOUND], range=[[1, 0], [5, 3]]), legend=None
            ),
            tooltip=[
                alt.Tooltip("what:N"),
                alt.Tooltip("seconds:Q", format=".2f"),
                alt.Tooltip("value:Q", format=",.6~f", title=unit),
            ],
        )
        .properties(width=WIDTH, height=HEIGHT, view=style.ground())
    )


def _called(number: int, problem: Problem | None) -> tuple[str, str, int]:
    """Return a level's name, the unit of its cost, and by what its points are divided."""
    if problem is None or number >= len(problem.objective):
        return f"level {number + 1}", "points", 1
    level = problem.objective[number]
    if all(goal.startswith("served:") for goal, _ in level.goals):
        return level.name, "weight left out", PARTS
    return level.name, "points", 1

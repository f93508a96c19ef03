"""Trade-offs drawn: what can be had of two goals together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.scenario import Front

SIZE = 360
ON, BEHIND = "on the front", "worse than another"
COLOURS = {ON: style.BLUE, BEHIND: style.PALE}


def front(found: Front) -> alt.LayerChart | alt.HConcatChart:
    """Draw a trade-off between goals: what is missed of one against what is missed of another.

    Parameters
    ----------
    found
        The front.

    Returns
    -------
    altair.LayerChart or altair.HConcatChart
        A point for each solve; less is better both ways. Between three goals a chart for each two.
    """
    pairs = [(0, 1)] if len(found.goals) == 2 else [(0, 1), (0, 2), (1, 2)]
    charts = [_of(found, x, y) for x, y in pairs]
    heading = style.title(
        f"{style.heading(found.goals[0])} against {' and '.join(found.goals[1:])}",
        "What is missed of each goal; less is better. The line joins what nothing is better than.",
    )
    if len(charts) == 1:
        return charts[0].properties(title=heading)
    return alt.hconcat(*charts, spacing=36).properties(title=heading)


def _of(found: Front, x: int, y: int) -> alt.LayerChart:
    rows: list[dict[str, Any]] = [
        {
            "x": point.amounts[x],
            "y": point.amounts[y],
            "who": ON if point.on_front else BEHIND,
            "weights": ", ".join(
                f"{goal} {weight}" for goal, weight in zip(found.goals, point.weights, strict=True)
            ),
        }
        for point in found.points
    ]

    def axis(number: int, **more: Any) -> alt.Axis:
        title = f"{found.goals[number]}, {found.units[number]}"
        return style.axis(
            title=title,
            grid=True,
            gridColor=style.LINE,
            format="~s",
            tickCount=6,
            tickMinStep=1,
            **more,
        )

    level = {"titleAngle": 0, "titleAlign": "left", "titleBaseline": "bottom"}

    base = alt.Chart(style.data(rows)).encode(
        x=alt.X("x:Q", scale=alt.Scale(zero=False, padding=16), axis=axis(x)),
        y=alt.Y(
            "y:Q",
            scale=alt.Scale(zero=False, padding=16),
            axis=axis(y, **level, titleX=0, titleY=-8),
        ),
    )
    flat = len(found.goals) == 2  # between three goals the front is no line
    line = (
        base.transform_filter((alt.datum.who == ON) & flat)
        .mark_line(color=style.SKY, strokeWidth=1.5)
        .encode(order="x:Q")
    )
    points = base.mark_circle(size=90, opacity=1).encode(
        color=alt.Color("who:N", scale=style.colours(COLOURS), legend=style.legend(offset=28)),
        tooltip=[alt.Tooltip("x:Q"), alt.Tooltip("y:Q"), alt.Tooltip("weights:N")],
    )
    drawn = line + points
    return drawn.properties(width=SIZE, height=SIZE, view=style.ground())

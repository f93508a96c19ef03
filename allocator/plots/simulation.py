"""What comes of a schedule: waiting by hour of the day, and how long staff stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.simulate import Simulation

WIDTH, HEIGHT = 440, 240


def simulation(found: Simulation, *, kind: str = "") -> alt.HConcatChart:
    """Draw how long people wait, and how long resources work beyond their hours.

    Parameters
    ----------
    found
        A schedule that was run forward.
    kind
        The kind of resource whose overtime is told; by default practitioners.

    Returns
    -------
    altair.HConcatChart
        At the left the mean wait by hour of the planned start, with the band in which eight of ten
        runs lie; at the right the overtime of each resource on its workdays: mean, and the range
        of eight in ten.
    """
    of = found.kind(kind)
    names = dict(zip(found.workdays["resource"], found.workdays["name"], strict=True))
    hours = style.records(found.by_hour().dropna())
    people = [
        {**row, "name": names[row["resource"]]} for row in style.records(found.by_resource(of))
    ]
    return alt.hconcat(_waiting(hours), _overtime(people, of), spacing=36).properties(
        title=style.title(
            "Waiting and overtime",
            f"Means over {found.runs} runs, and between what eight of ten lie: of the runs at the"
            " left, of the workdays at the right.",
        )
    )


def _waiting(rows: list[dict[str, Any]]) -> alt.LayerChart:
    base = alt.Chart(style.data(rows)).encode(
        x=alt.X(
            "hour:Q",
            axis=style.axis(values=[row["hour"] for row in rows], format="02d", labelOverlap=True),
            scale=alt.Scale(zero=False, nice=False),
        ),
    )
    across = style.axis(grid=True, gridColor=style.LINE)
    band = base.mark_area(color=style.SKY, opacity=0.3).encode(
        y=alt.Y("low:Q", axis=across), y2="high:Q"
    )
    line = base.mark_line(color=style.BLUE, strokeWidth=2.5, point={"color": style.BLUE}).encode(
        y=alt.Y("waiting:Q", axis=across),
        tooltip=["hour:Q", "visits:Q", _minutes("waiting"), _minutes("low"), _minutes("high")],
    )
    return (band + line).properties(
        width=WIDTH,
        height=HEIGHT,
        title=style.panel("Minutes that people wait, by hour of the planned start"),
        view=style.ground(),
    )


def _overtime(rows: list[dict[str, Any]], kind: str) -> alt.LayerChart:
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y(
            "name:N",
            sort=None,
            scale=alt.Scale(paddingInner=0.3),
            axis=style.axis(labelLimit=style.LABEL, labelPadding=8, labelOverlap=False),
        )
    )
    across = style.axis(grid=True, gridColor=style.LINE)
    bars = base.mark_bar(color=style.ORANGE).encode(
        x=alt.X("overtime:Q", axis=across),
        tooltip=[
            "name:N",
            "workdays:Q",
            _minutes("overtime"),
            _minutes("planned_overtime"),
            _minutes("idle"),
            alt.Tooltip("late_days:Q", format=".0%"),
            alt.Tooltip("utilisation:Q", format=".0%"),
        ],
    )
    ranges = base.mark_rule(color=style.INK).encode(x=alt.X("low:Q", axis=across), x2="high:Q")
    height = max(HEIGHT, style.row_height(len(rows)) * len(rows))
    return (bars + ranges).properties(
        width=WIDTH,
        height=height,
        title=style.panel(f"Minutes of overtime on a workday, {kind}"),
        view=style.ground(),
    )


def _minutes(field: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", format=".1f")

"""Candidates compared: what people wait, how long staff stays and is idle, and the cost of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.simulate import Choice

WIDTH, ROW = 210, 34
#: What is told of each candidate, with what it is called.
PANELS = {
    "waiting": "Minutes that people wait",
    "overtime": "Minutes of overtime a workday",
    "idle": "Idle minutes a workday",
    "difference": "Cost against the first",
}
CHEAPEST, OTHER = "cheapest", "other candidates"
COLOURS = {CHEAPEST: style.GREEN, OTHER: style.GREY}


def choice(found: Choice) -> alt.HConcatChart:
    """Draw candidates such as buffers: what each trades, and what it costs.

    Parameters
    ----------
    found
        Schedules compared under the same chance.

    Returns
    -------
    altair.HConcatChart
        A row for each candidate: how long people wait, overtime and idle time on a workday, and the
        difference of its cost from the first candidate's, with its interval of 95 %.
    """
    rows = [
        {**row, "which": CHEAPEST if row["candidate"] == found.cheapest else OTHER}
        for row in style.records(found.frame)
    ]
    some = next(iter(found.simulations.values()))
    return alt.hconcat(*(_panel(rows, field) for field in PANELS), spacing=24).properties(
        title=style.title(
            "Candidates under the same chance",
            f"Means over {some.runs} runs; costs against those of {rows[0]['candidate']}, with"
            f" intervals of 95 %. The cheapest: {found.cheapest}.",
        )
    )


def _panel(rows: list[dict[str, Any]], field: str) -> alt.LayerChart:
    """Draw one of the figures; the first has the candidates' names."""
    named = field == next(iter(PANELS))
    names = style.axis(labels=named, labelLimit=style.LABEL, labelPadding=8, labelOverlap=False)
    across = style.axis(grid=True, gridColor=style.LINE, tickCount=4, labelOverlap=True)
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y("candidate:N", sort=None, scale=alt.Scale(paddingInner=0.4), axis=names)
    )
    bars = base.mark_bar().encode(
        x=alt.X(f"{field}:Q", axis=across),
        color=alt.Color("which:N", scale=style.colours(COLOURS), legend=None),
        tooltip=[
            alt.Tooltip("candidate:N"),
            *(alt.Tooltip(f"{one}:Q", format=".1f") for one in (*PANELS, "held", "cost")),
        ],
    )
    drawn = alt.LayerChart(layer=[bars])
    if field == "difference":
        reach = base.mark_rule(color=style.INK)
        drawn += reach.encode(x=alt.X("low:Q", axis=across), x2="high:Q")
    return drawn.properties(
        width=WIDTH,
        height=ROW * len(rows),
        title=style.panel(PANELS[field]),
        view=style.ground(),
    )

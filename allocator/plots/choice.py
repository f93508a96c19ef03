"""Candidates compared: what people wait against what staff stays, and the cost of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.simulate import Choice

WIDTH, HEIGHT = 440, 240
CHEAPEST, OTHER = "cheapest", "other candidates"
COLOURS = {CHEAPEST: style.GREEN, OTHER: style.GREY}


def choice(found: Choice) -> alt.HConcatChart:
    """Draw candidates such as buffers: the trade between waiting and overtime, and their costs.

    Parameters
    ----------
    found
        Schedules compared under the same chance.

    Returns
    -------
    altair.HConcatChart
        At the left a point for each candidate, joined in their order; at the right the difference
        of its cost from the first candidate's, with its interval of 95 %.
    """
    rows = [
        {**row, "which": CHEAPEST if row["candidate"] == found.cheapest else OTHER}
        for row in style.records(found.frame)
    ]
    some = next(iter(found.simulations.values()))
    return alt.hconcat(_trade(rows), _costs(rows), spacing=36).properties(
        title=style.title(
            "Candidates under the same chance",
            f"Means over {some.runs} runs; at the right with intervals of 95 %. The cheapest:"
            f" {found.cheapest}.",
        )
    )


def _trade(rows: list[dict[str, Any]]) -> alt.LayerChart:
    most = max(1.0, *(row["waiting"] for row in rows))
    numbered = [{**row, "order": number} for number, row in enumerate(rows)]
    base = alt.Chart(style.data(numbered)).encode(
        x=alt.X(
            "waiting:Q",
            axis=style.axis(title="minutes that people wait", grid=True, gridColor=style.LINE),
            scale=alt.Scale(domainMin=0, domainMax=1.2 * most),
        ),
        y=alt.Y("overtime:Q", axis=style.axis(grid=True, gridColor=style.LINE)),
    )
    line = base.mark_line(color=style.PALE, strokeWidth=2).encode(order="order:Q")
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        color=alt.Color(
            "which:N", scale=style.colours(COLOURS), legend=style.legend(symbolType="circle")
        ),
        tooltip=["candidate:N", _one("waiting"), _one("overtime"), _one("idle"), _one("held")],
    )
    names = base.mark_text(**style.text_mark(align="left", dx=9, dy=-9)).encode(text="candidate:N")
    return (line + points + names).properties(
        width=WIDTH,
        height=HEIGHT,
        title=style.panel("Minutes of overtime on a workday"),
        view=style.ground(),
    )


def _costs(rows: list[dict[str, Any]]) -> alt.LayerChart:
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y(
            "candidate:N",
            sort=None,
            scale=alt.Scale(paddingInner=0.4),
            axis=style.axis(labelLimit=style.LABEL, labelPadding=8, labelOverlap=False),
        )
    )
    across = style.axis(grid=True, gridColor=style.LINE)
    bars = base.mark_bar(size=18).encode(
        x=alt.X("difference:Q", axis=across),
        color=alt.Color("which:N", scale=style.colours(COLOURS)),
        tooltip=["candidate:N", _one("cost"), _one("difference"), _one("low"), _one("high")],
    )
    reach = base.mark_rule(color=style.INK).encode(x=alt.X("low:Q", axis=across), x2="high:Q")
    height = max(HEIGHT, style.row_height(len(rows)) * len(rows))
    return (bars + reach).properties(
        width=WIDTH,
        height=height,
        title=style.panel(f"Cost against that of {rows[0]['candidate']}"),
        view=style.ground(),
    )


def _one(field: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", format=".1f")

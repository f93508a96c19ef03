"""What an hour more of each sort of resource is worth, beside how much of it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allocator.plots import style
from allocator.plots.extra import altair as alt
from allocator.report.words import percent

if TYPE_CHECKING:
    from allocator.scenario import Worths

WIDTH, ROW = 420, 26
SHOWN, OPEN = "shown", "not shown"
COLOURS = {SHOWN: style.BLUE, OPEN: style.PALE}


def bottlenecks(found: Worths) -> alt.LayerChart:
    """Draw what an hour more of each sort of resource is worth, the most wanted first.

    Parameters
    ----------
    found
        What came of ``worth``.

    Returns
    -------
    altair.LayerChart
        A bar for each sort, with the share of its time that is used today. Grey is what may be
        chance, or lies inside the solver's gap.
    """
    rows: list[dict[str, Any]] = [
        {
            "of": one.of,
            "worth": one.gain_per_hour,
            "gain": one.gain,
            "hours": one.hours,
            "shown": SHOWN if one.shown.name == "YES" else OPEN,
            "right": max(0.0, one.gain_per_hour),
            "told": f"{percent(one.used)} used",
        }
        for one in found.all
    ]
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y("of:N", sort=[row["of"] for row in rows], axis=style.axis(labelLimit=style.LABEL)),
        tooltip=[
            alt.Tooltip("of:N"),
            alt.Tooltip("worth:Q", format=",.3f"),
            alt.Tooltip("gain:Q", format=",.1f"),
            alt.Tooltip("hours:Q", format=",.1f"),
        ],
    )
    bars = base.mark_bar(height=16).encode(
        x=alt.X(
            "worth:Q",
            axis=style.axis(
                title="weights of requests served more, an hour",
                grid=True,
                gridColor=style.LINE,
                tickCount=6,
            ),
        ),
        color=alt.Color("shown:N", scale=style.colours(COLOURS), legend=style.legend()),
    )
    words = base.mark_text(**style.text_mark(align="left", dx=6, color=style.QUIET)).encode(
        x="right:Q", text="told:N"
    )
    first = found.bottleneck
    return (bars + words).properties(
        width=WIDTH,
        height=ROW * len(rows),
        view=style.ground(),
        title=style.title(
            "What one hour more is worth",
            f"The bottleneck is {first}." if first else "No gain is shown of any.",
        ),
    )

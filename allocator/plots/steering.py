"""What steering does to the load, by hour of the day and from the busiest hour to the quietest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.replay import Steered

WIDTH, HEIGHT = 440, 240
#: What is drawn, and how: without steering, and with it.
WITHOUT, WITH = "as people wish", "steered"
COLOURS = {WITHOUT: style.ORANGE, WITH: style.BLUE}
#: Points of the curve from the busiest hour to the quietest.
POINTS = 101


def steering(found: Steered) -> alt.HConcatChart:
    """Draw the load with and without steering.

    Parameters
    ----------
    found
        Streams of requests, replayed both ways.

    Returns
    -------
    altair.HConcatChart
        At the left the mean load by hour of the day; at the right all open hours, from the
        busiest to the quietest, over all seeds.
    """
    hours = found.hours
    by_hour: list[dict[str, Any]] = []
    curve: list[dict[str, Any]] = []
    for steered, some in hours.groupby("steered"):
        name = WITH if steered else WITHOUT
        for hour, group in some.groupby("hour"):
            load = float((group["load"] * group["open"]).sum() / group["open"].sum())
            by_hour.append({"who": name, "hour": hour, "load": load})
        order = some.sort_values("load", ascending=False)
        reached = np.cumsum(order["open"]) / order["open"].sum()
        at = np.linspace(0, 1, POINTS)
        place = np.minimum(np.searchsorted(reached, at), len(order) - 1)
        loads = order["load"].to_numpy()[place]
        curve += [
            {"who": name, "share": float(share), "load": float(load)}
            for share, load in zip(at, loads, strict=True)
        ]
    there = sorted({row["hour"] for row in by_hour})
    across = _across("hour of the day", values=there, format="02d")
    left = _panel(by_hour, alt.X("hour:Q", axis=across), "hour", point=True)
    right = _panel(
        curve,
        alt.X("share:Q", axis=_across("open hours, the busiest first", format="%")),
        "share",
        interpolate="step",
    )
    seeds = hours["seed"].nunique()
    return alt.hconcat(left, right, spacing=36).properties(
        title=style.title(
            "Load with and without steering",
            f"Share of the open time that is claimed, {found.first} to {found.last},"
            f" {seeds} seed{'s' * (seeds != 1)}.",
        )
    )


def _panel(rows: list[dict[str, Any]], x: alt.X, told: str, **more: Any) -> alt.Chart:
    return (
        alt.Chart(style.data(rows))
        .mark_line(strokeWidth=2.5, **more)
        .encode(
            x=x.scale(zero=False, nice=False),
            y=alt.Y(
                "load:Q",
                scale=alt.Scale(domain=[0, 1]),
                axis=style.axis(format="%", grid=True, gridColor=style.LINE),
            ),
            color=alt.Color("who:N", scale=style.colours(COLOURS), legend=_legend()),
            tooltip=[
                alt.Tooltip("who:N"),
                alt.Tooltip(f"{told}:Q"),
                alt.Tooltip("load:Q", format=".1%"),
            ],
        )
        .properties(width=WIDTH, height=HEIGHT, view=style.ground())
    )


def _across(title: str, **more: Any) -> alt.Axis:
    return style.axis(title=title, labelOverlap=True, **more)


def _legend() -> alt.Legend:
    return style.legend(symbolType="stroke", symbolStrokeWidth=3)

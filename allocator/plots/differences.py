"""Scenarios beside their base: by how much each figure differs, and whether that is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from allocator.plots import style
from allocator.plots.extra import altair as alt

if TYPE_CHECKING:
    from allocator.scenario import Compared, Comparison

WIDTH, ROW = 300, 22
BETTER, WORSE, EITHER, OPEN = "better", "worse", "neither better nor worse", "not shown"
COLOURS = {
    BETTER: style.GREEN,
    WORSE: style.VERMILLION,
    EITHER: style.BLUE,
    OPEN: style.PALE,
}
#: Charts beside each other.
COLUMNS = 3


def differences(comparison: Comparison, *, figures: Iterable[str] | None = None) -> alt.ConcatChart:
    """Draw by how much each figure of each scenario differs from that of the base.

    Parameters
    ----------
    comparison
        Of a study.
    figures
        Names of figures to draw; by default all in which any scenario differs.

    Returns
    -------
    altair.ConcatChart
        A small chart for each figure, with a bar for each scenario and, over several seeds, its
        interval. Grey is what may be chance, or lies inside the solver's gap.

    Raises
    ------
    ValueError
        Where a figure does not exist, or nothing differs.
    """
    some = list(comparison)
    names = list(dict.fromkeys(one.figure for one in some))
    wanted = None if figures is None else list(figures)
    for name in wanted or ():
        if name not in names:
            raise ValueError(f"There is no figure {name!r}; there are {', '.join(names)}.")
    drawn = wanted or [n for n in names if any(o.difference for o in some if o.figure == n)]
    if not drawn:
        raise ValueError(f"No figure of any scenario differs from {comparison.base}.")
    charts = [_of(name, [one for one in some if one.figure == name]) for name in drawn]
    return alt.concat(*charts, columns=COLUMNS, spacing=28).properties(
        title=style.title(
            f"What differs from “{comparison.base}”",
            "Coloured bars are shown: by bounds, or by an interval over seeds without 0.",
        )
    )


def verdict(one: Compared) -> str:
    """Say what a difference is: better, worse, neither, or not shown."""
    if one.shown.name != "YES":
        return OPEN
    if not one.gain:
        return EITHER
    return BETTER if one.gain > 0 else WORSE


def _of(name: str, some: list[Compared]) -> alt.LayerChart:
    """Draw one figure."""
    rows: list[dict[str, Any]] = [
        {
            "scenario": one.scenario,
            "base": one.base,
            "value": one.value,
            "difference": one.difference,
            "low": one.low,
            "high": one.high,
            "seeds": one.seeds,
            "verdict": verdict(one),
        }
        for one in some
    ]
    base = alt.Chart(style.data(rows)).encode(
        y=alt.Y(
            "scenario:N",
            sort=[one.scenario for one in some],
            axis=style.axis(labelLimit=style.LABEL, labelPadding=6),
        ),
        tooltip=[
            alt.Tooltip("scenario:N"),
            *(alt.Tooltip(f"{key}:Q", format=",.2f") for key in ("base", "value", "difference")),
            *(alt.Tooltip(f"{key}:Q", format="+,.2f") for key in ("low", "high")),
            alt.Tooltip("seeds:Q"),
            alt.Tooltip("verdict:N"),
        ],
    )
    across = style.axis(
        grid=True,
        gridColor=style.LINE,
        labelExpr="datum.value === 0 ? '0' : format(datum.value, '+,~r')",
        tickCount=4,
        labelColor=style.QUIET,
    )
    bars = base.mark_bar(height=12).encode(
        x=alt.X("difference:Q", axis=across),
        color=alt.Color("verdict:N", scale=style.colours(COLOURS), legend=style.legend()),
    )
    intervals = base.mark_rule(color=style.INK, strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
    ground = alt.Chart(style.data([{"at": 0}]))
    zero = ground.mark_rule(color=style.GREY, strokeWidth=1).encode(x="at:Q")
    return (bars + intervals + zero).properties(
        width=WIDTH,
        height=ROW * len(some),
        view=style.ground(),
        title=style.title(style.heading(name), some[0].unit, size=style.TEXT + 1),
    )

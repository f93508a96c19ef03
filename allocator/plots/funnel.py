"""How the starts of one visit ran out, rule by rule."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from allocator.domain.schedule import Unplaced
from allocator.plots import style
from allocator.plots.extra import altair as alt
from allocator.rules import RULES

WIDTH, ROW = 520, 24


def funnel(unplaced: Unplaced) -> alt.LayerChart:
    """Draw how many starts each rule left to a visit that is not placed.

    Parameters
    ----------
    unplaced
        The visit, from ``Schedule.unplaced``.

    Returns
    -------
    altair.LayerChart
        A bar for each step, from all starts down.
    """
    sentences = {rule.name: rule.sentence for rule in RULES}
    before = [step.left for step in unplaced.funnel[:1]] + [s.left for s in unplaced.funnel]
    rows: list[dict[str, Any]] = [
        {
            "rule": step.rule,
            "left": step.left,
            "taken": was - step.left,
            "text": f"{step.left:,}" + (f"  (−{was - step.left:,})" if was > step.left else ""),
            "says": sentences.get(step.rule, "All starts of the horizon."),
        }
        for step, (was, _) in zip(unplaced.funnel, pairwise(before), strict=True)
    ]
    base = alt.Chart(style.data(rows)).encode(
        x=alt.X("left:Q", axis=None, scale=alt.Scale(domainMin=0)),
        y=alt.Y(
            "rule:N",
            sort=None,
            scale=alt.Scale(domain=[row["rule"] for row in rows], paddingInner=0.25),
            axis=style.axis(labelLimit=style.LABEL, labelPadding=8, labelOverlap=False),
        ),
    )
    bars = base.mark_bar(color=style.SKY, cornerRadiusEnd=2).encode(
        tooltip=[alt.Tooltip(f"{name}:N") for name in ("rule", "left", "taken", "says")]
    )
    figures = base.mark_text(**style.text_mark(align="left", dx=5)).encode(text="text:N")
    return (bars + figures).properties(
        width=WIDTH,
        height=ROW * max(1, len(rows)),
        title=style.title(f"{unplaced.visit}: starts left by each rule", unplaced.reason),
        view=style.ground(),
    )

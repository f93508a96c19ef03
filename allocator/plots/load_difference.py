"""How the load of a scenario differs from that of another, by kind and hour of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allocator.plots import style
from allocator.plots.extra import altair as alt
from allocator.plots.load import CELL, ROW

if TYPE_CHECKING:
    from allocator.scenario import Outcome

#: Points of load from which the colour is full.
FULL = 30


def load_difference(before: Outcome, after: Outcome) -> alt.LayerChart:
    """Draw by how many points of load each kind is busier or quieter, by local hour.

    Parameters
    ----------
    before, after
        Two outcomes of a study.

    Returns
    -------
    altair.LayerChart
        A cell for each kind and hour in which it is open in either.

    Raises
    ------
    ValueError
        Where one has no schedule.
    """
    loads = [_loads(one) for one in (before, after)]
    cells: list[dict[str, Any]] = []
    for kind, hour in sorted({*loads[0], *loads[1]}):
        was, now = (some.get((kind, hour)) for some in loads)
        points = 100 * ((now or 0.0) - (was or 0.0))
        cells.append(
            {
                "kind": kind,
                "hour": f"{hour:02d}",
                "points": points,
                "told": "new" if was is None else "closed" if now is None else style.signed(points),
                "before": was,
                "after": now,
            }
        )
    hours = sorted({cell["hour"] for cell in cells})
    base = alt.Chart(style.data(cells)).encode(
        x=alt.X("hour:N", sort=hours, axis=style.axis(orient="top", labelAngle=0)),
        y=alt.Y("kind:N", axis=style.axis(labelLimit=style.LABEL)),
        tooltip=[
            alt.Tooltip("kind:N"),
            alt.Tooltip("hour:N"),
            alt.Tooltip("before:Q", format=".0%"),
            alt.Tooltip("after:Q", format=".0%"),
        ],
    )
    ground = base.mark_rect(stroke=style.PAPER, strokeWidth=2).encode(
        color=alt.Color(
            "points:Q",
            scale=alt.Scale(
                domain=[-FULL, 0, FULL],
                range=[style.GREEN, style.PAPER, style.ORANGE],
                clamp=True,
                interpolate="rgb",
            ),
            legend=None,
        )
    )
    words = base.mark_text(**style.text_mark()).encode(text="told:N")
    kinds = len({cell["kind"] for cell in cells})
    return (ground + words).properties(
        width=CELL * len(hours),
        height=ROW * kinds,
        view=style.ground(),
        title=style.title(
            f"Load by hour, “{after.scenario.name}” against “{before.scenario.name}”",
            "Points of open time: orange is busier, green is quieter.",
        ),
    )


def _loads(one: Outcome) -> dict[tuple[str, int], float]:
    if one.solved is None or one.schedule is None:
        raise ValueError(f"Scenario {one.scenario.name} has no schedule.")
    loads = one.solved.loads
    return {(load.kind, load.hour): load.claimed / load.open for load in loads if load.open}

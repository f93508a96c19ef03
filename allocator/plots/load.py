"""Load by kind of resource and hour of the day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.plots import style
from allocator.plots.days import Window, in_words
from allocator.plots.extra import altair as alt
from allocator.prepare.prepared import Prepared
from allocator.report.load import load_by_hour

#: Width of a cell and height of a row, in pixels; above this share the ground is dark.
CELL, ROW, DARK = 46, 30, 0.85
ALL = "all"


def load(
    problem: Problem, schedule: Schedule, *, first: date | None = None, days: int | None = None
) -> alt.LayerChart:
    """Draw how much of the open time is taken, by kind and local hour, as a heat map.

    The same figures as in the summary of ``allocator solve``: claims with their buffers against
    open time, lanes counted each. Who only attends is left out, as is who is always open.

    Parameters
    ----------
    problem, schedule
        The problem and a schedule of it.
    first, days
        Dates of the horizon to look at; by default all.

    Returns
    -------
    altair.LayerChart
        A cell for each kind and hour in which it is open, and one for the whole day.

    Raises
    ------
    ValueError
        When the dates lie outside the horizon.
    """
    skipped = 0 if first is None else (first - problem.horizon.first).days
    looked_at = problem.horizon.days - skipped if days is None else days
    if not (skipped >= 0 and 1 <= looked_at <= problem.horizon.days - skipped):
        last = problem.horizon.first + timedelta(days=problem.horizon.days - 1)
        raise ValueError(f"The horizon is {problem.horizon.first} to {last}.")
    return load_map(Prepared(problem), schedule, skipped, looked_at)


def load_map(prepared: Prepared, schedule: Schedule, skipped: int, days: int) -> alt.LayerChart:
    """Draw the load of some days of the horizon."""
    loads = load_by_hour(prepared, schedule, first_day=skipped, days=days)
    cells: list[dict[str, Any]] = [
        {
            "kind": load.kind,
            "hour": f"{hour:02d}",
            "share": share,
            "text": f"{100 * share:.0f}",
            "claimed": f"{load.claimed[hour] / 60:,.1f} h",
            "open": f"{load.open[hour] / 60:,.1f} h",
        }
        for load in loads
        for hour in range(24)
        if (share := load.share(hour, hour + 1)) is not None
    ]
    hours = sorted({cell["hour"] for cell in cells})
    cells += [
        {
            "kind": load.kind,
            "hour": ALL,
            "share": load.share() or 0.0,
            "text": f"{100 * (load.share() or 0):.0f}",
            "claimed": f"{load.claimed.sum() / 60:,.1f} h",
            "open": f"{load.open.sum() / 60:,.1f} h",
        }
        for load in loads
    ]
    start = prepared.horizon.first + timedelta(days=skipped)
    seen = Window(start, start + timedelta(days=days))
    base = alt.Chart(style.data(cells)).encode(
        x=alt.X(
            "hour:N",
            sort=None,
            scale=alt.Scale(domain=[*hours, ALL], paddingInner=0.04),
            axis=style.axis(orient="top", labelAngle=0, labelOverlap=False, title="hour"),
        ),
        y=alt.Y(
            "kind:N",
            sort=None,
            scale=alt.Scale(domain=[load.kind for load in loads], paddingInner=0.08),
            axis=style.axis(labelLimit=style.LABEL, labelPadding=8, labelOverlap=False),
        ),
    )
    squares = base.mark_rect().encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(domain=[0, 0.5, 1], range=list(style.SHARE), clamp=True),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("kind:N"),
            alt.Tooltip("hour:N"),
            alt.Tooltip("share:Q", format=".1%", title="taken"),
            alt.Tooltip("claimed:N"),
            alt.Tooltip("open:N"),
        ],
    )
    figures = base.mark_text(**style.text_mark()).encode(
        text="text:N",
        color=alt.condition(f"datum.share > {DARK}", alt.value("white"), alt.value(style.INK)),
    )
    return (squares + figures).properties(
        width=CELL * (len(hours) + 1),
        height=ROW * max(1, len(loads)),
        title=style.title(
            "Load by kind and hour",
            f"Percent of the open time that is taken, {in_words(seen, 'week')}."
            " Where there is no cell, all is closed.",
        ),
        view=style.ground(),
    )

"""Popular hours: the load of an ordinary week, by weekday and hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from allocator.domain.calendar import WEEKDAYS
from allocator.plots import style
from allocator.plots.extra import altair as alt
from allocator.plots.load import CELL, DARK, ROW

if TYPE_CHECKING:
    from allocator.forecast import LoadForecast


def popular_hours(
    forecast: LoadForecast, *, kinds: Sequence[str] | None = None
) -> alt.VConcatChart:
    """Draw the load that is usual in each hour of the week, as a heat map for each kind.

    Parameters
    ----------
    forecast
        What was learnt.
    kinds
        Kinds of resource to look at; by default all.

    Returns
    -------
    altair.VConcatChart
        A map for each kind, with a cell for each weekday and hour in which it is open.
    """
    week = forecast.popular_hours()
    hours = [f"{hour:02d}" for hour in sorted(set(week["hour"]))]
    shown = forecast.kinds if kinds is None else kinds
    maps = []
    for kind in shown:
        forecast.usual(kind)  # says which kinds there are, where this is none of them
        some = week[week["kind"] == kind]
        cells = [
            _cell(int(weekday), int(hour), float(load))
            for weekday, hour, load in some[["weekday", "hour", "load"]].to_numpy().tolist()
        ]
        maps.append(_map(kind, cells, hours))
    return alt.vconcat(*maps, spacing=24).properties(
        title=style.title(
            "Popular hours",
            "Percent of the open time that is taken in an ordinary week, demand that was refused"
            " among it. Where there is no cell, all is closed.",
        )
    )


def _cell(weekday: int, hour: int, load: float) -> dict[str, Any]:
    name = style.heading(WEEKDAYS[weekday])
    return {"weekday": name, "hour": f"{hour:02d}", "load": load, "text": f"{100 * load:.0f}"}


def _map(kind: str, cells: list[dict[str, Any]], hours: list[str]) -> alt.LayerChart:
    names = [style.heading(name) for name in WEEKDAYS]
    days = [name for name in names if any(cell["weekday"] == name for cell in cells)]
    base = alt.Chart(style.data(cells)).encode(
        x=alt.X(
            "hour:N",
            sort=None,
            scale=alt.Scale(domain=hours, paddingInner=0.04),
            axis=style.axis(orient="top", labelAngle=0, labelOverlap=False, title="hour"),
        ),
        y=alt.Y(
            "weekday:N",
            sort=None,
            scale=alt.Scale(domain=days, paddingInner=0.08),
            axis=style.axis(labelPadding=8, labelOverlap=False),
        ),
    )
    squares = base.mark_rect().encode(
        color=alt.Color(
            "load:Q",
            scale=alt.Scale(domain=[0, 0.5, 1], range=list(style.SHARE), clamp=True),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("weekday:N"),
            alt.Tooltip("hour:N"),
            alt.Tooltip("load:Q", format=".1%"),
        ],
    )
    figures = base.mark_text(**style.text_mark()).encode(
        text="text:N",
        color=alt.condition(f"datum.load > {DARK}", alt.value("white"), alt.value(style.INK)),
    )
    return (squares + figures).properties(
        width=CELL * max(1, len(hours)),
        height=ROW * max(1, len(days)),
        title=style.panel(style.heading(kind)),
        view=style.ground(),
    )

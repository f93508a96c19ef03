"""A timetable by resource: rows, days, open hours and bars, put together as one chart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from allocator.plots import style
from allocator.plots.bars import Bar, Walls
from allocator.plots.days import (
    Days,
    View,
    Window,
    dates_of,
    drawn_end,
    hours_of,
    label_expression,
)
from allocator.plots.extra import altair as alt
from allocator.plots.lines import Lines, by_kind, lines
from allocator.prepare import masks
from allocator.prepare.prepared import Prepared

Stretch = tuple[datetime, datetime]

#: What a pointer on a bar is told, in order.
TOLD = ("visit", "request", "service", "time", "resources", "with buffers", "state")


@dataclass(frozen=True, slots=True)
class Timetable:
    """What a timetable shows.

    Attributes
    ----------
    prepared
        The problem.
    seen, view
        The dates, and what they are: a day, a week or a month.
    resources
        Numbers of the resources, from top to bottom.
    bars
        All that could be shown; what lies outside the dates is not.
    colours
        Of each state, in the order of the legend.
    hollow
        States whose bars are outlines.
    """

    prepared: Prepared
    seen: Window
    view: View
    resources: Sequence[int]
    bars: Sequence[Bar]
    colours: Mapping[str, str]
    hollow: frozenset[str] = frozenset()

    def chart(self, title: alt.TitleParams, width: int = style.WIDTH) -> alt.LayerChart:
        """Draw it."""
        bars = [bar for bar in self.bars if self.seen.touches(bar.claimed_from, bar.claimed_to)]
        openings = self._openings()
        days = self._days(bars, openings)
        rows = lines(self.prepared, self.resources, bars)
        drawn = _Drawn(self, days, rows, width)
        layers: list[alt.Chart | alt.LayerChart] = [
            drawn.grounds(openings),
            drawn.hours(),
            drawn.buffers(bars),
            drawn.visits(bars),
            *([drawn.names(bars)] if self.view == "day" else []),
            drawn.headings(),
        ]
        return alt.LayerChart(layer=layers).properties(
            width=width,
            height=max(1, len(rows.labels)) * style.row_height(len(rows.labels)),
            title=title,
            view=style.ground(style.CLOSED),
        )

    def _openings(self) -> dict[int, tuple[list[Stretch], list[Stretch]]]:
        """Return for each resource its ordinary hours and its overtime, in wall time."""
        prepared, wall = self.prepared, Walls(self.prepared)
        known: dict[tuple[str | None, str], tuple[list[Stretch], list[Stretch]]] = {}
        found = {}
        for number in self.resources:
            clock = prepared.clock_of(number)
            key = prepared.resources[number].calendar, clock.zone
            if key not in known:
                opening = prepared.opening(number)
                looked_at = clock.days_mask(self.seen.first, _before(self.seen.end))
                known[key] = (
                    _stretches(wall, opening.regular & ~opening.blocked & looked_at, clock.zone),
                    _stretches(wall, opening.overtime & ~opening.blocked & looked_at, clock.zone),
                )
            found[number] = known[key]
        return found

    def _days(
        self, bars: Iterable[Bar], openings: Mapping[int, tuple[list[Stretch], list[Stretch]]]
    ) -> Days:
        """Return the dates and hours on which something is open or placed."""
        busy = [(bar.claimed_from, bar.claimed_to) for bar in bars]
        hours = [
            stretch
            for number, (regular, _) in openings.items()
            if self.prepared.resources[number].calendar is not None
            for stretch in regular
        ]
        shown = list(dict.fromkeys(hours + busy))
        dates = dates_of(shown, self.seen) or [self.seen.first]
        return Days(dates, *hours_of(shown))


def _before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def _stretches(wall: Walls, mask: int, zone: str) -> list[Stretch]:
    return [(wall(first, zone), wall(end, zone)) for first, end in masks.spans(mask)]


class _Drawn:
    """The layers of a timetable."""

    def __init__(self, timetable: Timetable, days: Days, rows: Lines, width: int) -> None:
        self.timetable, self.days, self.rows, self.width = timetable, days, rows, width
        count = len(rows.labels)
        self.font = style.row_font(count)
        headings = [f"datum.value === {_quoted(label)}" for label in sorted(rows.headings)]
        self.y = alt.Y(
            "row:N",
            sort=None,
            scale=alt.Scale(domain=rows.labels, paddingInner=0.16, paddingOuter=0.08),
            axis=style.axis(
                labelFontSize=self.font,
                labelLimit=style.LABEL,
                labelPadding=8,
                labelOverlap=False,
                **(
                    {
                        "labelFontWeight": alt.condition(
                            " || ".join(headings), alt.value("bold"), alt.value("normal")
                        )
                    }
                    if headings
                    else {}
                ),
            ),
        )
        marked = days.marked(width)
        self.marked = marked
        self.x = alt.X(
            "x:Q",
            scale=alt.Scale(domain=[0, days.width], nice=False, zero=False),
            axis=style.axis(
                orient="top",
                values=list(marked),
                labelExpr=label_expression(marked),
                labelColor=style.QUIET,
                labelFontSize=style.SMALL,
                labelOverlap=False,
                labelFlush=False,
                labelPadding=3,
            ),
        )

    def grounds(
        self, openings: Mapping[int, tuple[list[Stretch], list[Stretch]]]
    ) -> alt.LayerChart:
        """Open hours, overtime, the gaps between days, and headings."""
        open_rows: list[dict[str, Any]] = []
        for number, labels in self.rows.of_resource.items():
            for stretches, fill in zip(openings[number], (style.OPEN, style.OVERTIME), strict=True):
                for start, end in stretches:
                    x, x2 = self.days.place(start), self.days.place(end, end=True)
                    if x < x2:
                        open_rows += [
                            {"row": label, "x": x, "x2": x2, "fill": fill} for label in labels
                        ]
        open_rows += [
            {"row": label, "x": 0, "x2": self.days.width, "fill": style.OPEN}
            for label in self.rows.headings
        ]
        gaps = [{"x": x, "x2": x2} for x, x2 in self.days.gaps()]
        opened = (
            alt.Chart(style.data(open_rows))
            .mark_bar()
            .encode(x=self.x, x2="x2:Q", y=self.y, color=alt.Color("fill:N", scale=None))
        )
        between = (
            alt.Chart(style.data(gaps)).mark_rect(color=style.PAPER).encode(x=self.x, x2="x2:Q")
        )
        return opened + between

    def hours(self) -> alt.Chart:
        """A fine line at each marked time."""
        return (
            alt.Chart(style.data({"x": x} for x in self.marked))
            .mark_rule(color=style.LINE, strokeWidth=0.7)
            .encode(x=self.x)
        )

    def buffers(self, bars: Sequence[Bar]) -> alt.Chart:
        """What is claimed around a visit, pale."""
        rows = []
        for number, bar in enumerate(bars):
            hollow = bar.state in self.timetable.hollow
            if not hollow and (bar.claimed_from, bar.claimed_to) != (bar.start, bar.stop):
                x = self.days.place(bar.claimed_from)
                x2 = self.days.place(bar.claimed_to, end=True)
                rows.append({"row": self.rows.of_bar[number], "x": x, "x2": x2, "state": bar.state})
        return (
            alt.Chart(style.data(rows))
            .mark_bar(opacity=0.35)
            .encode(x=self.x, x2="x2:Q", y=self.y, color=self._colour())
        )

    def visits(self, bars: Sequence[Bar]) -> alt.Chart:
        """A bar for each claim."""
        fine = self.timetable.view == "month"
        mark: dict[str, Any] = {"cornerRadius": 0 if fine else 2}
        if not fine:
            mark |= {"stroke": style.PAPER, "strokeWidth": 0.5}
        more: dict[str, Any] = {}
        if self.timetable.hollow:
            test = " || ".join(
                f"datum.state === {_quoted(state)}" for state in sorted(self.timetable.hollow)
            )
            outline = alt.Stroke(
                "state:N", scale=style.colours(self.timetable.colours), legend=None
            )
            more = {
                "fillOpacity": alt.condition(test, alt.value(0.12), alt.value(1)),
                "stroke": alt.condition(test, outline, alt.value(style.PAPER)),
                "strokeWidth": alt.condition(test, alt.value(1.5), alt.value(0.5)),
            }
        return (
            alt.Chart(style.data(self._row(n, bar) for n, bar in enumerate(bars)))
            .mark_bar(**mark)
            .encode(
                x=self.x,
                x2="x2:Q",
                y=self.y,
                color=self._colour(),
                tooltip=[alt.Tooltip(f"{name}:N") for name in TOLD],
                **more,
            )
        )

    def names(self, bars: Sequence[Bar]) -> alt.Chart:
        """The visits' names on their bars, where these are long enough."""
        pixels = self.width / self.days.width
        rows = []
        for number, bar in enumerate(bars):
            row = self._row(number, bar)
            letters = int(((row["x2"] - row["x"]) * pixels - 5) / (0.58 * style.SMALL))
            if len(bar.told["visit"]) <= letters and bar.state not in self.timetable.hollow:
                ink = style.on(self.timetable.colours[bar.state])
                rows.append(
                    {"row": row["row"], "x": row["x"], "name": bar.told["visit"], "ink": ink}
                )
        return (
            alt.Chart(style.data(rows))
            .mark_text(**style.text_mark(align="left", dx=3, fontSize=style.SMALL))
            .encode(x=self.x, y=self.y, text="name:N", color=alt.Color("ink:N", scale=None))
        )

    def headings(self) -> alt.Chart:
        """The dates, above the times."""
        rows = [{"x": x, "name": name} for x, name in self.days.headings(self.width)]
        return (
            alt.Chart(style.data(rows))
            .mark_text(**style.text_mark(fontWeight="bold", baseline="bottom", clip=False))
            .encode(x=self.x, y=alt.value(-20 if self.marked else -6), text="name:N")
        )

    def _row(self, number: int, bar: Bar) -> dict[str, Any]:
        end = drawn_end(bar.start, bar.stop, bar.minutes)
        return {
            "row": self.rows.of_bar[number],
            "x": self.days.place(bar.start),
            "x2": self.days.place(end, end=True),
            "start": bar.start.isoformat(timespec="minutes"),
            "end": bar.stop.isoformat(timespec="minutes"),
            **bar.told,
        }

    def _colour(self) -> alt.Color:
        there = {bar.state for bar in self.timetable.bars}
        meaning = {s: c for s, c in self.timetable.colours.items() if s in there}
        return alt.Color(
            "state:N",
            scale=style.colours(meaning or self.timetable.colours),
            legend=style.legend(symbolOpacity=1, offset=28 if self.marked else 14),
        )


def shown(prepared: Prepared, resources: Iterable[str] | None, kind: str | None) -> list[int]:
    """Return the numbers of the resources that are to be shown, from top to bottom.

    Parameters
    ----------
    prepared
        The problem.
    resources
        Their ids; None is all that serve in visits, or are open and of a kind that does (those who
        only attend are left out).
    kind
        Those of a kind alone.

    Raises
    ------
    ValueError
        When the problem has no such resource, or none of the kind.
    """
    if resources is not None:
        ids = list(dict.fromkeys([resources] if isinstance(resources, str) else resources))
        unknown = [id for id in ids if id not in prepared.resource_index]
        if unknown:
            raise ValueError(f"The resource {unknown[0]!r} does not exist.")
        numbers = [prepared.resource_index[id] for id in ids]
        if kind is not None:
            numbers = [n for n in numbers if prepared.resources[n].kind == kind]
    else:
        serve = _serving(prepared)
        numbers = by_kind(
            prepared,
            (
                n
                for n, thing in enumerate(prepared.resources)
                if (thing.kind == kind if kind is not None else n in serve)
            ),
        )
    if kind is not None and not numbers:
        kinds = ", ".join(sorted({thing.kind for thing in prepared.resources}))
        raise ValueError(f"No resource of the kind {kind!r} is to be shown; kinds are: {kinds}.")
    return numbers


def _serving(prepared: Prepared) -> set[int]:
    """Return who serves, and who is open and of a kind that does though nothing asks for them."""
    things = prepared.resources
    serve = {n for n in range(len(things)) if not prepared.attends_only(n)}
    needs = (need for service in prepared.problem.services for need in service.needs)
    kinds = {one.kind for need in needs for one in need.alternatives} | {
        things[n].kind for n in serve
    }
    idle = {n for n, one in enumerate(things) if one.calendar is not None and one.kind in kinds}
    return serve | idle


def _quoted(text: str) -> str:
    return json.dumps(text)

"""The timetable of a day, a week or a month, by resource."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.plots import style
from allocator.plots.bars import BOOKED, KEPT, MOVED, NEW, Bar, Bars, state_of
from allocator.plots.days import View, Window, in_words, window
from allocator.plots.extra import altair as alt
from allocator.plots.timetable import Timetable, shown
from allocator.prepare.prepared import Prepared

COLOURS = {NEW: style.BLUE, MOVED: style.ORANGE, KEPT: style.SKY, BOOKED: style.GREY}


def week(
    problem: Problem,
    schedule: Schedule,
    *,
    view: View = "week",
    first: date | None = None,
    resources: Iterable[str] | None = None,
    kind: str | None = None,
    width: int = style.WIDTH,
) -> alt.LayerChart:
    """Draw who and what is taken when: a row for each resource, a bar for each claim.

    White is open, yellowish is overtime, grey is closed or blocked; the pale ends of a bar are
    buffers. Times are wall times at the resource. What serves several visits at once gets a row
    for each of its lanes in use.

    Parameters
    ----------
    problem, schedule
        The problem and a schedule of it.
    view
        ``"day"``, ``"week"`` (from Monday) or ``"month"`` (of the calendar).
    first
        A date of the day, week or month; by default that of the first new visit.
    resources
        Ids of the resources to show, from top to bottom; by default all that serve.
    kind
        Resources of this kind alone.
    width
        In pixels, labels not counted.

    Returns
    -------
    altair.LayerChart
        It can be put together with others, and saved with ``save``.

    Raises
    ------
    ValueError
        When there is no such view, resource or kind.
    """
    prepared = Prepared(problem)
    numbers = shown(prepared, resources, kind)
    bars = bars_of(prepared, schedule, numbers)
    seen = window(view, first or first_day(prepared, bars))
    return timetable(prepared, bars, numbers, seen, view, width)


def bars_of(prepared: Prepared, schedule: Schedule, numbers: Iterable[int]) -> list[Bar]:
    """Return a bar for each claim of a schedule on these resources."""
    made, wanted = Bars(prepared), frozenset(numbers)
    return [
        bar
        for number, placement in enumerate(prepared.placements(schedule))
        if placement is not None
        for bar in made.of(
            prepared.visits[number], placement, state_of(prepared, number, placement), wanted
        )
    ]


def first_day(prepared: Prepared, bars: Iterable[Bar]) -> date:
    """Return the date of the first visit that is new, or of the first, or of the horizon."""
    starts = [(bar.state == BOOKED, bar.start) for bar in bars]
    return min(starts)[1].date() if starts else prepared.horizon.first


def timetable(
    prepared: Prepared,
    bars: Iterable[Bar],
    numbers: list[int],
    seen: Window,
    view: View,
    width: int = style.WIDTH,
) -> alt.LayerChart:
    """Draw the bars of a stretch of dates."""
    zones = sorted({prepared.clock_of(number).zone for number in numbers})
    where = f"Times of {zones[0]}." if len(zones) == 1 else "Times are local to each resource."
    name = prepared.problem.name
    days = in_words(seen, view)
    title = style.title(
        style.heading(f"{name}: {days}" if name else days),
        f"{where} White is open, grey is closed; pale ends of bars are buffers.",
    )
    some = Timetable(prepared, seen, view, numbers, list(bars), COLOURS)
    return some.chart(title, width)

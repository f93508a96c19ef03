"""Two schedules of one problem: what was moved, added and dropped, by resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.plots import style
from allocator.plots.bars import Bar, Bars
from allocator.plots.days import View, in_words, window
from allocator.plots.extra import altair as alt
from allocator.plots.timetable import Timetable, shown
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement

ADDED, TO, FROM, DROPPED, SAME = "added", "moved here", "moved away", "dropped", "as before"
COLOURS = {
    ADDED: style.GREEN,
    TO: style.BLUE,
    FROM: style.ORANGE,
    DROPPED: style.VERMILLION,
    SAME: style.PALE,
}
HOLLOW = frozenset({FROM, DROPPED})


def before_after(
    problem: Problem,
    before: Schedule | None,
    after: Schedule,
    *,
    view: View = "week",
    first: date | None = None,
    resources: Iterable[str] | None = None,
    kind: str | None = None,
    width: int = style.WIDTH,
) -> alt.LayerChart:
    """Draw what became of each visit between two schedules.

    Full bars are in ``after``; outlines are where a visit was in ``before`` and is no longer. What
    keeps its time for a visit that moves to another, such as the room, is as before.

    Parameters
    ----------
    problem
        The problem of both.
    before, after
        Two schedules; None as the first is what the problem has published.
    view, first, width
        As in ``week``; the first date is by default that of the first change.
    resources, kind
        Resources to show; by default those that serve and have a change in these days.

    Returns
    -------
    altair.LayerChart
        The title counts visits over the whole horizon.

    Raises
    ------
    ValueError
        When there is no such view, resource or kind.
    """
    prepared = Prepared(problem)
    numbers = shown(prepared, resources, kind)
    earlier = prepared.placements(before or Schedule(assignments=problem.published))
    fates = list(_fates(earlier, prepared.placements(after)))
    made, wanted = Bars(prepared), frozenset(numbers)
    bars: list[Bar] = []
    for visit, fate, placement in fates:
        bars += made.of(prepared.visits[visit], placement, fate, wanted)
    bars = list(_changed(bars))
    changes = [bar for bar in bars if bar.state != SAME]
    days = [bar.start.date() for bar in changes]
    seen = window(view, first or min(days, default=prepared.horizon.first))
    if resources is None:
        touched = {b.resource for b in changes if seen.touches(b.claimed_from, b.claimed_to)}
        numbers = [number for number in numbers if number in touched]
        bars = [bar for bar in bars if bar.resource in touched]
    counts = Counter(fate for _, fate, _ in fates)
    title = style.title(
        f"What changes, {in_words(seen, view)}",
        [
            f"In the whole horizon {counts[TO]:,} moved, {counts[ADDED]:,} added,"
            f" {counts[DROPPED]:,} dropped, {counts[SAME]:,} as before.",
            "Full bars are the new schedule, outlines what is there no longer."
            if numbers
            else "Nothing changes in these days.",
        ],
    )
    return Timetable(prepared, seen, view, numbers, bars, COLOURS, HOLLOW).chart(title, width)


def _fates(
    before: list[Placement | None], after: list[Placement | None]
) -> Iterator[tuple[int, str, Placement]]:
    """Yield for each visit what became of it, where; twice where it moved."""
    for visit, (was, now) in enumerate(zip(before, after, strict=True)):
        if was is not None and was == now:
            yield visit, SAME, was
            continue
        if was is not None:
            yield visit, FROM if now is not None else DROPPED, was
        if now is not None:
            yield visit, TO if was is not None else ADDED, now


def _changed(bars: Iterable[Bar]) -> Iterator[Bar]:
    """Yield bars, with a single one for what a visit takes of a resource before as after."""
    taken: dict[tuple[object, ...], list[Bar]] = {}
    for bar in bars:
        key = bar.resource, bar.visit, bar.first, bar.end, bar.start, bar.stop, bar.uses
        taken.setdefault(key, []).append(bar)
    for some in taken.values():
        if len(some) == 1:
            yield some[0]
        else:  # the last is that of the new schedule
            yield replace(some[-1], state=SAME, told=some[-1].told | {"state": SAME})

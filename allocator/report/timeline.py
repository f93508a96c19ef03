"""A schedule as text: a row for each resource and day, to be read in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.prepare.masks import Mask
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import TickClaim

MINUTES_PER_HOUR = 60
HOURS = 24

VISIT, BUFFER, CLOSED, BLOCKED, OVERTIME, FREE = "=-.x+ "


class Row(NamedTuple):
    """A resource on a day: what to call it, and its cells from midnight to midnight."""

    label: str
    cells: str


def timeline(
    problem: Problem,
    schedule: Schedule,
    *,
    resources: Iterable[str] | None = None,
    minutes: int = 15,
) -> str:
    """Draw a schedule as text: a row for each resource and day on which it has a visit.

    A visit is its id and ``=`` up to its end, a buffer ``-``. What is closed is ``.``, a block
    ``x``, overtime that nobody takes ``+``. Where visits overlap, there are several rows. Times
    are wall times where the resource stands; on the night when clocks go back, the hour that
    comes twice is drawn once.

    Parameters
    ----------
    problem, schedule
        What to draw.
    resources
        Ids of those to draw; by default all.
    minutes
        How much time a character stands for: a divisor of 60.

    Returns
    -------
    str
        Hours in the first line, then the rows; no line ends in spaces.

    Raises
    ------
    ValueError
        When an hour is no whole number of characters.
    """
    found = rows(problem, schedule, resources=resources, minutes=minutes)
    return layout(found, minutes)


def layout(found: Iterable[Row], minutes: int, notes: Iterable[str] = ()) -> str:
    """Put rows below the hours that they need, each with a note where there is one."""
    found, notes = list(found), list(notes)
    first, last = _hours(found, minutes)
    begin, end = (hour * MINUTES_PER_HOUR // minutes for hour in (first, last))
    width = max((len(row.label) for row in found), default=0)
    lines = [f"{'':{width}}  {_axis(first, last, minutes)}"]
    for number, row in enumerate(found):
        note = notes[number] if number < len(notes) else ""
        lines.append(f"{row.label:{width}}  {row.cells[begin:end]:{end - begin}}  {note}")
    return "\n".join(map(str.rstrip, lines))


def rows(
    problem: Problem,
    schedule: Schedule,
    *,
    resources: Iterable[str] | None = None,
    minutes: int = 15,
) -> list[Row]:
    """Return the rows of ``timeline``, by day, then in the problem's order of resources."""
    if minutes < 1 or MINUTES_PER_HOUR % minutes:
        raise ValueError(f"A character of {minutes} minutes does not divide an hour.")
    prepared = Prepared(problem)
    claims: dict[str, list[TickClaim]] = {thing.id: [] for thing in problem.resources}
    for number, placement in enumerate(prepared.placements(schedule)):
        if placement is not None:
            for claim in prepared.visits[number].claims(placement):
                claims[prepared.resources[claim.resource].id].append(claim)
    order = {thing.id: place for place, thing in enumerate(problem.resources)}
    wanted = set(order) if resources is None else {problem.resource(id).id for id in resources}
    found = [
        (day, order[id], lane, row)
        for id in wanted
        for day, lane, row in _of_resource(prepared, id, claims[id], minutes)
    ]
    return [row for *_, row in sorted(found)]


def _of_resource(
    prepared: Prepared, id: str, claims: list[TickClaim], minutes: int
) -> Iterator[tuple[int, int, Row]]:
    """Yield the rows of a resource: day, lane, row."""
    number = prepared.resource_index[id]
    clock = prepared.clock_of(number)
    days = sorted({int(day) for c in claims for day in clock.day_of[max(c.first, 0) : c.end]})
    for day in days:
        mask = clock.day_mask(day)
        lanes: list[list[str]] = []
        ends: list[int] = []
        for claim in sorted(claims):
            ticks = [
                t
                for t in range(max(claim.first, 0), min(claim.end, prepared.ticks))
                if mask >> t & 1
            ]
            if not ticks:
                continue
            lane = next((n for n, end in enumerate(ends) if end <= claim.first), len(ends))
            if lane == len(ends):
                lanes.append(_background(prepared, number, mask, minutes))
                ends.append(0)
            ends[lane] = claim.end
            _paint(lanes[lane], prepared, number, claim, ticks, minutes)
        for lane, cells in enumerate(lanes):
            label = "" if lane else f"{_day(prepared, number, day)}{id}"
            yield day, lane, Row(label, "".join(cells))


def _background(prepared: Prepared, resource: int, day: Mask, minutes: int) -> list[str]:
    """Return the cells of a day on which a resource has no visit."""
    opening = prepared.opening(resource)
    cells = [CLOSED] * (HOURS * MINUTES_PER_HOUR // minutes)
    for tick in range(day.bit_length()):
        if day >> tick & 1:
            mark = BLOCKED if opening.blocked >> tick & 1 else FREE
            if not opening.open >> tick & 1:
                mark = CLOSED
            elif mark == FREE and opening.overtime >> tick & 1:
                mark = OVERTIME
            for cell in _cells(prepared, resource, tick, minutes):
                cells[cell] = mark
    return cells


def _paint(
    cells: list[str],
    prepared: Prepared,
    resource: int,
    claim: TickClaim,
    ticks: list[int],
    minutes: int,
) -> None:
    """Draw a claim over what is there: its buffers, then the visit with its id."""
    part: list[int] = []
    for tick in ticks:
        inside = claim.part_first <= tick < claim.part_end
        for cell in _cells(prepared, resource, tick, minutes):
            cells[cell] = VISIT if inside else BUFFER
            if inside and cell not in part:
                part.append(cell)
    for cell, letter in zip(part, prepared.visits[claim.visit].id, strict=False):
        cells[cell] = letter


def _cells(prepared: Prepared, resource: int, tick: int, minutes: int) -> range:
    """Return the cells that a tick covers."""
    first = int(prepared.clock_of(resource).minute_of[tick])
    end = min(first + prepared.grain, HOURS * MINUTES_PER_HOUR)
    return range(first // minutes, -(-end // minutes))


def _day(prepared: Prepared, resource: int, day: int) -> str:
    """Name a day as far as the horizon needs it, with a space behind it."""
    date = prepared.clock_of(resource).dates[day]
    if prepared.horizon.days == 1:
        return ""
    return f"{date:%a} " if prepared.horizon.days <= 7 else f"{date:%a} {date.day:2} "


def _hours(found: list[Row], minutes: int) -> tuple[int, int]:
    """Return the first hour in which something is open or placed, and the end of the last.

    Whoever is always open shows nothing but visits.
    """
    cells = HOURS * MINUTES_PER_HOUR // minutes
    used = [
        cell
        for row in found
        for quiet in [CLOSED if CLOSED in row.cells else FREE]
        for cell, mark in enumerate(row.cells)
        if mark != quiet
    ] or [0, cells - 1]
    per_hour = MINUTES_PER_HOUR // minutes
    return min(used) // per_hour, max(used) // per_hour + 1


def _axis(first: int, last: int, minutes: int) -> str:
    """Write the hours above the cells at which they begin, as far as there is room."""
    text = ""
    for hour in range(first, last):
        place = (hour - first) * MINUTES_PER_HOUR // minutes
        if not text or place > len(text):
            text = f"{text:{place}}{hour}"
    return text

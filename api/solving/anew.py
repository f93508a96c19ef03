"""What is booked and is to be placed anew: of a series single visits, between those that stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any

from allocator.domain.request import ATTENDEE, FlexibleSeries, Request
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon, Span, zone_of
from api.store.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """A visit that a solve may place.

    Attributes
    ----------
    owner
        Name of the request or booking that it belongs to, or of the group session that it is.
    visit
        Its name there: in the problem, a part of a series is a request of its own.
    uid
        The booked visit; empty where it is not booked yet.
    session
        Whether it is the place of a group session: nobody's booking.
    """

    owner: str
    visit: str
    uid: str = ""
    session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Visits of a booking as a request of their own, and where they lie."""

    request: Request
    published: tuple[Assignment, ...]
    visits: tuple[Mine, ...]


def whole(booking: Request, rows: Sequence[Any]) -> Part | None:
    """Return a booking that may move, whole; None for a series with holes, which stays.

    Of a flexible series as many visits are asked for as are booked.
    """
    count = len({row.occurrence for row in rows})
    series = booking.series
    if isinstance(series, FlexibleSeries):
        booking = replace(booking, series=replace(series, count=count, at_least=None))
    if len(rows) != booking.visit_count:
        return None
    named = [(row, booking.visit_id(row.occurrence, row.step)) for row in rows]
    return Part(
        request=replace(booking, must=False),
        published=tuple(assignment(row, name) for row, name in named),
        visits=tuple(Mine(owner=booking.id, visit=name, uid=str(row.uid)) for row, name in named),
    )


def parts(
    booking: Request, rows: Sequence[Any], siblings: Sequence[Any], horizon: Horizon
) -> Iterator[Part]:
    """Yield some occurrences of a booking as requests of their own.

    Those that follow each other are one request, which keeps its place in the series: after the
    visit before it and before the one after, with the days in between that the series asks for.
    A visit of a fixed series keeps its start, as does one of a request that lists its options.

    Parameters
    ----------
    rows
        Visits that are to be placed anew.
    siblings
        All visits of the booking that are not cancelled.
    """
    order = {n: place for place, n in enumerate(sorted({s.occurrence for s in siblings}))}
    alone = not isinstance(booking.series, FlexibleSeries)
    ordered = sorted(rows, key=lambda row: (row.occurrence, row.step))
    numbers = sorted({row.occurrence for row in rows})

    def run_of(at: tuple[int, int]) -> int:
        place, number = at
        return number if alone else order[number] - place

    for _, found in groupby(enumerate(numbers), run_of):
        run = [number for _, number in found]
        some = [row for row in ordered if row.occurrence in run]
        windows = room_for(booking, run, some, siblings, horizon)
        if windows:
            yield _part(booking, run, some, windows)


def _part(
    booking: Request, run: Sequence[int], rows: Sequence[Any], windows: tuple[Span, ...]
) -> Part:
    series = booking.series
    single = len(rows) == len(booking.steps)
    request = replace(
        booking,
        id=booking.id if series is None else f"{booking.id}:{run[0]}",
        series=replace(series, count=len(run), at_least=1)
        if isinstance(series, FlexibleSeries)
        else None,
        windows=windows,
        options=(),
        must=False,
        first_visit=booking.first_visit and run[0] == 1,
        wanted=rows[0].start if single else booking.wanted,
    )
    named = [
        (
            row,
            request.visit_id(run.index(row.occurrence) + 1, row.step),
            booking.visit_id(row.occurrence, row.step),
        )
        for row in rows
    ]
    return Part(
        request=request,
        published=tuple(assignment(row, name) for row, name, _ in named),
        visits=tuple(
            Mine(owner=booking.id, visit=name, uid=str(row.uid)) for row, _, name in named
        ),
    )


def room_for(
    booking: Request,
    run: Sequence[int],
    rows: Sequence[Any],
    siblings: Sequence[Any],
    horizon: Horizon,
) -> tuple[Span, ...]:
    """Return where a part of a booking may lie; empty where there is nothing."""
    start, end = horizon.start, horizon.end
    series = booking.series
    if booking.options or (series is not None and not isinstance(series, FlexibleSeries)):
        start, end = min(row.start for row in rows), max(row.finish for row in rows)
    elif isinstance(series, FlexibleSeries):
        before = [s for s in siblings if s.occurrence < run[0]]
        after = [s for s in siblings if s.occurrence > run[-1]]
        apart, most = series.least_days_between, series.most_days_between
        if before:
            last = max(s.occurrence for s in before)
            near = [s for s in before if s.occurrence == last]
            first = min(s.start for s in near)
            start = max(start, *(s.finish for s in near), _midnight(first, apart, horizon))
            if most is not None and len(run) == 1:
                end = min(end, _midnight(first, most + 1, horizon))
        if after:
            next_ = min(s.occurrence for s in after)
            first = min(s.start for s in after if s.occurrence == next_)
            end = min(end, first, _midnight(first, 1 - apart, horizon))
            if most is not None and len(run) == 1:
                start = max(start, _midnight(first, -most, horizon))
    return tuple(_within(booking.windows or (Span(start=start, end=end),), start, end))


def _midnight(instant: datetime, days: int, horizon: Horizon) -> datetime:
    """Return the local midnight with which the day so many days later begins."""
    zone = zone_of(horizon.zone)
    day = instant.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone)


def _within(windows: Iterable[Span], start: datetime, end: datetime) -> Iterator[Span]:
    for window in windows:
        first, last = max(window.start, start), min(window.end, end)
        if first < last:
            yield Span(start=first, end=last)


def stuck(row: Any, world: World, now: datetime, horizon: Horizon) -> str:
    """Say why a visit can be placed nowhere else; empty where it can."""
    if row.start <= now:
        return "It has begun."
    if row.start < horizon.start or row.finish > horizon.end:
        return "It does not lie within the days looked at."
    if not as_its_service(row, world):
        return f"The service {row.service} has changed since it was booked."
    return ""


def as_its_service(row: Any, world: World) -> bool:
    """Say whether a booked visit has no other roles than its service has now."""
    service = world.services.get(row.service)
    roles = {need.role for need in service.needs} if service else set()
    return service is not None and all(role in roles or attends(role) for role in row.resources)


def attends(role: str) -> bool:
    """Say whether it is the role of somebody who comes."""
    return role.startswith(ATTENDEE)


def assignment(row: Any, visit: str) -> Assignment:
    """Return where a booked visit lies, under a name in the problem."""
    return Assignment(
        visit=visit,
        start=row.start,
        end=row.finish,
        resources=tuple((role, tuple(names)) for role, names in row.resources.items()),
        session=row.session,
    )

"""A booking that moves: what of it is to be placed anew, beside what stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allocator.domain.request import FixedSeries, FlexibleSeries, Request
from allocator.domain.schedule import Assignment
from allocator.domain.time import Horizon, Span
from api.problems import WrongState
from api.solving.anew import room_for
from api.usecases import bookings, moving, series
from api.usecases.series import At
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A booking of which visits are to be placed anew.

    Attributes
    ----------
    booking
        Its UUID.
    request
        What it asks for, of the visits that lie in the days looked at.
    places
        These visits by their names there: occurrence and step in the booking.
    kept
        Where those of them lie that stay.
    adds
        Whether those that are to be placed are missing in the booking.
    """

    booking: UUID
    request: Request
    places: Mapping[str, At]
    kept: tuple[Assignment, ...]
    adds: bool


def of(
    tx: Tx, horizon: Horizon, name: str, at: Sequence[At], wanted: datetime | None = None
) -> Moving:
    """Find a booking that moves, or of which visits are missing, as far as it may.

    Parameters
    ----------
    horizon
        The days that are looked at.
    at
        Which visits move, or are missing; none is all that are open.
    wanted
        When those that are missing would be, or None: then after all others.

    Raises
    ------
    NotFound, WrongState, RuleBroken
    """
    row, there, moved = moving.movable(tx, name, at)
    request = bookings.request_of(row)
    live = series.live(there)
    inside = [v for v in live.values() if _inside(v, horizon) or v in moved]
    numbers = {occurrence: occurrence for occurrence, _ in live}
    added: list[_Row] = []
    if not moved:
        near = wanted or max(visit.span.upper for visit in live.values())
        starts = {at: visit.span.lower for at, visit in live.items()}
        numbers = series.numbers(request, starts | dict.fromkeys(at, near))
        added = [_Row(numbers[occurrence], step, near, near) for occurrence, step in at]

    def rows(visits: Iterable[Any]) -> list[_Row]:
        return [*(_row(visit, numbers[visit.occurrence]) for visit in visits), *added]

    request, places = _reduced(request, rows(inside), rows(live.values()), horizon)
    names = {at: name for name, at in places.items()}
    before = {number: occurrence for occurrence, number in numbers.items()}
    kept = [visit for visit in inside if visit not in moved]
    return Moving(
        booking=row.uid,
        request=request,
        places={name: (before[number], step) for name, (number, step) in places.items()},
        kept=tuple(_lies(v, names[numbers[v.occurrence], v.step]) for v in kept),
        adds=bool(added),
    )


def _inside(visit: Any, horizon: Horizon) -> bool:
    return bool(horizon.start <= visit.span.lower and visit.span.upper <= horizon.end)


@dataclass(frozen=True, slots=True)
class _Row:
    """A visit of a booking, as ``api.solving.anew`` has them."""

    occurrence: int
    step: int
    start: datetime
    finish: datetime


def _row(visit: Any, occurrence: int) -> _Row:
    return _Row(occurrence, visit.step, visit.span.lower, visit.span.upper)


def _lies(visit: Any, name: str) -> Assignment:
    resources = tuple((role, tuple(names)) for role, names in visit.resources.items())
    return Assignment(
        visit=name,
        start=visit.span.lower,
        end=visit.span.upper,
        resources=resources,
        session=visit.session,
    )


def _nowhere(horizon: Horizon) -> tuple[Span, ...]:
    """Return windows that leave nothing of a horizon."""
    return (Span(start=horizon.end, end=horizon.end + timedelta(days=1)),)


def _reduced(
    request: Request, inside: Sequence[_Row], live: Sequence[_Row], horizon: Horizon
) -> tuple[Request, dict[str, At]]:
    """Return what a booking asks for, of some of its visits, and which these are.

    Of a flexible series that is a shorter one, between the visits that are left out.
    """
    occurrences = sorted({row.occurrence for row in inside})
    if len(inside) < len(occurrences) * len(request.steps):
        raise WrongState(
            f"Not all steps of booking {request.id} are ahead and within the days for which places"
            " are suggested."
        )
    asked = request.series
    if isinstance(asked, FlexibleSeries):
        bounds = request.windows
        if len(inside) < len(live):
            bounds = room_for(request, occurrences, inside, live, horizon) or _nowhere(horizon)
        request = replace(
            request,
            series=replace(asked, count=len(occurrences), at_least=None),
            windows=bounds,
            first_visit=request.first_visit and occurrences[0] == 1,
        )
    elif isinstance(asked, FixedSeries) and len(occurrences) < asked.count:
        raise WrongState(
            f"Booking {request.id} is a fixed series of {asked.count}; {len(occurrences)} of its"
            " visits are ahead and within the days for which places are suggested. Move it by days"
            " instead."
        )
    numbers = {occurrence: number for number, occurrence in enumerate(occurrences, 1)}
    return request, {
        request.visit_id(numbers[row.occurrence], row.step): (row.occurrence, row.step)
        for row in inside
    }

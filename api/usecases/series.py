"""Series: which visits belong together, how they are numbered, and how all of them are moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from allocator.domain.request import FlexibleSeries, Request
from allocator.domain.time import zone_of
from api.problems import Invalid, NotFound, RuleBroken
from api.store.ids import as_uid
from api.usecases import placing
from api.usecases.placing import WantedVisit
from api.usecases.tx import Tx

#: A visit of a request: its occurrence and step.
At = tuple[int, int]


def live(there: Iterable[Any]) -> dict[At, Any]:
    """Return the visits of a booking that are not cancelled, by occurrence and step."""
    return {(v.occurrence, v.step): v for v in there if v.state != "cancelled"}


def occurrences(wanted: Iterable[WantedVisit]) -> list[list[WantedVisit]]:
    """Return visits by occurrence: the steps of a chain are had together or not at all."""
    ordered = sorted(wanted, key=lambda visit: (visit.occurrence, visit.step))
    return [list(steps) for _, steps in groupby(ordered, key=lambda visit: visit.occurrence)]


def demand_chains(request: Request, there: Iterable[At]) -> None:
    """Refuse a chain in part.

    Raises
    ------
    RuleBroken
        Naming the first occurrence of which steps are missing.
    """
    steps: dict[int, set[int]] = {}
    for occurrence, step in there:
        steps.setdefault(occurrence, set()).add(step)
    count = len(request.steps)
    for occurrence, found in sorted(steps.items()):
        if len(found) < count:
            said = f"{len(found)} of the {count} steps of occurrence {occurrence} are named."
            raise RuleBroken(said, violations=[{"rule": "series_completeness", "message": said}])


def numbers(request: Request, starts: Mapping[At, datetime]) -> dict[int, int]:
    """Return the number that each occurrence has among those that are there, by its old one.

    Visits of a flexible series are interchangeable: they are numbered by start, from 1 on, and
    those that are left out are the last. All others keep their numbers.
    """
    first: dict[int, datetime] = {}
    for (occurrence, _), start in starts.items():
        first[occurrence] = min(start, first.get(occurrence, start))
    if not isinstance(request.series, FlexibleSeries):
        return {occurrence: occurrence for occurrence in first}
    ordered = sorted(first, key=lambda occurrence: (first[occurrence], occurrence))
    return {occurrence: number for number, occurrence in enumerate(ordered, 1)}


def shifted(
    tx: Tx, moves: Sequence[WantedVisit], there: Mapping[At, Any], scope: str, zone: str
) -> list[WantedVisit]:
    """Return the moves of a whole series that the move of one visit stands for.

    Every other visit moves by as many local days, to the same wall time, with the same resources;
    the other steps of a chain by as many minutes of the day.

    Parameters
    ----------
    there
        The visits that may be moved, by occurrence and step.
    scope
        ``"following"`` or ``"all"``.
    zone
        Zone of the place where they are.

    Raises
    ------
    RuleBroken
        Where a visit would start at a time that the clocks skip that night.
    """
    if len(moves) != 1:
        raise Invalid(f"{len(moves)} visits are named; to move {scope}, name 1.")
    (move,) = moves
    mine = there.get((move.occurrence, move.step))
    if mine is None:
        raise NotFound(f"There is no visit {move.occurrence}, step {move.step}, to move.")
    # Differences of naive local times: days and wall times stay what they are for people,
    # whatever the clocks do in between.
    by = _wall(move.start, zone) - _wall(mine.span.lower, zone)
    found = []
    for (occurrence, step), visit in sorted(there.items()):
        if scope == "following" and occurrence < move.occurrence:
            continue
        kept = placing.as_wanted(tx, visit)
        itself = visit is mine  # of the two instants of a wall time in autumn, the one it names
        found.append(
            replace(
                kept,
                start=move.start
                if itself
                else _instant(_wall(visit.span.lower, zone) + by, zone, visit),
                resources=move.resources if step == move.step else kept.resources,
            )
        )
    return found


def _wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(zone_of(zone)).replace(tzinfo=None)


def _instant(wall: datetime, zone: str, visit: Any) -> datetime:
    instant = wall.replace(tzinfo=zone_of(zone)).astimezone(UTC)
    if _wall(instant, zone) != wall:
        said = (
            f"Visit {visit.occurrence} would start at {wall:%Y-%m-%d %H:%M}, which the clocks of"
            f" {zone} skip."
        )
        raise RuleBroken(said, violations=[{"rule": "start_grid", "message": said}])
    return instant


def concerned(
    there: Mapping[At, Any], visit: str | None, scope: str, booking: str
) -> dict[At, Any]:
    """Return the visits that a change of one of them stands for, whole occurrences at a time.

    Parameters
    ----------
    visit
        UUID of the one; None stands for all.
    """
    if visit is None:
        return dict(there)
    uid = as_uid(visit)
    mine = next((at for at, v in there.items() if v.uid == uid), None)
    if mine is None:
        raise NotFound(f"Booking {booking} has no open visit {visit!r}.")
    return {
        (occurrence, step): v
        for (occurrence, step), v in there.items()
        if scope == "all"
        or occurrence == mine[0]
        or (scope == "following" and occurrence > mine[0])
    }

"""Absences: somebody is ill, a room closes; whom that hits is found, and a way out is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allocator.domain.time import zone_of
from api.auth.permissions import demand_location, works_at
from api.problems import Invalid, NotFound, WrongState
from api.solving import queue
from api.store import absences, things
from api.store.ids import as_uid, new_uid
from api.store.tables import RESOURCE
from api.store.world import changing
from api.usecases.tx import Tx

#: Days that an absence lasts at most; what is longer is a change of the calendar.
LONGEST = 300
#: Days before and after an absence in which its visits may be placed instead.
AROUND = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """An absence, the visits that it hits, and the solve that proposes what to do."""

    absence: Any
    hits: Sequence[Any]
    solve: Any | None


def mark(
    tx: Tx,
    *,
    resource: str,
    start: datetime,
    end: datetime,
    reason: str = "",
    may_move: bool = False,
    most_changes: int | None = None,
) -> Marked:
    """Mark a resource as absent, and queue a solve for the visits that it cannot have any more.

    Nothing moves before that solve is published; from now on nobody books the resource there.

    Parameters
    ----------
    may_move, most_changes
        What the solve may do beside: see ``Asked``.

    Raises
    ------
    NotFound, Invalid
    """
    tx.demand("absences.write")
    changing(tx.connection, tx.tenant)
    row = things.find(tx.connection, RESOURCE, tx.tenant, resource)
    if row is None:
        raise NotFound(f"There is no resource {resource!r}.")
    if row.person_id is not None:
        raise Invalid(f"{resource!r} is a person's resource; move or cancel their bookings.")
    demand_location(tx.principal, row.location)
    _demand_sensible(tx.now, start, end)
    uid = new_uid()
    absences.add(tx.connection, tx.tenant, uid, row.id, start, end, reason, tx.principal.actor)
    after = {"resource": row.ref, "start": start.isoformat(), "end": end.isoformat()}
    tx.audit("absence.marked", "absence", uid, None, after)
    hits = absences.hits(tx.connection, tx.tenant, row.id, start, end)
    anew = [str(hit.uid) for hit in hits if hit.booking is None or hit.state == "booked"]
    solve = None
    if anew:
        asked = {
            **_days(tx, start, end),
            "pending": False,
            "unpinned": anew,
            "may_move": may_move,
            "most_changes": most_changes,
        }
        solve = queue.ask(tx, asked, publish=False)
        absences.note_solve(tx.connection, tx.tenant, uid, solve.uid)
    absence = absences.find(tx.connection, tx.tenant, uid)
    return Marked(absence=absence, hits=_seen(tx, hits), solve=solve)


def _demand_sensible(now: datetime, start: datetime, end: datetime) -> None:
    if start >= end:
        raise Invalid(f"It starts at {start.isoformat()} and ends at {end.isoformat()}.")
    if end <= now:
        raise Invalid(f"It ends at {end.isoformat()}; it is {now.isoformat(timespec='minutes')}.")
    if end - start > timedelta(days=LONGEST):
        raise Invalid(f"It lasts {(end - start).days} days; at most {LONGEST} are possible.")


def _days(tx: Tx, start: datetime, end: datetime) -> dict[str, Any]:
    """Return the local days in which there may be other places."""
    zone = zone_of(tx.world.zone)
    today = tx.now.astimezone(zone).date()
    first = max(today, start.astimezone(zone).date() - timedelta(days=AROUND))
    last = end.astimezone(zone).date() + timedelta(days=AROUND)
    return {"first": first.isoformat(), "days": (last - first).days + 1}


def read(tx: Tx, name: str) -> tuple[Any, Sequence[Any]]:
    """Return an absence, and the visits that it hits as they lie now."""
    tx.demand("absences.read")
    row = _found(tx, name)
    hits = absences.hits(tx.connection, tx.tenant, row.resource_id, row.start, row.finish)
    return row, _seen(tx, hits)


def page(tx: Tx, *, after: int, limit: int) -> Sequence[Any]:
    """Return absences, some at a time."""
    tx.demand("absences.read")
    locations = sorted(tx.principal.locations)
    return absences.page(tx.connection, tx.tenant, locations, after, limit)


def take_back(tx: Tx, name: str) -> None:
    """Take an absence back; a solve for it that has not ended is cancelled.

    What its solve has moved stays where it is.
    """
    tx.demand("absences.write")
    changing(tx.connection, tx.tenant)
    row = _found(tx, name)
    absences.remove(tx.connection, tx.tenant, row.id)
    tx.audit("absence.taken_back", "absence", row.uid, {"resource": row.resource}, None)
    if row.solve is not None:
        with suppress(WrongState, NotFound):  # it has ended by now, or did so long ago
            queue.cancel(tx, str(row.solve))


def _found(tx: Tx, name: str) -> Any:
    uid = as_uid(name)
    row = None if uid is None else absences.find(tx.connection, tx.tenant, uid)
    if row is None or not works_at(tx.principal, row.location):
        raise NotFound(f"There is no absence {name!r}.")
    return row


def _seen(tx: Tx, hits: Sequence[Any]) -> list[Any]:
    """Return the visits that are the asker's business; the solve looks after all of them."""
    return [hit for hit in hits if works_at(tx.principal, hit.location)]

"""A small re-solve: those who might have what came free are solved for together, in the queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allocator.domain.schedule import Assignment
from allocator.domain.time import zone_of
from allocator.suggest import Reason, Tag
from api.solving import queue
from api.solving.publishing import placed_by
from api.store import solves
from api.store import waitlist as store
from api.usecases.tx import Tx
from api.usecases.waitlist_policy import WaitlistPolicy

#: States of a solve that has not ended.
UNDER_WAY = ("queued", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """Somebody who waits, and the place that a solve has for them.

    Attributes
    ----------
    entry
        UUID of the entry.
    visits, reasons
        The place, and why.
    """

    entry: UUID
    visits: tuple[Assignment, ...]
    reasons: tuple[Reason, ...]


def ask(tx: Tx, terms: WaitlistPolicy, rows: Sequence[Any], last: datetime) -> None:
    """Queue a solve for several who might have what came free.

    Parameters
    ----------
    rows
        Their entries.
    last
        The end of what came free: no later day is looked at.
    """
    zone = zone_of(tx.world.zone)
    today = tx.now.astimezone(zone).date()
    days = (last.astimezone(zone).date() - today).days + 1
    asked = {
        "days": min(days, 366),
        "requests": [row.request for row in rows],
        "time_limit_seconds": terms.resolve_seconds,
    }
    solve = queue.ask(tx, asked, publish=False).uid
    store.note_solve(tx.connection, tx.tenant, [row.id for row in rows], solve)


def ended(rows: Sequence[Any]) -> list[Any]:
    """Return the entries whose solve has ended."""
    return [row for row in rows if row.solve is not None and row.solve_state not in UNDER_WAY]


def solved(tx: Tx, rows: Sequence[Any]) -> list[Solved]:
    """Return what solves that have ended have for those who wait."""
    return [one for uid in dict.fromkeys(row.solve for row in rows) for one in _of(tx, uid, rows)]


def _of(tx: Tx, uid: UUID, rows: Sequence[Any]) -> Iterator[Solved]:
    row = solves.find(tx.connection, tx.tenant, uid, "result")
    if row is None or row.state != "solved":
        return
    waits = {one.request: one for one in rows if one.solve == uid}
    placed = [one for one in placed_by(row.result) if one.name in waits and not one.before]
    others = len(placed) - 1
    said = f"placed together with {others} more who wait"
    for one in placed:
        yield Solved(
            entry=waits[one.name].uid,
            visits=tuple(one.visits),
            reasons=(Reason(Tag.TOGETHER, said),) if others else (),
        )

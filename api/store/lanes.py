"""Lanes: which of a resource's places a claim takes. They are anonymous, and are dealt anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from api.store import claims
from api.store.claims import ClaimRow


def deal(
    connection: Connection,
    tenant: int,
    resource: int,
    lanes: int,
    wanted: Sequence[ClaimRow],
) -> list[ClaimRow] | None:
    """Give lanes to new claims of one resource; the caller holds its lock.

    Where no lane is free throughout though the count allows it, the lanes of all claims that hang
    together with the new ones are dealt anew. Claims are changed in place: whoever frees or
    confirms one at that moment, without the lock, waits for its row and finds it.

    Parameters
    ----------
    lanes
        How many there are at that time.
    wanted
        New claims, whose lanes do not matter.

    Returns
    -------
    list of ClaimRow or None
        The new claims with their lanes; None where the count forbids it.
    """
    start, end = min(w.start for w in wanted), max(w.end for w in wanted)
    there = claims.overlapping(connection, tenant, resource, start, end)
    taken = [(c.start, c.finish, c.lane) for c in there]
    dealt: list[ClaimRow] = []
    for row in sorted(wanted, key=lambda w: (w.start, w.end)):
        used = {lane for first, last, lane in taken if first < row.end and last > row.start}
        lane = next((n for n in range(lanes) if n not in used), None)
        if lane is None:
            return _anew(connection, tenant, resource, lanes, wanted, start, end)
        taken.append((row.start, row.end, lane))
        dealt.append(replace(row, lane=lane))
    return dealt


def _anew(
    connection: Connection,
    tenant: int,
    resource: int,
    lanes: int,
    wanted: Sequence[ClaimRow],
    start: datetime,
    end: datetime,
) -> list[ClaimRow] | None:
    """Deal the lanes of everything that hangs together with the new claims."""
    while True:
        there = claims.overlapping(connection, tenant, resource, start, end)
        wider = min([start, *(c.start for c in there)]), max([end, *(c.finish for c in there)])
        if wider == (start, end):
            break
        start, end = wider
    spans = [(c.start, c.finish) for c in there] + [(w.start, w.end) for w in wanted]
    dealt = _colours(spans, lanes)
    if dealt is None:
        return None
    _change(connection, tenant, there, dealt)
    return [replace(w, lane=lane) for w, lane in zip(wanted, dealt[len(there) :], strict=True)]


def narrow(connection: Connection, tenant: int, resource: int, lanes: int) -> bool:
    """Deal what is claimed of a resource from now on in so many lanes; False where it needs more.

    Nobody books in the meantime: the caller is changing the world.
    """
    there = connection.execute(_FROM_NOW, {"tenant": tenant, "resource": resource}).all()
    dealt = _colours([(c.start, c.finish) for c in there], lanes)
    if dealt is None:
        return False
    _change(connection, tenant, there, dealt)
    return True


def _colours(spans: Sequence[tuple[datetime, datetime]], lanes: int) -> list[int] | None:
    """Return a lane for each span, the first that is free; None where more are needed."""
    free_at: list[datetime | None] = [None] * lanes
    found = [0] * len(spans)
    for number in sorted(range(len(spans)), key=lambda n: spans[n]):
        start, end = spans[number]
        lane = next((n for n, at in enumerate(free_at) if at is None or at <= start), None)
        if lane is None:
            return None
        free_at[lane], found[number] = end, lane
    return found


def _change(
    connection: Connection, tenant: int, there: Sequence[Any], dealt: Sequence[int]
) -> None:
    """Bring claims into other lanes, where theirs are others."""
    changed = {c.id: lane for c, lane in zip(there, dealt, strict=False) if c.lane != lane}
    if changed:
        what = {"tenant": tenant, "ids": list(changed)}
        connection.execute(_ASIDE, {**what, "aside": ASIDE})
        connection.execute(_INTO, {**what, "lanes": list(changed.values())})


#: Lanes that nobody deals: claims that swap theirs wait there.
ASIDE = 2**20
_ASIDE = text("UPDATE claim SET lane = lane + :aside WHERE tenant_id = :tenant AND id = ANY(:ids)")
_INTO = text(
    "UPDATE claim SET lane = w.lane FROM unnest(CAST(:ids AS bigint[]), CAST(:lanes AS integer[]))"
    " AS w (id, lane) WHERE claim.tenant_id = :tenant AND claim.id = w.id"
)
_FROM_NOW = text(
    "SELECT id, lane, lower(span) AS start, upper(span) AS finish FROM claim"
    " WHERE tenant_id = :tenant AND resource_id = :resource AND upper(span) > now() ORDER BY id"
)

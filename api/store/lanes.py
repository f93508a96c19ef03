"""Lanes: which of a resource's places a claim takes. They are anonymous, and are dealt anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

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
    together with the new ones are dealt anew: they are deleted, and inserted again.

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
    spans = [(c.start, c.finish, n, False) for n, c in enumerate(there)]
    spans += [(w.start, w.end, n, True) for n, w in enumerate(wanted)]
    free_at = [start] * lanes
    moved: dict[int, int] = {}
    dealt: dict[int, int] = {}
    for first, last, number, new in sorted(spans):
        lane = next((n for n in range(lanes) if free_at[n] <= first), None)
        if lane is None:
            return None
        free_at[lane] = last
        (dealt if new else moved)[number] = lane
    changed = [n for n, lane in moved.items() if there[n].lane != lane]
    connection.execute(_DELETE, {"tenant": tenant, "ids": [there[n].id for n in changed]})
    for n in changed:
        row = there[n]
        again = ClaimRow(
            resource=resource,
            visit=row.visit_id,
            role=row.role,
            lane=moved[n],
            start=row.start,
            end=row.finish,
        )
        left = claims.insert(connection, tenant, [again], row.state, row.expires_at)
        if left:
            raise AssertionError(f"lanes of resource {resource} were dealt wrongly")
    return [replace(w, lane=dealt[n]) for n, w in enumerate(wanted)]


_DELETE = text("DELETE FROM claim WHERE tenant_id = :tenant AND id = ANY(:ids)")

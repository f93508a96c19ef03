"""Lanes: which of a resource's places a claim takes. They are anonymous, and are dealt anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from api.store import claims
from api.store.claims import ClaimRow

#: How many lanes there are throughout a span: more where a policy has added some.
Count = Callable[[datetime, datetime], int]
#: Choices that are taken back, at most, before lanes that are added count as not to be dealt.
PATIENCE = 2000


def deal(
    connection: Connection,
    tenant: int,
    resource: int,
    count: Count,
    wanted: Sequence[ClaimRow],
) -> list[ClaimRow] | None:
    """Give lanes to new claims of one resource; the caller holds its lock.

    Where no lane is free throughout though the count allows it, the lanes of all claims that hang
    together with the new ones are dealt anew. Claims are changed in place: whoever frees or
    confirms one at that moment, without the lock, waits for its row and finds it.

    A lane that is added for a while takes only claims that lie within that while. So the others
    never lie in it, and what is not within keeps to the resource's own lanes.

    Parameters
    ----------
    count
        How many there are throughout a span.
    wanted
        New claims, whose lanes do not matter.

    Returns
    -------
    list of ClaimRow or None
        The new claims with their lanes; None where the count forbids it.
    """
    start, end = min(w.start for w in wanted), max(w.end for w in wanted)
    there = deque(claims.overlapping(connection, tenant, resource, start, end))
    near: list[tuple[datetime, datetime, int]] = []
    dealt: list[ClaimRow] = []
    for row in sorted(wanted, key=lambda w: (w.start, w.end)):
        near = [taken for taken in near if taken[1] > row.start]  # no later row meets the others
        while there and there[0].start < row.end:
            claim = there.popleft()
            near.append((claim.start, claim.finish, claim.lane))
        used = {lane for first, last, lane in near if first < row.end and last > row.start}
        lane = next((n for n in range(count(row.start, row.end)) if n not in used), None)
        if lane is None:
            return _anew(connection, tenant, resource, count, wanted, start, end)
        near.append((row.start, row.end, lane))
        dealt.append(replace(row, lane=lane))
    return dealt


def _anew(
    connection: Connection,
    tenant: int,
    resource: int,
    count: Count,
    wanted: Sequence[ClaimRow],
    start: datetime,
    end: datetime,
) -> list[ClaimRow] | None:
    """Deal the lanes of everything that hangs together with the new claims."""
    there = _together(connection, tenant, resource, start, end)
    spans = [(c.start, c.finish) for c in there] + [(w.start, w.end) for w in wanted]
    dealt = _colours(spans, count)
    if dealt is None:
        return None
    _change(connection, tenant, there, dealt)
    return [replace(w, lane=lane) for w, lane in zip(wanted, dealt[len(there) :], strict=True)]


def _together(
    connection: Connection, tenant: int, resource: int, start: datetime, end: datetime
) -> Sequence[Any]:
    """Return everything that is claimed of a resource and hangs together with a span."""
    while True:
        there = claims.overlapping(connection, tenant, resource, start, end)
        wider = min([start, *(c.start for c in there)]), max([end, *(c.finish for c in there)])
        if wider == (start, end):
            return there
        start, end = wider


def fit(
    connection: Connection,
    tenant: int,
    resource: int,
    count: Count,
    wanted: Sequence[tuple[datetime, datetime]],
) -> bool:
    """Say whether there are lanes for new claims, as they could be dealt now; nothing is changed.

    Parameters
    ----------
    wanted
        Spans of the new claims.
    """
    start, end = min(first for first, _ in wanted), max(last for _, last in wanted)
    there = _together(connection, tenant, resource, start, end)
    return _colours([*((c.start, c.finish) for c in there), *wanted], count) is not None


def narrow(connection: Connection, tenant: int, resource: int, count: Count) -> bool:
    """Deal what is claimed of a resource from now on in so many lanes; False where it needs more.

    Nobody books in the meantime: the caller is changing the world.
    """
    there = connection.execute(_FROM_NOW, {"tenant": tenant, "resource": resource}).all()
    dealt = _colours([(c.start, c.finish) for c in there], count)
    if dealt is None:
        return False
    _change(connection, tenant, there, dealt)
    return True


def _colours(spans: Sequence[tuple[datetime, datetime]], count: Count) -> list[int] | None:
    """Return a lane for each span; None where more are needed.

    By start, each gets the first lane that is free: where all may lie in the same lanes, that
    finds lanes whenever there are any. Where some may lie in added ones, too, a choice that leaves
    no lane for a later span is taken back.
    """
    order = sorted(range(len(spans)), key=lambda n: spans[n])
    limits = [count(*spans[n]) for n in order]
    free_at: list[datetime | None] = [None] * max(limits, default=0)
    chosen: list[int] = [-1] * len(order)
    before: list[datetime | None] = [None] * len(order)
    patience = PATIENCE if len(set(limits)) > 1 else 0
    place = 0
    while place < len(order):
        start, end = spans[order[place]]
        if chosen[place] >= 0:
            free_at[chosen[place]] = before[place]
        ahead = range(chosen[place] + 1, limits[place])
        lane = next((n for n in ahead if (at := free_at[n]) is None or at <= start), -1)
        chosen[place] = lane
        if lane >= 0:
            before[place], free_at[lane] = free_at[lane], end
            place += 1
        elif place and patience:
            place, patience = place - 1, patience - 1
        else:
            return None
    found = [0] * len(spans)
    for number, lane in zip(order, chosen, strict=True):
        found[number] = lane
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
    " WHERE tenant_id = :tenant AND resource_id = :resource AND ends_at > now() ORDER BY id"
)

"""Claims: what is held and booked of each resource. The constraint on them is the one invariant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from api.store.database import fetched

T = TypeVar("T")

#: Rows that one statement writes, at most.
MOST = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A row that is to be written: one lane of one resource for one part of a visit."""

    resource: int
    visit: int
    role: str
    lane: int
    start: datetime
    end: datetime


def pieces(rows: Sequence[T], most: int = MOST) -> Iterator[Sequence[T]]:
    """Yield rows some at a time, so that no statement takes longer than one may."""
    for first in range(0, len(rows), most):
        yield rows[first : first + most]


def lock(connection: Connection, keys: Iterable[int]) -> None:
    """Wait until nobody else in this tenant changes what these keys stand for.

    Keys are taken in order, so that two who want some of the same never wait for each other.
    """
    wanted = sorted(set(keys))
    if wanted:
        fetched(connection, _LOCK, {"keys": wanted})


_LOCK = text(
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT unnest(CAST(:keys AS bigint[])) AS key"
    " ORDER BY 1) AS wanted"
)


def insert(
    connection: Connection,
    tenant: int,
    rows: Sequence[ClaimRow],
    state: str,
    expires_at: datetime | None,
) -> list[ClaimRow]:
    """Write claims, and return those that found their lane taken.

    Whoever gets some back has to roll back: the others are written. Rows go in order of resource
    and start, so that those who want the same wait for the first of it.
    """
    ordered = in_turn(rows)
    written = [
        (claim.resource_id, claim.lane, claim.start)
        for some in pieces(ordered)
        for claim in connection.execute(
            _INSERT,
            {
                "tenant": tenant,
                "state": state,
                "expires": expires_at,
                "resources": _array(str(r.resource) for r in some),
                "visits": _array(str(r.visit) for r in some),
                "roles": [r.role for r in some],
                "lanes": _array(str(r.lane) for r in some),
                "starts": _array(r.start.isoformat() for r in some),
                "ends": _array(r.end.isoformat() for r in some),
            },
        )
    ]
    return left(ordered, written)


def in_turn(rows: Iterable[ClaimRow]) -> list[ClaimRow]:
    """Return claims by resource and start: those who want the same wait for the first of it."""
    return sorted(rows, key=lambda r: (r.resource, r.start, r.lane))


def left(
    wanted: Sequence[ClaimRow], written: Iterable[tuple[int, int, datetime]]
) -> list[ClaimRow]:
    """Return those of some claims that were not written, of which resource, lane and start are."""
    kept = Counter(written)
    missing = []
    for row in wanted:  # of two that want the same, the first is written
        place = (row.resource, row.lane, row.start)
        if kept[place]:
            kept[place] -= 1
        else:
            missing.append(row)
    return missing


def _array(items: Iterable[str]) -> str:
    """Write an array of what needs no quotes: over a list the driver takes far longer."""
    return f"{{{','.join(items)}}}"


_INSERT = text(
    """
    INSERT INTO claim (tenant_id, resource_id, visit_id, role, lane, span, state, expires_at)
    SELECT :tenant, w.resource, w.visit, w.role, w.lane, tstzrange(w.start, w.finish), :state,
           CAST(:expires AS timestamptz)
    FROM unnest(CAST(:resources AS bigint[]), CAST(:visits AS bigint[]), CAST(:roles AS text[]),
                CAST(:lanes AS integer[]), CAST(:starts AS timestamptz[]),
                CAST(:ends AS timestamptz[]))
         WITH ORDINALITY AS w (resource, visit, role, lane, start, finish, place)
    ORDER BY w.place
    ON CONFLICT DO NOTHING
    RETURNING resource_id, lane, lower(span) AS start
    """
)


def delete(connection: Connection, tenant: int, visits: Sequence[int]) -> None:
    """Free what visits have claimed."""
    if visits:
        connection.execute(_DELETE, {"tenant": tenant, "visits": list(visits)})


_DELETE = text("DELETE FROM claim WHERE tenant_id = :tenant AND visit_id = ANY(:visits)")


def overlapping(
    connection: Connection, tenant: int, resource: int, start: datetime, end: datetime
) -> Sequence[Any]:
    """Return the claims of a resource that overlap a span, by start."""
    return connection.execute(
        _OVERLAPPING, {"tenant": tenant, "resource": resource, "start": start, "end": end}
    ).all()


_OVERLAPPING = text(
    """
    SELECT id, visit_id, role, lane, lower(span) AS start, upper(span) AS finish, state, expires_at
    FROM claim
    WHERE tenant_id = :tenant AND resource_id = :resource
      AND ends_at > :start AND lower(span) < :end
    ORDER BY lower(span), id
    """
)


def neighbours(
    connection: Connection,
    tenant: int,
    resources: Sequence[int],
    start: datetime,
    end: datetime,
    freed: Sequence[int],
) -> Sequence[Any]:
    """Return the visits in a span that claim some of these resources, but for those to be freed.

    Those that are a seat in a group session name it.

    Visits that reach out of the span are left out: it begins a day before all that matters, and
    ends a day after.
    """
    if not resources:
        return []
    what = {
        "tenant": tenant,
        "resources": list(resources),
        "start": start,
        "end": end,
        "freed": list(freed),
    }
    return fetched(connection, _NEIGHBOURS, what)


_NEIGHBOURS = text(
    """
    SELECT id, uid, service, lower(span) AS start, upper(span) AS finish, resources,
           (SELECT ref FROM session WHERE session.tenant_id = :tenant AND booking_id IS NOT NULL
                                      AND session.id = session_id) AS session
    FROM visit
    WHERE tenant_id = :tenant AND starts_at >= :start AND ends_at <= :end AND id IN (
        SELECT visit_id FROM claim
        WHERE tenant_id = :tenant AND resource_id = ANY(:resources)
          AND ends_at > :start AND lower(span) < :end
          AND visit_id <> ALL(:freed))
    ORDER BY id
    """
)


def expired(
    connection: Connection, tenant: int, resources: Sequence[int], sessions: Sequence[int] = ()
) -> list[int]:
    """Return the bookings whose time is over, and who still take some resources or sessions."""
    what = {"tenant": tenant, "resources": list(resources), "sessions": list(sessions)}
    return [booking for (booking,) in fetched(connection, _EXPIRED, what)]


_EXPIRED = text(
    """
    SELECT visit.booking_id
    FROM claim JOIN visit ON visit.tenant_id = claim.tenant_id AND visit.id = claim.visit_id
    WHERE claim.tenant_id = :tenant AND claim.expires_at <= now()
      AND claim.resource_id = ANY(:resources)
    UNION
    SELECT booking.id
    FROM visit JOIN booking ON booking.tenant_id = visit.tenant_id AND booking.id = visit.booking_id
    WHERE visit.tenant_id = :tenant AND visit.session_id = ANY(:sessions)
      AND booking.expires_at <= now()
    ORDER BY 1
    """
)

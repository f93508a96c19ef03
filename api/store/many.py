"""Many bookings at once: a statement for all of a kind, however many they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from api.store.claims import pieces


def go_by_indexes(connection: Connection) -> None:
    """Let nothing read whole tables until the transaction ends, the checks of keys above all.

    Plans are kept, those of the checks of keys, too. One that was made while a table was nearly
    empty reads all of it, and that for each row of thousands that fill it.
    """
    for statement in _BY_INDEXES:
        connection.execute(statement)


_BY_INDEXES = (text("DISCARD PLANS"), text("SET LOCAL enable_seqscan = off"))


def lock_requests(connection: Connection, tenant: int, names: Sequence[str]) -> list[Any]:
    """Lock the requests that nobody has booked or withdrawn; return their rows."""
    return list(connection.execute(_LOCK, {"tenant": tenant, "refs": list(names)}))


_LOCK = text(
    "SELECT id, uid, ref FROM request WHERE tenant_id = :tenant AND ref = ANY(:refs)"
    " AND state = 'requested' AND NOT EXISTS (SELECT 1 FROM booking WHERE"
    " booking.tenant_id = :tenant AND booking.request_id = request.id"
    " AND booking.state IN ('held', 'pending_approval', 'booked')) ORDER BY id FOR UPDATE"
)


def add_bookings(
    connection: Connection, tenant: int, actor: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Write bookings of requests as these are by now; return their numbers by UUID."""
    what = {"tenant": tenant, "actor": actor}
    return {
        str(row.uid): row.id
        for some in pieces(rows)
        for row in connection.execute(_BOOKINGS, {**what, "rows": _json(some)})
    }


_BOOKINGS = text(
    """
    INSERT INTO booking (tenant_id, uid, ref, spec, state, request_id, person_id, location,
                         service, starts_at, expires_at, created_by)
    SELECT :tenant, w.uid, w.uid::text, request.spec,
           CASE WHEN w.review_until IS NULL THEN 'booked' ELSE 'pending_approval' END, request.id,
           request.person_id, w.location, w.service, w.starts_at, w.review_until, :actor
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w (
        uid uuid, request_id bigint, location text, service text, starts_at timestamptz,
        review_until timestamptz)
    JOIN request ON request.tenant_id = :tenant AND request.id = w.request_id
    RETURNING id, uid
    """
)


def add_visits(
    connection: Connection, tenant: int, rows: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Write visits of bookings; return their numbers by UUID."""
    return {
        str(row.uid): row.id
        for some in pieces(rows)
        for row in connection.execute(_VISITS, {"tenant": tenant, "rows": _json(some)})
    }


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(list(rows), default=str)


_VISITS = text(
    """
    INSERT INTO visit (tenant_id, uid, booking_id, session_id, occurrence, step, service, span,
                       resources, state)
    SELECT :tenant, w.uid, w.booking_id, w.session_id, w.occurrence, w.step, w.service,
           tstzrange(w.start, w.finish), w.resources, 'booked'
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w (
        uid uuid, booking_id bigint, session_id bigint, occurrence integer, step integer,
        service text, start timestamptz, finish timestamptz, resources jsonb)
    RETURNING id, uid
    """
)


def take_seats(
    connection: Connection, tenant: int, wanted: Sequence[tuple[int, int, int]]
) -> list[int]:
    """Take the first free seats of group sessions; return the visits for which there is none.

    The caller holds the sessions' locks.

    Parameters
    ----------
    wanted
        Triples of a session, how many seats it has, and the visit that takes one.
    """
    sessions = sorted({session for session, _, _ in wanted})
    if not sessions:
        return []
    taken: dict[int, set[int]] = {session: set() for session in sessions}
    for row in connection.execute(_SEATS, {"tenant": tenant, "sessions": sessions}):
        taken[row.session_id].add(row.number)
    rows, left = list[tuple[int, int, int]](), list[int]()
    for session, most, visit in wanted:
        if len(taken[session]) >= most:  # of the numbers below, too, where there were more once
            left.append(visit)
        else:
            free = next(n for n in range(1, most + 1) if n not in taken[session])
            taken[session].add(free)
            rows.append((session, free, visit))
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    names = ("sessions", "numbers", "visits")
    connection.execute(
        _SEAT,
        {"tenant": tenant, **{n: list(c) for n, c in zip(names, columns, strict=True)}},
    )
    return left


_SEATS = text(
    "SELECT session_id, number FROM seat WHERE tenant_id = :tenant AND session_id = ANY(:sessions)"
)
_SEAT = text(
    "INSERT INTO seat (tenant_id, session_id, number, visit_id) SELECT :tenant, w.* FROM"
    " unnest(CAST(:sessions AS bigint[]), CAST(:numbers AS integer[]), CAST(:visits AS bigint[]))"
    " AS w"
)


def take_back(connection: Connection, tenant: int, bookings: Sequence[int]) -> None:
    """Delete bookings that have just been written, with all that is theirs."""
    what = {"tenant": tenant, "bookings": list(bookings)}
    for statement in _TAKE_BACK:
        connection.execute(statement, what)


_TAKE_BACK = (
    text(
        "DELETE FROM claim USING visit WHERE visit.tenant_id = :tenant"
        " AND visit.booking_id = ANY(:bookings) AND claim.tenant_id = :tenant"
        " AND claim.visit_id = visit.id"
    ),
    text("DELETE FROM visit WHERE tenant_id = :tenant AND booking_id = ANY(:bookings)"),
    text("DELETE FROM booking WHERE tenant_id = :tenant AND id = ANY(:bookings)"),
)


def scheduled(
    connection: Connection, tenant: int, actor: str, requests: Sequence[int], uids: Sequence[str]
) -> None:
    """Write that requests are booked, or wait for a reviewer, and who did it.

    What is claimed for the latter is theirs until then. Bookings come by their UUIDs.
    """
    what = {"tenant": tenant, "uids": list(uids)}
    connection.execute(_SCHEDULED, {"tenant": tenant, "requests": list(requests)})
    connection.execute(_FOR_A_WHILE, what)
    connection.execute(_AUDIT, {**what, "actor": actor})


_SCHEDULED = text(
    "UPDATE request SET state = 'scheduled', version = version + 1, changed_at = now()"
    " WHERE tenant_id = :tenant AND id = ANY(:requests)"
)
_FOR_A_WHILE = text(
    "UPDATE claim SET state = booking.state, expires_at = booking.expires_at FROM booking, visit"
    " WHERE booking.tenant_id = :tenant AND booking.uid = ANY(CAST(:uids AS uuid[]))"
    " AND booking.expires_at IS NOT NULL AND visit.tenant_id = :tenant"
    " AND visit.booking_id = booking.id AND claim.tenant_id = :tenant"
    " AND claim.visit_id = visit.id"
)
_AUDIT = text(
    "INSERT INTO audit (tenant_id, actor, action, kind, object, after)"
    " SELECT :tenant, :actor, 'booking.' || state, 'booking', uid,"
    " jsonb_build_object('state', state) FROM booking"
    " WHERE tenant_id = :tenant AND uid = ANY(CAST(:uids AS uuid[])) ORDER BY id"
)

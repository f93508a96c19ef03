"""The waitlist: who waits for time to come free, and what they are offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text, update

from api.store.tables import WAITLIST

#: Who has made the holds that are offered.
ACTOR = "waitlist"
#: States of an entry that is not over.
LIVE = ("waiting", "offered")

_WHOLE = """
    SELECT waitlist.*, request.ref AS request, request.spec AS request_spec,
           request.state AS request_state, request.version AS request_version, person.ref AS person,
           booking.uid AS booking, booking.state AS booking_state, booking.spec AS booking_spec,
           offer.uid AS hold, offer.state AS hold_state, offer.starts_at AS hold_starts_at,
           offer.expires_at AS hold_expires_at, solve.state AS solve_state
    FROM waitlist
    LEFT JOIN request ON request.tenant_id = waitlist.tenant_id AND request.id = request_id
    LEFT JOIN booking ON booking.tenant_id = waitlist.tenant_id
                     AND booking.id = waitlist.booking_id
    LEFT JOIN booking AS offer ON offer.tenant_id = waitlist.tenant_id AND offer.id = offer_id
    LEFT JOIN person ON person.tenant_id = waitlist.tenant_id AND person.id = waitlist.person_id
    LEFT JOIN solve ON solve.tenant_id = waitlist.tenant_id AND solve.uid = waitlist.solve
    WHERE waitlist.tenant_id = :tenant
"""


def add(connection: Connection, tenant: int, **values: Any) -> Any:
    """Write an entry."""
    return connection.execute(
        insert(WAITLIST).values(tenant_id=tenant, **values).returning(WAITLIST.c.id)
    ).scalar_one()


def find(connection: Connection, tenant: int, uid: UUID, *, for_update: bool = False) -> Any | None:
    """Return an entry, by its UUID; None where there is none."""
    what = {"tenant": tenant, "uid": uid}
    if for_update:  # first: what it is joined with is read once nobody else changes it
        connection.execute(_LOCK, what)
    return connection.execute(_ONE, what).first()


_LOCK = text("SELECT FROM waitlist WHERE tenant_id = :tenant AND uid = :uid FOR UPDATE")
_ONE = text(f"{_WHOLE} AND waitlist.uid = :uid")


def page(
    connection: Connection,
    tenant: int,
    *,
    state: str | None,
    own: tuple[int | None, str] | None,
    locations: Sequence[str],
    after: int,
    limit: int,
) -> Sequence[Any]:
    """Return entries by number, from after one number on.

    Parameters
    ----------
    own
        Number of the person whose entries are asked for, and who makes entries for them; None is
        everybody.
    locations
        None is everywhere.
    """
    person, actor = own or (None, "")
    return connection.execute(
        _PAGE,
        {
            "tenant": tenant,
            "state": state,
            "all": own is None,
            "person": person,
            "actor": actor,
            "locations": list(locations),
            "after": after,
            "limit": limit,
        },
    ).all()


_PAGE = text(
    f"{_WHOLE} AND waitlist.id > :after"
    " AND (CAST(:state AS text) IS NULL OR waitlist.state = :state)"
    " AND (:all OR waitlist.person_id = :person OR waitlist.created_by = :actor)"
    " AND (cardinality(CAST(:locations AS text[])) = 0 OR waitlist.location IS NULL"
    " OR waitlist.location = ANY(:locations)) ORDER BY waitlist.id LIMIT :limit"
)


def live(connection: Connection, tenant: int) -> Sequence[Any]:
    """Return the entries that are not over, each with its booking's one visit that is ahead.

    ``booked_as`` is the booking that its request has by now, whoever made it.
    """
    return connection.execute(_LIVE, {"tenant": tenant}).all()


_LIVE = text(
    f"""
    SELECT entry.*, visit.uid AS visit, visit.start AS visit_start,
           visit.occurrence AS visit_occurrence, taken.id AS booked_as
    FROM ({_WHOLE} AND waitlist.state IN ('waiting', 'offered')) AS entry
    LEFT JOIN LATERAL (
        SELECT uid, lower(span) AS start, occurrence FROM visit
        WHERE visit.tenant_id = :tenant AND visit.booking_id = entry.booking_id
          AND visit.state = 'booked' LIMIT 1) AS visit ON true
    LEFT JOIN LATERAL (
        SELECT id FROM booking WHERE booking.tenant_id = :tenant
          AND booking.request_id = entry.request_id AND booking.state = 'booked' LIMIT 1) AS taken
        ON true
    ORDER BY entry.id
    """
)


def of_request(connection: Connection, tenant: int, request: int) -> Any | None:
    """Return the entry with which a request waits; None where it does not."""
    return connection.execute(_OF_REQUEST, {"tenant": tenant, "number": request}).first()


def of_booking(connection: Connection, tenant: int, booking: int) -> Any | None:
    """Return the entry by which a booking would come earlier; None where there is none."""
    return connection.execute(_OF_BOOKING, {"tenant": tenant, "number": booking}).first()


_ONE_OF = (
    "SELECT uid, state FROM waitlist WHERE tenant_id = :tenant AND {column} = :number"
    " AND state IN ('waiting', 'offered')"
)
_OF_REQUEST = text(_ONE_OF.format(column="request_id"))
_OF_BOOKING = text(_ONE_OF.format(column="booking_id"))


def moved_by(connection: Connection, tenant: int, hold: int) -> Any | None:
    """Return the entry whose booking moves to where a hold is; None where the hold is no such."""
    return connection.execute(_MOVED_BY, {"tenant": tenant, "hold": hold}).first()


_MOVED_BY = text(
    "SELECT uid FROM waitlist WHERE tenant_id = :tenant AND offer_id = :hold"
    " AND booking_id IS NOT NULL"
)


def of_person(connection: Connection, tenant: int, person: int) -> Sequence[UUID]:
    """Return the entries of a person that are not over."""
    return connection.execute(_OF_PERSON, {"tenant": tenant, "person": person}).scalars().all()


_OF_PERSON = text(
    "SELECT uid FROM waitlist WHERE tenant_id = :tenant AND person_id = :person"
    " AND state IN ('waiting', 'offered') ORDER BY id"
)


def change(
    connection: Connection, tenant: int, number: int, states: Sequence[str], **values: Any
) -> bool:
    """Change an entry that is in one of some states; say whether it was."""
    return (
        connection.execute(
            update(WAITLIST)
            .where(
                WAITLIST.c.tenant_id == tenant,
                WAITLIST.c.id == number,
                WAITLIST.c.state.in_(states),
            )
            .values(version=WAITLIST.c.version + 1, changed_at=text("now()"), **values)
            .returning(WAITLIST.c.id)
        ).first()
        is not None
    )


def note_looked(connection: Connection, tenant: int, entries: Sequence[int]) -> None:
    """Write that everything that is free was looked at for some entries."""
    if entries:
        connection.execute(_LOOKED, {"tenant": tenant, "entries": list(entries)})


_LOOKED = text(
    "UPDATE waitlist SET looked = true WHERE tenant_id = :tenant AND id = ANY(:entries)"
    " AND state = 'waiting'"
)


def note_end(connection: Connection, tenant: int, number: int, ends_at: datetime | None) -> None:
    """Write when it is too late for an entry."""
    what = {"tenant": tenant, "number": number, "ends": ends_at}
    connection.execute(_END, what)


_END = text(
    "UPDATE waitlist SET ends_at = CAST(:ends AS timestamptz)"
    " WHERE tenant_id = :tenant AND id = :number"
)


def note_solve(connection: Connection, tenant: int, entries: Sequence[int], solve: UUID) -> None:
    """Write by which solve entries are to be served."""
    connection.execute(_SOLVE, {"tenant": tenant, "entries": list(entries), "solve": solve})


_SOLVE = text(
    "UPDATE waitlist SET solve = :solve, looked = true WHERE tenant_id = :tenant"
    " AND id = ANY(:entries) AND state = 'waiting'"
)


def note_unsolved(connection: Connection, tenant: int, entries: Sequence[int]) -> None:
    """Write that the solve of some entries is over, and that they are to be looked at again."""
    if entries:
        connection.execute(_UNSOLVED, {"tenant": tenant, "entries": list(entries)})


_UNSOLVED = text(
    "UPDATE waitlist SET solve = NULL, looked = false WHERE tenant_id = :tenant"
    " AND id = ANY(:entries) AND state = 'waiting'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """The tenants in whom somebody waits.

    Attributes
    ----------
    snapshot
        With what was looked.
    worlds
        The version of each one's world.
    due
        Those in whom something has come to pass since the last look.
    """

    snapshot: str
    worlds: dict[int, int]
    due: frozenset[int]


def tenants(connection: Connection, seen: str | None) -> Tenants:
    """Look in whom somebody waits, and has to be looked after.

    Parameters
    ----------
    seen
        With what was looked the last time; None is never.
    """
    snapshot = connection.execute(_SNAPSHOT).scalar_one()
    rows = connection.execute(_TENANTS, {"seen": seen}).all()
    return Tenants(
        snapshot=snapshot,
        worlds={row.tenant_id: row.world_version for row in rows},
        due=frozenset(row.tenant_id for row in rows if row.due),
    )


_SNAPSHOT = text("SELECT CAST(pg_current_snapshot() AS text)")
_TENANTS = text(
    """
    SELECT waits.tenant_id, tenant.world_version,
           CAST(:seen AS pg_snapshot) IS NULL OR waits.due OR EXISTS (
               SELECT FROM waitlist JOIN booking ON booking.tenant_id = waitlist.tenant_id
                                                AND booking.id = offer_id
               WHERE waitlist.tenant_id = waits.tenant_id AND waitlist.state = 'offered'
                 AND (booking.state NOT IN ('held', 'pending_approval')
                      OR booking.expires_at <= now()))
           OR waits.solved AND EXISTS (
               SELECT FROM waitlist JOIN solve ON solve.tenant_id = waitlist.tenant_id
                                              AND solve.uid = waitlist.solve
               WHERE waitlist.tenant_id = waits.tenant_id
                 AND waitlist.state = 'waiting' AND solve.state NOT IN ('queued', 'running'))
           OR EXISTS (
               SELECT FROM event WHERE event.tenant_id = waits.tenant_id
                 AND kind IN ('booking', 'visit', 'request')
                 AND transaction_id
                     >= CAST(CAST(pg_snapshot_xmin(CAST(:seen AS pg_snapshot)) AS text) AS bigint)
                 AND NOT pg_visible_in_snapshot(
                     CAST(CAST(transaction_id AS text) AS xid8), CAST(:seen AS pg_snapshot))) AS due
    FROM (SELECT tenant_id, bool_or(NOT looked AND state = 'waiting')
                            OR bool_or(ends_at <= now() AND state = 'waiting')
                            AS due, count(solve) > 0 AS solved
          FROM waitlist WHERE state IN ('waiting', 'offered') GROUP BY tenant_id) AS waits
    JOIN tenant ON tenant.id = waits.tenant_id
    ORDER BY waits.tenant_id
    """
)

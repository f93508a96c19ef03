"""Bookings and the audit log, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, Select, literal, or_, select, text, tuple_

from api.problems import Invalid
from api.store import things
from api.store.bookings import whole
from api.store.ids import as_uid
from api.store.tables import AUDIT, BOOKING, PERSON, RESOURCE, VISIT
from api.usecases.bookings import OPEN
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which bookings: all that meet everything said here."""

    state: str | None = None
    person: str | None = None
    resource: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def by_start(self) -> bool:
        """Whether they are listed by when their visits start: where a time is asked for."""
        return self.since is not None or self.until is not None


def bookings(
    tx: Tx, asked: Asked, *, after: int, limit: int, starting: datetime | None = None
) -> Sequence[Any]:
    """Return bookings that are the asker's business, by number or by when their visits start.

    Parameters
    ----------
    after, starting
        The number of the last booking of the page before, and, by start, the ``at`` of its row.
    """
    tx.demand("bookings.read")
    if (starting is not None) != (asked.by_start and after > 0):
        raise Invalid("The cursor is of a list in another order: one has dates, one has none.")
    if asked.by_start:
        query = _by_start(tx, asked, after, starting)
    else:
        query = select(BOOKING.c.id, literal(None, TIMESTAMP(timezone=True)).label("at"))
        query = query.where(BOOKING.c.id > after).order_by(BOOKING.c.id)
    query = query.where(BOOKING.c.tenant_id == tx.tenant, *_mine(tx), *_meeting(tx, asked))
    # Which ones is found first: what belongs to a booking is looked up for a page of them alone.
    found = query.limit(limit).subquery()
    page = whole().add_columns(found.c.at).join(found, found.c.id == BOOKING.c.id)
    page = page.where(BOOKING.c.tenant_id == tx.tenant)
    return tx.connection.execute(page.order_by(found.c.at, BOOKING.c.id)).all()


def _by_start(tx: Tx, asked: Asked, after: int, starting: datetime | None) -> Select[Any]:
    """Return bookings with the first of their visits that starts in the time asked for.

    A visit that was cancelled is none, but for a booking that is over as a whole.
    """
    earlier = VISIT.alias()
    query = (
        select(BOOKING.c.id, VISIT.c.starts_at.label("at"))
        .join_from(VISIT, BOOKING, _of(VISIT))
        .where(
            VISIT.c.tenant_id == tx.tenant,
            *_within(asked, VISIT),
            ~select(1)
            .where(
                earlier.c.tenant_id == tx.tenant,
                earlier.c.booking_id == BOOKING.c.id,
                *_within(asked, earlier),
                tuple_(earlier.c.starts_at, earlier.c.id) < tuple_(VISIT.c.starts_at, VISIT.c.id),
            )
            .correlate(BOOKING, VISIT)
            .exists(),
        )
        .order_by(VISIT.c.starts_at, VISIT.c.booking_id)
    )
    if starting is not None:
        order = tuple_(VISIT.c.starts_at, VISIT.c.booking_id)
        query = query.where(order > tuple_(literal(starting), literal(after)))
    return query


def _of(visit: Any) -> Any:
    return (BOOKING.c.tenant_id == visit.c.tenant_id) & (BOOKING.c.id == visit.c.booking_id)


def _within(asked: Asked, visit: Any) -> list[Any]:
    where = [or_(visit.c.state != "cancelled", BOOKING.c.state.not_in(OPEN))]
    if asked.since is not None:
        where.append(visit.c.starts_at >= asked.since)
    if asked.until is not None:
        where.append(visit.c.starts_at < asked.until)
    return where


def _mine(tx: Tx) -> list[Any]:
    """Say that bookings are the asker's business."""
    who = tx.principal
    if who.booking is not None:
        return [BOOKING.c.id == who.booking]
    if who.own_only:
        mine = [BOOKING.c.created_by == who.actor]
        if who.person is not None:
            mine.append(BOOKING.c.person_id == who.person)
        return [or_(*mine)]
    if who.locations:
        there = BOOKING.c.location.in_(sorted(who.locations))
        return [or_(BOOKING.c.location.is_(None), there)]
    return []


def _meeting(tx: Tx, asked: Asked) -> list[Any]:
    """Say that bookings meet what is asked for beside a time."""
    where: list[Any] = []
    if asked.state is not None:
        where.append(BOOKING.c.state == asked.state)
    if asked.person is not None:
        found = things.find(tx.connection, PERSON, tx.tenant, asked.person)
        where.append(BOOKING.c.person_id == (found.id if found else -1))
    if asked.resource is not None:
        found = things.find(tx.connection, RESOURCE, tx.tenant, asked.resource)
        where.append(
            text(
                "EXISTS (SELECT 1 FROM visit JOIN claim ON claim.tenant_id = visit.tenant_id"
                " AND claim.visit_id = visit.id WHERE visit.tenant_id = booking.tenant_id"
                " AND visit.booking_id = booking.id AND claim.resource_id = :resource)"
            ).bindparams(resource=found.id if found else -1)
        )
    return where


def audit(
    tx: Tx, *, object: str | None, action: str | None, after: int, limit: int
) -> Sequence[Any]:
    """Return the audit log, in order."""
    tx.demand("audit.read")
    query = (
        select(AUDIT)
        .where(AUDIT.c.tenant_id == tx.tenant, AUDIT.c.id > after)
        .order_by(AUDIT.c.id)
        .limit(limit)
    )
    if object is not None:
        uid: UUID | None = as_uid(object)
        if uid is None:
            raise Invalid(f"The object {object!r} is no UUID.")
        query = query.where(AUDIT.c.object == uid)
    if action is not None:
        query = query.where(AUDIT.c.action == action)
    return tx.connection.execute(query).all()

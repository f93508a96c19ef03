"""Bookings and the audit log, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, or_, select, text, tuple_

from api.problems import Invalid
from api.store import things
from api.store.bookings import whole
from api.store.ids import as_uid
from api.store.tables import AUDIT, BOOKING, PERSON, RESOURCE
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
        """Whether they are listed by when they start: where a time is asked for."""
        return self.since is not None or self.until is not None


def bookings(
    tx: Tx, asked: Asked, *, after: int, limit: int, starting: datetime | None = None
) -> Sequence[Any]:
    """Return bookings that are the asker's business, by number or by when they start.

    Parameters
    ----------
    after, starting
        The number of the last booking of the page before, and, by start, when that began.
    """
    tx.demand("bookings.read")
    who = tx.principal
    order = (BOOKING.c.starts_at, BOOKING.c.id) if asked.by_start else (BOOKING.c.id,)
    query = select(BOOKING.c.id).where(BOOKING.c.tenant_id == tx.tenant)
    query = query.order_by(*order).limit(limit)
    if not asked.by_start:
        query = query.where(BOOKING.c.id > after)
    if (starting is not None) != (asked.by_start and after > 0):
        raise Invalid("The cursor is of a list in another order: one has dates, one has none.")
    if starting is not None:
        query = query.where(tuple_(*order) > tuple_(literal(starting), literal(after)))
    if who.booking is not None:
        query = query.where(BOOKING.c.id == who.booking)
    elif who.own_only:
        mine = [BOOKING.c.created_by == who.actor]
        if who.person is not None:
            mine.append(BOOKING.c.person_id == who.person)
        query = query.where(or_(*mine))
    elif who.locations:
        query = query.where(
            or_(BOOKING.c.location.is_(None), BOOKING.c.location.in_(sorted(who.locations)))
        )
    if asked.state is not None:
        query = query.where(BOOKING.c.state == asked.state)
    if asked.since is not None:
        query = query.where(BOOKING.c.starts_at >= asked.since)
    if asked.until is not None:
        query = query.where(BOOKING.c.starts_at < asked.until)
    if asked.person is not None:
        found = things.find(tx.connection, PERSON, tx.tenant, asked.person)
        query = query.where(BOOKING.c.person_id == (found.id if found else -1))
    if asked.resource is not None:
        found = things.find(tx.connection, RESOURCE, tx.tenant, asked.resource)
        query = query.where(
            text(
                "EXISTS (SELECT 1 FROM visit JOIN claim ON claim.tenant_id = visit.tenant_id"
                " AND claim.visit_id = visit.id WHERE visit.tenant_id = booking.tenant_id"
                " AND visit.booking_id = booking.id AND claim.resource_id = :resource)"
            ).bindparams(resource=found.id if found else -1)
        )
    # Which ones is found first: what belongs to a booking is looked up for a page of them alone.
    page = whole().where(BOOKING.c.tenant_id == tx.tenant, BOOKING.c.id.in_(query))
    return tx.connection.execute(page.order_by(*order)).all()


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

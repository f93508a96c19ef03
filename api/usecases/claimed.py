"""Claims as staff see them: what is taken of resources, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Uuid, cast, func, null, or_, select, union_all

from api.problems import NotFound
from api.store import things
from api.store.ids import number_of
from api.store.tables import BOOKING, CLAIM, RESOURCE, SESSION, VISIT
from api.usecases.tx import Tx

Where = Sequence[ColumnElement[bool]]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Which claims: those of a resource, in a state, that overlap a span; None is any."""

    resource: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def read(tx: Tx, name: str) -> Any:
    """Return a claim where the asker works; what has expired is free."""
    tx.demand("claims.read")
    number = number_of(name)
    found = _page(tx, [CLAIM.c.id == number], 1) if number is not None else []
    if not found:
        raise NotFound(f"There is no claim {name!r}.")
    return found[0]


def page(tx: Tx, asked: Claimed, *, after: int, limit: int) -> Sequence[Any]:
    """Return what is taken where the asker works, by number; what has expired is free."""
    tx.demand("claims.read")
    which = [CLAIM.c.id > after]
    if asked.resource is not None:
        found = things.find(tx.connection, RESOURCE, tx.tenant, asked.resource)
        which.append(CLAIM.c.resource_id == (found.id if found else -1))
    if asked.state is not None:
        which.append(CLAIM.c.state == asked.state)
    if asked.state in ("hold", "pending_approval"):
        which.append(CLAIM.c.expires_at.is_not(None))  # of few: there is an index of these alone
    if asked.since is not None:
        which.append(CLAIM.c.ends_at > asked.since)
    if asked.until is None:
        return _page(tx, which, limit)
    which.append(func.lower(CLAIM.c.span) < asked.until)
    # Security by rows lets only ``ends_at`` into an index: most claims that begin before an instant
    # end within a day of it, so nothing later is looked through, and of the others there are few.
    short = [*which, CLAIM.c.over_a_day.is_(False), CLAIM.c.ends_at < asked.until + DAY]
    return _page(tx, short, limit, [*which, CLAIM.c.over_a_day.is_(True)])


def _page(tx: Tx, which: Where, limit: int, *others: Where) -> Sequence[Any]:
    """Return claims in order of their numbers; where ``others`` is said, those as well.

    Those of bookings and of places of group sessions are found apart: so each is where the asker
    works by what one table says, and the database knows how many there are.
    """
    found = []
    for some in (which, *others):
        booked = _claims(tx, BOOKING.c.uid, BOOKING.c.location, some)
        found.append(booked.join(BOOKING, _same(VISIT.c.booking_id, BOOKING)))
        placed = _claims(tx, cast(null(), Uuid), RESOURCE.c.location, some)
        found.append(placed.where(VISIT.c.booking_id.is_(None)))
    parts = [part.order_by(CLAIM.c.id).limit(limit).subquery() for part in found]
    whole = union_all(*(select(part) for part in parts)).subquery()
    return tx.connection.execute(select(whole).order_by(whole.c.id).limit(limit)).all()


def _claims(
    tx: Tx,
    booking: ColumnElement[Any],
    location: ColumnElement[Any],
    which: Where,
) -> Select[Any]:
    where = [CLAIM.c.tenant_id == tx.tenant, *which]
    where.append(or_(CLAIM.c.expires_at.is_(None), CLAIM.c.expires_at > tx.now))
    if tx.principal.locations:
        where.append(or_(location.is_(None), location.in_(sorted(tx.principal.locations))))
    return (
        select(
            CLAIM.c.id,
            CLAIM.c.role,
            CLAIM.c.lane,
            CLAIM.c.state,
            CLAIM.c.expires_at,
            func.lower(CLAIM.c.span).label("start"),
            func.upper(CLAIM.c.span).label("finish"),
            RESOURCE.c.ref.label("resource"),
            VISIT.c.uid.label("visit"),
            booking.label("booking"),
            SESSION.c.ref.label("session"),
        )
        .join_from(CLAIM, RESOURCE, _same(CLAIM.c.resource_id, RESOURCE))
        .join(VISIT, _same(CLAIM.c.visit_id, VISIT))
        .outerjoin(SESSION, _same(VISIT.c.session_id, SESSION))
        .where(*where)
    )


def _same(number: Any, table: Any) -> Any:
    """Say that a number is that of a row of this tenant's."""
    return (table.c.tenant_id == number.table.c.tenant_id) & (table.c.id == number)

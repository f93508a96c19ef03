"""An offer: a place is held for somebody who waits, in one transaction, or nothing happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from allocator.domain.request import Request
from allocator.domain.schedule import Assignment
from allocator.suggest import Reason
from api.auth.principal import Principal, Role
from api.backfill import waiting
from api.problems import RuleBroken, WrongState
from api.store import bookings as kept
from api.store import things
from api.store import waitlist as store
from api.store.tables import REQUEST
from api.usecases import bookings, holding, placing
from api.usecases.discretion import in_utc
from api.usecases.policy import demand_near
from api.usecases.tx import Tx
from api.usecases.waitlist_policy import services_of, waitlist_policy


def principal(tenant: int) -> Principal:
    """Return as whom places are held for those who wait."""
    return Principal(tenant=tenant, actor=store.ACTOR, role=Role.ADMINISTRATOR)


def offer(tx: Tx, uid: UUID, visits: Sequence[Assignment], reasons: Sequence[Reason]) -> Any:
    """Hold a place for an entry, and tell it.

    Parameters
    ----------
    visits
        Where the visits of what it waits for are to lie.
    reasons
        Why it is offered to this one.

    Returns
    -------
    row of booking
        The hold.

    Raises
    ------
    WrongState
        Where the entry waits no more.
    Taken, RuleBroken, TooMany
        Where it cannot have the place after all.
    """
    row = store.find(tx.connection, tx.tenant, uid, for_update=True)
    if row is None or row.state != "waiting":
        raise WrongState(f"Entry {uid} waits no more.", state=None if row is None else row.state)
    request, stored, leaving = _asked(tx, row)
    start = min(visit.start for visit in visits)
    if row.outside:
        demand_near(tx.world, tx.now, start, "It would start")
    until = _until(tx, request, start)
    wanted = placing.wanted_of(request, visits)
    hold = holding.offer(tx, request, wanted, until, stored=stored, leaving=leaving)
    store.change(
        tx.connection,
        tx.tenant,
        row.id,
        ["waiting"],
        state="offered",
        offer_id=hold.id,
        offered=[*row.offered, hold.starts_at],
        reasons=[
            {"tag": reason.tag.name.lower(), "text": reason.text, "good": reason.tag.good}
            for reason in reasons
        ],
        solve=None,
    )
    after = {"state": "offered", "hold": str(hold.uid), "expires_at": until.isoformat()}
    tx.audit("waitlist.offered", "waitlist", row.uid, {"state": "waiting"}, after)
    return hold


def _asked(tx: Tx, row: Any) -> tuple[Request, Any | None, Sequence[int]]:
    """Return what an entry waits for, its request's row, and the visits that it would leave."""
    if row.booking_id is None:
        stored = things.find(tx.connection, REQUEST, tx.tenant, row.request, for_update=True)
        return waiting.request_of(row), stored, ()
    booking = bookings.changing(tx, str(row.booking), None, ["booked"], "move")
    there = kept.visits(tx.connection, tx.tenant, [booking.id])[booking.id]
    occurrence = next((visit.occurrence for visit in there if visit.state == "booked"), None)
    return waiting.earlier(row, occurrence), None, [visit.id for visit in there]


def _until(tx: Tx, request: Request, start: datetime) -> datetime:
    """Return until when the place may be accepted, by the terms as they are now."""
    terms = waitlist_policy(tx.world)
    services = services_of(tx.world, request)
    latest = terms.latest(tx.world, services, start)
    if not terms.takes(services) or latest < tx.now + terms.shortest:
        said = f"A place at {in_utc(start)} cannot be offered by the terms of the waitlist."
        raise RuleBroken(said, violations=[{"rule": "waitlist", "message": said}])
    return min(latest, tx.now + terms.lasts(tx.now, start))

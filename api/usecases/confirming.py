"""Confirming: a hold is booked, or waits for a reviewer, who approves or declines it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from api.problems import WrongState
from api.store import bookings as store
from api.store import waitlist
from api.usecases import bookings, cancelling, things
from api.usecases.policy import policy
from api.usecases.tx import Tx


def confirm(tx: Tx, name: str, version: int | None = None) -> Any:
    """Make a hold a booking; where its service asks for it, once a reviewer has approved."""
    tx.demand("bookings.confirm")
    return confirmed(tx, name, version)


def confirmed(tx: Tx, name: str, version: int | None = None) -> Any:
    """Confirm a hold for whoever may."""
    row = bookings.changing(tx, name, version, ["held"], "confirm")
    _demand_no_move(tx, row)
    return into(tx, row, *becomes(tx, bookings.to_review(tx, row), row.starts_at))


def becomes(tx: Tx, reviewed: bool, starts_at: datetime) -> tuple[str, datetime | None]:
    """Return the state that a confirmed hold comes into, and until when it is in it.

    Parameters
    ----------
    reviewed
        Whether a reviewer has to look at it.
    """
    return ("pending_approval", review_until(tx, starts_at)) if reviewed else ("booked", None)


def review_until(tx: Tx, starts_at: datetime) -> datetime:
    """Return until when a reviewer can look at a booking."""
    until = tx.now + timedelta(minutes=policy(tx.world_now).approval_minutes)
    return max(min(until, starts_at), tx.now + timedelta(minutes=1))


def _demand_no_move(tx: Tx, row: Any) -> None:
    """Refuse to book beside it what an entry on the waitlist would move a booking to."""
    if row.created_by == waitlist.ACTOR:
        entry = waitlist.moved_by(tx.connection, tx.tenant, row.id)
        if entry is not None:
            raise WrongState(
                f"Booking {row.ref} is an earlier place for another; accept it as entry"
                f" {entry.uid} on the waitlist.",
                state=row.state,
            )


def approve(tx: Tx, name: str, version: int | None = None) -> Any:
    """Book what has waited for a reviewer."""
    tx.demand("bookings.approve")
    return into(
        tx, bookings.changing(tx, name, version, ["pending_approval"], "approve"), "booked", None
    )


def decline(tx: Tx, name: str, version: int | None = None, reason: str = "") -> Any:
    """Refuse what has waited for a reviewer, and free its time."""
    tx.demand("bookings.approve")
    row = bookings.changing(tx, name, version, ["pending_approval"], "decline")
    return cancelling.free(tx, row, "rejected", reason)


def into(tx: Tx, row: Any, state: str, expires: datetime | None) -> Any:
    """Bring a booking and its claims into another state."""
    became = store.become(tx.connection, tx.tenant, row, state, expires, tx.principal.actor)
    if row.request_id is not None:
        things.set_request(tx.connection, tx.tenant, row.request_id, "scheduled")
    return became

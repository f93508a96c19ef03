"""The waitlist: whoever finds no place that suits waits, is offered one, and answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from allocator.domain.request import Request
from api.auth.permissions import demand_own, may_see
from api.problems import Stale, WrongState
from api.store import bookings as kept
from api.store import waitlist as store
from api.store.ids import as_uid
from api.usecases import bookings, cancelling, confirming, moving, placing, things
from api.usecases.tx import Tx
from api.usecases.waitlist_policy import waitlist_policy


def found(tx: Tx, name: str, *, for_update: bool = False) -> Any:
    """Return an entry that is the asker's business."""
    uid = as_uid(name)
    row = None
    if uid is not None:
        row = store.find(tx.connection, tx.tenant, uid, for_update=for_update)
    seen = row is not None and may_see(
        tx.principal,
        person=row.person_id,
        location=row.location,
        created_by=row.created_by,
        booking=row.booking_id or 0,
    )
    demand_own(tx.principal, f"entry {name!r} on the waitlist", seen)
    return row


def read(tx: Tx, name: str) -> Any:
    """Return an entry."""
    tx.demand("waitlist.read")
    return found(tx, name)


def page(tx: Tx, *, state: str | None, after: int, limit: int) -> Sequence[Any]:
    """Return entries, some at a time: clients, their own."""
    tx.demand("waitlist.read")
    who = tx.principal
    return store.page(
        tx.connection,
        tx.tenant,
        state=state,
        own=(who.person, who.actor) if who.own_only else None,
        locations=sorted(who.locations),
        after=after,
        limit=limit,
    )


def _changing(tx: Tx, name: str, version: int | None, states: Sequence[str], what: str) -> Any:
    """Return an entry that is to be changed; nobody else changes it until the end."""
    tx.demand("waitlist.write")
    row = found(tx, name, for_update=True)
    if version is not None and version != row.version:
        raise Stale(f"Entry {name} has version {row.version}; you name {version}.")
    if row.state not in states:
        raise WrongState(
            f"Entry {name} is {row.state}; to {what} it, it has to be {' or '.join(states)}.",
            state=row.state,
        )
    return row


def accept(tx: Tx, name: str, version: int | None = None) -> Any:
    """Take the place that is offered: it is booked, or waits for a reviewer.

    Whoever is booked already moves there, and their old place is free, all at once.

    Raises
    ------
    NotFound, Stale, WrongState, Taken, RuleBroken
    """
    row = _changing(tx, name, version, ["offered"], "accept")
    if row.booking_id is None:
        hold = confirming.confirmed(tx, str(row.hold))
        if hold.state == "booked":
            become(tx, row, "booked", offer=row.offer_id)
        return found(tx, name)
    booking = bookings.changing(tx, str(row.booking), None, ["booked"], "move")
    hold = bookings.changing(tx, str(row.hold), None, ["held"], "accept")
    there = kept.visits(tx.connection, tx.tenant, [hold.id, booking.id])
    place = placing.as_wanted(tx, there[hold.id][0])
    mine = next(visit for visit in there[booking.id] if visit.state == "booked")
    cancelling.free(tx, hold, "cancelled", f"Booking {booking.ref} moves there.")
    moving.move(tx, booking, [replace(place, occurrence=mine.occurrence, step=mine.step)])
    kept.save(tx.connection, tx.tenant, booking.id, None)  # it was for the time that they leave
    become(tx, row, "booked", offer=row.offer_id)
    return found(tx, name)


def decline(tx: Tx, name: str, version: int | None = None) -> Any:
    """Leave the place that is offered to others, and wait on, unless that was the last offer."""
    row = _changing(tx, name, version, ["offered"], "decline")
    release(tx, row)
    back(tx, row, "declined")
    return found(tx, name)


def withdraw(tx: Tx, name: str, version: int | None = None) -> Any:
    """Wait no more; what is offered is free for others."""
    row = _changing(tx, name, version, store.LIVE, "withdraw")
    if row.state == "offered":
        release(tx, row)
    become(tx, row, "withdrawn")
    return found(tx, name)


def leave(tx: Tx, person: int) -> None:
    """Withdraw all entries of a person."""
    for uid in store.of_person(tx.connection, tx.tenant, person):
        row = store.find(tx.connection, tx.tenant, uid, for_update=True)
        if row is not None and row.state in store.LIVE and become(tx, row, "withdrawn"):
            with suppress(WrongState):  # it was accepted, and waits for a reviewer
                release(tx, row)


def back(tx: Tx, row: Any, action: str) -> None:
    """Let somebody wait on who did not take an offer, unless it was the last.

    Parameters
    ----------
    action
        What came of the offer: ``"declined"`` or ``"lapsed"``.
    """
    most = waitlist_policy(tx.world_now).most_offers
    over = bool(most) and len(row.offered) >= most
    become(tx, row, "expired" if over else "waiting", action)


def become(tx: Tx, row: Any, state: str, action: str = "", offer: int | None = None) -> bool:
    """Bring an entry into another state, unless somebody else was faster; say whether it is.

    What was asked for by it alone is asked for no more where it ends with nothing.

    Parameters
    ----------
    action
        What is written down as well, before.
    offer
        Number of the booking that came of it.
    """
    values: dict[str, Any] = {
        "state": state,
        "offer_id": offer,
        "reasons": [],
        "looked": False,
        "solve": None,
    }
    if not store.change(tx.connection, tx.tenant, row.id, [row.state], **values):
        return False
    if state in ("expired", "withdrawn") and row.own and row.request_state == "requested":
        things.set_request(tx.connection, tx.tenant, row.request_id, "withdrawn")
    for said in [*([action] if action else []), *([state] if state != "waiting" else [])]:
        tx.audit(f"waitlist.{said}", "waitlist", row.uid, {"state": row.state}, {"state": state})
    return True


def release(tx: Tx, row: Any) -> None:
    """Free the place that is offered, if it still is.

    Raises
    ------
    WrongState
        Where it was accepted, and waits for a reviewer.
    """
    if row.hold_state == "pending_approval":
        raise WrongState(
            f"It was accepted, and waits for a reviewer as booking {row.hold}; cancel that.",
            state=row.hold_state,
        )
    if row.hold is None:
        return
    hold = kept.find(tx.connection, tx.tenant, str(row.hold), for_update=True)
    if hold is not None and hold.state == "held":
        cancelling.free(tx, hold, "cancelled", "")


def ends(request: Request) -> datetime | None:
    """Return when it is too late for a request; None where it never is."""
    return max((window.end for window in request.windows), default=None)

"""Cancelling: bookings are taken back, whole or in part, and their time is free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from api.problems import WrongState
from api.store import bookings as store
from api.store import claims
from api.store.ids import as_uid
from api.usecases import bookings, series, things
from api.usecases.policy import policy
from api.usecases.tx import Tx


def cancel(
    tx: Tx,
    name: str,
    version: int | None = None,
    reason: str = "",
    *,
    visit: str | None = None,
    scope: str = "this",
) -> Any:
    """Take a booking back, or some visits of a series, and free their time.

    What has been attended or missed stays as it is, and the booking with it. So does the visit of
    somebody who has checked in, unless it is named or nothing else is left to take back.

    Parameters
    ----------
    visit
        UUID of a visit; None takes back all.
    scope
        ``"this"`` takes back the visit alone (with the other steps of its chain),
        ``"following"`` the later ones, too, ``"all"`` all.
    """
    tx.demand("bookings.cancel")
    row = bookings.changing(tx, name, version, bookings.OPEN, "cancel")
    there = store.visits(tx.connection, tx.tenant, [row.id])[row.id]
    live = series.live(there)
    open_visits = {at: v for at, v in live.items() if v.state in ("booked", "checked_in")}
    if not open_visits:
        raise WrongState(f"Booking {row.ref} is over: all of its visits have been attended.")
    concerned = series.concerned(open_visits, visit, scope, name)
    named = None if visit is None else as_uid(visit)
    gone = {at: v for at, v in concerned.items() if v.state == "booked" or v.uid == named}
    gone = gone or concerned
    bookings.demand_notice(
        tx, row, gone.values(), policy(tx.world).cancel_notice_minutes, "cancelled"
    )
    if len(gone) == len(live):
        return free(tx, row, "cancelled", reason)
    _take_back(tx, gone.values())
    _renumber(tx, row, {at: v for at, v in live.items() if at not in gone})
    left = [v.span.lower for at, v in open_visits.items() if at not in gone]
    bookings.begin(tx, row, left, **({"reason": reason} if reason else {}))
    before = {"visits": [bookings.told(v) for v in gone.values()]}
    tx.audit("booking.reduced", "booking", row.uid, before, {"visits": []})
    return bookings.found(tx, row.ref)


def _take_back(tx: Tx, visits: Iterable[Any]) -> None:
    numbers = [visit.id for visit in visits]
    claims.delete(tx.connection, tx.tenant, numbers)
    store.leave_seats(tx.connection, tx.tenant, numbers)
    store.set_visits(tx.connection, tx.tenant, numbers, "cancelled")


def _renumber(tx: Tx, row: Any, live: Mapping[series.At, Any]) -> None:
    """Number what is left of a series as it lies."""
    starts = {at: visit.span.lower for at, visit in live.items()}
    bookings.rename(tx, live, series.numbers(bookings.request_of(row), starts))


def release(tx: Tx, name: str) -> Any:
    """Give a hold back before it expires."""
    tx.demand("bookings.hold")
    return free(tx, bookings.changing(tx, name, None, ["held"], "release"), "cancelled", "")


def free(tx: Tx, row: Any, state: str, reason: str) -> Any:
    """Bring a booking to an end, and free what it claimed."""
    there = store.visits(tx.connection, tx.tenant, [row.id])[row.id]
    _take_back(tx, [v for v in there if v.state in ("booked", "checked_in")])
    store.change(
        tx.connection, tx.tenant, row.id, state=state, expires_at=None, reason=reason or None
    )
    if row.request_id is not None:
        things.set_request(tx.connection, tx.tenant, row.request_id, "requested")
    tx.audit(f"booking.{state}", "booking", row.uid, {"state": row.state}, {"state": state})
    return bookings.found(tx, row.ref)

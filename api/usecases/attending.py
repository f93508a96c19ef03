"""Attending: somebody comes, is treated, or stays away."""

from __future__ import annotations

from typing import Any

from api.problems import NotFound, WrongState
from api.store import bookings as store
from api.store.ids import as_uid
from api.usecases import bookings
from api.usecases.tx import Tx

#: What may become of a visit, and from what.
ATTENDED = {
    "check_in": (("booked",), "checked_in"),
    "fulfil": (("booked", "checked_in"), "fulfilled"),
    "no_show": (("booked",), "no_show"),
}


def attend(
    tx: Tx, name: str, action: str, visit: str | None = None, version: int | None = None
) -> Any:
    """Write down that somebody came, was treated, or stayed away.

    Parameters
    ----------
    action
        ``"check_in"``, ``"fulfil"`` or ``"no_show"``.
    visit
        UUID of the visit; the next one that this can be said of where it is not given.
    """
    tx.demand("bookings.attend")
    row = bookings.changing(tx, name, version, ["booked"], action.replace("_", " "))
    before, after = ATTENDED[action]
    there = store.visits(tx.connection, tx.tenant, [row.id])[row.id]
    if visit is not None:
        there = [v for v in there if v.uid == as_uid(visit)]
        if not there:
            raise NotFound(f"Booking {name} has no visit {visit!r}.")
    fitting = [v for v in there if v.state in before]
    if not fitting:
        states = ", ".join(sorted({v.state for v in there}))
        raise WrongState(
            f"No visit of booking {name} is {' or '.join(before)}; they are: {states}."
        )
    chosen = min(fitting, key=lambda v: v.span.lower)
    if after in ("no_show", "fulfilled") and chosen.span.lower > tx.now:
        raise WrongState(
            f"Visit {chosen.uid} starts at {chosen.span.lower.isoformat()}; it is"
            f" {tx.now.isoformat(timespec='seconds')}, and it cannot be {after} yet."
        )
    store.set_visits(tx.connection, tx.tenant, [chosen.id], after)
    store.change(tx.connection, tx.tenant, row.id)
    tx.audit(f"visit.{after}", "visit", chosen.uid, {"state": chosen.state}, {"state": after})
    return bookings.found(tx, name)

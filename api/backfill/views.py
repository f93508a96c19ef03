"""Entries of the waitlist as clients get them."""

from __future__ import annotations

from typing import Any

from allocator.suggest import Tag
from api.suggesting.views import PERSONAL
from api.usecases.tx import Tx
from api.views import instant

#: Reasons for an offer that are about whoever waits; the staff hear the others, too.
OWN = {tag.name.lower() for tag in (*PERSONAL, Tag.WAITED, Tag.EARLIER)}


def entry(tx: Tx, row: Any) -> dict[str, Any]:
    """Return an entry, with what it is offered."""
    came_of_it = row.booking if row.booking_id is not None else row.hold
    booked = row.booking_id is not None or row.state == "booked"
    return {
        "id": str(row.uid),
        "state": row.state,
        "request": row.request,
        "booking": str(came_of_it) if booked else None,
        "person": row.person,
        "service": row.service,
        "location": row.location,
        "ends_at": instant(row.ends_at),
        "offers": len(row.offered),
        "offer": _offer(tx, row) if row.state == "offered" else None,
        "version": row.version,
        "created_at": instant(row.created_at),
        "changed_at": instant(row.changed_at),
    }


def _offer(tx: Tx, row: Any) -> dict[str, Any]:
    return {
        "hold": str(row.hold),
        "state": row.hold_state,
        "starts_at": instant(row.hold_starts_at),
        "expires_at": instant(row.hold_expires_at),
        "reasons": [
            reason for reason in row.reasons if not tx.principal.own_only or reason["tag"] in OWN
        ],
    }

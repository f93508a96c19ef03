"""What of a solve is told to whoever works at some locations alone: what it does there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from api.auth.permissions import works_at
from api.store.tables import BOOKING
from api.usecases.tx import Tx


def seen(tx: Tx, result: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what came of a solve, without what lies elsewhere; its figures are of the whole."""
    if result is None or not tx.principal.locations or "visits" not in result:
        return result
    elsewhere = {
        name
        for name, resource in tx.world_now.resources.items()
        if not resource.mobile and not works_at(tx.principal, resource.location)
    }

    def here(filled: Iterable[tuple[str, Iterable[str]]]) -> bool:
        return not any(name in elsewhere for _, names in filled for name in names)

    def kept(part: str) -> list[Mapping[str, Any]]:
        return [row for row in result[part] if here(row.get("resources", ()))]

    before = kept("before")
    left = {_of(row) for row in result["before"]} - {_of(row) for row in before}
    mine = where_one_works(tx, [stay["booking"] for stay in result["stays"] if stay["booking"]])
    return {
        **result,
        "visits": [row for row in kept("visits") if _of(row) not in left],
        "sessions": kept("sessions"),
        "before": before,
        "moved": [move for move in result["moved"] if here(move["from"]["resources"].items())],
        "stays": [s for s in result["stays"] if s["booking"] is None or s["booking"] in mine],
    }


def _of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return whose visit something is, and which."""
    return row["request"], row["visit"]


def where_one_works(tx: Tx, bookings: Iterable[str]) -> set[str]:
    """Return those of some bookings that are where the asker works."""
    found = tx.connection.execute(
        select(BOOKING.c.uid, BOOKING.c.location).where(
            BOOKING.c.tenant_id == tx.tenant, BOOKING.c.uid.in_(list(bookings))
        )
    )
    return {str(row.uid) for row in found if works_at(tx.principal, row.location)}

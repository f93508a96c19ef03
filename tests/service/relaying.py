"""The relay, turn by turn, and what became of deliveries."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from service.conftest import SEAL, Clinic, physio

from api.relay import Relay
from api.store.database import Database

NINE = "2030-01-07T09:00:00+01:00"
HOURS = [f"2030-01-07T{hour:02}:00:00+01:00" for hour in range(9, 17)]
LIFE = ["booking.held", "booking.booked", "booking.cancelled"]


def turns(database: Database, count: int, **how: Any) -> None:
    """Let a relay look so many times, and send what it finds before it looks again."""

    async def work() -> None:
        relay = Relay(database, **{"seal": SEAL, "private": True, "random": Random(1), **how})
        async with relay.session() as session:
            for _ in range(count):
                await relay.turn(session)
                await relay.settle()
            await relay.end()

    asyncio.run(work())


def life(clinic: Clinic, start: str = NINE) -> str:
    """Hold, confirm and cancel a booking."""
    asks = clinic.asker("scheduler")
    booking: str = asks.post("/v1/holds", physio(start)).json()["id"]
    assert asks.post(f"/v1/holds/{booking}/confirm").status_code == 200
    assert asks.post(f"/v1/bookings/{booking}/cancel", {"reason": ""}).status_code == 200
    return booking


def deliveries(clinic: Clinic) -> list[Any]:
    """Return type, state, attempts, status and error of every delivery."""
    return [
        tuple(row)
        for row in clinic.sql(
            "SELECT event.type, state, attempts, status, error FROM delivery"
            " JOIN event ON event.tenant_id = delivery.tenant_id AND event.id = event_id"
            " ORDER BY delivery.id"
        )
    ]


def due(clinic: Clinic) -> None:
    """Let time pass until whatever waits is due."""
    clinic.sql("UPDATE delivery SET next_at = now() WHERE state = 'waiting'")

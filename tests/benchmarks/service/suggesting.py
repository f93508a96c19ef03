"""Load: suggestions at intended instants, and bookings of what was suggested, beside.

It comes from several clients with connections of their own, as people do. One pool would go on with
the few connections that it used last, and most of them may lead to the same process.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from benchmarks.service.load import Figures

#: Clients with connections of their own.
CLIENTS = 32


async def suggestions(
    url: str,
    key: str,
    *,
    seconds: float,
    rate: float,
    bookings: float,
    patients: int,
    days: int,
    seed: int,
) -> Figures:
    """Ask for suggestions at a rate, and book some of what is suggested at another."""
    figures, chance = Figures(), random.Random(seed)
    tokens: list[str] = []
    pending: set[asyncio.Task[None]] = set()
    headers = {"Authorization": f"Bearer {key}"}
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def asked() -> dict[str, Any]:
        first = midnight + timedelta(days=chance.randrange(1, days))
        body: dict[str, Any] = {
            "service": "physio",
            "attendees": [f"patient-{chance.randrange(patients)}"],
            "limit": 5,
        }
        if chance.random() < 0.5:
            body["wanted"] = (first + timedelta(hours=chance.randrange(7, 16))).isoformat()
        else:
            end = first + timedelta(days=14)
            body["windows"] = [{"start": first.isoformat(), "end": end.isoformat()}]
        return body

    async with AsyncExitStack() as opened:
        clients = [
            await opened.enter_async_context(aiohttp.ClientSession(url, headers=headers))
            for _ in range(CLIENTS)
        ]

        async def ask(at: float, body: dict[str, Any]) -> None:
            async with chance.choice(clients).post("/v1/suggestions", json=body) as answer:
                content = await answer.json()
                figures.note("suggestions", at, answer.status)
            found = content.get("suggestions", ())
            figures.statuses["empty"] += not found
            tokens.extend(one["token"] for one in found[:1])

        async def book(at: float, token: str) -> None:
            booking = {"token": token}
            async with chance.choice(clients).post("/v1/bookings", json=booking) as answer:
                await answer.read()
                figures.note("booking", at, answer.status)

        start = time.perf_counter() + 0.5
        every = Counter({"ask": rate, "book": bookings})
        due = sorted(
            (number / per_second, what)
            for what, per_second in every.items()
            for number in range(int(seconds * per_second))
        )
        for after, what in due:
            at = start + after
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            if what == "ask":
                work = ask(at, asked())
            elif tokens:
                work = book(at, tokens.pop(chance.randrange(len(tokens))))
                del tokens[:-200]
            else:
                continue
            task = asyncio.create_task(work)
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)
    return figures

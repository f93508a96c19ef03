"""Load: requests at intended instants, whatever the service does, and how long each took.

A request's latency counts from when it should have been sent: a service that answers slowly
does not slow down those who ask.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

#: Weekday slots of a practitioner, from Monday 2030-11-04, 8:00 to 17:45, each 45 minutes.
FIRST = datetime(2030, 11, 4, 7, tzinfo=UTC)
PER_DAY = 13


@dataclass
class Figures:
    """What came of it."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    possible: int = 0
    wanted: set[str] = field(default_factory=set)

    def note(self, what: str, began: float, status: int) -> None:
        self.milliseconds.setdefault(what, []).append(1000 * (time.perf_counter() - began))
        self.statuses[f"{what} {status}"] += 1

    def told(self) -> dict[str, Any]:
        """Return figures by kind of request, and of all together."""
        every = [x for found in self.milliseconds.values() for x in found]
        rows = {name: _quantiles(found) for name, found in self.milliseconds.items()}
        return {
            "all": _quantiles(every),
            **rows,
            "statuses": dict(self.statuses),
            "possible": self.possible + len(self.wanted),
            "made": self.statuses["hold 201"],
        }


def _quantiles(found: list[float]) -> dict[str, float]:
    ordered = sorted(found)
    return {
        "requests": len(ordered),
        "mean": sum(ordered) / len(ordered),
        "p50": ordered[len(ordered) // 2],
        "p95": ordered[int(len(ordered) * 0.95)],
        "p99": ordered[int(len(ordered) * 0.99)],
        "max": ordered[-1],
    }


class Slots:
    """Places that may be asked for: many that are free, and a few that everybody wants."""

    def __init__(self, seed: int, practitioners: int, patients: int) -> None:
        self._random = random.Random(seed)
        self._year = seed  # no two loads ask for the same places
        self._practitioners, self._patients = practitioners, patients
        days = 40_000 // (practitioners * PER_DAY) + 8
        self._free = [
            (p, d, n) for p in range(practitioners) for d in range(days) for n in range(PER_DAY)
        ]
        self._random.shuffle(self._free)
        self._hot = [self._free.pop() for _ in range(5)]

    def body(self, hot: bool) -> dict[str, Any]:
        """Return a hold, on a slot that everybody wants or on one that nobody has had."""
        place = self._random.choice(self._hot) if hot else self._free.pop()
        practitioner, day, number = place
        patient = (practitioner + self._practitioners * (day * PER_DAY + number)) % self._patients
        days = day + day // 5 * 2 + 52 * 7 * self._year
        start = FIRST + timedelta(days=days, minutes=45 * number)
        return {
            "service": "physio",
            "start": start.isoformat(),
            "resources": {
                "practitioner": [f"practitioner-{practitioner}"],
                "room": [f"room-{practitioner}"],
            },
            "attendees": [f"patient-{patient}"],
        }


async def open_loop(
    url: str, key: str, *, seconds: float, practitioners: int, patients: int, seed: int
) -> Figures:
    """Send 70 searches, 20 holds and 10 confirmations a second."""
    figures, slots = Figures(), Slots(seed, practitioners, patients)
    chance = random.Random(seed)
    held: list[str] = []
    pending: set[asyncio.Task[None]] = set()
    headers = {"Authorization": f"Bearer {key}"}
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(url, headers=headers, connector=connector) as http:

        async def send(what: str, method: str, path: str, at: float, body: Any = None) -> None:
            async with http.request(method, path, json=body) as answer:
                content = await answer.read()
                figures.note(what, at, answer.status)
            if what == "hold" and answer.status == 201:
                held.append(json.loads(content)["id"])

        start = time.perf_counter() + 0.5
        kinds = ["search"] * 7 + ["hold"] * 2 + ["confirm"]
        for number in range(int(seconds * 100)):
            at = start + number / 100
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            kind = kinds[number % 10]
            if kind == "search":
                path = chance.choice(
                    ["/v1/bookings?limit=20&state=booked", "/v1/services", "/v1/resources?limit=20"]
                )
                work = send("search", "GET", path, at)
            elif kind == "hold":
                hot = chance.random() < 0.05
                body = slots.body(hot)
                if hot:  # only the first that wants it can have it
                    figures.wanted.add(json.dumps(body))
                else:
                    figures.possible += 1
                work = send("hold", "POST", "/v1/holds", at, body)
            elif held:
                work = send("confirm", "POST", f"/v1/holds/{held.pop(0)}/confirm", at)
            else:
                continue
            task = asyncio.create_task(work)
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)
    return figures


async def closed_loop(
    url: str, key: str, *, pairs: int, clients: int, practitioners: int, patients: int, seed: int
) -> Figures:
    """Hold and confirm, as fast as some clients can."""
    figures, slots = Figures(), Slots(seed, practitioners, patients)
    left = iter(range(pairs))
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(url, headers=headers) as http:

        async def client() -> None:
            for _ in left:
                began = time.perf_counter()
                async with http.post("/v1/holds", json=slots.body(False)) as answer:
                    content = await answer.json()
                    figures.note("hold", began, answer.status)
                if answer.status != 201:
                    continue
                began = time.perf_counter()
                async with http.post(f"/v1/holds/{content['id']}/confirm") as answer:
                    await answer.read()
                    figures.note("confirm", began, answer.status)

        await asyncio.gather(*(client() for _ in range(clients)))
    return figures


def main() -> None:
    """Run what the first argument says, with the others as JSON; print the figures."""
    kind, asked = sys.argv[1], json.loads(sys.argv[2])
    began = time.perf_counter()
    from benchmarks.service.suggesting import suggestions  # which notes its figures as this does

    work = {"open": open_loop, "closed": closed_loop, "suggest": suggestions}[kind]
    figures = asyncio.run(work(**asked))
    seconds = time.perf_counter() - began
    print(json.dumps({**figures.told(), "seconds": seconds}))


if __name__ == "__main__":
    main()

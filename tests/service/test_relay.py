"""The relay: in order for each object, tried again, and forgotten in the end."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from cli.running import ROOT
from service.conftest import SEAL, SEALING_KEY, Clinic, physio
from service.processes import until
from service.receiver import Receiver
from service.relaying import HOURS, LIFE, NINE, deliveries, due, life, turns

from api.embedded import EmbeddedServer
from api.problems import StoreUnavailable
from api.relay import AFTER, JITTER, Relay
from api.store import events
from api.store.database import Database
from api.sweeper import forget

pytestmark = pytest.mark.usefixtures("no_webhooks")


def test_old_events_go_some_at_a_time(
    clinic: Clinic, relay: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a long pause, too, no statement takes longer than it may."""
    life(clinic)
    turns(relay, 1)
    clinic.sql("UPDATE event SET at = now() - interval '31 days'")
    before = clinic.sql("SELECT count(*) FROM event")[0][0]
    monkeypatch.setattr(events, "FORGOTTEN", before - 1)
    left = []
    for _ in range(2):
        forget(relay)
        left.append(clinic.sql("SELECT count(*) FROM event")[0][0])
    assert left == [1, 0]


def test_no_personal_data_is_sent(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """Neither names nor reasons, nor the secret."""
    life(clinic)
    turns(relay, 4)
    sent = json.dumps([m.content for m in receiver.got])
    assert not [word for word in ("Person", "P1", "anna") if word in sent]
    assert hook["secret"] not in json.dumps([m.headers for m in receiver.got])


def test_a_later_event_waits_for_an_earlier_one_of_its_object(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """The first fails; the second of that booking waits, another booking's does not."""
    receiver.answers = [500]
    first = life(clinic)
    turns(relay, 4)
    second = life(clinic, HOURS[3])
    turns(relay, 4)
    assert [m.object for m in receiver.got] == [first, second, second, second]
    assert [row[:3] for row in deliveries(clinic)][:3] == [
        ("booking.held", "waiting", 1),
        ("booking.booked", "waiting", 0),
        ("booking.cancelled", "waiting", 0),
    ]
    clinic.sql("UPDATE delivery SET next_at = now() WHERE attempts = 1")
    turns(relay, 4)
    assert [m.content["type"] for m in receiver.got if m.object == first] == [LIFE[0], *LIFE]
    assert {row[1] for row in deliveries(clinic)} == {"delivered"}


def test_what_waits_behind_a_failure_is_not_looked_at_meanwhile(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """It is due when the failed one is; both wait as long."""
    receiver.answers = [500]
    life(clinic)
    turns(relay, 2)
    rows = clinic.sql("SELECT DISTINCT next_at FROM delivery WHERE state = 'waiting'")
    assert len(rows) == 1
    assert clinic.sql("SELECT count(*) FROM delivery WHERE next_at > now()")[0][0] == 3


def test_it_is_tried_again_after_longer_and_longer_times_and_then_given_up(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """Nine times more, over three days, each time a little earlier or later; then the next goes."""
    receiver.answers = [500] * 10
    booking = clinic.asker().post("/v1/holds", physio(NINE)).json()["id"]
    clinic.asker().post(f"/v1/holds/{booking}/confirm")
    waits = []
    for attempt in range(1, len(AFTER) + 1):
        turns(relay, 1)
        (row,) = clinic.sql(
            "SELECT attempts, state, extract(epoch FROM next_at - now())::float8 AS wait,"
            " status, error FROM delivery ORDER BY id LIMIT 1"
        )
        assert tuple(row)[:2] + tuple(row)[3:] == (attempt, "waiting", 500, "answered 500")
        waits.append(row.wait)
        due(clinic)
    told = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
    assert told == AFTER
    for wait, after in zip(waits, told, strict=True):
        assert after * (1 - JITTER) - 5 < wait <= after * (1 + JITTER)
    turns(relay, 1)
    assert deliveries(clinic)[0] == ("booking.held", "given_up", 10, 500, "answered 500")
    turns(relay, 1)
    assert receiver.types == ["booking.held"] * 10 + ["booking.booked"]


def test_jitter_lies_on_both_sides() -> None:
    """So that those who failed together do not come again together."""
    relay = Relay(Database("postgresql://nobody@127.0.0.1:1/none"), SEAL, random=Random(1))
    waits = [relay._after(1) for _ in range(200)]
    assert all(wait is not None and 4.5 <= wait <= 5.5 for wait in waits)
    assert min(w for w in waits if w) < 4.6 and max(w for w in waits if w) > 5.4


def running(
    database: Database, until_then: Callable[[threading.Event], Awaitable[None]], **how: Any
) -> None:
    """Let a relay run until something has come to pass."""

    async def work() -> None:
        stopping = threading.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(Relay(database, SEAL, private=True, **how).run(stopping))
            await until_then(stopping)

    asyncio.run(work())


def test_it_outlives_its_database_and_its_bugs(
    clinic: Clinic,
    receiver: Receiver,
    relay: Database,
    hook: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    lines: list[Any],
) -> None:
    """A look that fails is followed by the next, and what was sent is written down then."""
    errors: list[Exception | None] = [StoreUnavailable(), None, None, RuntimeError("bug")]
    mark = events.mark

    def failing(connection: Any, outcomes: Any) -> None:
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error
        mark(connection, outcomes)

    monkeypatch.setattr(events, "mark", failing)
    clinic.asker().post("/v1/holds", physio(NINE))

    async def delivered(stopping: threading.Event) -> None:
        while [row[1] for row in deliveries(clinic)] != ["delivered"] or errors:
            await asyncio.sleep(0.01)
        stopping.set()

    running(relay, delivered)
    assert receiver.types == ["booking.held"]
    assert [line["action"] for line in lines if line["action"] != "http.request"] == ["relay.bug"]


def test_it_writes_down_what_was_under_way_when_it_stops(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """So that it is not sent again."""
    clinic.asker().post("/v1/holds", physio(NINE))

    async def work() -> None:
        stopping = Relay(relay, SEAL, private=True)
        async with stopping.session() as session:
            await stopping.turn(session)
            await stopping.end()

    asyncio.run(work())
    assert deliveries(clinic) == [("booking.held", "delivered", 1, 204, None)]


def test_the_worker_relays(
    clinic: Clinic, server: EmbeddedServer, receiver: Receiver, hook: dict[str, Any]
) -> None:
    """Beside all else that it does, until it is asked to stop."""
    environment = {
        "ALLOCATOR_RELAY_DATABASE_URL": server.url("allocator_relay"),
        "ALLOCATOR_SEALING_KEYS": SEALING_KEY,
        "ALLOCATOR_WORKER_DATABASE_URL": server.url("allocator_worker"),
        "ALLOCATOR_WEBHOOK_PRIVATE": "true",
    }
    command = [sys.executable, "-m", "allocator", "worker"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            life(clinic)
            until(lambda: len(receiver.got) == 3)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[1] == ""
    assert receiver.types == LIFE
    assert {row[1] for row in deliveries(clinic)} == {"delivered"}


def test_old_events_are_forgotten(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """After thirty days, what has ended; what still waits, and its event, stay."""
    life(clinic)
    turns(relay, 4)
    receiver.answers = [500]
    life(clinic, HOURS[3])
    turns(relay, 1)
    kept = ["booking.held", "booking.booked", "booking.cancelled"]

    def there() -> list[str]:
        rows = clinic.sql("SELECT type FROM event WHERE kind = 'booking' ORDER BY id")
        return [row.type for row in rows]

    clinic.sql("UPDATE event SET at = now() - interval '29 days'")
    clinic.sql("UPDATE delivery SET ended_at = ended_at - interval '29 days'")
    forget(relay)
    assert (len(there()), len(deliveries(clinic))) == (6, 6)
    clinic.sql("UPDATE event SET at = now() - interval '31 days'")
    forget(relay)
    assert (len(there()), len(deliveries(clinic))) == (6, 6)
    clinic.sql("UPDATE delivery SET ended_at = ended_at - interval '2 days'")
    forget(relay)
    assert there() == kept
    assert [row[1] for row in deliveries(clinic)] == ["waiting"] * 3

"""Relays that die, are killed, or are several: at least once, and nothing undone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cli.running import ROOT
from service import dying
from service.conftest import SEAL, SEALING_KEY, Clinic, physio
from service.processes import until
from service.receiver import Receiver
from service.relaying import HOURS, LIFE, NINE, deliveries, due, life, turns

from api.embedded import EmbeddedServer
from api.relay import Relay
from api.settings import Settings
from api.store import events
from api.store.database import Database

pytestmark = pytest.mark.usefixtures("no_webhooks")


def test_a_relay_that_dies_before_it_writes_down_has_it_sent_again(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """Nobody sends it while its time runs; afterwards it is sent again, under the same name."""

    async def die() -> None:
        dying = Relay(relay, SEAL, private=True)
        async with dying.session() as session:
            await dying.turn(session)
            await dying.settle()

    life(clinic)
    asyncio.run(die())
    assert receiver.types == ["booking.held"]
    turns(relay, 2)
    assert receiver.types == ["booking.held"]
    due(clinic)
    turns(relay, 4)
    assert receiver.types == ["booking.held", *LIFE]
    first, again = receiver.got[:2]
    assert (first.body, first.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    assert deliveries(clinic)[0] == ("booking.held", "delivered", 2, 204, None)


def test_a_worker_that_is_killed_while_it_sends_loses_nothing(
    clinic: Clinic,
    server: EmbeddedServer,
    receiver: Receiver,
    relay: Database,
    hook: dict[str, Any],
) -> None:
    """kill -9 as soon as something arrives, several times over: all arrives, in order."""
    bookings = [life(clinic, start) for start in HOURS]
    environment = {
        **os.environ,
        "ALLOCATOR_RELAY_DATABASE_URL": server.url("allocator_relay"),
        "ALLOCATOR_WORKER_DATABASE_URL": server.url("allocator_worker"),
        "ALLOCATOR_SEALING_KEYS": SEALING_KEY,
        "ALLOCATOR_WEBHOOK_PRIVATE": "true",
    }
    for _ in range(3):
        seen = len(receiver.got)
        due(clinic)
        worker = subprocess.Popen([sys.executable, "-m", "api.worker"], cwd=ROOT, env=environment)
        until(lambda seen=seen: len(receiver.got) > seen)  # type: ignore[misc]
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    for _ in range(3):
        due(clinic)
        turns(relay, 4)
    assert {row[1] for row in deliveries(clinic)} == {"delivered"}
    for booking in bookings:
        heard = [m.content["type"] for m in receiver.got if m.object == booking]
        first_heard = list(dict.fromkeys(heard))
        assert first_heard == LIFE
        assert heard == sorted(heard, key=LIFE.index)


@pytest.fixture
def dying_relay(settings: Settings) -> Iterator[Callable[[int], str]]:
    """Runs a relay that is killed at a point; tells which it was, or ``done``."""
    with subprocess.Popen(
        [sys.executable, dying.__file__],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            "ALLOCATOR_RELAY_DATABASE_URL": settings.relay_database_url,
            "ALLOCATOR_SEALING_KEYS": settings.sealing_keys,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        asks, tells = process.stdin, process.stdout

        def run(point: int) -> str:
            asks.write(f"{point}\n")
            asks.flush()
            return tells.readline().strip()

        yield run
        asks.close()


def test_the_relay_is_killed_at_every_point_of_a_delivery(
    clinic: Clinic,
    receiver: Receiver,
    relay: Database,
    hook: dict[str, Any],
    dying_relay: Callable[[int], str],
) -> None:
    """Whatever it was doing: what counts as delivered has arrived, and all arrives, in order."""
    points: list[str] = []
    while True:
        booking = life(clinic)
        point = dying_relay(len(points) + 1)
        arrived = {m.content["type"] for m in receiver.got if m.object == booking}
        done = {row[0] for row in deliveries(clinic) if row[1] == "delivered"}
        assert done <= arrived, point

        def all_told() -> bool:
            due(clinic)
            turns(relay, 2)
            return [row[:2] for row in deliveries(clinic)] == [(t, "delivered") for t in LIFE]

        until(all_told)  # the database may still hold what the dead relay has locked
        heard = [m for m in receiver.got if m.object == booking]
        names = list(dict.fromkeys((m.headers["webhook-id"], m.content["type"]) for m in heard))
        assert [type for _, type in names] == LIFE, point
        types = [m.content["type"] for m in heard]
        assert types == sorted(types, key=LIFE.index), point
        clinic.sql("DELETE FROM delivery")
        if point == "done":
            break
        points.append(point)
    for words in (
        *("WITH next AS", "WITH due AS", "UPDATE delivery AS d", "signing", "sent", "answered"),
        *("commit", "commit sent", "committed"),
    ):
        assert any(point.startswith(words) for point in points), words


def test_several_relays_send_nothing_twice(
    clinic: Clinic, receiver: Receiver, relay: Database, server: EmbeddedServer, hook: Any
) -> None:
    """Four at once, and every event arrives once, in order for its booking."""
    bookings = [life(clinic, start) for start in HOURS]

    async def work() -> None:
        relays = [Relay(each, SEAL, private=True) for each in databases]
        for each in relays:
            sessions.append(each.session())
        for _ in range(12):
            await asyncio.gather(*(r.turn(s) for r, s in zip(relays, sessions, strict=True)))
            await asyncio.gather(*(each.settle() for each in relays))
        await asyncio.gather(*(each.end() for each in relays))
        await asyncio.gather(*(session.close() for session in sessions))

    sessions: list[Any] = []
    databases = [Database(server.url("allocator_relay"), size=1) for _ in range(4)]
    asyncio.run(work())
    for database in databases:
        database.close()
    assert len(receiver.got) == 3 * len(bookings)
    assert len({m.headers["webhook-id"] for m in receiver.got}) == 3 * len(bookings)
    for booking in bookings:
        assert [m.content["type"] for m in receiver.got if m.object == booking] == LIFE


def test_a_slow_relays_failure_undoes_nothing(
    clinic: Clinic, relay: Database, hook: dict[str, Any]
) -> None:
    """What somebody else has taken since is theirs; what was delivered stays delivered."""
    clinic.asker().post("/v1/holds", physio(NINE))
    failed = {"status": 500, "error": "answered 500", "after": 5.0}

    def told(attempt: int, **what: Any) -> None:
        with relay.transaction() as (connection, _):
            outcome = events.Outcome(tenant=clinic.tenant, delivery=number, attempt=attempt, **what)
            events.mark(connection, [outcome])

    with relay.transaction() as (connection, _):
        events.fan_out(connection)
        (row,) = events.take(connection, busy=(), each=1)
    number = row.id
    due(clinic)
    with relay.transaction() as (connection, _):
        assert [row.attempts for row in events.take(connection, busy=(), each=1)] == [2]
        assert events.take(connection, busy=(), each=1) == []
    told(1, **failed)
    assert deliveries(clinic) == [("booking.held", "waiting", 2, None, None)]
    told(1, status=204)
    told(2, **failed)
    assert deliveries(clinic) == [("booking.held", "delivered", 2, 204, None)]

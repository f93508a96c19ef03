"""The relay: at least once, in order for each object, signed, tried again, never by two at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from cli.running import ROOT
from service import dying
from service.conftest import SEAL, SEALING_KEY, Clinic, physio
from service.processes import PATIENCE, until
from service.receiver import Message, Receiver, receiving
from standardwebhooks import Webhook, WebhookVerificationError

from api import relay as relaying
from api.embedded import EmbeddedServer
from api.problems import StoreUnavailable
from api.relay import AFTER, JITTER, Relay
from api.sealing import Seal, new_key
from api.settings import Settings
from api.store import events
from api.store.database import Database
from api.sweeper import forget

pytestmark = pytest.mark.usefixtures("no_webhooks")

NINE = "2030-01-07T09:00:00+01:00"
HOURS = [f"2030-01-07T{hour:02}:00:00+01:00" for hour in range(9, 17)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def hook(clinic: Clinic, receiver: Receiver) -> dict[str, Any]:
    """A webhook that hears of bookings."""
    body = {"url": receiver.url, "types": ["booking.*"]}
    made = clinic.asker().post("/v1/webhooks", body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


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


LIFE = ["booking.held", "booking.booked", "booking.cancelled"]


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


def test_events_are_sent_once_and_signed(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """The library of Standard Webhooks, which is none of ours, knows the signature."""
    booking = life(clinic)
    turns(relay, 4)
    assert receiver.types == LIFE
    listed = clinic.asker().get(f"/v1/events?object={booking}").json()["items"]
    assert [message.content for message in receiver.got] == listed
    theirs = Webhook(hook["secret"])
    for message, event in zip(receiver.got, listed, strict=True):
        assert theirs.verify(message.body, message.headers) == event
        assert message.headers["webhook-id"] == event["data"]["id"]
        assert message.headers["content-type"] == "application/json"
        with pytest.raises(WebhookVerificationError):
            theirs.verify(message.body + b" ", message.headers)
    assert deliveries(clinic) == [(type, "delivered", 1, 204, None) for type in LIFE]
    turns(relay, 2)
    assert len(receiver.got) == 3


def known(secret: str, message: Message) -> bool:
    """Say whether the library of Standard Webhooks knows a message by a secret."""
    try:
        Webhook(secret).verify(message.body, message.headers)
    except WebhookVerificationError:
        return False
    return True


def test_after_a_rotation_both_secrets_sign_for_a_while(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """Whoever knows the old one hears on; after the grace, by the database's clock, only the new.

    Rotated twice, the first one still has the time that it was given.
    """
    admin = clinic.asker()
    secrets = [hook["secret"]]
    for hours in (2, 24):
        body = {"grace_hours": hours}
        secrets.append(admin.post(f"/v1/webhooks/{hook['id']}/rotate", body).json()["secret"])
    told = []
    for start, over in ((NINE, "0 hours"), (HOURS[3], "3 hours"), (HOURS[6], "22 hours")):
        clinic.sql(f"UPDATE webhook_secret SET until = until - interval '{over}'")
        admin.post("/v1/holds", physio(start, None))
        turns(relay, 2)
        told.append([known(secret, receiver.got[-1]) for secret in secrets])
    assert told == [[True, True, True], [False, True, True], [False, False, True]]
    forget(relay)
    assert clinic.sql("SELECT until FROM webhook_secret") == [(None,)]


def test_names_that_nobody_answers_for_hold_up_no_other(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """All that look up names are busy: the store is asked nevertheless, and messages go."""
    life(clinic)
    answered = threading.Event()

    async def work() -> None:
        names = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(names)
        names.submit(answered.wait)
        found = Relay(relay, SEAL, private=True)
        try:
            async with found.session() as session:
                for _ in LIFE:
                    await asyncio.wait_for(found.turn(session), PATIENCE)
                    await found.settle()
                await found.end()
        finally:
            answered.set()  # the loop waits for its threads

    asyncio.run(work())
    assert receiver.types == LIFE


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


def test_a_grace_of_nothing_ends_the_old_secret_at_once(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """As for one that somebody has overheard."""
    path = f"/v1/webhooks/{hook['id']}/rotate"
    new = clinic.asker().post(path, {"grace_hours": 0}).json()
    assert new["old_secret_until"] is None
    clinic.asker().post("/v1/holds", physio(NINE))
    turns(relay, 2)
    assert [known(s, receiver.got[0]) for s in (hook["secret"], new["secret"])] == [False, True]


def test_without_the_key_that_sealed_it_nothing_is_sent_and_nothing_lost(
    clinic: Clinic,
    receiver: Receiver,
    relay: Database,
    hook: dict[str, Any],
    lines: list[Any],
) -> None:
    """It says so, once in the log, and sends it later; keys that were changed open all the same."""
    clinic.asker().post("/v1/holds", physio(NINE))
    turns(relay, 1, seal=Seal([new_key()]))
    due(clinic)
    turns(relay, 1, seal=Seal([]))
    assert receiver.got == []
    ((_, state, attempts, status, error),) = deliveries(clinic)
    assert (state, attempts, status) == ("waiting", 2, None)
    assert error.startswith("StoreUnavailable: ALLOCATOR_SEALING_KEYS is not set")
    told = [line for line in lines if line["action"] == "relay.sealed"]
    assert [line["reason"][:26] for line in told] == [
        "A secret was sealed by a k",
        "ALLOCATOR_SEALING_KEYS is ",
    ]
    due(clinic)
    turns(relay, 2, seal=Seal([new_key(), SEALING_KEY]))
    assert known(hook["secret"], receiver.got[0])


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


@pytest.mark.parametrize("status", [301, 307, 400, 404, 429, 500, 503])
def test_whatever_is_not_2xx_is_not_delivered(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any], status: int
) -> None:
    """Nor is a redirect followed."""
    receiver.answers = [status]
    clinic.asker().post("/v1/holds", physio(NINE))
    turns(relay, 2)
    assert len(receiver.got) == 1
    assert deliveries(clinic) == [("booking.held", "waiting", 1, status, f"answered {status}")]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_delivered(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any], status: int
) -> None:
    """Whatever it says."""
    receiver.answers = [status]
    clinic.asker().post("/v1/holds", physio(NINE))
    turns(relay, 2)
    assert deliveries(clinic) == [("booking.held", "delivered", 1, status, None)]


def test_a_target_that_is_gone_is_told_no_more(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """410 disables the webhook, gives up what waits for it, and is an event itself."""
    receiver.answers = [410]
    life(clinic)
    turns(relay, 3)
    assert receiver.types == ["booking.held"]
    assert [row[1] for row in deliveries(clinic)] == ["given_up"] * 3
    found = clinic.asker().get(f"/v1/webhooks/{hook['id']}").json()
    assert (found["enabled"], found["version"]) == (False, 2)
    disabled = clinic.asker().get("/v1/events?type=webhook.disabled").json()["items"]
    assert [event["data"]["object"] for event in disabled] == [hook["id"]]
    life(clinic, HOURS[4])
    turns(relay, 2)
    assert len(receiver.got) == 1


def test_a_target_that_is_not_there_is_tried_again(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """Nobody listens; what went wrong is told without a word of ours being lost."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clinic.sql("UPDATE webhook SET url = :url", url=f"http://127.0.0.1:{port}/")
    clinic.asker().post("/v1/holds", physio(NINE))
    turns(relay, 2)
    ((type, state, attempts, status, error),) = deliveries(clinic)
    assert (type, state, attempts, status) == ("booking.held", "waiting", 1, None)
    assert error.startswith("ClientConnectorError: Cannot connect to host 127.0.0.1")
    clinic.sql("UPDATE webhook SET url = :url", url=receiver.url)
    due(clinic)
    turns(relay, 2)
    assert receiver.types == ["booking.held"]


def test_a_target_that_does_not_answer_is_left(
    clinic: Clinic, relay: Database, hook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection and says nothing."""
    monkeypatch.setattr(relaying, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        clinic.sql(
            "UPDATE webhook SET url = :url", url=f"http://127.0.0.1:{silent.getsockname()[1]}/"
        )
        clinic.asker().post("/v1/holds", physio(NINE))
        turns(relay, 2)
    ((_, state, attempts, status, error),) = deliveries(clinic)
    assert (state, attempts, status) == ("waiting", 1, None)
    assert error.startswith("TimeoutError")


def test_what_a_target_says_can_be_kept(
    clinic: Clinic, relay: Database, hook: dict[str, Any]
) -> None:
    """An answer that is no HTTP, with characters that the database does not take."""

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 \x00\xff\x00 \x00\r\n\x00: \xed\xa0\x80\r\n\r\n")

    with socket.socket() as odd:
        odd.settimeout(PATIENCE)
        odd.bind(("127.0.0.1", 0))
        odd.listen()
        thread = threading.Thread(target=answer, args=[odd])
        thread.start()
        clinic.sql("UPDATE webhook SET url = :url", url=f"http://127.0.0.1:{odd.getsockname()[1]}/")
        clinic.asker().post("/v1/holds", physio(NINE))
        turns(relay, 2)
        thread.join()
    ((_, state, attempts, status, error),) = deliveries(clinic)
    assert (state, attempts, status) == ("waiting", 1, None)
    assert error.isprintable()


def test_a_name_that_leads_home_is_not_connected_to(
    clinic: Clinic, receiver: Receiver, relay: Database, hook: dict[str, Any]
) -> None:
    """Neither a name that is looked up, nor an address that only the system reads as one."""
    port = receiver.url.split(":")[2]
    for host, error in {
        "localhost": "is no public address",
        "127.0.0.1": "is no public address",
        "2130706433": "is not a canonical IPv4 address",
        "127.1": "is not a canonical IPv4 address",
        "0x7f000001": "0x7f000001",
    }.items():
        clinic.sql("UPDATE webhook SET url = :url", url=f"http://{host}:{port}")
        clinic.sql("DELETE FROM delivery")
        clinic.asker().post(f"/v1/webhooks/{hook['id']}/replay", {"since": "2020-01-01T00:00:00Z"})
        booking = clinic.asker().post("/v1/holds", physio(NINE)).json()["id"]
        turns(relay, 2, private=False)
        told = deliveries(clinic)
        assert {row[1] for row in told} == {"waiting"}, host
        assert error in told[0][4], host
        if host == "localhost":  # what names of the own network stand for is nobody's business
            assert "127.0.0.1" not in told[0][4] and "::1" not in told[0][4]
        clinic.asker()("DELETE", f"/v1/holds/{booking}")
    assert receiver.got == []


# Several relays, and those that die ------------------------------------------------------------


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


def test_a_slow_webhook_holds_up_no_other(
    clinic: Clinic, relay: Database, hook: dict[str, Any]
) -> None:
    """Of each, so many are under way at once, those of before included."""
    other = clinic.asker().post("/v1/webhooks", {"url": "http://127.0.0.1/"}).json()["id"]
    for start in HOURS[:4]:
        clinic.asker().post("/v1/holds", physio(start))
    (slow,) = clinic.sql("SELECT id FROM webhook WHERE uid = :uid", uid=hook["id"])
    (fast,) = clinic.sql("SELECT id FROM webhook WHERE uid = :uid", uid=other)
    with relay.transaction() as (connection, _):
        events.fan_out(connection)
        taken = events.take(connection, busy=[(clinic.tenant, slow.id, 2)], each=3)
    assert [row.webhook_id for row in taken].count(slow.id) == 1
    assert [row.webhook_id for row in taken].count(fast.id) == 3


# As long as the worker runs ----------------------------------------------------------------------


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

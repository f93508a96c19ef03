"""Targets of webhooks that answer, refuse, are silent, or are not what they seem."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from service.conftest import SEAL, Clinic, physio
from service.processes import PATIENCE
from service.receiver import Receiver
from service.relaying import HOURS, LIFE, NINE, deliveries, due, life, turns

from api import relay as relaying
from api.relay import Relay
from api.store import events
from api.store.database import Database

pytestmark = pytest.mark.usefixtures("no_webhooks")


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

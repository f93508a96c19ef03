"""Webhooks: made, read, changed, switched off, deleted, played again; and where they may lead."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from service.conftest import SEALING_KEY, Asker, Clinic, physio
from service.test_events import fan_out
from starlette.testclient import TestClient

from api.app import application
from api.embedded import EmbeddedServer
from api.problems import Invalid
from api.settings import Settings
from api.store.database import Database
from api.targets import demand_target, is_public, public_socket

HOOK = {"url": "https://example.org/hook", "types": ["booking.*"]}
NINE, NOON = "2030-01-07T09:00:00+01:00", "2030-01-07T12:00:00+01:00"


def made(clinic: Clinic, **more: Any) -> dict[str, Any]:
    """Make a webhook."""
    answer = clinic.asker().post("/v1/webhooks", {**HOOK, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def waiting(clinic: Clinic, hook: str, query: str = "") -> list[tuple[str, str]]:
    """Return the type and state of a webhook's deliveries."""
    answer = clinic.asker().get(f"/v1/webhooks/{hook}/deliveries?limit=200{query}")
    return [(each["type"], each["state"]) for each in answer.json()["items"]]


def test_the_secret_is_told_once(clinic: Clinic) -> None:
    """In the answer that makes it; in no list, no reading, no table, no line of the log."""
    hook = made(clinic)
    secret = hook.pop("secret")
    assert secret.startswith("whsec_")
    assert (hook["enabled"], hook["disabled_at"], hook["version"]) == (True, None, 1)
    admin = clinic.asker()
    read = admin.get(f"/v1/webhooks/{hook['id']}")
    assert (read.json(), read.headers["etag"]) == (hook, '"1"')
    assert admin.get("/v1/webhooks").json() == {"items": [hook], "next": None}
    assert clinic.everything_about(secret) == []
    assert made(clinic)["secret"] != secret


def test_a_webhook_is_made_once_however_it_is_asked_for(clinic: Clinic) -> None:
    """The very same call gets the very same answer, with the secret; and so it is for a link."""
    admin = clinic.asker()
    first, again = (admin.post("/v1/webhooks", HOOK, Idempotency_Key="k") for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    path = f"/v1/webhooks/{first.json()['id']}/rotate"
    one, other = (admin.post(path, Idempotency_Key="k") for _ in range(2))
    assert one.json() == other.json()
    assert one.json()["secret"] != first.json()["secret"]
    assert clinic.sql("SELECT count(*) FROM webhook_secret")[0][0] == 2
    held = admin.post("/v1/holds", physio(NINE)).json()["id"]
    body = {"purpose": "view", "expires_at": "2029-12-01T00:00:00Z"}
    path = f"/v1/bookings/{held}/links"
    one, other = (admin.post(path, body, Idempotency_Key="k") for _ in range(2))
    assert one.json()["token"] == other.json()["token"]
    assert clinic.everything_about(one.json()["token"]) == []


def test_a_secret_is_rotated(clinic: Clinic) -> None:
    """It is told once, and until when the old one signs; a day where nothing is said."""
    hook = made(clinic)
    admin = clinic.asker()
    path = f"/v1/webhooks/{hook['id']}"
    now = datetime.now(UTC)
    rotated = admin.post(f"{path}/rotate")
    assert rotated.status_code == 200
    new = rotated.json()
    assert new.pop("secret") not in ("", hook["secret"])
    until = datetime.fromisoformat(new["old_secret_until"])
    assert abs((until - now) - timedelta(hours=24)) < timedelta(minutes=10)
    del hook["secret"]
    assert admin.get(path).json() == new == hook | {"old_secret_until": new["old_secret_until"]}
    log = clinic.asker("auditor").get("/v1/audit?action=webhook.rotated").json()["items"]
    assert [line["object"] for line in log] == [hook["id"]]
    assert admin.post("/v1/webhooks/none/rotate").status_code == 404


def test_only_so_many_secrets_sign(clinic: Clinic) -> None:
    """Each makes every message longer; those before it are ended by a grace of nothing."""
    path = f"/v1/webhooks/{made(clinic)['id']}/rotate"
    admin = clinic.asker()
    rotated = [admin.post(path) for _ in range(5)]
    assert [answer.status_code for answer in rotated] == [200] * 4 + [409]
    assert "has 5 secrets that sign; 5 are possible" in rotated[-1].json()["detail"]
    assert clinic.sql("SELECT count(*) FROM webhook_secret WHERE until IS NULL")[0][0] == 1
    assert admin.post(path, {"grace_hours": 0}).json()["old_secret_until"] is None
    assert admin.post(path, {"grace_hours": 169}).status_code == 422


def test_a_dump_of_the_database_shows_no_secret(clinic: Clinic, server: EmbeddedServer) -> None:
    """Neither what webhooks, keys and links were told, nor the key that seals it."""
    admin = clinic.asker()
    hook = admin.post("/v1/webhooks", HOOK, Idempotency_Key="a").json()
    rotated = admin.post(f"/v1/webhooks/{hook['id']}/rotate", Idempotency_Key="b").json()
    key = admin.post("/v1/keys", {"name": "k", "role": "client"}, Idempotency_Key="c").json()
    dump = subprocess.run(
        [server.programs / "pg_dump", "--data-only"],
        env={**os.environ, **server.environment()},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert hook["id"] in dump and key["id"] in dump
    told = [hook["secret"], rotated["secret"], key["key"], SEALING_KEY]
    for secret in told:
        assert secret.removeprefix("whsec_") not in dump


def test_a_service_without_a_key_keeps_no_secret(settings: Settings, clinic: Clinic) -> None:
    """It says what is missing, and no webhook is made; one that was, cannot be told again."""
    body, once = {"name": "k", "role": "client"}, {"Idempotency_Key": "k"}
    assert clinic.asker().post("/v1/keys", body, **once).status_code == 201
    with TestClient(application(settings.model_copy(update={"sealing_keys": ""}))) as http:
        asks = Asker(http, clinic.asker().key)
        refused = [asks.post("/v1/webhooks", HOOK), asks.post("/v1/keys", body, **once)]
    assert [answer.status_code for answer in refused] == [503, 503]
    assert {answer.json()["detail"] for answer in refused} == {
        "ALLOCATOR_SEALING_KEYS is not set: no secret can be kept, or told again."
    }
    assert clinic.asker().get("/v1/webhooks").json()["items"] == []


def test_a_webhook_is_changed_by_its_version(clinic: Clinic) -> None:
    """Without one 428, with an old one 412."""
    path = f"/v1/webhooks/{made(clinic)['id']}"
    admin = clinic.asker()
    body = {"url": "https://example.org/other", "types": ["booking.booked", "visit.*"]}
    assert admin("PUT", path, body).status_code == 428
    changed = admin("PUT", path, body, If_Match='"1"')
    assert changed.json() | body == changed.json()
    assert (changed.json()["version"], changed.headers["etag"]) == (2, '"2"')
    assert admin("PUT", path, body, If_Match='"1"').status_code == 412


def test_a_webhook_is_disabled_and_enabled(clinic: Clinic, relay: Database) -> None:
    """What waits is given up, nothing is added, and it hears again from when it is enabled."""
    hook = made(clinic)["id"]
    admin = clinic.asker()
    booking = admin.post("/v1/holds", physio(NINE)).json()["id"]
    fan_out(relay)
    off = admin("PUT", f"/v1/webhooks/{hook}", {**HOOK, "enabled": False}, If_Match='"1"').json()
    assert (off["enabled"], off["disabled_at"] is None, off["version"]) == (False, False, 2)
    admin.post(f"/v1/holds/{booking}/confirm")
    fan_out(relay)
    assert waiting(clinic, hook) == [("booking.held", "given_up")]
    refused = admin.post(f"/v1/webhooks/{hook}/replay", {"since": "2020-01-01T00:00:00Z"})
    assert (refused.status_code, refused.json()["state"]) == (409, "disabled")
    on = admin("PUT", f"/v1/webhooks/{hook}", HOOK, If_Match='"2"').json()
    assert (on["enabled"], on["disabled_at"], on["version"]) == (True, None, 3)
    admin.post(f"/v1/bookings/{booking}/cancel", {"reason": ""})
    fan_out(relay)
    told = [("booking.held", "given_up"), ("booking.cancelled", "waiting")]
    assert waiting(clinic, hook) == told
    assert waiting(clinic, hook, "&state=waiting") == told[1:]


def test_a_deleted_webhook_takes_its_deliveries_along(clinic: Clinic, relay: Database) -> None:
    """What waited for it waits no more."""
    hook = made(clinic)["id"]
    admin = clinic.asker()
    admin.post("/v1/holds", physio(NINE))
    fan_out(relay)
    assert admin("DELETE", f"/v1/webhooks/{hook}").status_code == 204
    assert clinic.sql("SELECT count(*) FROM delivery")[0][0] == 0
    for path in (f"/v1/webhooks/{hook}", f"/v1/webhooks/{hook}/deliveries"):
        assert admin.get(path).status_code == 404
    assert admin("DELETE", f"/v1/webhooks/{hook}").status_code == 404


@pytest.mark.parametrize(
    ("types", "heard"),
    [
        (["*"], ["resource.created", "booking.held", "booking.booked"]),
        (["booking.*"], ["booking.held", "booking.booked"]),
        (["booking.booked"], ["booking.booked"]),
        (
            ["booking.*", "booking.held", "*"],
            ["resource.created", "booking.held", "booking.booked"],
        ),
        (["visit.*"], []),
    ],
)
def test_each_event_it_asks_for_is_one_delivery(
    clinic: Clinic, relay: Database, types: list[str], heard: list[str]
) -> None:
    """By all, by family, by type; however often it asks for it."""
    fan_out(relay)
    hook = made(clinic, types=types)["id"]
    admin = clinic.asker()
    admin.post("/v1/resources", {"id": "room-3", "kind": "room", "calendar": "office"})
    booking = admin.post("/v1/holds", physio(NINE)).json()["id"]
    admin.post(f"/v1/holds/{booking}/confirm")
    fan_out(relay)
    found = [type for type, _ in waiting(clinic, hook) if type != "webhook.created"]
    assert found == heard


def test_another_tenants_webhook_hears_nothing(
    clinic: Clinic, new_clinic: Callable[[], Clinic], relay: Database
) -> None:
    """Neither new events, nor by a replay from one of our events on."""
    other = new_clinic()
    hook = made(other)["id"]
    admin = clinic.asker()
    admin.post("/v1/holds", physio(NINE))
    fan_out(relay)
    assert waiting(other, hook) == []
    event = admin.get("/v1/events?type=booking.held").json()["items"][0]["data"]["id"]
    refused = other.asker().post(f"/v1/webhooks/{hook}/replay", {"event": event})
    assert refused.status_code == 422


def test_a_replay_begins_with_an_event_or_an_instant(clinic: Clinic, relay: Database) -> None:
    """That event and all after it, as far as the webhook asks for them; in order; repeats too."""
    admin = clinic.asker()
    for start in (NINE, NOON):
        held = admin.post("/v1/holds", physio(start)).json()["id"]
        admin.post(f"/v1/holds/{held}/confirm")
    fan_out(relay)
    found = admin.get("/v1/events?type=booking.*").json()["items"]
    hook = made(clinic)["id"]
    path = f"/v1/webhooks/{hook}/replay"
    answer = admin.post(path, {"event": found[1]["data"]["id"]}, Idempotency_Key="again")
    assert (answer.status_code, answer.json()) == (200, {"deliveries": 3})
    admin.post(path, {"event": found[1]["data"]["id"]}, Idempotency_Key="again")
    assert waiting(clinic, hook) == [(event["type"], "waiting") for event in found[1:]]
    assert admin.post(path, {"since": found[0]["timestamp"]}).json() == {"deliveries": 4}
    assert admin.post(path, {"since": "2199-01-01T00:00:00Z"}).json() == {"deliveries": 0}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "Name an event or an instant to begin with, and not both."),
        (
            {"event": "x", "since": "2030-01-01T00:00:00Z"},
            "Name an event or an instant to begin with, and not both.",
        ),
        ({"event": "x"}, "There is no event 'x'; they are kept for 30 days."),
    ],
)
def test_a_replay_from_nowhere_is_refused(clinic: Clinic, body: Any, detail: str) -> None:
    """With what it needs."""
    refused = clinic.asker().post(f"/v1/webhooks/{made(clinic)['id']}/replay", body)
    assert (refused.status_code, refused.json()["detail"]) == (422, detail)


def test_a_type_that_never_comes_is_refused(clinic: Clinic) -> None:
    """A misspelt name would be waited for in vain."""
    refused = clinic.asker().post("/v1/webhooks", {**HOOK, "types": ["booking.*", "visits"]})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("There is no event 'visits'; there are: booking.*,")


def test_webhooks_are_paged(clinic: Clinic) -> None:
    """Both they and their deliveries."""
    ids = [made(clinic)["id"] for _ in range(3)]
    admin = clinic.asker()
    first = admin.get("/v1/webhooks?limit=2").json()
    second = admin.get(f"/v1/webhooks?limit=2&cursor={first['next']}").json()
    assert [hook["id"] for hook in first["items"] + second["items"]] == ids
    assert second["next"] is None


# Targets -------------------------------------------------------------------------------------

#: Addresses of the own machine, of a network of one's own, or of nobody.
PRIVATE = (
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1"),
)
PUBLIC = ("8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_none_to_connect_to(address: str) -> None:
    """Neither named by the webhook, nor told by whoever knows its name."""
    assert not is_public(address)
    with pytest.raises(OSError, match="is no public address"):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80)))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Invalid):
        demand_target(f"http://{host}/", private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_connected_to(address: str) -> None:
    """By name or by number."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    host = f"[{address}]" if ":" in address else address
    demand_target(f"https://{host}:8443/hook?x=1", private=False)
    with public_socket((family, socket.SOCK_STREAM, 0, "", (address, 80))) as made:
        assert (made.family, made.type) == (family, socket.SOCK_STREAM)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "a.localhost", "127.1", "2130706433", "0x7f000001", "0x7f.1"),
        *(
            "0177.0.0.1",
            "127.0.0.1.",
            "\uff11\uff12\uff17.0.0.1",
            "1.2.3",
            "example.0x1",
            "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
        ),
    ],
)
def test_odd_ways_of_writing_an_address_do_not_help(host: str) -> None:
    """What only the system reads as an address is refused at once."""
    with pytest.raises(Invalid, match="no public address"):
        demand_target(f"http://{host}/", private=False)


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "/hook", "ftp://example.org/", "file:///etc/passwd", "http://", "https:///x"),
        *("http://u:p@example.org/", "http://u@example.org/", "http://example.org/#x"),
        *("http://example.org:0/", "http://example.org:99999/", "http://[::1/", "http://exa mple/"),
        *("http://exa%6dple.org:x/", "http://a%20b/", "http://127%2e0.0.1/"),
    ],
)
def test_what_leads_nowhere_is_refused(url: str) -> None:
    """Also where private addresses are allowed."""
    with pytest.raises(Invalid):
        demand_target(url, private=True)


def test_names_are_looked_up_when_sent_to() -> None:
    """What a name says now proves nothing, so it is not asked."""
    demand_target("https://no-such-name.example.org/", private=False)
    demand_target("http://localhost:8000/", private=True)


@pytest.fixture
def strict(settings: Settings, clinic: Clinic) -> Iterator[Asker]:
    """The administrator at a service whose webhooks lead to public addresses alone."""
    app = application(settings.model_copy(update={"webhook_private": False}))
    with TestClient(app) as http:
        yield Asker(http, clinic.asker().key)


def test_the_service_refuses_private_targets(strict: Asker, clinic: Clinic) -> None:
    """When a webhook is made, and when it is changed; unless the setting allows it."""
    refused = strict.post("/v1/webhooks", {"url": "http://10.0.0.1/hook"})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "The address 'http://10.0.0.1/hook' leads to 10.0.0.1, which is no public address; a"
        " service with ALLOCATOR_WEBHOOK_PRIVATE=true, as for development, takes it.",
    )
    path = f"/v1/webhooks/{made(clinic)['id']}"
    body = {"url": "http://[::1]/", "types": ["*"]}
    assert strict("PUT", path, body, If_Match='"1"').status_code == 422
    assert clinic.asker()("PUT", path, body, If_Match='"1"').status_code == 200

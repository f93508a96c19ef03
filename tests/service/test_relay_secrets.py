"""What the relay sends is signed, by secrets that are sealed and change."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import SEALING_KEY, Clinic, physio
from service.receiver import Message, Receiver
from service.relaying import HOURS, LIFE, NINE, deliveries, due, life, turns
from standardwebhooks import Webhook, WebhookVerificationError

from api.sealing import Seal, new_key
from api.store.database import Database
from api.sweeper import forget

pytestmark = pytest.mark.usefixtures("no_webhooks")


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

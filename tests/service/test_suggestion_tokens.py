"""Tokens of suggestions: whose they are, how long, and what they are worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from service.booking import client
from service.conftest import SEALING_KEY, Asker, Clinic, furnish
from service.indexing import at, window
from service.suggesting import suggested

from api.app import application
from api.sealing import Seal, new_key
from api.settings import Settings
from api.suggesting import tickets


def test_tokens_that_are_not_ours(clinic: Clinic, new_clinic: Any) -> None:
    """Forged in any place, another tenant's, and no token at all: refused, and nothing is held."""
    asks = clinic.asker("scheduler")
    token = suggested(asks, service="physio", limit=1)["suggestions"][0]["token"]
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    forged = [
        token[:middle] + other + token[middle + 1 :],
        token[:-4],
        token + "AAAA",
        "st_",
        "x",
        "é",
    ]
    for wrong in forged:
        answer = asks.post("/v1/holds", {"token": wrong})
        assert answer.status_code == 422, wrong
        assert answer.json()["detail"] == "The token is none that was given out here."
    elsewhere = new_clinic()
    furnish(elsewhere.asker())
    for path in ("/v1/holds", "/v1/bookings"):
        answer = elsewhere.asker().post(path, {"token": token})
        assert answer.status_code == 422
    assert clinic.sql("SELECT count(*) FROM booking WHERE tenant_id = :t", t=clinic.tenant) == [
        (0,)
    ]


def test_a_token_that_is_too_old_brings_others(clinic: Clinic) -> None:
    """It holds nothing; the refusal has places near to it, and their tokens hold."""
    clinic.settle(suggestion_minutes=1)
    asks = clinic.asker("scheduler")
    found = suggested(asks, service="physio", attendees=["P1"], wanted=at(9), limit=1)
    secrets = tickets.secrets(Seal([SEALING_KEY]), clinic.tenant)
    ticket = tickets.opened(secrets, found["suggestions"][0]["token"])
    old = replace(ticket, until=ticket.until - timedelta(minutes=2)).token(secrets[0])
    answer = asks.post("/v1/holds", {"token": old})
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["type"], problem["state"]) == ("urn:allocator:problem:wrong-state", "expired")
    assert len(problem["alternatives"]) == 3
    for one in problem["alternatives"]:
        away = datetime.fromisoformat(one["start"]) - datetime.fromisoformat(at(9))
        assert abs(away) <= timedelta(days=1, hours=10)
    fresh = problem["alternatives"][0]["token"]
    assert asks.post("/v1/holds", {"token": fresh}).status_code == 201


def test_tokens_outlive_a_change_of_the_sealing_key(settings: Settings, clinic: Clinic) -> None:
    """With the old key behind the new one they hold; without it they are none of ours."""
    key = clinic.asker("scheduler").key
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(9, 9.75)], "limit": 1}
    (one,) = suggested(Asker(clinic.http, key), **body)["suggestions"]
    new = new_key()
    for keys, status in ((new, 422), ("", 503), (f"{new},{SEALING_KEY}", 201)):
        changed = settings.model_copy(update={"sealing_keys": keys})
        with TestClient(application(changed)) as http:
            assert Asker(http, key).post("/v1/holds", {"token": one["token"]}).status_code == status


def test_tokens_are_worth_what_their_bearer_may(clinic: Clinic) -> None:
    """An auditor, a key that is revoked, a client who is somebody else: each is refused."""
    admin = clinic.asker()
    made = admin.post("/v1/keys", {"name": "desk", "role": "scheduler"}).json()
    desk = Asker(clinic.http, made["key"])
    token = suggested(desk, service="physio", attendees=["P1"], limit=1)["suggestions"][0]["token"]
    assert clinic.asker("auditor").post("/v1/holds", {"token": token}).status_code == 403
    assert client(clinic, "P2").post("/v1/holds", {"token": token}).status_code == 404
    narrow = clinic.asker("scheduler", scopes=["suggestions.read", "catalogue.read"])
    assert narrow.post("/v1/bookings", {"token": token}).status_code == 403
    assert admin("DELETE", f"/v1/keys/{made['id']}").status_code == 200
    assert desk.post("/v1/holds", {"token": token}).status_code == 401
    assert desk.post("/v1/suggestions", {"service": "physio"}).status_code == 401
    assert client(clinic, "P1").post("/v1/holds", {"token": token}).status_code == 201

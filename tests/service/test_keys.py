"""Keys: what is kept of them, what they may do, and when they end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio
from starlette.testclient import TestClient

from api.app import application
from api.settings import Settings

NINE, TEN = "2030-01-07T09:00:00+01:00", "2030-01-07T10:00:00+01:00"


def new_key(asks: Asker, role: str = "scheduler", **more: Any) -> Any:
    return asks.post("/v1/keys", {"name": "of a test", "role": role, **more})


def key_of(clinic: Clinic, role: str = "scheduler", **more: Any) -> Asker:
    made = new_key(clinic.asker(), role, **more)
    assert made.status_code == 201, made.text
    return Asker(clinic.http, made.json()["key"])


@pytest.fixture(scope="module")
def second(settings: Settings) -> Iterator[TestClient]:
    """Another process of the same service."""
    with TestClient(application(settings), raise_server_exceptions=False) as client:
        yield client


def test_of_a_key_only_the_hash_is_kept(clinic: Clinic) -> None:
    """Neither the table of keys nor any other holds the secret, and no list shows it."""
    made = new_key(clinic.asker()).json()
    secret = made["key"]
    assert secret.startswith("ak_") and len(secret) == 46
    (row,) = clinic.sql("SELECT * FROM api_key WHERE uid = CAST(:id AS uuid)", id=made["id"])
    assert row.hash == hashlib.sha256(secret.encode()).digest()
    assert secret not in str(row)
    assert secret not in clinic.asker().get("/v1/keys").text
    assert secret not in clinic.asker("auditor").get("/v1/audit").text
    assert clinic.everything_about(secret) == []


def test_a_key_is_made_once_however_it_is_asked_for(clinic: Clinic) -> None:
    """The very same call is answered as before; the answer is kept sealed, for a day."""
    body = {"name": "twice", "role": "client"}
    one, other = (clinic.asker().post("/v1/keys", body, Idempotency_Key="k") for _ in range(2))
    assert (one.status_code, one.json()) == (other.status_code, other.json())
    assert other.headers["Idempotency-Replayed"] == "true"
    assert clinic.sql("SELECT count(*) FROM api_key WHERE name = 'twice'")[0][0] == 1
    assert clinic.everything_about(one.json()["key"]) == []


def test_a_sealed_answer_goes_when_a_person_is_erased(clinic: Clinic) -> None:
    """It may say what they are called, and nobody can look whether it does."""
    admin = clinic.asker()
    body = {"name": "Person P1's", "role": "client", "person": "P1"}
    assert admin.post("/v1/keys", body, Idempotency_Key="k").status_code == 201
    kept = "SELECT count(*) FROM idempotency WHERE key = 'k'"
    assert clinic.sql(kept)[0][0] == 1
    assert admin.post("/v1/people/P1/erase").status_code == 204
    assert clinic.sql(kept)[0][0] == 0


def test_secrets_are_in_no_log(clinic: Clinic, lines: list[Any]) -> None:
    """Neither a key that is made, nor one that is used or refused, is logged."""
    made = new_key(clinic.asker()).json()["key"]
    Asker(clinic.http, made).get("/v1/tenant")
    Asker(clinic.http, made + "x").get("/v1/tenant?key=" + made)
    assert len([line for line in lines if line["action"] == "http.request"]) == 3
    assert made not in str(lines)


def test_scopes_confine_a_key(clinic: Clinic) -> None:
    """A scheduler's key for reading the catalogue reads that, and does nothing else."""
    asks = key_of(clinic, scopes=["catalogue.read", "bookings.hold"])
    assert asks.get("/v1/services").status_code == 200
    held = asks.post("/v1/holds", physio(NINE))
    assert held.status_code == 201
    for refused in (
        asks.get("/v1/people"),
        asks.get("/v1/bookings"),
        asks.post(f"/v1/holds/{held.json()['id']}/confirm"),
    ):
        assert refused.status_code == 403
        assert "outside the scopes of this key" in refused.json()["detail"]


def test_a_family_of_actions_is_a_scope(clinic: Clinic) -> None:
    """bookings.* stands for all that the role may do with bookings, and for nothing more."""
    asks = key_of(clinic, scopes=["bookings.*"])
    held = asks.post("/v1/holds", physio(NINE))
    assert asks.post(f"/v1/holds/{held.json()['id']}/confirm").status_code == 200
    assert asks.get("/v1/services").status_code == 403
    approve = asks.post(f"/v1/bookings/{held.json()['id']}/approve")
    assert approve.status_code == 403
    assert "The role scheduler may not" in approve.json()["detail"]


def test_unknown_scopes_are_refused(clinic: Clinic) -> None:
    """A slip of the pen in a scope is told, with what is known."""
    answer = new_key(clinic.asker(), scopes=["booking.read"])
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("The scope 'booking.read' is unknown; known are: *,")


def test_nobody_lets_others_in_further_than_themselves(clinic: Clinic) -> None:
    """A key that makes keys gives no scope and no location that it has not."""
    admin = clinic.asker()
    for place in ("north", "south"):
        assert admin.post("/v1/locations", {"id": place}).status_code == 201
    narrow = key_of(
        clinic, "administrator", scopes=["keys.*", "catalogue.read"], locations=["north"]
    )
    asked = {"scopes": ["keys.read"], "locations": ["north"]}
    assert new_key(narrow, **asked).status_code == 201
    for more in (
        {"scopes": ["*"]},
        {"scopes": ["audit.read"]},
        {"locations": []},
        {"locations": ["north", "south"]},
    ):
        assert new_key(narrow, **{**asked, **more}).status_code == 403, more
    member = {"issuer": "i", "subject": "s", "role": "administrator"}
    assert narrow.post("/v1/memberships", member).status_code == 403


def test_a_key_expires(clinic: Clinic) -> None:
    """After its end it is refused; an end in the past is refused when it is made."""
    asks = key_of(clinic, expires_at="2030-01-01T00:00:00Z")
    assert asks.get("/v1/tenant").status_code == 200
    clinic.sql("UPDATE api_key SET expires_at = now() WHERE expires_at = '2030-01-01T00:00:00Z'")
    answer = asks.get("/v1/tenant")
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("This key expired at ")
    late = new_key(clinic.asker(), expires_at="2020-01-01T00:00:00Z")
    assert late.status_code == 422


def test_a_revoked_key_is_dead_at_once_everywhere(clinic: Clinic, second: TestClient) -> None:
    """Both processes have used it; revoked through one, it is refused by both."""
    made = new_key(clinic.asker()).json()
    everywhere = [Asker(web, made["key"]) for web in (clinic.http, second)]
    assert [asks.get("/v1/tenant").status_code for asks in everywhere] == [200, 200]
    revoked = clinic.asker()("DELETE", f"/v1/keys/{made['id']}")
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"] is not None
    assert [asks.get("/v1/tenant").status_code for asks in everywhere] == [401, 401]
    again = clinic.asker()("DELETE", f"/v1/keys/{made['id']}")
    assert again.json()["revoked_at"] == revoked.json()["revoked_at"]


def test_keys_of_nobody(clinic: Clinic) -> None:
    """A made-up key, another scheme and nothing at all are refused alike."""
    for headers in (
        {},
        {"Authorization": "Bearer ak_" + "x" * 43},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic abc"},
        {"Authorization": f"Token {clinic.asker().key}"},
    ):
        answer = clinic.http.get("/v1/tenant", headers=headers)
        assert answer.status_code == 401, headers
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", ["client", "scheduler", "administrator"])
def test_a_publishable_key_holds_and_confirms_and_no_more(clinic: Clinic, role: str) -> None:
    """Whatever its role: it reads the catalogue, and books; it reads no booking and no person."""
    public = key_of(clinic, role, publishable=True)
    assert public.key.startswith("pk_")
    assert public.get("/v1/services").status_code == 200
    held = public.post("/v1/holds", physio(NINE, None))
    assert held.status_code == 201
    assert public.post(f"/v1/holds/{held.json()['id']}/confirm").status_code == 200
    refused = [
        public.get(path).status_code
        for path in ("/v1/bookings", "/v1/people", "/v1/requests", "/v1/audit", "/v1/keys")
    ]
    assert refused == [403] * 5
    cancel = public.post(f"/v1/bookings/{held.json()['id']}/cancel")
    assert cancel.status_code == 403


def test_a_publishable_key_knows_nobody(clinic: Clinic) -> None:
    """It names no person, sees no patient among resources, and touches nobody else's hold."""
    public = key_of(clinic, "administrator", publishable=True)
    assert public.post("/v1/holds", physio(NINE)).status_code == 404
    names = {r["id"] for r in public.get("/v1/resources").json()["items"]}
    assert names == {"anna", "ben", "room-1", "room-2", "gym"}
    assert public.get("/v1/resources/P1").status_code == 404
    held = clinic.asker("scheduler").post("/v1/holds", physio(TEN)).json()
    assert public.post(f"/v1/holds/{held['id']}/confirm").status_code == 404
    assert public("DELETE", f"/v1/holds/{held['id']}").status_code == 404


def test_a_client_without_a_person_sees_no_requests(clinic: Clinic) -> None:
    """Requests that belong to nobody are not theirs."""
    body = {"id": "R1", "steps": [{"service": "training"}]}
    assert clinic.asker("scheduler").post("/v1/requests", body).status_code == 201
    assert clinic.asker("client").get("/v1/requests").json()["items"] == []
    assert clinic.asker("client").get("/v1/requests/R1").status_code == 404

"""Browsers: a key becomes a cookie that scripts cannot read, and writes need a token beside it."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from service.conftest import Clinic, physio
from starlette.testclient import TestClient

from api.app import application
from api.call import COOKIE
from api.settings import Settings

NINE = "2030-01-07T09:00:00+01:00"


@pytest.fixture
def browser(clinic: Clinic) -> Iterator[TestClient]:
    """A browser with a jar of its own."""
    with TestClient(clinic.http.app, raise_server_exceptions=False) as client:
        yield client


def sign_in(browser: TestClient, key: str) -> Any:
    answer = browser.post("/v1/session", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    return answer


def test_the_cookie_is_for_the_server_alone(clinic: Clinic, browser: TestClient) -> None:
    """HttpOnly, SameSite=Strict, for the whole site, and its secret is kept as a hash alone."""
    answer = sign_in(browser, clinic.asker("scheduler").key)
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert cookie["httponly"] is True
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("strict", "/", "")
    assert answer.json().keys() == {"csrf_token", "expires_at"}
    for secret in (cookie.value, answer.json()["csrf_token"]):
        assert clinic.everything_about(secret) == []


def test_cookies_go_over_https_alone(clinic: Clinic, settings: Settings) -> None:
    """Unless it is switched off, as for tests."""
    web = application(settings.model_copy(update={"secure_cookies": True}))
    with TestClient(web) as browser:
        answer = sign_in(browser, clinic.asker("scheduler").key)
        assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["secure"] is True
        assert Settings.model_fields["secure_cookies"].default is True


def test_reads_need_the_cookie_and_writes_the_token_too(
    clinic: Clinic, browser: TestClient
) -> None:
    """What another site could make a browser send has the cookie at most, and is refused."""
    csrf = sign_in(browser, clinic.asker("scheduler").key).json()["csrf_token"]
    assert browser.get("/v1/bookings").status_code == 200
    strange = {"Origin": "http://elsewhere.example", "Content-Type": "text/plain"}
    for headers in ({}, strange, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": browser.cookies[COOKIE]}):
        refused = browser.post("/v1/holds", json=physio(NINE), headers=headers)
        assert refused.status_code == 403, headers
        assert refused.json()["detail"].startswith("The header X-CSRF-Token is missing")
    assert clinic.sql("SELECT count(*) FROM booking")[0][0] == 0
    held = browser.post("/v1/holds", json=physio(NINE), headers={"X-CSRF-Token": csrf})
    assert held.status_code == 201


def test_the_token_of_another_session_is_refused(clinic: Clinic, browser: TestClient) -> None:
    """Each session has its own."""
    key = clinic.asker("scheduler").key
    old = sign_in(browser, key).json()["csrf_token"]
    new = sign_in(browser, key).json()["csrf_token"]
    codes = [
        browser.post("/v1/holds", json=physio(NINE), headers={"X-CSRF-Token": token}).status_code
        for token in (old, new)
    ]
    assert codes == [403, 201]


def test_a_session_is_its_key(clinic: Clinic, browser: TestClient) -> None:
    """A client's session does what the client's key does; the audit log names the key."""
    csrf = sign_in(browser, clinic.asker("scheduler").key).json()["csrf_token"]
    assert browser.get("/v1/audit").status_code == 403
    held = browser.post("/v1/holds", json=physio(NINE), headers={"X-CSRF-Token": csrf})
    (line,) = clinic.asker().get(f"/v1/audit?object={held.json()['id']}").json()["items"]
    (key,) = clinic.sql(
        "SELECT uid FROM api_key WHERE role = 'scheduler' AND tenant_id = :t", t=clinic.tenant
    )[0]
    assert line["actor"] == f"key:{key}"


def test_signing_out_ends_it(clinic: Clinic, browser: TestClient) -> None:
    """The cookie is dead on the server, not only gone from the browser."""
    csrf = sign_in(browser, clinic.asker("scheduler").key).json()["csrf_token"]
    cookie = browser.cookies[COOKIE]
    assert browser.delete("/v1/session").status_code == 403
    out = browser.delete("/v1/session", headers={"X-CSRF-Token": csrf})
    assert out.status_code == 204
    assert COOKIE not in browser.cookies
    stale = browser.get("/v1/bookings", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert stale.status_code == 401


def test_a_session_ends(clinic: Clinic, browser: TestClient) -> None:
    """When its time is over, and never later than its key."""
    made = clinic.asker().post(
        "/v1/keys",
        {"name": "short", "role": "scheduler", "expires_at": "2030-01-01T00:00:00Z"},
    )
    long = sign_in(browser, made.json()["key"]).json()["expires_at"]
    assert long < "2030"
    clinic.sql("UPDATE api_key SET expires_at = now() + interval '1 h' WHERE name = 'short'")
    (ends,) = clinic.sql("SELECT expires_at FROM api_key WHERE name = 'short'")[0]
    short = sign_in(browser, made.json()["key"]).json()["expires_at"]
    assert short == ends.isoformat().replace("+00:00", "Z")
    assert browser.get("/v1/bookings").status_code == 200
    clinic.sql("UPDATE web_session SET expires_at = now()")
    assert browser.get("/v1/bookings").status_code == 401


def test_the_cookie_of_a_revoked_key_is_dead(clinic: Clinic, browser: TestClient) -> None:
    """Whoever takes the key away takes the browsers away with it."""
    made = clinic.asker().post("/v1/keys", {"name": "lost", "role": "scheduler"}).json()
    sign_in(browser, made["key"])
    assert browser.get("/v1/bookings").status_code == 200
    assert clinic.asker()("DELETE", f"/v1/keys/{made['id']}").status_code == 200
    assert browser.get("/v1/bookings").status_code == 401
    assert clinic.sql("SELECT count(*) FROM web_session")[0][0] == 0


def test_made_up_cookies_lead_to_nobody(clinic: Clinic, browser: TestClient) -> None:
    """Nor does the cookie's secret as a key, nor a key as a cookie."""
    key = clinic.asker("scheduler").key
    sign_in(browser, key)
    secret = browser.cookies[COOKIE]
    browser.cookies.clear()
    for headers in (
        {"Cookie": f"{COOKIE}=ws_made-up"},
        {"Cookie": f"{COOKIE}={key}"},
        {"Authorization": f"Bearer {secret}"},
    ):
        assert browser.get("/v1/bookings", headers=headers).status_code == 401, headers


def test_only_keys_become_sessions(clinic: Clinic, browser: TestClient) -> None:
    """A link's secret does not."""
    held = clinic.asker("scheduler").post("/v1/holds", physio(NINE)).json()
    body = {"purpose": "view", "expires_at": "2029-01-01T00:00:00Z"}
    link = clinic.asker("scheduler").post(f"/v1/bookings/{held['id']}/links", body).json()
    answer = browser.post("/v1/session", headers={"Authorization": f"Bearer {link['token']}"})
    assert answer.status_code == 403


def test_who_signs_in_and_out_is_written_down(clinic: Clinic, browser: TestClient) -> None:
    """As what the key did; whoever has signed out already does nothing."""
    asks = clinic.asker("scheduler")
    answer = sign_in(browser, asks.key).json()
    for _ in range(2):
        assert browser.delete(
            "/v1/session", headers={"Authorization": f"Bearer {asks.key}"}
        ).is_success
    lines = clinic.asker("auditor").get("/v1/audit").json()["items"]
    told = [(line["action"], line["kind"], line["before"], line["after"]) for line in lines][-2:]
    ends = {"until": answer["expires_at"].replace("Z", "+00:00")}
    assert told == [
        ("key.signed_in", "key", None, ends),
        ("key.signed_out", "key", ends, None),
    ]
    assert {f"key:{line['object']}" for line in lines[-2:]} == {lines[-1]["actor"]}

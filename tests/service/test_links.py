"""Links in e-mails: one booking, one purpose, for a while."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio

from api.auth.credentials import PURPOSES

NINE, TEN, ELEVEN = (f"2030-01-07T{hour:02}:00:00+01:00" for hour in (9, 10, 11))
LATER = "2029-12-01T00:00:00Z"


@pytest.fixture
def held(clinic: Clinic) -> Any:
    return clinic.asker("scheduler").post("/v1/holds", physio(NINE)).json()


def link_to(clinic: Clinic, booking: str, purpose: str) -> tuple[str, Asker]:
    made = clinic.asker("scheduler").post(
        f"/v1/bookings/{booking}/links", {"purpose": purpose, "expires_at": LATER}
    )
    assert made.status_code == 201, made.text
    return made.json()["id"], Asker(clinic.http, made.json()["token"])


def move(asks: Asker, booking: str) -> Any:
    visit = {"start": ELEVEN, "resources": {"practitioner": ["anna"], "room": ["room-1"]}}
    return asks.post(f"/v1/bookings/{booking}/reschedule", {"visits": [visit]})


DEEDS = {
    "reschedule": move,
    "confirm": lambda asks, booking: asks.post(f"/v1/holds/{booking}/confirm"),
    "cancel": lambda asks, booking: asks.post(f"/v1/bookings/{booking}/cancel"),
}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_does_what_it_is_for_and_no_more(clinic: Clinic, held: Any, purpose: str) -> None:
    """Its holder looks at the booking; of moving, confirming and cancelling, one works at most."""
    _, asks = link_to(clinic, held["id"], purpose)
    assert asks.get(f"/v1/bookings/{held['id']}").json()["id"] == held["id"]
    codes = {name: deed(asks, held["id"]).status_code for name, deed in DEEDS.items()}
    assert codes == {name: 200 if name == purpose else 403 for name in DEEDS}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_leads_to_one_booking(clinic: Clinic, held: Any, purpose: str) -> None:
    """Another of the same person is not there; lists hold this one; nothing new is held."""
    other = clinic.asker("scheduler").post("/v1/holds", physio(TEN)).json()
    _, asks = link_to(clinic, held["id"], purpose)
    assert asks.get(f"/v1/bookings/{other['id']}").status_code == 404
    codes = {name: deed(asks, other["id"]).status_code for name, deed in DEEDS.items()}
    assert codes == {name: 404 if name == purpose else 403 for name in DEEDS}
    assert [b["id"] for b in asks.get("/v1/bookings").json()["items"]] == [held["id"]]
    assert asks.post("/v1/holds", physio(ELEVEN)).status_code == 403
    refused = [
        asks.get(path).status_code
        for path in ("/v1/people", "/v1/requests", "/v1/audit", "/v1/keys", "/v1/people/P1")
    ]
    assert refused == [403] * 5


def test_a_link_makes_no_links(clinic: Clinic, held: Any) -> None:
    """Whoever has one lets in nobody else."""
    _, asks = link_to(clinic, held["id"], "reschedule")
    body = {"purpose": "cancel", "expires_at": LATER}
    assert asks.post(f"/v1/bookings/{held['id']}/links", body).status_code == 403


def test_a_link_ends(clinic: Clinic, held: Any) -> None:
    """At its time; one that would end before it begins is refused."""
    _, asks = link_to(clinic, held["id"], "view")
    clinic.sql("UPDATE link SET expires_at = now()")
    assert asks.get(f"/v1/bookings/{held['id']}").status_code == 401
    late = clinic.asker("scheduler").post(
        f"/v1/bookings/{held['id']}/links",
        {"purpose": "view", "expires_at": "2020-01-01T00:00:00Z"},
    )
    assert late.status_code == 422


def test_a_link_can_be_revoked(clinic: Clinic, held: Any) -> None:
    """It is listed without its secret, found there, revoked, and dead at once."""
    name, asks = link_to(clinic, held["id"], "cancel")
    staff = clinic.asker("scheduler")
    listed = staff.get(f"/v1/bookings/{held['id']}/links")
    assert [link["id"] for link in listed.json()["items"]] == [name]
    assert asks.key not in listed.text
    other = staff.post("/v1/holds", physio(TEN)).json()
    elsewhere = staff("DELETE", f"/v1/bookings/{other['id']}/links/{name}")
    assert elsewhere.status_code == 404
    assert asks.get(f"/v1/bookings/{held['id']}").status_code == 200
    assert staff("DELETE", f"/v1/bookings/{held['id']}/links/{name}").status_code == 204
    assert DEEDS["cancel"](asks, held["id"]).status_code == 401
    assert asks.get(f"/v1/bookings/{held['id']}").status_code == 401
    (link,) = staff.get(f"/v1/bookings/{held['id']}/links").json()["items"]
    assert link["revoked_at"] is not None


def test_what_a_link_did_is_written_down(clinic: Clinic, held: Any) -> None:
    """The audit log names the link, never its secret."""
    name, asks = link_to(clinic, held["id"], "confirm")
    assert DEEDS["confirm"](asks, held["id"]).status_code == 200
    lines = clinic.asker().get(f"/v1/audit?object={held['id']}").json()["items"]
    assert [(line["action"], line["actor"]) for line in lines[1:]] == [
        ("booking.booked", f"link:{name}")
    ]
    assert clinic.everything_about(asks.key) == []


def test_a_link_keeps_to_the_terms_for_clients(clinic: Clinic, held: Any) -> None:
    """Inside the notice, whoever has the link cannot cancel; the staff can."""
    clinic.settle(cancel_notice_minutes=1_000_000_000)
    staff = clinic.asker("scheduler")
    assert DEEDS["confirm"](staff, held["id"]).status_code == 200
    _, asks = link_to(clinic, held["id"], "cancel")
    refused = DEEDS["cancel"](asks, held["id"])
    assert refused.status_code == 409
    assert refused.json()["violations"][0]["rule"] == "notice"
    assert DEEDS["cancel"](staff, held["id"]).status_code == 200

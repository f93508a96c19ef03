"""What a refusal tells those outside: nobody else's business."""

from __future__ import annotations

import json
from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio

NINE = "2030-01-07T09:00:00+01:00"
SAID = "Anna is not to be had between 2030-01-07T08:00:00Z and 2030-01-07T08:45:00Z."


@pytest.fixture
def client(clinic: Clinic) -> Asker:
    """P2, by a key of their own."""
    (row,) = clinic.sql("SELECT id FROM person WHERE ref = 'P2'")
    return clinic.asker("client", person_id=row[0])


def limit_anna(clinic: Clinic, visits: int = 1) -> None:
    """So many visits a day: a rule that the database's constraint cannot see."""
    admin = clinic.asker()
    anna = admin.get("/v1/resources/anna").json()
    body = {"id": "anna", "kind": "practitioner", "calendar": "office", "name": "Anna"}
    changed = admin(
        "PUT",
        "/v1/resources/anna",
        {**body, "limits": {"visits_per_day": visits}},
        If_Match=str(anna["version"]),
    )
    assert changed.status_code == 200, changed.text


def secrets(clinic: Clinic) -> set[str]:
    """What is P1's business: the booking, its visit, and who they are."""
    rows = clinic.sql(
        "SELECT visit.uid, booking.uid FROM visit JOIN booking ON booking_id = booking.id"
    )
    return {str(uid) for row in rows for uid in row} | {"P1", "Person P1"}


def told(answer: Any, clinic: Clinic) -> dict[str, Any]:
    assert answer.status_code == 409, answer.text
    found: dict[str, Any] = answer.json()
    for alternative in found["alternatives"]:
        del alternative["token"]  # in whose letters any short name stands some day
    text = json.dumps(found)
    assert not [secret for secret in secrets(clinic) if secret in text]
    return found


def test_a_client_is_told_what_is_taken_and_when(clinic: Clinic, client: Asker) -> None:
    """The resource and the span that the client asked for, and no more."""
    assert clinic.asker("scheduler").post("/v1/holds", physio(NINE)).status_code == 201
    found = told(client.post("/v1/holds", physio(NINE, "P2")), clinic)
    assert (found["type"], found["detail"]) == ("urn:allocator:problem:taken", SAID)
    assert found["resource"] == "anna"


@pytest.mark.parametrize("role", ["client", "scheduler"])
def test_what_is_taken_and_when_is_told_by_rules_as_well(
    clinic: Clinic, client: Asker, role: str
) -> None:
    """Where rules look at the week, they find it before the database does; the members are the
    same, for staff and for a client.
    """
    limit_anna(clinic, 2)
    assert clinic.asker("scheduler").post("/v1/holds", physio(NINE)).status_code == 201
    asks = client if role == "client" else clinic.asker(role)
    found = asks.post("/v1/holds", physio(NINE, "P2")).json()
    assert {violation["rule"] for violation in found["violations"]} == {"capacity"}
    assert {name: found[name] for name in ("type", "resource", "start", "end", "zone")} == {
        "type": "urn:allocator:problem:taken",
        "resource": "anna",
        "start": "2030-01-07T08:00:00Z",
        "end": "2030-01-07T08:45:00Z",
        "zone": "Europe/Berlin",
    }


def test_a_rule_about_others_is_told_in_one_sentence(clinic: Clinic, client: Asker) -> None:
    """How much Anna works that day is not told to a client; staff read the rule's sentence."""
    limit_anna(clinic)
    scheduler = clinic.asker("scheduler")
    assert scheduler.post("/v1/holds", physio(NINE)).status_code == 201
    ten = "2030-01-07T10:00:00+01:00"
    found = told(client.post("/v1/holds", physio(ten, "P2")), clinic)
    assert found["type"] == "urn:allocator:problem:rule-broken"
    assert found["violations"] == [
        {
            "rule": "person_limits",
            "message": "Anna is not to be had between 2030-01-07T09:00:00Z"
            " and 2030-01-07T09:45:00Z.",
        }
    ]
    staff = scheduler.post("/v1/holds", physio(ten, "P2")).json()
    assert "2 visits" in staff["detail"]


def test_a_rule_about_the_request_itself_is_told_as_it_is(clinic: Clinic, client: Asker) -> None:
    """When the practice is open is no secret."""
    found = told(client.post("/v1/holds", physio("2030-01-07T07:00:00+01:00", "P2")), clinic)
    assert found["violations"][0]["rule"] == "opening_hours"
    assert "Anna" in found["detail"]


@pytest.mark.parametrize("key", ["client", "page"])
def test_nobody_outside_learns_who_comes_here(clinic: Clinic, client: Asker, key: str) -> None:
    """P1, who is elsewhere at the time, is answered as somebody who does not exist."""
    assert clinic.asker("scheduler").post("/v1/holds", physio(NINE)).status_code == 201
    asks = client if key == "client" else clinic.asker("client", publishable=True)
    for name in ("P1", "P9"):
        free = {"practitioner": ["ben"], "room": ["room-2"]}
        found = asks.post("/v1/holds", physio(NINE, name, resources=free))
        assert found.status_code == 404
        assert found.json()["detail"] == (
            f"You can book for yourself; there is no resource {name!r} for you."
        )


def test_a_client_cannot_hold_the_request_of_somebody_else(clinic: Clinic, client: Asker) -> None:
    """It is told that there is none; one's own can be held."""
    admin = clinic.asker()
    for number in (1, 2):
        body = {
            "id": f"R{number}",
            "steps": [{"service": "physio"}],
            "attendees": [{"resource": f"P{number}"}],
        }
        assert admin.post("/v1/requests", body).status_code == 201
    place = {"start": NINE, "resources": {"practitioner": ["anna"], "room": ["room-1"]}}
    refused = client.post("/v1/holds", {"request": "R1", **place})
    assert (refused.status_code, refused.json()["detail"]) == (404, "There is no request 'R1'.")
    assert client.post("/v1/holds", {"request": "R2", **place}).status_code == 201


def test_a_key_that_may_not_read_people_sees_no_person_among_resources(clinic: Clinic) -> None:
    """Their names would be personal data."""
    narrow = clinic.asker("scheduler", scopes=["catalogue.read"])
    names = {item["id"] for item in narrow.get("/v1/resources").json()["items"]}
    assert names == {"anna", "ben", "room-1", "room-2", "gym"}
    assert narrow.get("/v1/resources/P1").status_code == 404
    assert clinic.asker("scheduler").get("/v1/resources/P1").status_code == 200

"""Seats in group sessions over HTTP: where they are held, or would be for whoever joins first."""

from __future__ import annotations

from service.booking import client
from service.conftest import Clinic
from service.indexing import at, window
from service.suggesting import starts, suggested, utc


def test_a_seat_is_suggested(clinic: Clinic) -> None:
    """Where the group session is held; none once all are taken, or as long as it has no place."""
    asks = clinic.asker()
    group = {"id": "S", "service": "training", "least": 1, "most": 1}
    assert asks.post("/v1/sessions", group).status_code == 201
    assert asks.post("/v1/sessions", {**group, "id": "T", "least": 2, "most": 2}).status_code == 201
    for who, session in ((client(clinic, "P1"), "S"), (asks, "T")):  # it is not held for them
        none = who.post("/v1/suggestions", {"session": session})
        assert (none.status_code, none.json()["detail"]) == (
            409,
            f"Group session {session} has no place yet; nobody can join it.",
        )
    assert asks.post("/v1/suggestions", {"session": "U"}).status_code == 404
    place = {"start": at(9), "resources": {"gym": ["gym"]}}
    assert asks.post("/v1/sessions/S/place", place).status_code == 201
    found = suggested(asks, session="S", attendees=["P1"])
    assert starts(found) == ["09:00"]
    made = asks.post("/v1/bookings", {"token": found["suggestions"][0]["token"]})
    assert (made.status_code, made.json()["visits"][0]["session"]) == (201, "S")
    assert suggested(asks, session="S", attendees=["P2"])["suggestions"] == []


def test_a_session_is_held_for_the_first_who_joins(clinic: Clinic) -> None:
    """At nine or at ten: whoever is first says when, for all others; clients do not."""
    admin, asks = clinic.asker(), clinic.asker("scheduler")
    group = {"id": "S", "service": "training", "least": 1, "most": 3}
    assert admin.post("/v1/sessions", group).status_code == 201

    def token(person: str, hour: int) -> str:
        body = {"session": "S", "attendees": [person], "windows": [window(hour, hour + 1)]}
        (one,) = suggested(asks, **body)["suggestions"]
        (place,) = one["sessions"]
        assert (place["session"], place["start"]) == ("S", utc(hour))
        assert place["resources"] == {"gym": ["gym"]}
        assert one["visits"][0]["session"] == "S"
        assert "opens" in {reason["tag"] for reason in one["reasons"]}
        found: str = one["token"]
        return found

    page = f"/v1/suggestions/days?session=S&from={at(0)[:10]}&days=2"
    # From 8:00 to 17:00 there are 37 quarters.
    assert [one["starts"] for one in asks.get(page).json()["days"]] == [37, 37]
    assert client(clinic, "P1").get(page).status_code == 409
    first, same, other = token("P1", 9), token("P2", 9), token("P2", 10)
    assert client(clinic, "P1").post("/v1/holds", {"token": first}).status_code == 403
    assert asks.get("/v1/sessions/S/place").status_code == 404
    made = asks.post("/v1/bookings", {"token": first})
    assert made.status_code == 201, made.text
    place = asks.get("/v1/sessions/S/place").json()
    assert (place["start"], place["taken"]) == (utc(9), 1)
    lost = asks.post("/v1/holds", {"token": other})
    assert lost.status_code == 409
    assert lost.json()["detail"] == (
        f"Group session S has its place at {utc(9)} by now, not at {utc(10)}."
    )
    assert [one["start"] for one in lost.json()["alternatives"]] == [utc(9)]
    assert client(clinic, "P2").post("/v1/holds", {"token": same}).status_code == 201
    (seat,) = suggested(asks, session="S")["suggestions"]
    assert seat["sessions"] == []

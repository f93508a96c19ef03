"""What of suggestions is whose business: clients, public pages, staff of a location."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.booking import booked, client
from service.conftest import Asker, Clinic, physio
from service.indexing import at, window
from service.suggesting import suggested


def test_a_client_is_told_of_nobody_else(clinic: Clinic) -> None:
    """Neither whose gap is closed nor what it costs the clinic; and asks for nobody else."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(8), "P1"))
    booked(asks, physio(at(9.5), "P1"))
    body = {
        "service": "physio",
        "windows": [window(8, 11)],
        "preferred": {"practitioner": ["anna"]},
    }
    staff = suggested(asks, **body)
    tags = {reason["tag"] for one in staff["suggestions"] for reason in one["reasons"]}
    assert {"closes_gap", "preferred_person"} <= tags
    assert {type(one["rank"]) for one in staff["suggestions"]} == {int}
    found = suggested(client(clinic, "P2"), **body, attendees=["P2"])
    tags = {reason["tag"] for one in found["suggestions"] for reason in one["reasons"]}
    assert tags == {"preferred_person"}
    assert {(one["rank"], one["goals"], one["displaces"]) for one in found["suggestions"]} == {
        (None, None, None)
    }
    for name in ("P1", "P9"):
        refused = client(clinic, "P2").post(
            "/v1/suggestions", {"service": "physio", "attendees": [name]}
        )
        assert refused.status_code == 404
        assert refused.json()["detail"] == (
            f"You can book for yourself; there is no resource {name!r} for you."
        )


def test_a_public_page_suggests_and_holds(clinic: Clinic) -> None:
    """For nobody in particular; its suggestions count as searches."""
    page = clinic.asker("client", publishable=True)
    answer = page.post("/v1/suggestions", {"service": "physio", "limit": 1})
    assert answer.status_code == 200, answer.text
    assert answer.headers["ratelimit-limit"] == "1200"  # a tenth of what is read
    token = answer.json()["suggestions"][0]["token"]
    assert page.post("/v1/holds", {"token": token}).status_code == 201


def test_staff_of_a_location_are_suggested_places_there(clinic: Clinic) -> None:
    """Of two rooms in two places, the one that is theirs; to all others both."""
    admin = clinic.asker()
    for place in ("north", "south"):
        assert admin.post("/v1/locations", {"id": place}).status_code == 201
        room = {"id": f"room-{place}", "kind": "studio", "location": place}
        assert admin.post("/v1/resources", room).status_code == 201
    needs = [{"role": "studio", "alternatives": [{"kind": "studio"}]}]
    body = {"id": "photo", "minutes": 60, "needs": needs}
    assert admin.post("/v1/services", body).status_code == 201
    north = clinic.asker("scheduler", locations=["north"])

    def rooms(asks: Asker) -> set[str]:
        found = suggested(asks, service="photo", limit=50)
        return {one["visits"][0]["resources"]["studio"][0] for one in found["suggestions"]}

    assert rooms(north) == {"room-north"}
    for start in range(8, 18):
        booked(
            admin, {"service": "photo", "start": at(start), "resources": {"studio": ["room-north"]}}
        )
    whole = [window(8, 18)]
    assert suggested(north, service="photo", windows=whole)["suggestions"] == []
    assert len(suggested(admin, service="photo", windows=whole)["suggestions"]) == 5


def test_clients_are_suggested_no_more_than_they_may_book(clinic: Clinic) -> None:
    """A week ahead by the tenant's terms; staff see all the days."""
    clinic.settle(most_days_ahead=7)
    found = suggested(client(clinic, "P1"), service="physio", attendees=["P1"], limit=50)
    last = datetime.now(datetime.fromisoformat(at(0)).tzinfo) + timedelta(days=8)
    assert all(datetime.fromisoformat(one["start"]) < last for one in found["suggestions"])
    far = {"service": "physio", "windows": [window(8, 18)]}
    assert suggested(client(clinic, "P1"), **far)["suggestions"] == []
    assert suggested(clinic.asker("scheduler"), **far)["suggestions"]

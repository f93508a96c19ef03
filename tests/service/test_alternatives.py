"""Alternatives: whoever is refused a place is told of others, which can be held by their tokens."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from service.booking import booked, client
from service.conftest import Asker, Clinic, physio
from service.indexing import at, window
from service.racing import race, statuses
from service.suggesting import series, suggested, utc
from service.waiting import entry, late, look, settle, states

from api.backfill.backfiller import Backfiller

BEN = {"practitioner": ["ben"], "room": ["room-2"]}


def told(answer: Any) -> list[Any]:
    """Return the alternatives of a refusal."""
    assert answer.status_code == 409, answer.text
    found: list[Any] = answer.json()["alternatives"]
    return found


def test_a_place_that_is_taken_brings_others(clinic: Clinic) -> None:
    """Near to it, with those who were wanted; the first of them is held."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(9)))
    others = told(asks.post("/v1/holds", physio(at(9.25), "P2")))
    assert len(others) == 3
    assert [one["visits"][0]["resources"]["practitioner"] for one in others] == [["anna"]] * 3
    held = asks.post("/v1/holds", {"token": others[0]["token"]})
    assert (held.status_code, held.json()["person"]) == (201, "P2")
    assert held.json()["starts_at"] == others[0]["start"]


def test_a_client_is_told_of_places_and_of_nobody(clinic: Clinic) -> None:
    """What the staff would hear of costs and gaps is not in a client's refusal."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(9)))
    others = told(client(clinic, "P2").post("/v1/holds", physio(at(9), "P2")))
    assert {(one["rank"], one["goals"], one["displaces"]) for one in others} == {(None, None, None)}
    assert client(clinic, "P2").post("/v1/holds", {"token": others[0]["token"]}).status_code == 201


def test_a_suggestion_whose_place_was_taken_meanwhile(clinic: Clinic) -> None:
    """Eight hold one suggestion at once: one has it, and what the others are told can be held."""
    asks = clinic.asker("scheduler")
    found = suggested(asks, service="physio", windows=[window(9, 9.75)], limit=1)
    token = {"token": found["suggestions"][0]["token"]}
    answers = race([partial(asks.post, "/v1/holds", token) for _ in range(8)])
    assert statuses(answers) == {201: 1, 409: 7}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["type"] == "urn:allocator:problem:taken"
            others = told(answer)
            assert found["suggestions"][0]["visits"] not in [one["visits"] for one in others]
            assert len(others) == 3
    held = asks.post("/v1/bookings", {"token": others[0]["token"]})
    assert held.status_code == 201, held.text
    assert clinic.overlaps() == 0


def test_a_move_to_a_place_that_is_taken_brings_others(clinic: Clinic) -> None:
    """Tokens that move the booking; it stays where it is until one does."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9)))
    booked(asks, physio(at(11), "P2"))
    path = f"/v1/bookings/{name}/reschedule"
    there = {"practitioner": ["anna"], "room": ["room-1"]}
    others = told(asks.post(path, {"visits": [{"start": at(11), "resources": there}]}))
    assert asks.get(f"/v1/bookings/{name}").json()["starts_at"] == utc(9)
    moved = asks.post(path, {"token": others[0]["token"]})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, others[0]["start"])


def test_whoever_cannot_be_had_at_that_time_is_told_of_at_others(clinic: Clinic) -> None:
    """Ben is taken from nine to a quarter to ten: with him before or after that."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9)))
    booked(asks, physio(at(9), "P2", resources=BEN))
    path = f"/v1/bookings/{name}"
    for visits in ([], [{"occurrence": 1, "step": 1}]):
        body = {"resources": {"practitioner": ["ben"]}, "visits": visits}
        others = told(asks.post(f"{path}/reassign", body))
        assert {o["visits"][0]["resources"]["practitioner"][0] for o in others} == {"ben"}
        assert utc(9) not in {o["start"] for o in others}
    assert asks.get(path).json()["visits"][0]["resources"]["practitioner"] == ["anna"]
    moved = asks.post(f"{path}/reschedule", {"token": others[0]["token"]})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, others[0]["start"])


def test_a_hold_that_was_not_confirmed_in_time_brings_others(clinic: Clinic) -> None:
    """The same place again, where it is still free."""
    asks = clinic.asker("scheduler")
    clinic.sql("SELECT 1")
    name = asks.post("/v1/holds", physio(at(9))).json()["id"]
    for table in ("booking", "claim"):
        clinic.sql(f"UPDATE {table} SET expires_at = now() WHERE tenant_id = :t", t=clinic.tenant)
    answer = asks.post(f"/v1/holds/{name}/confirm")
    assert answer.json()["state"] == "expired"
    others = told(answer)
    assert len(others) == 3
    made = asks.post("/v1/bookings", {"token": others[0]["token"]})
    assert (made.status_code, made.json()["person"]) == (201, "P1")


def test_what_a_rule_forbids_brings_others(clinic: Clinic) -> None:
    """An hour before they open: places of that day."""
    asks = clinic.asker("scheduler")
    answer = asks.post("/v1/holds", physio(at(7)))
    assert answer.json()["type"] == "urn:allocator:problem:rule-broken"
    assert told(answer)[0]["start"][:10] == at(8)[:10]


def test_a_series_brings_whole_series(clinic: Clinic) -> None:
    """One of its three places is taken: each alternative has three."""
    asks = clinic.asker("scheduler")
    series(asks)
    booked(asks, physio(at(9, 2), "P2"))
    there = {"practitioner": ["anna"], "room": ["room-1"]}
    visits = [
        {"occurrence": n, "start": at(9, day), "resources": there}
        for n, day in ((1, 0), (2, 2), (3, 4))
    ]
    answer = asks.post("/v1/holds", {"request": "R1", "visits": visits, "partial": "refuse"})
    others = told(answer)
    assert {len(one["visits"]) for one in others} == {3}
    assert asks.post("/v1/holds", {"token": others[0]["token"]}).status_code == 201


def test_what_is_no_lost_place_brings_none(clinic: Clinic) -> None:
    """A booking that is cancelled, a request that is booked, a name that is taken."""
    asks = clinic.asker()
    name = booked(asks, physio(at(9)))
    assert asks.post(f"/v1/bookings/{name}/cancel").status_code == 200
    move = {"visits": [{"start": at(10), "resources": BEN}]}
    answers = [
        asks.post(f"/v1/holds/{name}/confirm"),
        asks.post(f"/v1/bookings/{name}/reschedule", move),
        asks.post("/v1/locations", [{"id": "here"}, {"id": "here"}]),
    ]
    assert [answer.status_code for answer in answers] == [409] * 3
    assert not any("alternatives" in answer.json() for answer in answers)


def test_a_key_that_may_not_ask_for_suggestions_is_told_none(clinic: Clinic) -> None:
    """The refusal itself is the same."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(9)))
    narrow = clinic.asker("scheduler", scopes=["bookings.*"])
    assert told(narrow.post("/v1/holds", physio(at(9), "P2"))) == []


def refused(clinic: Clinic) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in clinic.sql(
            "SELECT service, to_char(hour AT TIME ZONE 'Europe/Berlin', 'HH24:MI'), count"
            " FROM refused_demand WHERE tenant_id = :t ORDER BY hour",
            t=clinic.tenant,
        )
    ]


def test_refused_demand_is_counted_and_names_nobody(clinic: Clinic) -> None:
    """By service and hour: places that were taken, and questions that found nothing."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(9), None))
    booked(asks, physio(at(9), None, resources=BEN))
    for _ in range(2):
        assert asks.post("/v1/holds", physio(at(9.25))).status_code == 409
    assert asks.post("/v1/holds", physio(at(7))).status_code == 409  # they are closed
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(9, 9.75)]}
    assert suggested(asks, **body)["suggestions"] == []
    assert suggested(asks, **body, wanted=at(9))["suggestions"] == []
    assert suggested(asks, service="physio", windows=[window(5, 6)])["suggestions"] == []
    assert suggested(asks, service="physio", windows=[window(11, 12)])["suggestions"]
    assert refused(clinic) == [("physio", "09:00", 4)]
    assert "P1" not in str(clinic.sql("SELECT * FROM refused_demand"))


def test_alternatives_of_a_page_are_held_by_the_page(clinic: Clinic) -> None:
    """A public page that lost a place holds another for its visitor."""
    booked(clinic.asker("scheduler"), physio(at(9)))
    page: Asker = clinic.asker("client", publishable=True)
    others = told(page.post("/v1/holds", physio(at(9), None)))
    assert page.post("/v1/holds", {"token": others[0]["token"]}).status_code == 201


def test_an_offer_whose_time_is_over_brings_others(clinic: Clinic, filler: Backfiller) -> None:
    """Whether it was taken back already or not; each can be held in its stead."""
    asks = clinic.asker("scheduler")
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(8, 12)]}
    name = asks.post("/v1/waitlist", body).json()["id"]
    look(filler)
    offer = entry(asks, name)["offer"]
    late(clinic)
    path = f"/v1/waitlist/{name}/accept"
    first = asks.post(path)
    assert first.json()["state"] == "expired"
    assert offer["starts_at"] in {one["start"] for one in told(first)}  # it is free, after all
    settle(clinic, mode="off")  # nothing is offered anew
    look(filler)
    again = asks.post(path)
    assert again.json()["state"] == "waiting"
    others = told(again)
    assert len(others) == 3
    assert max(one["end"] for one in others) <= utc(12)
    made = asks.post("/v1/bookings", {"token": others[0]["token"]})
    assert (made.status_code, made.json()["person"]) == (201, "P1")
    look(filler)
    assert states(asks, name) == ["booked"]
    done = asks.post(path)
    assert (done.status_code, done.json()["state"]) == (409, "booked")
    assert "alternatives" not in done.json()


@pytest.mark.parametrize("windows", [[], [window(9, 18)]])
def test_an_earlier_place_that_was_offered_too_long_brings_earlier_ones(
    clinic: Clinic, filler: Backfiller, windows: list[Any]
) -> None:
    """Those move the booking, and are earlier than it is; who may not see it is told nothing."""
    asks = clinic.asker("scheduler")
    booking = booked(asks, physio(at(12), "P1"))
    name = asks.post("/v1/waitlist", {"booking": booking, "windows": windows}).json()["id"]
    look(filler)
    assert states(asks, name) == ["offered"]
    late(clinic)
    assert client(clinic, "P2").post(f"/v1/waitlist/{name}/accept").status_code == 404
    others = told(asks.post(f"/v1/waitlist/{name}/accept"))
    assert len(others) == 3
    assert max(one["end"] for one in others) <= utc(12)
    assert not windows or min(one["start"] for one in others) >= utc(9)
    moved = asks.post(f"/v1/bookings/{booking}/reschedule", {"token": others[-1]["token"]})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, others[-1]["start"])
    assert asks("DELETE", f"/v1/waitlist/{name}").status_code == 200


def test_the_document_says_which_refusals_have_alternatives(clinic: Clinic) -> None:
    """Wherever somebody asks for one place; nowhere else."""
    document = clinic.http.get("/openapi.json").json()
    found = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "alternatives" in operation["responses"].get("409", {}).get("description", "")
    }
    assert found == {
        "accept_offer",
        "add_visits",
        "confirm_hold",
        "create_booking",
        "create_hold",
        "place_session",
        "reassign_booking",
        "reschedule_booking",
    }
    told = document["components"]["schemas"]["Problem"]["properties"]["alternatives"]
    assert told["items"] == {"$ref": "#/components/schemas/Suggestion"}

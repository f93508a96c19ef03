"""Entries of the waitlist: who may make, see and answer them, and when they end."""

from __future__ import annotations

import json
from typing import Any

from service.booking import booked, client
from service.conftest import Clinic, physio
from service.indexing import at, window
from service.waiting import entry, fill, join, local, look, offered_at, settle, states

from api.backfill.backfiller import Backfiller


def test_a_request_that_is_booked_otherwise_waits_no_more(
    clinic: Clinic, filler: Backfiller
) -> None:
    """Reception books it by telephone: the entry says so, and nothing is offered."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    request = {"id": "R1", "steps": [{"service": "physio"}], "windows": [window(8, 18)]}
    assert asks.post("/v1/requests", request).status_code == 201
    waits = join(asks, request="R1")
    look(filler)
    asks.post(f"/v1/bookings/{there[9.5]}/cancel")
    visit = physio(at(9.5), None)
    body = {"request": "R1", "visits": [{"start": visit["start"], "resources": visit["resources"]}]}
    held = asks.post("/v1/holds", body).json()["id"]
    asks.post(f"/v1/holds/{held}/confirm")
    assert look(filler) == 0
    told = entry(asks, waits)
    assert (told["state"], told["booking"]) == ("booked", held)


def test_a_window_that_is_over_ends_an_entry(clinic: Clinic, filler: Backfiller) -> None:
    """Nothing can be offered any more."""
    asks = clinic.asker("scheduler")
    fill(asks)
    waits = join(asks)
    clinic.sql("UPDATE waitlist SET ends_at = now() - interval '1 s' WHERE uid = :u", u=waits)
    clinic.sql(
        "UPDATE request SET spec = jsonb_set(spec, '{windows}', CAST(:w AS jsonb))"
        " WHERE tenant_id = :t",
        w=json.dumps([window(8, 18, -60)]),
        t=clinic.tenant,
    )
    look(filler)
    assert states(asks, waits) == ["expired"]


def test_leaving_frees_what_is_offered(clinic: Clinic, filler: Backfiller) -> None:
    """And the next is offered it; the request of its own is withdrawn."""
    asks = clinic.asker("scheduler")
    first = join(asks, windows=[window(9, 9.75)], priority=1)
    there = fill(asks)
    second = join(asks)
    assert look(filler) == 0
    asks.post(f"/v1/bookings/{there[9.5]}/cancel")
    booked(asks, physio(at(9.5), None))
    asks.post(f"/v1/bookings/{there[8.75]}/cancel")
    look(filler)
    assert states(asks, first, second) == ["waiting", "offered"]
    left = asks("DELETE", f"/v1/waitlist/{second}").json()
    assert left["state"] == "withdrawn"
    assert asks.get(f"/v1/requests/{left['request']}").json()["state"] == "withdrawn"
    assert asks("DELETE", f"/v1/waitlist/{second}").status_code == 409
    third = join(asks)
    look(filler)
    assert offered_at(asks, third) == "Mon 08:45"


def test_what_cannot_wait_is_refused(clinic: Clinic) -> None:
    """Twice the same, several visits, what is over, nothing or too much named, too many entries."""
    settle(clinic, most_entries=2)
    asks = clinic.asker("scheduler")
    mine = booked(asks, physio(at(9.5, 2), "P1"))
    join(asks, booking=mine)
    asks.post("/v1/requests", {"id": "R1", "steps": [{"service": "physio"}]})
    join(asks, request="R1")
    series = {"id": "S", "steps": [{"service": "physio"}]}
    series["series"] = {"type": "flexible", "count": 2, "least_days_between": 1}
    assert asks.post("/v1/requests", series).status_code == 201
    visits = [
        {"occurrence": n, "step": 1, **{k: physio(at(15, n))[k] for k in ("start", "resources")}}
        for n in (1, 2)
    ]
    two = asks.post("/v1/holds", {"request": "S", "visits": visits}).json()["id"]
    one = asks.post("/v1/holds", physio(at(12), None)).json()["id"]
    refusals: list[tuple[dict[str, Any], int]] = [
        ({"booking": mine}, 409),
        ({"request": "R1"}, 409),
        ({"booking": two}, 409),
        ({"booking": one}, 409),
        ({"booking": "none"}, 404),
        ({"request": "none"}, 404),
        ({}, 422),
        ({"service": "physio", "request": "R1"}, 422),
        ({"service": "physio", "session": "x"}, 422),
        ({"request": "R1", "attendees": ["P1"]}, 422),
        ({"request": "R1", "windows": [window(8, 9)]}, 422),
        ({"booking": mine, "attendees": ["P1"]}, 422),
        ({"service": "massage"}, 422),
        ({"service": "physio", "windows": [window(9, 10, -30)]}, 422),
    ]
    for body, status in refusals:
        assert asks.post("/v1/waitlist", body).status_code == status, body
    asks.post(f"/v1/holds/{two}/confirm")
    assert asks.post("/v1/waitlist", {"booking": two}).status_code == 422
    join(asks, attendees=["P1"])
    many = asks.post("/v1/waitlist", {"service": "physio", "attendees": ["P1"]})
    assert many.status_code == 429
    assert many.json()["detail"] == "This person waits 2 times; at most 2 are possible."


def test_a_client_sees_and_answers_for_themselves_alone(clinic: Clinic, filler: Backfiller) -> None:
    """P1 waits by a key of their own; P2 is told that there is no such entry."""
    mine, other = client(clinic, "P1"), client(clinic, "P2")
    waits = join(mine, attendees=["P1"], windows=[window(9, 10)])
    elsewhere = clinic.asker("scheduler", locations=["elsewhere"])
    assert [e["id"] for e in mine.get("/v1/waitlist").json()["items"]] == [waits]
    assert other.get("/v1/waitlist").json()["items"] == []
    assert [e["id"] for e in elsewhere.get("/v1/waitlist").json()["items"]] == [waits]
    look(filler)
    for path, method in (("", "GET"), ("", "DELETE"), ("/accept", "POST"), ("/decline", "POST")):
        assert other(method, f"/v1/waitlist/{waits}{path}").status_code == 404
    assert other.post("/v1/waitlist", {"service": "physio", "attendees": ["P1"]}).status_code == 404
    urgent = {"service": "physio", "attendees": ["P1"], "priority": 1}
    assert mine.post("/v1/waitlist", urgent).status_code == 403
    told = entry(mine, waits)
    assert {reason["tag"] for reason in told["offer"]["reasons"]} <= {"soonest", "waited"}
    assert mine.post(f"/v1/waitlist/{waits}/accept").json()["state"] == "booked"
    booking = booked(clinic.asker("scheduler"), physio(at(9, 2), "P2"))
    assert mine.post("/v1/waitlist", {"booking": booking}).status_code == 404
    earlier = join(other, booking=booking)
    look(filler)
    assert other.post(f"/v1/waitlist/{earlier}/accept").json()["booking"] == booking


def test_versions_and_repeats(clinic: Clinic, filler: Backfiller) -> None:
    """An old version is refused; the same call with its key is answered as before."""
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10)])
    look(filler)
    stale = asks.post(f"/v1/waitlist/{waits}/accept", If_Match='"1"')
    assert stale.status_code == 412
    first, second = (asks.post(f"/v1/waitlist/{waits}/accept", Idempotency_Key="a") for _ in "ab")
    assert (first.json(), second.headers["Idempotency-Replayed"]) == (second.json(), "true")
    found = asks.get("/v1/waitlist?state=booked").json()["items"]
    assert [one["id"] for one in found] == [waits]


def test_a_person_who_is_erased_waits_no_more(clinic: Clinic, filler: Backfiller) -> None:
    """What they were offered is free."""
    admin = clinic.asker()
    waits = join(admin, attendees=["P1"], windows=[window(9, 10)])
    look(filler)
    hold = entry(admin, waits)["offer"]["hold"]
    assert admin.post("/v1/people/P1/erase").status_code == 204
    assert states(admin, waits) == ["withdrawn"]
    assert admin.get(f"/v1/holds/{hold}").json()["state"] == "cancelled"


def test_a_request_that_waits_is_not_deleted(clinic: Clinic) -> None:
    """Until its entry is withdrawn; then it goes with it."""
    asks = clinic.asker("scheduler")
    made = asks.post("/v1/requests", {"id": "R1", "steps": [{"service": "physio"}]}).json()
    waits = join(asks, request="R1")
    version = f'"{made["version"]}"'
    refused = asks("DELETE", "/v1/requests/R1", If_Match=version)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:allocator:problem:in-use")
    asks("DELETE", f"/v1/waitlist/{waits}")
    assert asks("DELETE", "/v1/requests/R1", If_Match=version).status_code == 204
    assert asks.get(f"/v1/waitlist/{waits}").status_code == 404


def test_a_request_that_is_changed_is_looked_at_again(clinic: Clinic, filler: Backfiller) -> None:
    """It may lie on Tuesday as well now, which is free; then nowhere any more."""
    asks = clinic.asker("scheduler")
    fill(asks)
    request = {"id": "R1", "steps": [{"service": "physio"}], "windows": [window(8, 18)]}
    assert asks.post("/v1/requests", request).status_code == 201
    waits = join(asks, request="R1")
    assert look(filler) == 0

    def change(*windows: dict[str, str]) -> None:
        version = asks.get("/v1/requests/R1").headers["ETag"]
        body = {**request, "windows": list(windows)}
        assert asks("PUT", "/v1/requests/R1", body, If_Match=version).status_code == 200

    change(window(8, 18), window(8, 18, 1))
    assert look(filler) == 1
    assert offered_at(asks, waits).startswith("Tue")
    asks.post(f"/v1/waitlist/{waits}/decline")
    change(window(8, 9))
    assert look(filler) == 0
    told = entry(asks, waits)
    assert (told["state"], local(told["ends_at"])) == ("waiting", "Mon 09:00")

"""The waitlist: who waits is offered what comes free, one after another, and answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from service.conftest import Asker, Clinic, furnish, physio
from service.indexing import at
from service.solving import alone, work
from service.waiting import (
    backfiller,
    booked,
    entry,
    fill,
    join,
    late,
    local,
    look,
    offered_at,
    settle,
    states,
    window,
)

from api.backfill import backfiller as module
from api.backfill.backfiller import Backfiller
from api.problems import RuleBroken, StoreUnavailable, Taken
from api.settings import Settings
from api.store.database import Again, Database
from api.sweeper import sweep
from api.usecases import holding


@pytest.fixture
def filler(settings: Settings) -> Iterator[Backfiller]:
    with backfiller(settings) as made:
        yield made


def client(clinic: Clinic, person: str) -> Asker:
    (row,) = clinic.sql(
        "SELECT id FROM person WHERE tenant_id = :t AND ref = :ref", t=clinic.tenant, ref=person
    )
    return clinic.asker("client", person_id=row[0])


def actions(clinic: Clinic, name: str) -> list[str]:
    """What the audit log has of an entry, in order."""
    rows = clinic.sql("SELECT action FROM audit WHERE object = :o ORDER BY id", o=name)
    return [row.action for row in rows]


def test_a_cancelled_place_is_offered_and_accepted(clinic: Clinic, filler: Backfiller) -> None:
    """The day is full; 9:30 is cancelled, held for who waits, and booked when they accept."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    waits = join(asks, attendees=["P1"])
    assert entry(asks, waits)["state"] == "waiting"
    assert look(filler) == 0
    asks.post(f"/v1/bookings/{there[9.5]}/cancel")
    assert look(filler) == 1
    told = entry(asks, waits)
    assert (told["state"], told["offers"], told["person"]) == ("offered", 1, "P1")
    assert local(told["offer"]["starts_at"]) == "Mon 09:30"
    assert "fills what came free" in [reason["text"] for reason in told["offer"]["reasons"]]
    hold = asks.get(f"/v1/holds/{told['offer']['hold']}").json()
    assert (hold["state"], hold["request"]) == ("held", told["request"])
    assert hold["visits"][0]["resources"]["practitioner"] == ["anna"]
    accepted = asks.post(f"/v1/waitlist/{waits}/accept")
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["state"] == "booked"
    assert accepted.json()["booking"] == told["offer"]["hold"]
    assert accepted.json()["offer"] is None
    assert asks.get(f"/v1/bookings/{told['offer']['hold']}").json()["state"] == "booked"
    assert actions(clinic, waits) == ["waitlist.joined", "waitlist.offered", "waitlist.booked"]
    assert look(filler) == 0


def test_one_after_another(clinic: Clinic, filler: Backfiller, relay: Database) -> None:
    """One place, three who wait: the urgent one declines, the next is silent, the last comes."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    slow, last = join(asks, attendees=["P1"]), join(asks, attendees=["P2"])
    urgent = join(asks, priority=1)
    clinic.sql(
        "UPDATE waitlist SET created_at = created_at - interval '3 days' WHERE uid = :u", u=slow
    )
    look(filler)
    asks.post(f"/v1/bookings/{there[9.5]}/cancel")
    assert look(filler) == 1
    assert states(asks, urgent, slow, last) == ["offered", "waiting", "waiting"]
    assert asks.post(f"/v1/waitlist/{urgent}/decline").json()["state"] == "waiting"
    assert look(filler) == 1
    assert states(asks, urgent, slow, last) == ["waiting", "offered", "waiting"]
    late(clinic)
    sweep(relay)
    assert look(filler) == 1
    assert states(asks, urgent, slow, last) == ["waiting", "waiting", "offered"]
    assert asks.post(f"/v1/waitlist/{last}/accept").json()["state"] == "booked"
    assert look(filler) == 0
    assert actions(clinic, urgent)[-1] == "waitlist.declined"
    assert actions(clinic, slow)[-1] == "waitlist.lapsed"
    assert clinic.overlaps() == 0


def test_nobody_is_offered_the_same_start_again(clinic: Clinic, filler: Backfiller) -> None:
    """Whoever declines 9:30 is not asked again for it, and for 11:00 they are."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    waits = join(asks)
    look(filler)
    asks.post(f"/v1/bookings/{there[9.5]}/cancel")
    look(filler)
    asks.post(f"/v1/waitlist/{waits}/decline")
    assert look(filler) == 0
    asks.post(f"/v1/bookings/{there[11]}/cancel")
    assert look(filler) == 1
    assert offered_at(asks, waits) == "Mon 11:00"


def test_after_so_many_offers_an_entry_ends(clinic: Clinic, filler: Backfiller) -> None:
    """Two are allowed: after the second that is declined it is expired, and its request with it."""
    settle(clinic, most_offers=2)
    asks = clinic.asker("scheduler")
    there = fill(asks)
    waits = join(asks)
    for hour in (9.5, 11):
        asks.post(f"/v1/bookings/{there[hour]}/cancel")
        assert look(filler) == 1
        asks.post(f"/v1/waitlist/{waits}/decline")
    told = entry(asks, waits)
    assert (told["state"], told["offers"]) == ("expired", 2)
    assert asks.get(f"/v1/requests/{told['request']}").json()["state"] == "withdrawn"
    assert actions(clinic, waits)[-2:] == ["waitlist.declined", "waitlist.expired"]


def test_what_is_free_when_somebody_joins_is_offered(clinic: Clinic, filler: Backfiller) -> None:
    """Between a look for places and joining something may have come free."""
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10)])
    assert look(filler) == 1
    assert states(asks, waits) == ["offered"]


def free(there: dict[float, str], asks: Asker, how: str, clinic: Clinic) -> None:
    """Let the place at 9:30 come free."""
    if how == "moved":
        place = {"start": at(9.5, 1), "resources": {"practitioner": ["anna"], "room": ["room-1"]}}
        answer = asks.post(f"/v1/bookings/{there[9.5]}/reschedule", {"visits": [place]})
        assert answer.status_code == 200, answer.text
    elif how == "released":
        assert asks("DELETE", f"/v1/holds/{there[9.5]}").status_code == 200
    else:
        clinic.sql(
            "UPDATE booking SET expires_at = now() - interval '1 s' WHERE uid = :u", u=there[9.5]
        )
        clinic.sql(
            "UPDATE claim SET expires_at = now() - interval '1 s' WHERE visit_id IN (SELECT v.id"
            " FROM visit v JOIN booking b ON b.tenant_id = v.tenant_id AND b.id = v.booking_id"
            " WHERE b.uid = :u)",
            u=there[9.5],
        )


@pytest.mark.parametrize("how", ["moved", "released", "expired"])
def test_however_it_comes_free(
    clinic: Clinic, filler: Backfiller, relay: Database, how: str
) -> None:
    """A booking that moves, a hold that is given back, and one whose time is over."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    if how != "moved":
        asks.post(f"/v1/bookings/{there[9.5]}/cancel")
        there[9.5] = asks.post("/v1/holds", physio(at(9.5), None)).json()["id"]
    waits = join(asks)
    assert look(filler) == 0
    free(there, asks, how, clinic)
    sweep(relay)
    assert look(filler) == 1
    assert offered_at(asks, waits) == "Mon 09:30"


def test_an_absence_that_ends_frees_time(clinic: Clinic, filler: Backfiller) -> None:
    """Both are ill that day; Anna is well again, and who waits is offered her."""
    asks = clinic.asker("scheduler")
    body = {"start": at(0), "end": at(24), "reason": "Ill."}
    absences = [
        asks.post("/v1/absences", {"resource": name, **body}).json()["id"]
        for name in ("anna", "ben")
    ]
    waits = join(asks)
    assert look(filler) == 0
    assert asks("DELETE", f"/v1/absences/{absences[0]}").status_code == 204
    assert look(filler) == 1
    hold = asks.get(f"/v1/holds/{entry(asks, waits)['offer']['hold']}").json()
    assert hold["visits"][0]["resources"]["practitioner"] == ["anna"]


def test_an_hour_more_in_the_calendar_is_offered(clinic: Clinic, filler: Backfiller) -> None:
    """The practice opens at 7 from now on."""
    admin = clinic.asker()
    waits = join(admin, windows=[window(7, 8)])
    assert look(filler) == 0
    calendar = admin.get("/v1/calendars/office").json()
    hours = {"start_minute": 7 * 60, "end_minute": 18 * 60}
    week = {"weekly": [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "hours": hours}]}
    version = f'"{calendar["version"]}"'
    assert admin("PUT", "/v1/calendars/office", week, If_Match=version).status_code == 200
    assert look(filler) == 1
    assert offered_at(admin, waits) == "Mon 07:00"


def test_a_seat_that_comes_free_is_offered(clinic: Clinic, filler: Backfiller) -> None:
    """A group session of two is full; one leaves, and who waits is offered the seat."""
    admin = clinic.asker()
    session = {"id": "back", "service": "training", "least": 1, "most": 2}
    assert admin.post("/v1/sessions", session).status_code == 201
    place = {"start": at(9), "resources": {"gym": ["gym"]}}
    assert admin.post("/v1/sessions/back/place", place).status_code == 201
    for name in ("P1", "P2"):
        there = booked(admin, {"session": "back", "start": at(9), "attendees": [name]})
    assert admin.post("/v1/people", {"id": "P3", "name": "P3"}).status_code == 201
    waits = join(admin, session="back", attendees=["P3"])
    assert look(filler) == 0
    admin.post(f"/v1/bookings/{there}/cancel")
    assert look(filler) == 1
    assert admin.post(f"/v1/waitlist/{waits}/accept").json()["state"] == "booked"
    assert admin.get("/v1/sessions/back/place").json()["taken"] == 2


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


def test_whoever_confirms_the_hold_itself_is_booked(clinic: Clinic, filler: Backfiller) -> None:
    """By its link in an e-mail, say."""
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10)])
    look(filler)
    hold = entry(asks, waits)["offer"]["hold"]
    assert asks.post(f"/v1/holds/{hold}/confirm").json()["state"] == "booked"
    look(filler)
    told = entry(asks, waits)
    assert (told["state"], told["booking"]) == ("booked", hold)


def test_what_needs_a_reviewer_waits_for_one(clinic: Clinic, filler: Backfiller) -> None:
    """Accepted, it waits for the reviewer; declined by them, whoever waits waits on."""
    asks = clinic.asker("reviewer")
    waits = join(asks, service="surgery", windows=[window(9, 10)])
    look(filler)
    told = asks.post(f"/v1/waitlist/{waits}/accept").json()
    assert (told["state"], told["offer"]["state"]) == ("offered", "pending_approval")
    for deed in ("decline", "accept"):
        assert asks.post(f"/v1/waitlist/{waits}/{deed}").status_code == 409
    assert asks("DELETE", f"/v1/waitlist/{waits}").status_code == 409
    asks.post(f"/v1/bookings/{told['offer']['hold']}/decline")
    assert look(filler) == 0
    assert states(asks, waits) == ["waiting"]
    again = join(asks, service="surgery", windows=[window(11, 12)])
    look(filler)
    hold = asks.post(f"/v1/waitlist/{again}/accept").json()["offer"]["hold"]
    asks.post(f"/v1/bookings/{hold}/approve")
    look(filler)
    assert states(asks, again) == ["booked"]


def test_notice_and_the_length_of_an_offer(clinic: Clinic, filler: Backfiller) -> None:
    """An offer lasts as its terms say: long for a place far away, short for one that is near."""
    settle(clinic, offer_minutes=600, short_notice_minutes=60 * 24 * 30, short_offer_minutes=20)
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10)])
    look(filler)
    offer = entry(asks, waits)["offer"]
    left = datetime.fromisoformat(offer["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=19) < left <= timedelta(minutes=20)
    asks("DELETE", f"/v1/waitlist/{waits}")
    settle(clinic, offer_minutes=600, short_notice_minutes=60)
    far = join(asks, windows=[window(9, 10)])
    look(filler)
    left = datetime.fromisoformat(entry(asks, far)["offer"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=599) < left <= timedelta(minutes=600)


def test_nobody_is_asked_too_late(clinic: Clinic, filler: Backfiller) -> None:
    """With more notice than there is until then, nothing is offered; by service it may be less."""
    ahead = datetime.fromisoformat(at(9)) - datetime.now(UTC)
    minutes = int(ahead / timedelta(minutes=1))
    settle(clinic, notice_minutes=minutes - 14)
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 9.75)])
    assert look(filler) == 0
    settle(clinic, notice_minutes=minutes - 14, notice_by_service=[["physio", minutes - 17]])
    assert look(filler) == 1
    offer = entry(asks, waits)["offer"]
    start, until = (datetime.fromisoformat(offer[name]) for name in ("starts_at", "expires_at"))
    assert start - until >= timedelta(minutes=minutes - 17)


def test_services_take_part_or_not(clinic: Clinic, filler: Backfiller) -> None:
    """Whoever waits for another is refused; who waited before is offered nothing any more."""
    asks = clinic.asker("scheduler")
    early = join(asks, windows=[window(7, 8)])
    settle(clinic, services=["training"])
    refused = asks.post("/v1/waitlist", {"service": "physio"})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "The service physio takes no part in the waitlist."
    assert asks.post("/v1/waitlist", {"service": "training"}).status_code == 201
    clinic.sql("UPDATE request SET spec = spec || '{\"windows\": []}' WHERE true")
    clinic.sql("UPDATE waitlist SET looked = false")
    assert look(filler) == 1
    assert states(asks, early) == ["waiting"]
    settle(clinic, mode="off")
    assert asks.post("/v1/waitlist", {"service": "training"}).status_code == 409
    assert look(filler) == 0


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


def test_earlier_if_possible(clinic: Clinic, filler: Backfiller) -> None:
    """Booked on Wednesday, told of Monday; accepting moves, and Wednesday is for the next."""
    asks = clinic.asker("scheduler")
    monday, wednesday = fill(asks), fill(asks, day=2)
    for hour in (9.5, 11):
        asks.post(f"/v1/bookings/{wednesday[hour]}/cancel")
    mine = booked(asks, physio(at(9.5, 2), "P1"))
    ours = booked(asks, physio(at(11, 2), "P2"))
    earlier, other = join(asks, booking=mine), join(asks, booking=ours)
    nothing_yet = join(asks, windows=[window(8, 18, 2)])
    assert look(filler) == 0
    asks.post(f"/v1/bookings/{monday[9.5]}/cancel")
    assert look(filler) == 1
    told = entry(asks, earlier)
    assert (told["state"], told["booking"]) == ("offered", mine)
    assert "2 days earlier than booked" in [r["text"] for r in told["offer"]["reasons"]]
    refused = asks.post(f"/v1/holds/{told['offer']['hold']}/confirm")
    assert refused.status_code == 409
    accepted = asks.post(f"/v1/waitlist/{earlier}/accept").json()
    assert (accepted["state"], accepted["booking"]) == ("booked", mine)
    moved = asks.get(f"/v1/bookings/{mine}").json()
    assert (moved["state"], local(moved["starts_at"])) == ("booked", "Mon 09:30")
    assert asks.get(f"/v1/bookings/{told['offer']['hold']}").json()["state"] == "cancelled"
    assert look(filler) == 1
    assert offered_at(asks, nothing_yet) == "Wed 09:30"
    assert states(asks, other) == ["waiting"]
    assert clinic.overlaps() == 0


def test_who_declines_to_come_earlier_stays(clinic: Clinic, filler: Backfiller) -> None:
    """As they were booked; the hold is free."""
    asks = clinic.asker("scheduler")
    mine = booked(asks, physio(at(9.5, 2), "P1"))
    earlier = join(asks, booking=mine)
    assert look(filler) == 1
    assert asks.post(f"/v1/waitlist/{earlier}/decline").json()["state"] == "waiting"
    assert local(asks.get(f"/v1/bookings/{mine}").json()["starts_at"]) == "Wed 09:30"
    assert look(filler) == 1  # another early place
    assert asks.post(f"/v1/bookings/{mine}/cancel").status_code == 200
    look(filler)
    assert states(asks, earlier) == ["expired"]
    live = clinic.sql("SELECT 1 FROM claim WHERE tenant_id = :t", t=clinic.tenant)
    assert live == []


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


def test_terms_that_make_no_sense_are_refused(clinic: Clinic) -> None:
    """Each with what is possible."""
    admin = clinic.asker()
    now = admin.get("/v1/tenant")
    for terms, said in (
        ({"mode": "fast"}, "waitlist.mode is 'fast'"),
        ({"offer_minutes": 0}, "waitlist.offer_minutes is 0; 1 to 43200"),
        ({"notice_by_service": [["physio", -1]]}, "notice_by_service of physio is -1"),
        ({"patience": 3}, "patience"),
    ):
        body = {"name": "x", "policy": {"waitlist": terms}}
        refused = admin("PUT", "/v1/tenant", body, If_Match=now.headers["etag"])
        assert refused.status_code == 422
        assert said in refused.json()["detail"]


def rivals(clinic: Clinic, filler: Backfiller) -> tuple[Asker, str, str]:
    """Two places come free at once: one who waits could have either, the other the first alone."""
    asks = clinic.asker("scheduler")
    monday, tuesday = fill(asks, last=11), fill(asks, last=11, day=1)
    either = join(asks, windows=[window(8, 11), window(8, 11, 1)])
    # With so much time in a year, nobody looks after whose last place of these days it is.
    first = join(asks, windows=[window(8, 11), window(0, 48, 300)])
    clinic.sql(
        "UPDATE waitlist SET created_at = created_at - interval '9 days' WHERE uid = :u", u=either
    )
    look(filler)
    for there in (monday, tuesday):
        asks.post(f"/v1/bookings/{there[9.5]}/cancel")
    return asks, either, first


def test_whose_last_place_it_is_has_it(clinic: Clinic, filler: Backfiller) -> None:
    """Whoever has waited longest could have either day: they are offered the other's."""
    asks, either, first = rivals(clinic, filler)
    clinic.sql(
        "UPDATE request SET spec = jsonb_set(spec, '{windows}', CAST(:w AS jsonb)) WHERE ref = :r",
        w=json.dumps([window(8, 11)]),
        r=entry(asks, first)["request"],
    )
    clinic.sql("UPDATE tenant SET world_version = world_version + 1 WHERE id = :t", t=clinic.tenant)
    assert look(filler) == 2
    assert offered_at(asks, either) == "Tue 09:30"
    assert offered_at(asks, first) == "Mon 09:30"


def test_one_after_another_may_leave_somebody_out(clinic: Clinic, filler: Backfiller) -> None:
    """Whoever has waited longest is asked first, for the first place; no other is left."""
    asks, either, first = rivals(clinic, filler)
    assert look(filler) == 1
    assert (offered_at(asks, either), states(asks, first)) == ("Mon 09:30", ["waiting"])


def test_a_small_solve_serves_both(clinic: Clinic, filler: Backfiller, settings: Settings) -> None:
    """Both are offered what it has for them, and nothing is booked before they accept."""
    alone(settings)
    settle(clinic, mode="resolve", resolve_seconds=2)
    asks, either, first = rivals(clinic, filler)
    assert look(filler) == 0
    (solve,) = asks.get("/v1/solves").json()["items"]
    assert len(solve["asked"]["requests"]) == 2
    assert work(settings) == 1
    assert look(filler) == 2
    assert offered_at(asks, either) == "Tue 09:30"
    assert offered_at(asks, first) == "Mon 09:30"
    told = entry(asks, first)["offer"]["reasons"]
    assert [reason["text"] for reason in told] == ["placed together with 1 more who wait"]
    for name in (either, first):
        assert asks.post(f"/v1/waitlist/{name}/accept").json()["state"] == "booked"
    assert look(filler) == 0
    assert clinic.overlaps() == 0


def test_where_a_solve_comes_to_nothing_one_is_asked_after_another(
    clinic: Clinic, filler: Backfiller, settings: Settings
) -> None:
    """It is cancelled: whoever has waited longest is asked first, as without it."""
    alone(settings)
    settle(clinic, mode="resolve")
    asks, either, first = rivals(clinic, filler)
    look(filler)
    (solve,) = asks.get("/v1/solves").json()["items"]
    assert asks.post(f"/v1/solves/{solve['id']}/cancel").status_code == 200
    assert look(filler) == 1
    assert states(asks, either, first) == ["offered", "waiting"]


def test_what_a_solve_has_and_somebody_takes_is_looked_for_again(
    clinic: Clinic, filler: Backfiller, settings: Settings
) -> None:
    """Tuesday's is booked meanwhile: the other is offered Monday's, and nobody anything else."""
    alone(settings)
    settle(clinic, mode="resolve", resolve_seconds=2)
    asks, either, first = rivals(clinic, filler)
    look(filler)
    work(settings)
    booked(asks, physio(at(9.5, 1), None))
    assert look(filler) == 1
    assert states(asks, either, first) == ["waiting", "offered"]


def test_whoever_has_no_rival_needs_no_solve(clinic: Clinic, filler: Backfiller) -> None:
    """They are offered it at once."""
    settle(clinic, mode="resolve")
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10)])
    assert look(filler) == 1
    assert states(asks, waits) == ["offered"]
    assert asks.get("/v1/solves").json()["items"] == []


def test_a_client_is_offered_nothing_that_they_could_not_book(
    clinic: Clinic, filler: Backfiller
) -> None:
    """Clients book three days ahead; the same is offered to whom the staff has put there."""
    clinic.settle(most_days_ahead=3)
    mine = client(clinic, "P1")
    body = {"service": "physio", "attendees": ["P1"]}
    waits = mine.post("/v1/waitlist", body).json()["id"]
    booking = booked(clinic.asker("scheduler"), physio(at(9.5, 2), "P2"))
    earlier = join(client(clinic, "P2"), booking=booking, windows=[])
    far = join(clinic.asker("scheduler"), windows=[window(11, 12)])
    look(filler)
    assert states(clinic.asker(), waits, earlier, far) == ["offered"] * 3
    last = datetime.now(UTC) + timedelta(days=4)
    for name in (waits, earlier):
        offer = entry(clinic.asker(), name)["offer"]
        assert datetime.fromisoformat(offer["starts_at"]) < last


def test_a_client_who_waits_for_what_is_too_far_ahead_waits_on(
    clinic: Clinic, filler: Backfiller
) -> None:
    """They would come on that Monday, and in no other week; once they may book it they get it."""
    clinic.settle(most_days_ahead=3)
    booking = booked(clinic.asker("scheduler"), physio(at(9.5, 2), "P2"))
    earlier = join(client(clinic, "P2"), booking=booking)
    assert look(filler) == 0
    assert states(clinic.asker(), earlier) == ["waiting"]
    clinic.settle(most_days_ahead=30)
    assert look(filler) == 1
    assert offered_at(clinic.asker(), earlier).startswith("Mon")


def test_the_last_visit_of_a_series_comes_earlier(clinic: Clinic, filler: Backfiller) -> None:
    """Tuesday's is cancelled; Wednesday's is offered Monday, by itself, and stays the second."""
    asks = clinic.asker("scheduler")
    series = {"type": "fixed", "count": 2, "every_days": 1, "may_miss": [1, 2]}
    body = {"id": "R", "steps": [{"service": "physio"}], "series": series}
    assert asks.post("/v1/requests", body).status_code == 201
    team = {"practitioner": ["anna"], "room": ["room-1"]}
    visits = [{"occurrence": n, "start": at(9.5, n), "resources": team} for n in (1, 2)]
    mine = booked(asks, {"request": "R", "visits": visits})
    first = asks.get(f"/v1/bookings/{mine}").json()["visits"][0]["id"]
    assert asks.post(f"/v1/bookings/{mine}/cancel", {"visit": first}).status_code == 200
    earlier = join(asks, booking=mine)
    assert look(filler) == 1
    hold = entry(asks, earlier)["offer"]["hold"]
    assert len(asks.get(f"/v1/bookings/{hold}").json()["visits"]) == 1
    assert offered_at(asks, earlier).startswith("Mon")
    accepted = asks.post(f"/v1/waitlist/{earlier}/accept")
    assert accepted.status_code == 200, accepted.text
    told = asks.get(f"/v1/bookings/{mine}").json()["visits"]
    assert [(v["occurrence"], v["state"], local(v["start"])[:3]) for v in told] == [
        (1, "cancelled", "Tue"),
        (2, "booked", "Mon"),
    ]


def test_more_wait_than_are_looked_after_at_once(
    clinic: Clinic, filler: Backfiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at a time: by and by all are offered something."""
    monkeypatch.setattr(module, "MOST", 2)
    asks = clinic.asker("scheduler")
    waits = [join(asks, windows=[window(hour, hour + 0.75)]) for hour in range(8, 13)]
    assert [filler.look() for _ in range(4)] == [2, 2, 1, 0]
    assert states(asks, *waits) == ["offered"] * 5


def test_what_goes_wrong_with_one_tenant_holds_up_no_other(
    clinic: Clinic,
    new_clinic: Callable[[], Clinic],
    filler: Backfiller,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[Any],
) -> None:
    """It is left alone for a while, and looked after again later."""
    other = new_clinic()
    furnish(other.asker())
    waits = [join(one.asker(), windows=[window(9, 10)]) for one in (clinic, other)]
    tend = Backfiller._tend

    def breaking(self: Backfiller, number: int, tenant: Any) -> int:
        if number == clinic.tenant:
            raise ZeroDivisionError
        return tend(self, number, tenant)

    monkeypatch.setattr(Backfiller, "_tend", breaking)
    assert look(filler) == 1
    assert [line["action"] for line in lines if line["log_level"] == "error"] == ["backfill.bug"]
    assert states(other.asker(), waits[1]) == ["offered"]
    monkeypatch.undo()
    assert sum(filler.look() for _ in range(module.REST)) == 1
    assert states(clinic.asker(), waits[0]) == ["offered"]


def test_a_place_that_a_rule_forbids_after_all_is_not_tried_again(
    clinic: Clinic, filler: Backfiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index has it as free, the booking does not: the next place is offered."""
    asks = clinic.asker("scheduler")
    waits = join(asks, windows=[window(9, 10.5)])
    held = holding.offer
    tried: list[datetime] = []

    def forbidding(tx: Any, request: Any, wanted: Any, until: Any, **more: Any) -> Any:
        tried.append(wanted[0].start)
        if len(tried) == 1:
            raise RuleBroken("A rule forbids that.", violations=[])
        return held(tx, request, wanted, until, **more)

    monkeypatch.setattr(holding, "offer", forbidding)
    assert look(filler) == 1
    assert len(set(tried)) == 2
    offered = datetime.fromisoformat(entry(asks, waits)["offer"]["starts_at"])
    assert offered == tried[1] != tried[0]


def test_a_place_that_is_always_lost_is_given_up(
    clinic: Clinic, filler: Backfiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some looks; what comes free later is offered."""
    asks = clinic.asker("scheduler")
    there = fill(asks)
    waits = join(asks)
    look(filler)
    with monkeypatch.context() as patched:
        patched.setattr(holding, "offer", taken)
        asks.post(f"/v1/bookings/{there[9.5]}/cancel")
        assert sum(filler.look() for _ in range(module.VAIN + 3)) == 0
        assert filler._tenants[clinic.tenant].again is False
    asks.post(f"/v1/bookings/{there[11]}/cancel")
    assert look(filler) == 1
    assert offered_at(asks, waits) == "Mon 11:00"


def taken(*words: Any, **more: Any) -> Any:
    raise Taken("Somebody was faster.", alternatives=[])


def test_a_database_that_is_gone_is_waited_for(
    filler: Backfiller, monkeypatch: pytest.MonkeyPatch, lines: list[Any]
) -> None:
    """It says so, and goes on."""
    answers: list[Any] = [0, StoreUnavailable(), Again(), 0]
    stopping = Event()

    def look(self: Backfiller) -> int:
        answer = answers.pop(0)
        if not answers:
            stopping.set()
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    monkeypatch.setattr(Backfiller, "look", look)
    monkeypatch.setattr(module, "PAUSE", 0.01)
    filler.run(stopping)
    assert [line["action"] for line in lines] == ["backfill.waiting"] * 2
    assert [line["reason"] for line in lines] == ["StoreUnavailable", "Again"]


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

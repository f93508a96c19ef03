"""The waitlist: who waits is offered what comes free, one after another, and answers."""

from __future__ import annotations

import pytest
from service.booking import booked
from service.conftest import Asker, Clinic, physio
from service.indexing import at, window
from service.waiting import actions, entry, fill, join, late, local, look, offered_at, states

from api.backfill.backfiller import Backfiller
from api.store.database import Database
from api.sweeper import sweep


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

"""Bookings that would come earlier: they move, or stay where they are."""

from __future__ import annotations

from service.booking import booked
from service.conftest import Clinic, physio
from service.indexing import at, window
from service.waiting import entry, fill, join, local, look, offered_at, states

from api.backfill.backfiller import Backfiller


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

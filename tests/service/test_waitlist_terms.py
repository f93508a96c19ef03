"""The terms of the waitlist: notice, how long an offer lasts, how many, and for what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.booking import booked, client
from service.conftest import Clinic, physio
from service.indexing import at, window
from service.waiting import actions, entry, fill, join, look, offered_at, settle, states

from api.backfill.backfiller import Backfiller


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

"""Places for bookings that move: their own place is free."""

from __future__ import annotations

from service.booking import booked
from service.conftest import Asker, Clinic, physio
from service.indexing import at, window
from service.suggesting import series, starts, suggested, utc


def test_a_booking_moves_to_a_suggestion(clinic: Clinic) -> None:
    """Its own place is free to it, whatever else is taken; the token moves it, and no other."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9)))
    other = booked(
        asks, physio(at(10), "P2", resources={"practitioner": ["ben"], "room": ["room-2"]})
    )
    found = suggested(asks, booking=name, windows=[window(9, 10.25)], limit=50)
    assert starts(found) == ["09:00", "09:15", "09:30"]
    token = next(one["token"] for one in found["suggestions"] if one["start"] == utc(9.5))
    refused = asks.post(f"/v1/bookings/{other}/reschedule", {"token": token})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        f"The token is none for booking {other}.",
    )
    assert asks.post("/v1/holds", {"token": token}).status_code == 422
    moved = asks.post(f"/v1/bookings/{name}/reschedule", {"token": token})
    assert moved.status_code == 200, moved.text
    assert moved.json()["starts_at"] == utc(9.5)
    assert clinic.overlaps() == 0


def test_a_visit_of_a_series_moves_between_those_that_stay(clinic: Clinic) -> None:
    """Monday, Wednesday and Friday; the second finds place on Wednesday alone."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = suggested(
        asks, request="R1", windows=[window(8, 18), window(8, 18, 2), window(8, 18, 4)]
    )
    name = asks.post("/v1/bookings", {"token": found["suggestions"][0]["token"]}).json()["id"]
    found = suggested(asks, booking=name, visits=[{"occurrence": 2}], limit=50)
    assert {one["start"][:10] for one in found["suggestions"]} == {at(0, 2)[:10]}
    assert {len(one["visits"]) for one in found["suggestions"]} == {1}
    last = max(found["suggestions"], key=lambda one: one["start"])
    assert last["visits"][0]["occurrence"] == 2
    moved = asks.post(f"/v1/bookings/{name}/reschedule", {"token": last["token"]})
    assert moved.status_code == 200, moved.text
    assert moved.json()["visits"][1]["start"] == last["start"]
    whole = suggested(asks, booking=name, limit=1)
    assert len(whole["suggestions"][0]["visits"]) == 3
    # Nothing of this is left behind: the same is free as before.
    again = suggested(asks, booking=name, visits=[{"occurrence": 2}], limit=50)
    assert again["starts"] == found["starts"]


def test_a_link_to_move_suggests_for_its_booking_alone(clinic: Clinic) -> None:
    """And moves it; a link to look at it suggests nothing."""
    asks = clinic.asker("scheduler")
    name = booked(asks, physio(at(9)))
    until = at(9, 7)

    def link(purpose: str) -> Asker:
        made = asks.post(f"/v1/bookings/{name}/links", {"purpose": purpose, "expires_at": until})
        return Asker(clinic.http, made.json()["token"])

    assert link("view").post("/v1/suggestions", {"booking": name}).status_code == 403
    mover = link("reschedule")
    assert mover.post("/v1/suggestions", {"service": "physio"}).status_code == 403
    body = {"booking": name, "windows": [window(11, 11.75)], "limit": 1}
    (one,) = suggested(mover, **body)["suggestions"]
    moved = mover.post(f"/v1/bookings/{name}/reschedule", {"token": one["token"]})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, utc(11))

"""An urgent request may move others, by a proposal that somebody publishes: never by overlap."""

from __future__ import annotations

from service.conftest import Clinic, physio
from service.solving import work

from api.settings import Settings

NINE, DONE = "2028-01-10T09:00:00+01:00", "2028-01-10T09:45:00+01:00"


def test_an_urgent_request_moves_one_booking(clinic: Clinic, settings: Settings) -> None:
    """Both rooms are taken at nine; of two bookings one gives way, and the other stays."""
    asks = clinic.asker("scheduler")
    other = physio(NINE, "P2", resources={"practitioner": ["ben"], "room": ["room-2"]})
    booked = []
    for body in (physio(NINE), other):
        held = asks.post("/v1/holds", body).json()["id"]
        assert asks.post(f"/v1/holds/{held}/confirm").status_code == 200
        booked.append(held)
    assert asks.post("/v1/people", {"id": "P3", "name": "Person P3"}).status_code == 201
    urgent = {
        "id": "U1",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "P3"}],
        "windows": [{"start": NINE, "end": DONE}],
        "priority": 1,
    }
    assert asks.post("/v1/requests", urgent).status_code == 201
    asked = {
        "first": "2028-01-10",
        "days": 5,
        "requests": ["U1"],
        "may_move": True,
        "most_changes": 1,
        "time_limit_seconds": 5,
    }
    solve = asks.post("/v1/solves", asked).json()["id"]
    work(settings)
    assert asks.get(f"/v1/solves/{solve}").json()["state"] == "solved"
    starts = {asks.get(f"/v1/bookings/{b}").json()["starts_at"] for b in booked}
    assert starts == {"2028-01-10T08:00:00Z"}, "a proposal moves nothing"
    published = asks.post(f"/v1/solves/{solve}/publish").json()
    assert published["booked"] == ["U1"]
    (moved,) = published["moved"]
    (stayed,) = set(booked) - {moved}
    assert asks.get(f"/v1/bookings/{stayed}").json()["starts_at"] == "2028-01-10T08:00:00Z"
    assert asks.get(f"/v1/bookings/{moved}").json()["starts_at"] != "2028-01-10T08:00:00Z"
    assert clinic.overlaps() == 0

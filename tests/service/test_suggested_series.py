"""Series and chains over HTTP: suggested and held whole, never in part."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from service.booking import booked
from service.conftest import Clinic, need, physio
from service.indexing import at, window
from service.suggesting import series, suggested, utc


def test_a_series_is_suggested_and_held_whole(clinic: Clinic) -> None:
    """Three visits, two days apart; a token holds all of them."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = suggested(
        asks, request="R1", windows=[window(8, 18), window(8, 18, 2), window(8, 18, 4)]
    )
    assert found["suggestions"]
    for one in found["suggestions"]:
        assert [visit["occurrence"] for visit in one["visits"]] == [1, 2, 3]
        days = [visit["start"][:10] for visit in one["visits"]]
        assert days == [at(0, day)[:10] for day in (0, 2, 4)]
    held = asks.post("/v1/holds", {"token": found["suggestions"][0]["token"]})
    assert held.status_code == 201, held.text
    assert (held.json()["request"], len(held.json()["visits"])) == ("R1", 3)
    refused = asks.post("/v1/suggestions", {"request": "R1"})
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:allocator:problem:wrong-state",
    )


def test_a_series_is_never_suggested_in_part(clinic: Clinic) -> None:
    """Two of three days are left: none is suggested."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = suggested(asks, request="R1", windows=[window(8, 18), window(8, 18, 2)])
    assert found["suggestions"] == []
    assert found["why_none"] == {
        "sentence": "Each visit has starts by itself, and all of them together have none.",
        "rules": [],
    }


def test_a_fixed_series_of_which_a_date_fails(clinic: Clinic) -> None:
    """Daily at one time, between nine and ten: the second day is full, and noon is free instead."""
    asks = clinic.asker("scheduler")
    pattern = {"type": "fixed", "count": 3, "every_days": 1}
    windows = [window(9, 9.75), window(9, 9.75, 1), window(12, 12.75, 1), window(9, 9.75, 2)]
    series(asks, series=pattern, windows=windows)
    booked(asks, physio(at(9, 1), None))
    booked(asks, physio(at(9, 1), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    found = suggested(asks, request="R1")
    assert found["suggestions"] == []
    near = found["nearly"][0]  # the time at which the fewest dates fail
    assert [visit["start"] for visit in near["visits"]] == [utc(9), utc(9, 2)]
    (failing,) = near["failing"]
    assert (failing["occurrence"], failing["start"]) == (2, utc(9, 1))
    assert {visit["start"] for visit in failing["instead"]} == {utc(12, 1)}
    assert suggested(asks, service="physio")["nearly"] == []


def test_a_chain_is_suggested_whole(clinic: Clinic) -> None:
    """Physio, then training within an hour."""
    asks = clinic.asker("scheduler")
    body = {
        "id": "R1",
        "steps": [{"service": "physio"}, {"service": "training", "most_lag_minutes": 60}],
        "attendees": [{"resource": "P1"}],
    }
    assert asks.post("/v1/requests", body).status_code == 201
    (one,) = suggested(asks, request="R1", limit=1)["suggestions"]
    first, second = one["visits"]
    assert (first["step"], second["step"]) == (1, 2)
    lag = datetime.fromisoformat(second["start"]) - datetime.fromisoformat(first["end"])
    assert 0 <= lag.total_seconds() <= 3600
    assert one["end"] == second["end"]
    made = asks.post("/v1/bookings", {"token": one["token"]})
    assert (made.status_code, len(made.json()["visits"])) == (201, 2)


def test_how_long_a_first_visit_lasts(clinic: Clinic) -> None:
    """A quarter longer, also with Anna, who takes an hour; the second step is no first visit."""
    asks = clinic.asker("scheduler")
    needs = [need("practitioner"), need("room")]
    of_anna = {"minutes_by_resource": [["anna", 60]], "minutes": 45, "first_minutes": 60}
    body = {"id": "talk", "needs": needs, **of_anna}
    assert clinic.asker().post("/v1/services", body).status_code == 201
    steps = [{"service": "talk"}, {"service": "talk", "least_lag_minutes": 15}]
    chain = {"id": "R1", "steps": steps, "first_visit": True, "attendees": [{"resource": "P1"}]}
    assert asks.post("/v1/requests", chain).status_code == 201
    for who, first in (("anna", 75), ("ben", 60)):
        preferred = {"practitioner": [who]}
        (one,) = suggested(asks, request="R1", preferred=preferred, limit=1)["suggestions"]
        assert minutes(one["visits"][0]) == first
        held = asks.post("/v1/holds", {"token": one["token"]})
        assert held.status_code == 201, held.text
        assert [minutes(visit) for visit in held.json()["visits"]] == [
            minutes(visit) for visit in one["visits"]
        ]
        assert asks("DELETE", f"/v1/holds/{held.json()['id']}").status_code == 200


def minutes(visit: dict[str, Any]) -> int:
    length = datetime.fromisoformat(visit["end"]) - datetime.fromisoformat(visit["start"])
    return length // timedelta(minutes=1)


def test_options_may_name_somebody_else(clinic: Clinic) -> None:
    """With Ben at nine or with Anna at ten: whichever it is, both are known to the rules."""
    asks = clinic.asker("scheduler")
    options = [
        {"placements": [{"start": at(hour), "resources": [["practitioner", who]]}]}
        for hour, who in ((9, "ben"), (10, "anna"))
    ]
    series(asks, series=None, options=options)
    for hour in (9, 10):
        body = {"request": "R1", "windows": [window(hour, hour + 0.75)], "limit": 1}
        (one,) = suggested(asks, **body)["suggestions"]
        held = asks.post("/v1/holds", {"token": one["token"]})
        assert held.status_code == 201, held.text
        assert asks("DELETE", f"/v1/holds/{held.json()['id']}").status_code == 200

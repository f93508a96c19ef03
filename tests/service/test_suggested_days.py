"""Days with places, for a page with a calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from service.booking import booked, client
from service.conftest import Clinic, need, physio
from service.indexing import BERLIN, at
from service.suggesting import series, utc


def test_days_with_places(clinic: Clinic) -> None:
    """Four starts until eleven on Monday, none on Tuesday, more on Wednesday; and their month."""
    admin = clinic.asker()
    booked(admin, physio(at(8.75), None))
    booked(admin, physio(at(8.75), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    absent = {"start": at(0, 1), "end": at(24, 1)}
    for name in ("anna", "ben"):
        assert admin.post("/v1/absences", {"resource": name, **absent}).status_code == 202
    query = f"service=physio&attendee=P1&from={at(0)[:10]}&days=3"
    answer = client(clinic, "P1").get(f"/v1/suggestions/days?{query}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["first"], found["last"]) == (at(0)[:10], at(0, 2)[:10])
    # From 8:00 to 17:15 there are 38 quarters; 8:15 to 9:15 are five starts that are not possible.
    assert [(one["day"], one["starts"]) for one in found["days"]] == [
        (at(0)[:10], 33),
        (at(0, 2)[:10], 38),
    ]
    assert (found["days"][0]["first"], found["days"][0]["last"]) == (utc(8), utc(17.25))
    assert sum(month["starts"] for month in found["months"]) == 71
    assert sum(month["days"] for month in found["months"]) == 2
    past = admin.get("/v1/suggestions/days?service=physio&from=2020-01-01&days=31").json()
    assert past["days"] == []
    far = admin.get("/v1/suggestions/days?service=physio&from=2199-01-01").json()
    assert (far["days"], far["months"]) == ([], [])
    whole = admin.get("/v1/suggestions/days?service=physio&days=366").json()
    assert whole["last"] == (datetime.now(BERLIN) + timedelta(days=89)).date().isoformat()
    stranger = client(clinic, "P2").get(f"/v1/suggestions/days?{query}")
    assert stranger.status_code == 404


def test_days_are_those_of_the_place(clinic: Clinic) -> None:
    """The practice in New York is open from 18 to 22, midnight to 4 for the tenant: 14 starts."""
    admin = clinic.asker()
    evening = {"start_minute": 18 * 60, "end_minute": 22 * 60}
    week = {"id": "evening", "weekly": [{"weekdays": [0, 1, 2, 3, 4, 5, 6], "hours": evening}]}
    hall = {"id": "hall", "kind": "hall", "calendar": "evening", "location": "NY"}
    for path, body in (
        ("locations", {"id": "NY", "zone": "America/New_York"}),
        ("calendars", week),
        ("resources", hall),
        ("services", {"id": "choir", "minutes": 45, "needs": [need("hall")]}),
    ):
        made = admin.post(f"/v1/{path}", body)
        assert made.status_code == 201, made.text
    found = admin.get(f"/v1/suggestions/days?service=choir&from={at(0)[:10]}&days=2").json()
    assert [(one["day"], one["starts"]) for one in found["days"]] == [
        (at(0)[:10], 14),
        (at(0, 1)[:10], 14),
    ]
    today = datetime.now(ZoneInfo("America/New_York")).date()
    assert admin.get("/v1/suggestions/days?service=choir").json()["first"] == today.isoformat()


def test_later_visits_may_lie_behind_the_days_of_a_page(clinic: Clinic) -> None:
    """Three visits, two days apart at least, begin on any of two days."""
    asks = clinic.asker("scheduler")
    series(asks)
    found = asks.get(f"/v1/suggestions/days?request=R1&from={at(0)[:10]}&days=2").json()
    assert [one["day"] for one in found["days"]] == [at(0)[:10], at(0, 1)[:10]]

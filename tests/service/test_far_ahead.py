"""How far ahead one may book: staff as far as they like, clients as the tenant says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio
from service.test_life import ANNA, client, confirmed


def at(clinic: Clinic, days: int) -> str:
    """Noon so many days from now, by the database's clock, in the practice's time."""
    (row,) = clinic.sql(
        "SELECT to_char(date_trunc('day', now() AT TIME ZONE 'Europe/Berlin')"
        " + interval '12 hours' + make_interval(days => :days), 'YYYY-MM-DD\"T\"HH24:MI') AS wall",
        days=days,
    )
    return f"{row.wall}:00+01:00"


def day(start: str) -> str:
    return start[:10]


@pytest.fixture
def mine(clinic: Clinic) -> Asker:
    """A client of a practice that lets clients book thirty days ahead."""
    clinic.settle(most_days_ahead=30)
    return client(clinic)


def told(answer: Any) -> str:
    assert answer.status_code == 409, answer.text
    found = answer.json()
    assert found["type"] == "urn:allocator:problem:rule-broken"
    assert [v["rule"] for v in found["violations"]] == ["most_days_ahead"]
    said: str = found["detail"]
    return said


def test_a_client_books_so_many_days_ahead(clinic: Clinic, mine: Asker) -> None:
    """On the last day, yes; on the next, no, and both days are named; the staff may."""
    last, next = at(clinic, 30), at(clinic, 31)
    assert mine.post("/v1/holds", physio(last)).status_code == 201
    said = told(mine.post("/v1/holds", physio(next)))
    assert said.startswith(f"It would start at {day(next)}T1")
    assert said.endswith(f"; clients can book up to {day(last)}.")
    assert clinic.asker("scheduler").post("/v1/holds", physio(next)).status_code == 201


def test_a_client_moves_no_further(clinic: Clinic, mine: Asker) -> None:
    """Nor adds a date of a series."""
    name = confirmed(mine, physio(at(clinic, 3)))
    move = {"visits": [{"start": at(clinic, 31), "resources": ANNA}]}
    told(mine.post(f"/v1/bookings/{name}/reschedule", move))
    assert (
        clinic.asker("scheduler").post(f"/v1/bookings/{name}/reschedule", move).status_code == 200
    )


def test_a_date_too_far_ahead_is_one_that_cannot_be_had(clinic: Clinic, mine: Asker) -> None:
    """Of a series, the others can."""
    series = {"type": "flexible", "count": 2, "at_least": 1}
    body = {"id": "R1", "steps": [{"service": "physio"}], "attendees": [{"resource": "P1"}]}
    assert mine.post("/v1/requests", {**body, "series": series}).status_code == 201
    visits = [
        {"occurrence": n, "start": at(clinic, days), "resources": ANNA}
        for n, days in ((1, 3), (2, 31))
    ]
    found = mine.post("/v1/holds", {"request": "R1", "visits": visits})
    assert found.status_code == 200, found.text
    (refused,) = found.json()["refused"]
    assert refused["problem"]["violations"][0]["rule"] == "most_days_ahead"


def window(clinic: Clinic, days: int) -> dict[str, str]:
    return {"start": at(clinic, days), "end": at(clinic, days + 5)}


def test_windows_may_lie_years_ahead(clinic: Clinic) -> None:
    """A check-up in five years is asked for today; it waits for a solve of those days."""
    asks = clinic.asker("scheduler")
    body = {"steps": [{"service": "physio"}], "attendees": [{"resource": "P1"}]}
    far = {**body, "windows": [window(clinic, 5 * 366)]}
    assert asks.post("/v1/requests", far).status_code == 201
    assert client(clinic).post("/v1/requests", far).status_code == 201
    past = {**body, "windows": [window(clinic, -30)]}
    refused = asks.post("/v1/requests", past)
    assert refused.status_code == 422
    assert "all lie outside the horizon" in refused.json()["detail"]


def test_a_client_asks_for_nothing_beyond(clinic: Clinic, mine: Asker) -> None:
    """Windows that begin in time may end later."""
    body = {"id": "R1", "steps": [{"service": "physio"}], "attendees": [{"resource": "P1"}]}
    said = told(mine.post("/v1/requests", {**body, "windows": [window(clinic, 31)]}))
    assert said.startswith(f"The windows of R1 begin at {day(at(clinic, 31))}T1")
    end = "9999-12-30T09:00:00Z"
    for code, start in ((409, end), (201, at(clinic, 30))):
        span = {"start": start, "end": "9999-12-31T09:00:00Z"}
        answer = mine.post("/v1/requests", {**body, "windows": [span]})
        assert answer.status_code == code, answer.text


def test_a_grain_of_a_minute_reaches_as_far(clinic: Clinic) -> None:
    """A finer grid makes the days that are looked at fewer, and refuses nothing for it."""
    clinic.sql("UPDATE tenant SET grain_minutes = 1, world_version = world_version + 1")
    asks = clinic.asker("scheduler")
    body = {"steps": [{"service": "physio"}], "windows": [window(clinic, 3 * 365)]}
    assert asks.post("/v1/requests", body).status_code == 201
    assert asks.post("/v1/holds", physio(at(clinic, 4 * 365))).status_code == 201


@pytest.mark.parametrize(("days", "code"), [(-1, 422), (0, 200), (73_200, 200), (73_201, 422)])
def test_the_term_has_limits(clinic: Clinic, days: int, code: int) -> None:
    """Today alone, to the end of the calendar."""
    admin = clinic.asker()
    now = admin.get("/v1/tenant")
    body = {"name": "x", "policy": {"terms": {"most_days_ahead": days}}}
    changed = admin("PUT", "/v1/tenant", body, If_Match=now.headers["etag"])
    assert changed.status_code == code
    if code == 200:
        today = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%dT12:00:00+01:00")
        status = client(clinic).post("/v1/holds", physio(today)).status_code
        assert status == (201 if days else 409)

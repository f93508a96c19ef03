"""Bookings that were agreed upon elsewhere come in, all or none, by the same rules as any other."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from service.conftest import Asker, Clinic, furnish, physio
from service.racing import race
from service.test_bulk import CSV, JSON, LINES, bring, export, lines
from service.test_life import ANNA, ELEVEN, NINE, TEN, confirmed

BEN = {"practitioner": ["ben"], "room": ["room-2"]}


def row(start: str, person: str = "P1", **more: Any) -> dict[str, Any]:
    visit = {"start": start, "resources": more.pop("resources", ANNA)}
    return {"service": "physio", "attendees": [person], "visits": [visit], **more}


def listed(asks: Asker) -> list[Any]:
    items: list[Any] = asks.get("/v1/bookings").json()["items"]
    return items


def told(answer: Any, status: int, type: str) -> list[tuple[str, str, str]]:
    """Return the faults of a refusal: code, place and message."""
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:allocator:problem:{type}"
    return [(f["code"], f["where"], f["message"]) for f in answer.json()["faults"]]


def test_what_was_agreed_upon_is_booked(clinic: Clinic) -> None:
    """At once, whatever its service asks a reviewer for; its time is taken; the log tells of it."""
    admin = clinic.asker()
    rows = [row(NINE), row(NINE, "P2", service="surgery", resources=BEN)]
    made = bring(admin, "bookings", json.dumps(rows), JSON)
    assert (made.status_code, made.json()) == (201, {"imported": 2})
    assert [(b["state"], b["person"], b["service"]) for b in listed(admin)] == [
        ("booked", "P1", "physio"),
        ("booked", "P2", "surgery"),
    ]
    assert admin.post("/v1/holds", physio(NINE, None)).status_code == 409
    log = admin.get(f"/v1/audit?object={listed(admin)[0]['id']}").json()["items"]
    assert [line["action"] for line in log] == ["booking.held", "booking.booked"]


@pytest.mark.parametrize("media", [JSON, LINES, CSV])
def test_what_is_exported_can_be_imported(
    clinic: Clinic, new_clinic: Callable[[], Clinic], media: str
) -> None:
    """A clinic that moves brings its bookings along: single ones, a series, a seat."""
    here, there = clinic.asker(), new_clinic().asker()
    furnish(there)
    series = {
        "id": "R1",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "P1"}],
        "series": {"type": "flexible", "count": 3, "at_least": 2},
    }
    for asks in (here, there):
        assert asks.post("/v1/requests", series).status_code == 201
        session = {"id": "S1", "service": "training", "least": 1, "most": 2}
        assert asks.post("/v1/sessions", session).status_code == 201
        place = {"start": ELEVEN, "resources": {"gym": ["gym"]}}
        assert asks.post("/v1/sessions/S1/place", place).status_code == 201
    confirmed(here, physio(NINE))
    confirmed(here, {"session": "S1", "start": ELEVEN, "attendees": ["P2"]})
    visits = [
        {"occurrence": n, "start": NINE.replace("-07T", f"-{7 + n:02}T"), "resources": ANNA}
        for n in (1, 2)
    ]
    confirmed(here, {"request": "R1", "visits": visits, "partial": "accept"})
    made = bring(there, "bookings", export(here, "bookings", media), media)
    assert (made.status_code, made.json()) == (201, {"imported": 3})

    def lies(asks: Asker) -> list[Any]:
        mine, its = ("request", "person", "service"), ("occurrence", "session", "start", "end")
        return [
            [*(b[name] for name in mine), *(v[name] for name in its), v["resources"]]
            for b in listed(asks)
            for v in b["visits"]
        ]

    assert lies(there) == lies(here)
    assert there.get("/v1/requests/R1").json()["state"] == "scheduled"
    assert there.get("/v1/sessions/S1/place").json()["taken"] == 1
    again = bring(there, "bookings", export(here, "bookings", media), media)
    assert [code for code, _, _ in told(again, 409, "taken")] == ["taken", "taken", "wrong_state"]


def test_all_or_none(clinic: Clinic) -> None:
    """Every booking that cannot be had is told with its row, and nothing is written."""
    admin = clinic.asker()
    rows = [
        row(NINE),
        row(NINE, "P2"),
        row(TEN, "nobody"),
        row("2030-01-07T07:00:00+01:00", "P2", resources=BEN),
        row(TEN, request="R9", service=None),
        row(TEN, service="spa"),
        row(TEN, service=None),
    ]
    found = told(bring(admin, "bookings", lines(rows), LINES), 409, "taken")
    assert [(code, where) for code, where, _ in found] == [
        ("taken", "row 2"),
        ("invalid", "row 3"),
        ("rule_broken", "row 4"),
        ("not_found", "row 5"),
        ("invalid", "row 6"),
        ("invalid", "row 7"),
    ]
    assert found[-1][2] == "It names no request, service or group session."
    assert found[0][2] == "Anna is taken between 2030-01-07T08:00:00Z and 2030-01-07T08:45:00Z."
    assert clinic.sql("SELECT count(*) FROM booking")[0][0] == 0
    assert clinic.sql("SELECT count(*) FROM audit WHERE kind = 'booking'")[0][0] == 0


def test_what_cannot_be_read_is_told_with_its_row(clinic: Clinic) -> None:
    """Cancelled ones, unknown columns and fields, and roles that are none."""
    admin = clinic.asker()
    rows = [row(NINE, state="cancelled"), {**row(TEN), "colour": "red"}, {"service": "physio"}]
    found = told(bring(admin, "bookings", lines(rows), LINES), 422, "invalid")
    assert [where for _, where, _ in found] == ["row 1", "row 2", "row 3"]
    assert "Input should be 'booked'" in found[0][2]
    table = f"service,start,resources,colour\nphysio,{NINE},practitioner,red\n"
    found = told(bring(admin, "bookings", table, CSV), 422, "invalid")
    assert [where for _, where, _ in found] == ["bookings.csv", "bookings.csv row 2"]


def test_a_table_without_ids_is_a_booking_a_row(clinic: Clinic) -> None:
    """As somebody would write it; rows of one id are one booking."""
    admin = clinic.asker()
    body = {"id": "R1", "steps": [{"service": "physio"}], "attendees": [{"resource": "P2"}]}
    series = {"type": "flexible", "count": 2}
    assert admin.post("/v1/requests", {**body, "series": series}).status_code == 201
    filled = "practitioner=anna;room=room-1"
    table = (
        "id,request,service,occurrence,start,resources\n"
        f",,physio,,{NINE},{filled};attendee:P1=P1\n"
        f",,physio,,{TEN},{filled};attendee:P1=P1\n"
        f"a,R1,,1,{ELEVEN},{filled}\n"
        f"a,R1,,2,{ELEVEN.replace('-07T', '-08T')},{filled}\n"
    )
    assert bring(admin, "bookings", table, CSV).json() == {"imported": 3}
    assert [(b["person"], len(b["visits"])) for b in listed(admin)] == [
        ("P1", 1),
        ("P1", 1),
        ("P2", 2),
    ]


def test_what_was_agreed_upon_has_had_its_notice(clinic: Clinic) -> None:
    """Tomorrow's, of a service that asks for a month, comes in; so does last week's."""
    admin = clinic.asker()
    there = admin.get("/v1/services/physio")
    kept = {k: there.json()[k] for k in ("id", "minutes", "needs")}
    late = {**kept, "notice_minutes": 30 * 24 * 60}
    changed = admin("PUT", "/v1/services/physio", late, If_Match=there.headers["etag"])
    assert changed.status_code == 200

    def noon(days: int) -> str:
        return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}T12:00:00+01:00"

    assert admin.post("/v1/holds", physio(noon(1))).status_code == 409
    rows = [row(noon(1)), row(noon(-7))]
    assert bring(admin, "bookings", lines(rows), LINES).json() == {"imported": 2}
    (_, past) = listed(admin)
    assert admin.post(f"/v1/bookings/{past['id']}/fulfil").status_code == 200


def test_so_many_come_in_at_once(clinic: Clinic) -> None:
    """Each is looked at as any other, so it takes its time."""
    rows = [row(NINE)] * 1001
    refused = bring(clinic.asker(), "bookings", lines(rows), LINES)
    assert refused.status_code == 413
    assert refused.json()["detail"] == "At most 1000 bookings are taken at once; 1001 came."


def test_of_two_who_bring_in_the_same_one_does(clinic: Clinic) -> None:
    """With one idempotency key both are told that it is done."""
    admin = clinic.asker()
    rows = lines([row(NINE), row(TEN, "P2")])
    calls = [partial(bring, admin, "bookings", rows, LINES) for _ in range(3)]
    assert sorted(answer.status_code for answer in race(calls)) == [201, 409, 409]
    more = lines([row(ELEVEN)])
    once = {"Idempotency-Key": "once"}
    calls = [partial(bring, admin, "bookings", more, LINES, **once) for _ in range(3)]
    assert [answer.status_code for answer in race(calls)] == [201, 201, 201]
    assert len(listed(admin)) == 3


def test_a_table_of_bookings_comes_as_it_goes(clinic: Clinic) -> None:
    """The header of the export is that of the import."""
    admin = clinic.asker()
    (line,) = export(admin, "bookings", CSV).splitlines()
    assert next(csv.reader(io.StringIO(line)))[:3] == ["id", "state", "request"]
    confirmed(admin, physio(NINE))
    text = export(admin, "bookings", CSV)
    found = told(bring(admin, "bookings", text, CSV), 409, "taken")
    assert [where for _, where, _ in found] == ["bookings.csv row 2"]

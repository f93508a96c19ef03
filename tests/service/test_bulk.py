"""Everything of a kind in and out at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio

NINE = "2030-01-07T09:00:00+01:00"
JSON, LINES, CSV = "application/json", "application/x-ndjson", "text/csv"
KINDS = ("locations", "calendars", "resources", "services", "people", "sessions", "requests")
REQUESTS = [
    {
        "id": f"R{number}",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "P1"}],
        "priority": number,
    }
    for number in (1, 2, 3)
]

JOINS = {"id": "R9", "steps": [{"sessions": ["S1"]}], "attendees": [{"resource": "P1"}]}


def bring(asks: Asker, plural: str, content: str, media: str, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {asks.key}", "Content-Type": media, **headers}
    return asks.http.post(f"/v1/{plural}/import", content=content.encode(), headers=sent)


def export(asks: Asker, plural: str, media: str = LINES) -> str:
    found = asks.get(f"/v1/{plural}/export", Accept=media)
    assert found.status_code == 200, found.text
    assert found.headers["content-type"].partition(";")[0] == media
    text: str = found.text
    return text


def lines(items: list[Any]) -> str:
    return "\n".join(json.dumps(item) for item in items)


@pytest.mark.parametrize("media", [JSON, LINES])
def test_what_is_exported_can_be_imported(
    clinic: Clinic, new_clinic: Callable[[], Clinic], media: str
) -> None:
    """A whole clinic moves from one tenant to another, and is the same there."""
    here, there = clinic.asker(), new_clinic().asker()
    assert here.post("/v1/locations", {"id": "here"}).status_code == 201
    session = {"id": "S1", "service": "training", "least": 1, "most": 3, "label": "Back school"}
    assert here.post("/v1/sessions", session).status_code == 201
    assert here.post("/v1/requests", [*REQUESTS, JOINS]).status_code == 201
    for plural in KINDS:
        text = export(here, plural, media)
        made = bring(there, plural, text, media)
        assert made.status_code == 201, made.text
        assert export(there, plural, media) == text
    assert there.get("/v1/resources/P1").json()["kind"] == "patient"


def test_a_table_of_requests_is_that_of_a_folder(clinic: Clinic) -> None:
    """The columns of requests.csv, with series, windows and attendees in their short forms."""
    asks = clinic.asker("scheduler")
    text = (
        "id,service,attendees,priority,window_start,window_end,series,count,at_least\n"
        "R1,physio,P1,2,2027-01-07T08:00+01:00,2027-01-21T18:00+01:00,flexible,6,4\n"
        "R2,training,P1;P2,,,,,,\n"
    )
    made = bring(asks, "requests", text, CSV)
    assert (made.status_code, made.json()) == (201, {"imported": 2})
    first = asks.get("/v1/requests/R1").json()
    assert first["series"] == {"type": "flexible", "count": 6, "at_least": 4} | {
        key: first["series"][key]
        for key in first["series"]
        if key not in ("type", "count", "at_least")
    }
    assert first["windows"] == [{"start": "2027-01-07T07:00:00Z", "end": "2027-01-21T17:00:00Z"}]
    (out,) = [
        row
        for row in csv.DictReader(io.StringIO(export(asks, "requests", CSV)))
        if row["id"] == "R2"
    ]
    assert (out["service"], out["attendees"], out["left_out"]) == ("training", "P1;P2", "")


def test_a_table_goes_out_and_comes_in(clinic: Clinic, new_clinic: Callable[[], Clinic]) -> None:
    """People, too; spreadsheets take no cell for a formula."""
    here, there = clinic.asker(), new_clinic().asker()
    body = {"id": "P3", "name": "=1+1", "email": "p3@example.org", "phone": "+49 30 1"}
    assert here.post("/v1/people", body).status_code == 201
    text = export(here, "people", CSV)
    assert text.splitlines()[0] == "id,name,email,phone"
    assert '"""=1+1"""' in text
    assert bring(there, "people", text, CSV).json() == {"imported": 3}
    assert there.get("/v1/people/P3").json()["name"] == "=1+1"
    assert there.get("/v1/people/P3").json()["phone"] == "+49 30 1"


def test_what_a_row_has_no_room_for_is_named(clinic: Clinic) -> None:
    """A calendar's hours stand in another table: the row says so, and is not taken for whole."""
    asks = clinic.asker()
    text = export(asks, "calendars", CSV)
    assert text.splitlines() == ["id,holidays,left_out", "office,,weekly"]
    found = bring(asks, "calendars", text, CSV)
    assert found.status_code == 422
    assert found.json()["faults"] == [
        {
            "code": "missing",
            "kind": "file",
            "id": "",
            "message": "The row has no room for: weekly; bring it in as JSON.",
            "where": "calendars.csv row 2",
        }
    ]


SPA = {**REQUESTS[1], "steps": [{"service": "spa"}]}
UNREAD = {**REQUESTS[1], "priority": "x"}


@pytest.mark.parametrize(
    ("plural", "text", "places"),
    [
        ("requests", lines([REQUESTS[0], {"id": "R8"}, UNREAD]), ["row 2", "row 3.priority"]),
        ("requests", lines(REQUESTS) + "\n{\n", ["row 4"]),
        ("requests", json.dumps([REQUESTS[0], 7]), ["row 2"]),
        ("requests", lines([REQUESTS[0], SPA]), ["row 2"]),
        ("requests", "id,service,priority\nR1,physio,a\nR2,physio,12\n", ["CSV row 2"]),
        ("requests", "id,service\nR1,physio\nR2,spa\nR3,spa\n", ["CSV row 3", "CSV row 4"]),
        ("locations", f"id\n{'x' * 201}\n", ["CSV row 2.id"]),
        ("people", "id,name\nP8,Eva\nP9,\n", ["CSV row 3"]),
        ("people", lines([{"name": "E", "email": "x"}, {"age": 3}]), ["row 1", "row 2", "row 2"]),
        (
            "people",
            lines([{"name": "E"}, {"name": "E", "resource": {"lanes": "x"}}]),
            ["row 2.lanes"],
        ),
        ("requests", "", []),
    ],
)
def test_every_fault_is_told_with_its_row(
    clinic: Clinic, plural: str, text: str, places: list[str]
) -> None:
    """And nothing is written."""
    asks = clinic.asker()
    media = {"[": JSON, "i": CSV}.get(text[:1], LINES)
    places = [place.replace("CSV", f"{plural}.csv") for place in places]
    before = export(asks, plural)
    found = bring(asks, plural, text, media)
    assert found.status_code == 422, found.text
    assert [fault["where"] for fault in found.json().get("faults", [])] == places
    assert export(asks, plural) == before


def test_names_that_are_taken_are_told_with_their_rows(clinic: Clinic) -> None:
    """All of them: twice in what was sent, or there already."""
    asks = clinic.asker()
    assert bring(asks, "requests", lines(REQUESTS), LINES).status_code == 201
    again = bring(asks, "requests", lines([{**REQUESTS[0], "id": "R9"}, *REQUESTS[1:]]), LINES)
    assert again.status_code == 409
    assert [fault["where"] for fault in again.json()["faults"]] == ["row 2", "row 3"]
    twice = bring(asks, "locations", "id\nhere\nthere\nhere\n", CSV)
    assert twice.status_code == 409
    assert twice.json()["detail"] == "The location 'here' stands in locations.csv row 2 already."
    assert asks.get("/v1/locations").json()["items"] == []
    people = bring(asks, "people", "id,name\nP1,Eva\nanna,Eva\n", CSV)
    assert people.status_code == 409
    assert people.json()["faults"][0]["where"] == "people.csv row 2"


def test_an_import_that_is_sent_twice_happens_once(clinic: Clinic) -> None:
    """With an idempotency key the second answer is the first."""
    asks = clinic.asker()
    first, again = (
        bring(asks, "requests", lines(REQUESTS), LINES, **{"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == {"imported": 3}


def test_streams_have_several_parts(clinic: Clinic) -> None:
    """More than one part of the stream, in the order in which they came."""
    asks = clinic.asker()
    many = [{**REQUESTS[0], "id": f"R{number:05}"} for number in range(2_500)]
    assert bring(asks, "requests", lines(many), LINES).json() == {"imported": 2_500}
    out = [json.loads(line)["id"] for line in export(asks, "requests").splitlines()]
    assert out == [item["id"] for item in many]
    assert [item["id"] for item in json.loads(export(asks, "requests", JSON))] == out
    assert export(asks, "requests", CSV).count("\n") == 2_501


def test_bookings_go_out_with_a_row_for_each_visit(clinic: Clinic) -> None:
    """By their ids: names of people are no part of it."""
    asks = clinic.asker("scheduler")
    held = asks.post("/v1/holds", physio(NINE)).json()
    (row,) = csv.DictReader(io.StringIO(export(asks, "bookings", CSV)))
    assert (row["id"], row["state"], row["person"]) == (held["id"], "held", "P1")
    assert (row["start"], row["end"]) == ("2030-01-07T08:00:00Z", "2030-01-07T08:45:00Z")
    assert row["resources"] == "attendee:P1=P1;practitioner=anna;room=room-1"
    assert json.loads(export(asks, "bookings")) == held
    assert "Person P1" not in export(asks, "bookings")


def test_exports_hold_what_the_asker_may_read(clinic: Clinic) -> None:
    """No people without people.read; a client's own bookings and requests, and no others."""
    admin = clinic.asker()
    assert admin.post("/v1/requests", REQUESTS).status_code == 201
    assert admin.post("/v1/holds", physio(NINE)).status_code == 201
    narrow = clinic.asker("scheduler", scopes=["catalogue.read", "requests.read"])
    assert narrow.get("/v1/people/export").status_code == 403
    assert '"P1"' not in export(narrow, "resources") + export(admin, "resources")
    (row,) = clinic.sql("SELECT id FROM person WHERE ref = 'P2'")
    client = clinic.asker("client", person_id=row[0])
    assert export(client, "bookings") == export(client, "requests") == ""
    assert client.get("/v1/people/export").status_code == 403


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", JSON),
        ("text/*", CSV),
        ("text/csv;q=0.5, application/x-ndjson", LINES),
        ("application/json;q=0, */*;q=0.1", JSON),
        ("TEXT/CSV", CSV),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(clinic: Clinic, accept: str, media: str) -> None:
    """As RFC 9110 says."""
    found = clinic.asker().get("/v1/locations/export", Accept=accept)
    assert found.headers["content-type"].partition(";")[0] == media


def test_forms_that_there_are_not(clinic: Clinic) -> None:
    """They are told, with those that there are."""
    asks = clinic.asker()
    found = asks.get("/v1/locations/export", Accept="application/xml")
    assert (found.status_code, found.json()["type"]) == (
        406,
        "urn:allocator:problem:not-acceptable",
    )
    sent = bring(asks, "locations", "<id/>", "application/xml")
    assert (sent.status_code, sent.json()["type"]) == (
        415,
        "urn:allocator:problem:unsupported-media-type",
    )

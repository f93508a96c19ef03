"""Claims: what is taken of resources, listed and exported, as far as it is the asker's business."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from service.booking import expire_all
from service.changing import change
from service.conftest import Asker, Clinic, physio
from service.test_bulk import CSV, JSON, LINES, export
from service.test_life import ELEVEN, NINE, TEN, confirmed, held, surgery
from service.test_store import conditions
from sqlalchemy import event, text

from api.embedded import EmbeddedServer


def listed(asks: Asker, **filters: str) -> list[Any]:
    found = asks("GET", "/v1/claims?" + "&".join(f"{k}={v}" for k, v in filters.items()))
    assert found.status_code == 200, found.text
    items: list[Any] = found.json()["items"]
    return items


def told(claims: list[Any]) -> list[tuple[str, str, str]]:
    return [(c["resource"], c["start"][11:16], c["state"]) for c in claims]


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    """Somebody where nine is held, ten is booked, and eleven waits for a reviewer."""
    admin = clinic.asker()
    needs = admin.get("/v1/services/physio").json()["needs"]
    needs[1]["after_minutes"] = 15
    change(admin, "/v1/services/physio", needs=needs)
    held(admin, physio(NINE, None))
    confirmed(admin, physio(TEN, None))
    confirmed(admin, surgery(ELEVEN, attendees=[]))
    return clinic.asker("scheduler")


def test_what_is_taken_is_listed(asks: Asker) -> None:
    """Each resource apart, cleaning included, with the booking and visit that take it."""
    assert told(listed(asks)) == [
        ("anna", "08:00", "hold"),
        ("room-1", "08:00", "hold"),
        ("anna", "09:00", "booked"),
        ("room-1", "09:00", "booked"),
        ("anna", "10:00", "pending_approval"),
        ("room-1", "10:00", "pending_approval"),
    ]
    room = listed(asks)[1]
    booking = asks.get(f"/v1/bookings/{room['booking']}").json()
    assert asks.get(f"/v1/claims/{room['id']}").json() == room
    assert room == {
        "id": room["id"],
        "resource": "room-1",
        "role": "room",
        "lane": 0,
        "state": "hold",
        "start": "2030-01-07T08:00:00Z",
        "end": "2030-01-07T09:00:00Z",
        "expires_at": booking["expires_at"],
        "visit": booking["visits"][0]["id"],
        "booking": booking["id"],
        "session": None,
    }


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"resource": "anna"}, ["08:00", "09:00", "10:00"]),
        ({"resource": "room-1", "state": "booked"}, ["09:00"]),
        ({"resource": "nobody"}, []),
        ({"resource": "room-1", "to": "2030-01-07T09:00:00Z"}, ["08:00"]),
        ({"resource": "room-1", "from": "2030-01-07T09:00:00Z"}, ["09:00", "10:00"]),
        (
            {"resource": "room-1", "from": "2030-01-07T08:59:00Z", "to": "2030-01-07T10:00:00Z"},
            ["08:00", "09:00"],
        ),
        ({"resource": "room-1", "from": "2030-01-07T09:00:00Z", "to": "2030-01-07T09:00:00Z"}, []),
        ({"from": "2030-01-07T10:00:00Z", "to": "2030-01-07T09:00:00Z"}, []),
        ({"state": "hold"}, ["08:00", "08:00"]),
        ({"state": "pending_approval", "to": "2030-01-07T10:30:00Z"}, ["10:00", "10:00"]),
    ],
)
def test_by_resource_state_and_time(asks: Asker, filters: dict[str, str], found: list[str]) -> None:
    """A claim is in a span that it overlaps; where one ends the next may begin."""
    assert [start for _, start, _ in told(listed(asks, **filters))] == found


def test_what_lasts_for_days_is_found_in_the_middle(asks: Asker, clinic: Clinic) -> None:
    """Time is looked at from both ends, and what is longer than a day has an index of its own."""
    clinic.sql(
        "UPDATE claim SET span = tstzrange('2030-01-04 08:00+00', upper(span)) WHERE state = 'hold'"
    )
    second = {"from": "2030-01-05T08:00:00Z", "to": "2030-01-05T09:00:00Z"}
    assert [claim["start"] for claim in listed(asks, **second)] == ["2030-01-04T08:00:00Z"] * 2
    whole = {"from": "2030-01-07T08:00:00Z", "to": "2030-01-07T10:00:00Z"}
    assert listed(asks, **whole) == listed(asks)[:4]
    assert listed(asks, to="2030-01-07T10:30:00Z") == listed(asks)


def test_a_past_day_is_found_among_all_that_came_later(
    asks: Asker, app: FastAPI, clinic: Clinic, server: EmbeddedServer
) -> None:
    """Under row-level security indexes lead to it, with both ends."""
    asked: list[tuple[str, Any]] = []

    def hear(_: Any, cursor: Any, statement: str, words: Any, *more: Any) -> None:
        if "over_a_day" in statement:
            asked.append((re.sub(r"%\((\w+)\)s", r"(:\1)", statement), words))

    engine = app.state.service.database.engine
    event.listen(engine, "before_cursor_execute", hear)
    assert listed(asks, **{"from": "2020-01-07T00:00:00Z", "to": "2020-01-08T00:00:00Z"}) == []
    event.remove(engine, "before_cursor_execute", hear)
    ((statement, words),) = asked
    found = conditions(clinic, server, "claim", "ends_at", text(statement), words)
    assert [line.split(":")[0] for line in found] == ["Index Cond"] * 4
    assert sum("ends_at <" in line for line in found) == 2


def test_page_by_page(asks: Asker) -> None:
    """In the order in which they came."""
    first = asks.get("/v1/claims?limit=4").json()
    rest = asks.get(f"/v1/claims?limit=4&cursor={first['next']}").json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (4, 2, None)
    assert first["items"] + rest["items"] == listed(asks)


def test_what_has_expired_takes_nothing(clinic: Clinic, asks: Asker) -> None:
    """Before anybody sweeps."""
    expired, *_, stays, _ = [claim["id"] for claim in listed(asks) if claim["state"] != "booked"]
    booked = [claim["id"] for claim in listed(asks) if claim["state"] == "booked"]
    expire_all(clinic)
    assert [state for _, _, state in told(listed(asks))] == ["booked", "booked"]
    assert asks.get(f"/v1/claims/{booked[0]}").status_code == 200
    for name in (expired, stays, "nobody", "A" * 11, "_" * 11):
        found = asks.get(f"/v1/claims/{name}")
        assert (found.status_code, found.json()["detail"]) == (404, f"There is no claim {name!r}.")


def test_the_place_of_a_group_session_is_nobodys_booking(clinic: Clinic) -> None:
    """It names the session."""
    admin = clinic.asker()
    assert admin.post("/v1/sessions", {"id": "S1", "service": "training", "most": 2}).is_success
    place = {"start": NINE, "resources": {"gym": ["gym"]}}
    assert admin.post("/v1/sessions/S1/place", place).status_code == 201
    (claim,) = listed(admin)
    assert (claim["booking"], claim["session"]) == (None, "S1")
    held(admin, {"session": "S1", "start": NINE, "attendees": ["P1"]})
    assert [(c["resource"], c["session"]) for c in listed(admin)] == [("gym", "S1"), ("P1", "S1")]


def test_whoever_works_elsewhere_sees_what_is_there(clinic: Clinic, asks: Asker) -> None:
    """And what has no place of its own."""
    admin = clinic.asker()
    assert admin.post("/v1/locations", [{"id": "here"}, {"id": "there"}]).status_code == 201
    room = {"id": "room-h", "kind": "room", "location": "here"}
    assert admin.post("/v1/resources", room).status_code == 201
    held(admin, physio(NINE, None, resources={"practitioner": ["ben"], "room": ["room-h"]}))
    seen = {
        place: {c["resource"] for c in listed(clinic.asker("scheduler", locations=[place]))}
        for place in ("here", "there")
    }
    (elsewhere,) = [c["id"] for c in listed(admin) if c["resource"] == "room-h"]
    path = f"/v1/claims/{elsewhere}"
    asked = [clinic.asker("scheduler", locations=[p]).get(path) for p in ("here", "there")]
    assert [found.status_code for found in asked] == [200, 404]
    assert seen == {"here": {"anna", "room-1", "ben", "room-h"}, "there": {"anna", "room-1"}}


@pytest.mark.parametrize("media", [JSON, LINES, CSV])
def test_all_of_them_at_once(asks: Asker, media: str) -> None:
    """The export holds what lists hold."""
    text, items = export(asks, "claims", media), listed(asks)
    if media == CSV:
        rows = list(csv.DictReader(io.StringIO(text)))
        told = [{k: "" if v is None else str(v) for k, v in item.items()} for item in items]
        assert rows == told
    else:
        found = json.loads(text) if media == JSON else [json.loads(x) for x in text.splitlines()]
        assert found == items

"""Suggestions over HTTP: what is free, for whom, and that each can be held."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from service.booking import booked, client
from service.conftest import Asker, Clinic, physio
from service.indexing import BERLIN, at, monday, window
from service.suggesting import starts, suggested, utc
from sqlalchemy import event


def test_what_is_free_is_suggested(clinic: Clinic) -> None:
    """Anna and Ben are booked until half past nine: the quarters from then on are left."""
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(8.75), None))
    booked(asks, physio(at(8.75), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    found = suggested(asks, service="physio", attendees=["P1"], windows=[window(8.5, 11)], limit=50)
    assert starts(found) == ["09:30", "09:45", "10:00", "10:15"]
    assert found["starts"] == 4
    first = found["suggestions"][0]
    assert first["zone"] == "Europe/Berlin"
    assert set(first["visits"][0]["resources"]) == {"practitioner", "room"}


def test_where_nothing_has_changed_no_transaction_is_opened(clinic: Clinic) -> None:
    """That nothing is new is asked in one trip; what is booked then is known all the same."""
    asks = clinic.asker("scheduler")
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(8.5, 11)], "limit": 50}
    found = [starts(suggested(asks, **body)) for _ in range(2)]  # the secret is made, P1 known
    application: Any = clinic.http.app
    engine = application.state.service.database.engine
    told: list[str] = []

    def tell(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", tell)
    try:
        found.append(starts(suggested(asks, **body)))
        scoped = [one for one in told if "set_config" in one]
    finally:
        event.remove(engine, "before_cursor_execute", tell)
    assert found == [["08:30", "08:45", "09:00", "09:15", "09:30", "09:45", "10:00", "10:15"]] * 3
    assert scoped == [], told
    assert sum("changes_since" in one for one in told) == 1
    booked(asks, physio(at(8.5), None))
    booked(asks, physio(at(8.5), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    assert starts(suggested(asks, **body)) == ["09:15", "09:30", "09:45", "10:00", "10:15"]


def test_each_suggestion_can_be_held_as_it_is(clinic: Clinic) -> None:
    """Of a busy day all that are suggested are held, one after the other, each asked anew."""
    asks = clinic.asker("scheduler")
    held = 0
    while True:
        found = suggested(asks, service="physio", windows=[window(8, 10)], limit=1)
        if not found["suggestions"]:
            break
        answer = asks.post("/v1/holds", {"token": found["suggestions"][0]["token"]})
        assert answer.status_code == 201, answer.text
        assert answer.json()["state"] == "held"
        held += 1
    assert held == 4  # two practitioners in two rooms, for two visits of 45 minutes each
    assert clinic.overlaps() == 0


def test_a_suggestion_is_booked_in_one_call(clinic: Clinic) -> None:
    """Held and confirmed; what a reviewer has to look at waits; a repeat changes nothing."""
    asks = clinic.asker("scheduler")
    found = suggested(asks, service="physio", attendees=["P1"], wanted=at(9), limit=1)
    token = {"token": found["suggestions"][0]["token"]}
    made = asks.post("/v1/bookings", token, Idempotency_Key="k")
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/bookings/{made.json()['id']}"
    assert (made.json()["state"], made.json()["person"]) == ("booked", "P1")
    assert made.json()["starts_at"] == found["suggestions"][0]["start"]
    again = asks.post("/v1/bookings", token, Idempotency_Key="k")
    assert again.json() == made.json()
    found = suggested(asks, service="surgery", limit=1)
    made = asks.post("/v1/bookings", {"token": found["suggestions"][0]["token"]})
    assert made.json()["state"] == "pending_approval"


def test_who_may_stay_away_does_so_where_they_are_taken(clinic: Clinic) -> None:
    """P2 is at the gym from nine to ten: held and moved without them, and with them after ten."""
    asks = clinic.asker("scheduler")
    booked(asks, {"service": "training", "attendees": ["P2"], "start": at(9),
                  "resources": {"gym": ["gym"]}})  # fmt: skip
    coming = [{"resource": "P1"}, {"resource": "P2", "required": False}]
    body = {"id": "R1", "steps": [{"service": "physio"}], "attendees": coming}
    assert asks.post("/v1/requests", body).status_code == 201
    (early,) = suggested(asks, request="R1", windows=[window(9, 9.75)], limit=1)["suggestions"]
    held = asks.post("/v1/holds", {"token": early["token"]})
    assert held.status_code == 201, held.text
    name = held.json()["id"]

    def who_comes() -> set[str]:
        (visit,) = asks.get(f"/v1/bookings/{name}").json()["visits"]
        return {role for role in visit["resources"] if role.startswith("attendee:")}

    assert who_comes() == {"attendee:P1"}
    for hours, coming_then in (((9.25, 10), {"P1"}), ((10, 10.75), {"P1", "P2"})):
        (one,) = suggested(asks, booking=name, windows=[window(*hours)], limit=1)["suggestions"]
        path = f"/v1/bookings/{name}/reschedule"
        assert asks.post(path, {"token": one["token"]}).status_code == 200
        assert who_comes() == {f"attendee:{person}" for person in coming_then}


def test_a_week_counts_whole_where_the_days_that_are_looked_at_end(clinic: Clinic) -> None:
    """Anna has one visit a week, on Friday; places are suggested until Wednesday, not with her."""
    days = (monday() - datetime.now(BERLIN).date()).days
    clinic.settle(suggest_days=days + 3)
    admin = clinic.asker()
    limits = {"limits": {"visits_per_week": 1}}
    anna = {"id": "anna", "kind": "practitioner", "calendar": "office", "name": "Anna", **limits}
    assert admin("PUT", "/v1/resources/anna", anna, If_Match='"1"').status_code == 200
    booked(admin, physio(at(9, 4), None))
    found = suggested(admin, service="physio", windows=[window(8, 18, 0), window(8, 18, 4)])
    assert found["suggestions"]
    for one in found["suggestions"]:
        (visit,) = one["visits"]
        assert visit["resources"]["practitioner"] == ["ben"]
        assert visit["start"] < utc(0, 3)
    late = suggested(admin, service="physio", windows=[window(17.5, 18, 2)])
    assert (late["suggestions"], late["next_possible"]) == ([], None)


def test_who_waits_is_not_robbed_of_their_last_place_unawares(clinic: Clinic) -> None:
    """R1 can only lie from eight to nine: its place is suggested last, and the staff are told.

    Once it is booked, or withdrawn, nobody's place is taken.
    """
    asks = clinic.asker("scheduler")
    booked(asks, physio(at(8), None, resources={"practitioner": ["ben"], "room": ["room-2"]}))
    asking = {
        "id": "R1",
        "steps": [{"service": "physio"}],
        "attendees": [{"resource": "P2"}],
        "windows": [window(8, 8.75)],
    }
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(8, 8.75)], "limit": 1}

    def displaced(asks: Asker) -> Any:
        (one,) = suggested(asks, **body)["suggestions"]
        return one["displaces"], "displaces" in {reason["tag"] for reason in one["reasons"]}

    assert displaced(asks) == ([], False)
    assert asks.post("/v1/requests", asking).status_code == 201
    assert displaced(asks) == (["R1"], True)
    assert displaced(client(clinic, "P1")) == (None, False)
    now = asks.get("/v1/requests/R1")
    longer = {**asking, "windows": [window(8, 18)]}
    changed = asks("PUT", "/v1/requests/R1", longer, If_Match=now.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert displaced(asks) == ([], False)
    changed = asks("PUT", "/v1/requests/R1", asking, If_Match=changed.headers["etag"])
    assert displaced(asks) == (["R1"], True)
    found = suggested(asks, request="R1", limit=1)["suggestions"][0]
    assert found["displaces"] == []  # it is its own
    held = asks.post("/v1/holds", {"token": found["token"]}).json()["id"]
    assert suggested(asks, **body)["suggestions"] == []
    assert asks("DELETE", f"/v1/holds/{held}").status_code == 200
    assert displaced(asks) == (["R1"], True)
    clinic.http.app.state.service.suggester.indexes._slots.clear()  # type: ignore[attr-defined]
    assert displaced(asks) == (["R1"], True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"service": "physio", "request": "R1"},
        {"service": "physio", "session": "S"},
        {"service": "nothing"},
        {"request": "R1", "attendees": ["P1"]},
        {"service": "physio", "visits": [{}]},
        {"booking": "00000000-0000-7000-8000-000000000000", "urgent": True},
        {"service": "physio", "windows": [{"start": at(9), "end": at(8)}]},
        {"service": "physio", "preferred": {"driver": ["anna"]}},
        {"service": "physio", "preferred": {"practitioner": ["nobody"]}},
        {"service": "physio", "attendees": ["nobody"]},
    ],
)
def test_what_cannot_be_meant_is_refused(clinic: Clinic, body: dict[str, Any]) -> None:
    """With a sentence that says what."""
    answer = clinic.asker("scheduler").post("/v1/suggestions", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]

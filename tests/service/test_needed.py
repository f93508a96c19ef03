"""What somebody needs is not deleted, and what is over needs nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from service.booking import expire_all
from service.changing import change
from service.conftest import Asker, Clinic, need, physio
from service.racing import race, statuses
from service.test_life import ANNA, ELEVEN, NINE, TEN, began, confirmed, held, surgery


def delete(asks: Asker, path: str) -> Any:
    """Delete a thing, whatever its version is."""
    return asks("DELETE", f"/v1/{path}", If_Match=asks.get(f"/v1/{path}").headers["etag"])


def refused(asks: Asker, path: str) -> tuple[str, int | None]:
    """Return with which words a thing is not deleted, and how many live bookings it has."""
    answer = delete(asks, path)
    assert answer.status_code == 409, answer.text
    found = answer.json()
    assert found["type"] == "urn:allocator:problem:in-use"
    assert asks.get(f"/v1/{path}").status_code == 200
    return found["detail"], found.get("live_bookings")


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    """An administrator; there is a third practitioner, so that any one of them may go."""
    admin = clinic.asker()
    made = admin.post("/v1/resources", {"id": "cleo", "kind": "practitioner"})
    assert made.status_code == 201
    return admin


CLEO = {"practitioner": ["cleo"], "room": ["room-1"]}


@pytest.mark.parametrize("path", ["services/surgery", "resources/cleo"])
def test_live_bookings_need_a_service_and_a_resource(
    clinic: Clinic, asks: Asker, path: str
) -> None:
    """Held, waiting for a reviewer and booked count; once all are cancelled it goes."""
    kind, _, name = path.partition("s/")
    names = [
        held(asks, surgery(NINE, resources=CLEO)),
        confirmed(asks, surgery(TEN, resources=CLEO)),
        confirmed(asks, surgery(ELEVEN, resources=CLEO, attendees=["P2"])),
    ]
    assert asks.post(f"/v1/bookings/{names[2]}/approve").json()["state"] == "booked"
    for left in (3, 2, 1):
        bookings = "1 live booking" if left == 1 else f"{left} live bookings"
        said = f"The {kind} {name!r} has {bookings}; cancel, move or take them back first."
        assert refused(asks, path) == (said, left)
        assert asks.post(f"/v1/bookings/{names.pop()}/cancel").status_code == 200
    assert delete(asks, path).status_code == 204
    assert asks.get(f"/v1/{path}").status_code == 404


@pytest.mark.parametrize("path", ["services/surgery", "resources/cleo"])
def test_what_is_over_needs_nothing(clinic: Clinic, asks: Asker, path: str) -> None:
    """A visit that has ended, and a hold whose time is over, keep their names and nothing else."""
    past = confirmed(asks, surgery(NINE, resources=CLEO))
    assert asks.post(f"/v1/bookings/{past}/approve").status_code == 200
    began(clinic, past, -60)
    old = held(asks, surgery(TEN, resources=CLEO))
    expire_all(clinic)
    assert delete(asks, path).status_code == 204
    for name in (past, old):
        (visit,) = asks.get(f"/v1/bookings/{name}").json()["visits"]
        assert (visit["service"], visit["resources"]["practitioner"]) == ("surgery", ["cleo"])
    assert asks.post(f"/v1/bookings/{past}/fulfil").status_code == 200


def test_a_visit_that_has_not_ended_is_live(clinic: Clinic, asks: Asker) -> None:
    """Half an hour after it began, of 45 minutes, somebody is still in the room."""
    name = confirmed(asks, physio(NINE, resources=CLEO))
    began(clinic, name, -30)
    assert refused(asks, "resources/cleo")[1] == 1
    assert asks.post(f"/v1/bookings/{name}/check-in").status_code == 200
    assert refused(asks, "services/physio")[1] == 1


def noon(days: int) -> str:
    """About noon in so many days: with a visit of today's, too, it can be looked at together."""
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}T12:00:00+01:00"


def half_attended(clinic: Clinic, asks: Asker, steps: list[dict[str, Any]]) -> str:
    """Book a series with Cleo of which the first visit is over and fulfilled."""
    body = {"id": "R1", "steps": steps, "attendees": [{"resource": "P1"}]}
    if len(steps) == 1:
        body["series"] = {"type": "flexible", "count": 2}
    assert asks.post("/v1/requests", body).status_code == 201
    visits = [
        {"occurrence": 1, "step": 1, "start": noon(7), "resources": CLEO},
        {"occurrence": 1, "step": 2, "start": noon(8), "resources": ANNA}
        if len(steps) > 1
        else {"occurrence": 2, "start": noon(8), "resources": ANNA},
    ]
    name = confirmed(asks, {"request": "R1", "visits": visits})
    if len(steps) > 1:
        assert asks.post(f"/v1/bookings/{name}/approve").status_code == 200
    first = asks.get(f"/v1/bookings/{name}").json()["visits"][0]["id"]
    hour = "date_trunc('hour', now()) - interval '60 minutes'"
    past = f"tstzrange({hour}, {hour} + interval '45 minutes')"
    one = f"(SELECT id FROM visit WHERE uid = '{first}')"
    clinic.sql(f"UPDATE claim SET span = {past} WHERE visit_id = {one}")
    clinic.sql(f"UPDATE visit SET span = {past} WHERE id = {one}")
    assert asks.post(f"/v1/bookings/{name}/fulfil", {"visit": first}).status_code == 200
    return name


def test_the_rest_of_a_series_moves_when_somebody_has_left(clinic: Clinic, asks: Asker) -> None:
    """Cleo, who gave the first visit, is gone: the second moves, and the first keeps her name."""
    name = half_attended(clinic, asks, [{"service": "physio"}])
    assert delete(asks, "resources/cleo").status_code == 204
    move = {"visits": [{"occurrence": 2, "start": noon(9), "resources": ANNA}]}
    moved = asks.post(f"/v1/bookings/{name}/reschedule", move)
    assert moved.status_code == 200, moved.text
    first, second = moved.json()["visits"]
    assert first["resources"]["practitioner"] == ["cleo"]
    assert datetime.fromisoformat(second["start"]) == datetime.fromisoformat(noon(9))


def test_the_rest_of_a_chain_needs_the_service_of_its_beginning(
    clinic: Clinic, asks: Asker
) -> None:
    """It could not be moved without it; it is no more once the rest is over."""
    name = half_attended(clinic, asks, [{"service": "physio"}, {"service": "surgery"}])
    assert refused(asks, "services/physio")[1] == 1
    assert asks.post(f"/v1/bookings/{name}/cancel").status_code == 200
    assert delete(asks, "services/physio").status_code == 204


def test_somebody_who_was_treated_by_who_has_left_books_again(clinic: Clinic, asks: Asker) -> None:
    """The rules that look at a week of somebody's meet a visit without its practitioner."""
    body = {"id": "P9", "name": "P", "resource": {"limits": {"visits_per_day": 2}}}
    assert asks.post("/v1/people", body).status_code == 201
    past = confirmed(asks, physio(NINE, "P9", resources=CLEO))
    began(clinic, past, -60)
    assert delete(asks, "resources/cleo").status_code == 204
    clinic.sql(
        "UPDATE visit SET span = tstzrange('2030-01-07 08:00Z', '2030-01-07 08:45Z')"
        f" WHERE booking_id = (SELECT id FROM booking WHERE uid = '{past}')"
    )
    assert asks.post("/v1/holds", physio(TEN, "P9")).status_code == 201


def test_a_resource_goes_with_its_lanes_and_absences(asks: Asker) -> None:
    """What was planned for it alone has no meaning without it."""
    span = {"start": NINE, "end": TEN}
    lane = {**span, "lanes": 1, "reason": "Much to do"}
    assert asks.post("/v1/resources/cleo/extra-lanes", lane).status_code == 201
    absence = asks.post("/v1/absences", {"resource": "cleo", **span}).json()["id"]
    assert delete(asks, "resources/cleo").status_code == 204
    assert asks.get(f"/v1/absences/{absence}").status_code == 404


def test_a_group_session_with_a_place_needs_its_staff(asks: Asker) -> None:
    """So does it itself; seats count as bookings."""
    assert asks.post("/v1/sessions", {"id": "S1", "service": "physio", "most": 2}).is_success
    place = asks.post("/v1/sessions/S1/place", {"start": NINE, "resources": CLEO})
    assert place.status_code == 201
    held(asks, {"session": "S1", "start": NINE, "attendees": ["P1"]})
    for path, live in (("resources/cleo", 0), ("sessions/S1", 1)):
        said, count = refused(asks, path)
        assert ("1 place of a group session" in said, count) == (True, live)


def test_a_session_that_nobody_joined_goes(asks: Asker) -> None:
    """Once its place is taken back; where somebody has joined and left it tells of them."""
    for name, joined, code in (("S1", False, 204), ("S2", True, 409)):
        session = {"id": name, "service": "physio", "most": 2}
        assert asks.post("/v1/sessions", session).status_code == 201
        place = {"start": NINE, "resources": CLEO}
        assert asks.post(f"/v1/sessions/{name}/place", place).status_code == 201
        if joined:
            seat = held(asks, {"session": name, "start": NINE, "attendees": ["P1"]})
            assert asks.post(f"/v1/bookings/{seat}/cancel").status_code == 200
        assert asks("DELETE", f"/v1/sessions/{name}/place").status_code == 204
        assert delete(asks, f"sessions/{name}").status_code == code


def test_a_session_keeps_the_seats_that_are_taken(clinic: Clinic, asks: Asker) -> None:
    """Fewer than are taken there cannot be, of whatever number; a hold that is over takes none."""
    made = asks.post("/v1/sessions", {"id": "S1", "service": "physio", "most": 3})
    place = {"start": NINE, "resources": CLEO}
    assert asks.post("/v1/sessions/S1/place", place).status_code == 201
    seat = {"session": "S1", "start": NINE}
    first = confirmed(asks, {**seat, "attendees": ["P1"]})
    confirmed(asks, {**seat, "attendees": ["P2"]})
    fewer = {"service": "physio", "most": 1}
    refused = asks("PUT", "/v1/sessions/S1", fewer, If_Match=made.headers["etag"])
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "Group session S1 has 2 participants; at most 1 would be possible. Cancel or move some"
        " first.",
    )
    assert asks.post(f"/v1/bookings/{first}/cancel").status_code == 200
    held(asks, {**seat, "attendees": ["P1"]})
    expire_all(clinic)
    change(asks, "/v1/sessions/S1", most=1)
    full = asks.post("/v1/holds", {**seat, "attendees": ["P1"]})
    assert full.json()["detail"] == "Group session S1 has 1 seats; all are taken."


def test_a_session_with_a_place_stays_of_its_service(asks: Asker) -> None:
    """What is claimed for it is for that; once the place is taken back, it becomes another."""
    made = asks.post("/v1/sessions", {"id": "S1", "service": "physio", "most": 3})
    place = {"start": NINE, "resources": CLEO}
    assert asks.post("/v1/sessions/S1/place", place).status_code == 201
    other = {"service": "surgery", "most": 3}
    refused = asks("PUT", "/v1/sessions/S1", other, If_Match=made.headers["etag"])
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "Group session S1 has its place for the service physio; take that back before it is one of"
        " surgery.",
    )
    assert asks("DELETE", "/v1/sessions/S1/place").status_code == 204
    change(asks, "/v1/sessions/S1", service="surgery")


def test_the_last_who_can_give_a_service_is_needed_by_it(clinic: Clinic) -> None:
    """Even where nothing is booked."""
    admin = clinic.asker()
    assert delete(admin, "resources/ben").status_code == 204
    assert refused(admin, "resources/anna")[0].startswith("The resource 'anna' is needed: Service")


def test_a_person_stays_in_the_world(asks: Asker) -> None:
    """Without the resource nobody could book for them; whoever is to go is erased."""
    said = "The resource 'P1' is how a person takes part in visits; erase the person instead."
    assert refused(asks, "resources/P1") == (said, None)
    assert asks.post("/v1/people/P1/erase").status_code == 204
    assert refused(asks, "resources/P1") == (said, None)


def test_a_location_of_live_bookings_stays(clinic: Clinic, asks: Asker) -> None:
    """Even when the room has moved away since: whoever is booked there comes there."""
    assert asks.post("/v1/locations", [{"id": "old"}, {"id": "new"}]).status_code == 201
    room = {"id": "room-h", "kind": "room", "location": "old"}
    assert asks.post("/v1/resources", room).status_code == 201
    assert refused(asks, "locations/old")[0].startswith("The location 'old' is needed: Resource")
    there = {"practitioner": ["anna"], "room": ["room-h"]}
    name = confirmed(asks, physio(NINE, resources=there))
    change(asks, "/v1/resources/room-h", location="new")
    assert refused(asks, "locations/old")[1] == 1
    assert asks.post(f"/v1/bookings/{name}/cancel").status_code == 200
    assert delete(asks, "locations/old").status_code == 204


@pytest.mark.parametrize("kind", ["calendar", "location"])
def test_what_people_keep_to_stays(asks: Asker, kind: str) -> None:
    """Their resources are no part of what the catalogue is looked through for."""
    assert asks.post(f"/v1/{kind}s", {"id": "mine"}).status_code == 201
    body = {"id": "P9", "name": "P", "resource": {kind: "mine"}}
    assert asks.post("/v1/people", body).status_code == 201
    assert refused(asks, f"{kind}s/mine")[0] == f"The {kind} 'mine' is that of 1 person."
    change(asks, "/v1/resources/P9", **{kind: None})
    assert delete(asks, f"{kind}s/mine").status_code == 204


@pytest.mark.parametrize("way", ["one", "import", "change"])
def test_nobody_keeps_to_what_is_not_there(asks: Asker, way: str) -> None:
    """Every booking of theirs would be refused."""
    body = {"id": "P9", "name": "P", "resource": {"calendar": "nowhere"}}
    if way == "one":
        answer = asks.post("/v1/people", body)
    elif way == "import":
        answer = asks.post("/v1/people/import", [{"id": "P8", "name": "P"}, body])
        assert [fault["where"] for fault in answer.json()["faults"]] == ["row 2"]
    else:
        version = asks.get("/v1/resources/P1").headers["etag"]
        patient = {"kind": "patient", "calendar": "nowhere"}
        answer = asks("PUT", "/v1/resources/P1", patient, If_Match=version)
    assert answer.status_code == 422, answer.text
    assert "names the calendar 'nowhere', which does not exist" in answer.json()["detail"]
    assert asks.get("/v1/people/P9").status_code == 404


def test_a_calendar_that_resources_keep_to_stays(asks: Asker) -> None:
    """Without it they would be open around the clock."""
    said = "The calendar 'office' is needed: Resource anna names the calendar 'office'"
    assert refused(asks, "calendars/office")[0].startswith(said)


def test_a_request_that_was_booked_is_withdrawn(clinic: Clinic, asks: Asker) -> None:
    """A live booking needs it; one that is over tells of it, and nobody books it any more."""
    body = {"id": "R1", "steps": [{"service": "physio"}]}
    assert asks.post("/v1/requests", body).status_code == 201
    name = confirmed(asks, {"request": "R1", "start": NINE, "resources": ANNA})
    assert refused(asks, "requests/R1")[1] == 1
    assert asks.post(f"/v1/bookings/{name}/cancel").status_code == 200
    assert asks.get("/v1/requests?state=requested").json()["items"][0]["id"] == "R1"
    assert delete(asks, "requests/R1").status_code == 204
    there = asks.get("/v1/requests/R1")
    assert there.json()["state"] == "withdrawn"
    again = asks.post("/v1/holds", {"request": "R1", "start": NINE, "resources": ANNA})
    assert (again.status_code, again.json()["detail"]) == (409, "The request 'R1' is withdrawn.")
    asked = asks("PUT", "/v1/requests/R1", body, If_Match=there.headers["etag"])
    assert asked.json()["detail"] == "The request 'R1' is withdrawn; ask anew."
    dry = asks.post("/v1/solves", {"first": "2030-01-07", "days": 7, "dry_run": True})
    assert dry.json()["requests"] == 0
    lines = asks.get(f"/v1/audit?object={there.json()['uid']}").json()["items"]
    assert [line["action"] for line in lines] == ["request.created", "request.withdrawn"]


def asked(asks: Asker, body: dict[str, Any]) -> Callable[[], Any]:
    return partial(asks.post, "/v1/holds", body)


@pytest.mark.parametrize("path", ["services/extra", "resources/cleo"])
def test_holding_and_deleting_at_the_same_moment(clinic: Clinic, asks: Asker, path: str) -> None:
    """Either it is held and stays, or it is gone and nobody has it."""
    for _ in range(4):
        service = {"id": "extra", "minutes": 45, "needs": [need("practitioner")]}
        asks.post("/v1/services", service)
        asks.post("/v1/resources", {"id": "cleo", "kind": "practitioner"})
        hold = {"service": "extra", "start": NINE, "resources": {"practitioner": ["cleo"]}}
        got, gone = race([asked(asks, hold), partial(delete, asks, path)])
        assert (got.status_code, gone.status_code) in ((201, 409), (422, 204))
        if got.status_code == 201:
            assert asks("DELETE", f"/v1/holds/{got.json()['id']}").status_code == 200
            assert delete(asks, path).status_code == 204
    assert clinic.sql("SELECT count(*) FROM claim")[0][0] == 0
    assert statuses([asks.get(f"/v1/{path}")]) == {404: 1}

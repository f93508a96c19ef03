"""Group sessions: their place, their seats, and races for both."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from service.booking import claims, expire_all, hold
from service.changing import change
from service.conftest import Clinic, physio
from service.racing import at, race, statuses


@pytest.fixture
def course(clinic: Clinic) -> Clinic:
    """A clinic with a course of two seats that Anna gives in room 1 at 9:00, and five people."""
    admin = clinic.asker()
    made = admin.post("/v1/sessions", {"id": "course", "service": "physio", "least": 2, "most": 2})
    assert made.status_code == 201, made.text
    for n in range(3, 6):
        assert admin.post("/v1/people", {"id": f"P{n}", "name": "P"}).status_code == 201
    return clinic


PLACE = {"start": at(9), "resources": {"practitioner": ["anna"], "room": ["room-1"]}}


def seat(person: str, start: str = at(9)) -> dict[str, Any]:
    return {"session": "course", "start": start, "attendees": [person]}


def test_a_group_session_claims_staff_and_room_once(course: Clinic) -> None:
    """Placed, it takes Anna and the room; those who join take a seat and their own time."""
    asks = course.asker("scheduler")
    early = asks.post("/v1/holds", seat("P1"))
    assert (early.status_code, early.json()["type"]) == (409, "urn:allocator:problem:rule-broken")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 409
    assert asks.post("/v1/holds", physio(at(9), None)).status_code == 409
    elsewhen = asks.post("/v1/holds", seat("P1", at(10)))
    assert [v["rule"] for v in elsewhen.json()["violations"]] == ["session_together"]
    assert asks.post("/v1/holds", seat("P1")).status_code == 201
    place = asks.get("/v1/sessions/course/place").json()
    assert (place["taken"], place["least"], place["enough"]) == (1, 2, False)
    assert asks.post("/v1/holds", seat("P2")).status_code == 201
    assert asks.get("/v1/sessions/course/place").json()["enough"] is True
    assert [resource for resource, _, _ in claims(course)] == ["P1", "P2", "anna", "room-1"]
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 409


def test_a_group_session_is_taken_back(course: Clinic) -> None:
    """Once nobody has a seat, its place is given back, and it can be placed again."""
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    held = asks.post("/v1/holds", seat("P1")).json()
    assert asks("DELETE", f"/v1/holds/{held['id']}").status_code == 200
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 204
    assert claims(course) == []
    assert asks.get("/v1/sessions/course/place").status_code == 404
    assert asks.post("/v1/sessions/course/place", {**PLACE, "start": at(11)}).status_code == 201


def test_race_for_the_last_seat(course: Clinic) -> None:
    """Five want one of two seats at once: two have one, and the others are told."""
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    answers = race([hold(asks, seat(f"P{n}")) for n in range(1, 6)])
    assert statuses(answers) == {201: 2, 409: 3}
    numbers = course.sql("SELECT number FROM seat WHERE tenant_id = :t", t=course.tenant)
    assert sorted(row.number for row in numbers) == [1, 2]


def test_race_for_the_place_of_a_session(course: Clinic) -> None:
    """Four place it at once, each at another time: it is held once."""
    asks = course.asker("scheduler")
    path = "/v1/sessions/course/place"
    places = [partial(asks.post, path, {**PLACE, "start": at(9 + n)}) for n in range(4)]
    assert statuses(race(places)) == {201: 1, 409: 3}
    assert len(claims(course)) == 2


def test_joining_and_taking_back_at_the_same_moment(course: Clinic) -> None:
    """Either somebody has a seat and it stays, or it is gone and nobody joins."""
    asks = course.asker("scheduler")
    for day in range(4):
        place = {**PLACE, "start": at(9, day)}
        assert asks.post("/v1/sessions/course/place", place).status_code == 201
        joined, gone = race(
            [
                hold(asks, seat("P1", at(9, day))),
                partial(asks, "DELETE", "/v1/sessions/course/place"),
            ]
        )
        assert (joined.status_code, gone.status_code) in ((201, 409), (409, 204))
        if joined.status_code == 201:
            asks("DELETE", f"/v1/holds/{joined.json()['id']}")
            assert asks("DELETE", "/v1/sessions/course/place").status_code == 204
    assert claims(course) == []


def test_an_expired_seat_is_taken_by_the_next(course: Clinic) -> None:
    """The seat of a hold whose time is over goes to the next who asks, before anybody sweeps."""
    change(course.asker(), "/v1/sessions/course", least=1, most=1)
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert asks.post("/v1/holds", seat("P1")).status_code == 201
    assert asks.post("/v1/holds", seat("P2")).status_code == 409
    expire_all(course)
    assert asks.post("/v1/holds", seat("P2")).status_code == 201


def test_the_seat_of_an_expired_hold_keeps_no_session_in_its_place(course: Clinic) -> None:
    """Before anybody sweeps, it is counted no more, and the place is taken back."""
    asks = course.asker("scheduler")
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    held = asks.post("/v1/holds", seat("P1")).json()
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 409
    expire_all(course)
    assert asks.get("/v1/sessions/course/place").json()["taken"] == 0
    assert asks("DELETE", "/v1/sessions/course/place").status_code == 204
    assert asks.get(f"/v1/bookings/{held['id']}").json()["state"] == "expired"
    assert claims(course) == []


def test_a_seat_is_left_for_another_session(course: Clinic) -> None:
    """Whoever moves to another session has a seat there, and none in the old one."""
    asks, admin = course.asker("scheduler"), course.asker()
    made = admin.post("/v1/sessions", {"id": "later", "service": "physio", "most": 1})
    assert made.status_code == 201
    assert asks.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert asks.post("/v1/sessions/later/place", {**PLACE, "start": at(11)}).status_code == 201
    request = {"id": "R", "steps": [{"sessions": ["course", "later"]}]}
    request["attendees"] = [{"resource": "P1"}]
    assert admin.post("/v1/requests", request).status_code == 201
    held = asks.post(
        "/v1/holds", {"request": "R", "visits": [{"start": at(9), "session": "course"}]}
    )
    assert held.status_code == 201, held.text
    path = f"/v1/bookings/{held.json()['id']}/reschedule"
    moved = asks.post(path, {"visits": [{"start": at(11), "session": "later"}]})
    assert moved.status_code == 200, moved.text
    assert asks.get("/v1/sessions/course/place").json()["taken"] == 0
    assert asks.get("/v1/sessions/later/place").json()["taken"] == 1


def test_a_participant_with_limits_books_something_else(course: Clinic) -> None:
    """A seat counts among the visits of a person's day."""
    admin = course.asker()
    body = {"id": "P9", "name": "P", "resource": {"limits": {"visits_per_day": 2}}}
    assert admin.post("/v1/people", body).status_code == 201
    assert admin.post("/v1/sessions/course/place", PLACE).status_code == 201
    assert admin.post("/v1/holds", seat("P9")).status_code == 201
    assert admin.post("/v1/holds", physio(at(11), "P9")).status_code == 201
    third = admin.post("/v1/holds", physio(at(13), "P9"))
    assert [v["rule"] for v in third.json()["violations"]] == ["person_limits"]

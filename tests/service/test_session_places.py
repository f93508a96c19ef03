"""Places of group sessions: suggested before anybody joins, and given by their tokens."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from service.booking import booked
from service.conftest import Clinic, physio
from service.indexing import at, window
from service.racing import race, statuses
from service.suggesting import suggested, utc

THERE = {"practitioner": ["anna"], "room": ["room-1"]}
PLACE = {"start": at(9), "resources": THERE}


@pytest.fixture
def course(clinic: Clinic) -> Clinic:
    """A clinic with two courses that somebody gives in some room; they have no place yet."""
    group = {"service": "physio", "least": 2, "most": 8}
    for name in ("course", "other"):
        assert clinic.asker().post("/v1/sessions", {"id": name, **group}).status_code == 201
    return clinic


def test_a_place_for_a_session_is_suggested_and_given(course: Clinic) -> None:
    """With staff and room, for nobody in particular; then people join it there."""
    asks = course.asker("scheduler")
    found = suggested(asks, place="course", wanted=at(9), windows=[window(9, 9.75)], limit=1)
    days = asks.get(f"/v1/suggestions/days?place=course&from={at(0)[:10]}&days=2").json()["days"]
    assert [one["starts"] for one in days] == [38, 38]  # quarters from 8:00 to 17:15
    (one,) = found["suggestions"]
    assert (one["start"], set(one["visits"][0]["resources"])) == (utc(9), {"practitioner", "room"})
    given = asks.post("/v1/sessions/course/place", {"token": one["token"]})
    assert given.status_code == 201, given.text
    assert (given.json()["start"], given.json()["taken"]) == (utc(9), 0)
    assert given.json()["resources"] == one["visits"][0]["resources"]
    seat = {"session": "course", "start": at(9), "attendees": ["P1"]}
    assert asks.post("/v1/holds", seat).status_code == 201
    again = asks.post("/v1/suggestions", {"place": "course"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:allocator:problem:wrong-state")


def test_a_place_that_is_taken_brings_others(course: Clinic) -> None:
    """Near to it; where it has its place already, none is lost."""
    asks = course.asker("scheduler")
    booked(asks, physio(at(9), "P1"))
    path = "/v1/sessions/course/place"
    lost = asks.post(path, PLACE)
    assert (lost.status_code, lost.json()["type"]) == (409, "urn:allocator:problem:taken")
    others = lost.json()["alternatives"]
    assert len(others) == 3
    assert at(0)[:10] in {one["start"][:10] for one in others}
    assert utc(9) not in {one["start"] for one in others if one["visits"][0]["resources"] == THERE}
    assert asks.post(path, {"token": others[0]["token"]}).status_code == 201
    again = asks.post(path, {"token": others[1]["token"]})
    assert (again.status_code, again.json()["type"]) == (409, "urn:allocator:problem:wrong-state")
    assert "alternatives" not in again.json()


def test_what_a_rule_forbids_brings_others(course: Clinic) -> None:
    """An hour before they open."""
    asks = course.asker("scheduler")
    lost = asks.post("/v1/sessions/course/place", {**PLACE, "start": at(7)})
    assert lost.json()["type"] == "urn:allocator:problem:rule-broken"
    assert lost.json()["alternatives"][0]["start"][:10] == at(8)[:10]


def test_two_sessions_race_for_one_place(course: Clinic) -> None:
    """One has it; the other is told of places that it can be given."""
    asks = course.asker("scheduler")
    paths = [f"/v1/sessions/{name}/place" for name in ("course", "other")]
    answers = race([partial(asks.post, path, PLACE) for path in paths])
    assert statuses(answers) == {201: 1, 409: 1}
    ((path, lost),) = [(p, a) for p, a in zip(paths, answers, strict=True) if a.status_code == 409]
    token = lost.json()["alternatives"][0]["token"]
    assert asks.post(path, {"token": token}).status_code == 201
    assert course.overlaps() == 0


def test_it_is_for_those_who_place_sessions(course: Clinic) -> None:
    """Nobody else is suggested a place, or gives one by the token of somebody who is."""
    asks = course.asker("scheduler")
    (one,) = suggested(asks, place="course", limit=1)["suggestions"]
    for role in ("client", "auditor"):
        other = course.asker(role)
        assert other.post("/v1/suggestions", {"place": "course"}).status_code == 403
        given = other.post("/v1/sessions/course/place", {"token": one["token"]})
        assert given.status_code == 403
    assert asks.post("/v1/suggestions", {"place": "none"}).status_code == 404


@pytest.mark.parametrize(
    "more", [{"attendees": ["P1"]}, {"urgent": True}, {"service": "physio"}, {"session": "course"}]
)
def test_a_place_is_asked_for_alone(course: Clinic, more: dict[str, Any]) -> None:
    """Nobody comes to it yet, it is not urgent, and nothing else is asked for with it."""
    answer = course.asker("scheduler").post("/v1/suggestions", {"place": "course", **more})
    assert answer.status_code == 422, answer.text


def test_a_token_is_for_its_own_session_alone(course: Clinic) -> None:
    """It places no other, holds nothing, and says all by itself."""
    asks = course.asker("scheduler")
    (one,) = suggested(asks, place="course", limit=1)["suggestions"]
    token = {"token": one["token"]}
    path = "/v1/sessions/course/place"
    (visit,) = suggested(asks, service="physio", limit=1)["suggestions"]
    for answer in (
        asks.post("/v1/sessions/other/place", token),
        asks.post("/v1/holds", token),
        asks.post("/v1/bookings", token),
        asks.post(path, {**token, **PLACE}),
        asks.post(path, {**token, "resources": THERE}),
        asks.post(path, {}),
        asks.post(path, {"token": visit["token"]}),
    ):
        assert answer.status_code == 422, answer.text
    assert asks.get(path).status_code == 404

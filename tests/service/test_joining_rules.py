"""Joining a group session: the rules that look beside it, when a seat is booked and suggested."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from service.changing import change, tenant_policy
from service.conftest import Asker, Clinic, physio, scope
from service.indexing import at, window
from service.processes import until
from service.racing import race, statuses
from service.solving import solved
from service.suggesting import suggested, utc
from sqlalchemy import text

from api.settings import Settings

HERE = {"practitioner": ["anna"], "room": ["room-1"]}
THERE = {"practitioner": ["ben"], "room": ["room-2"]}
#: With somebody, and in a room, that no group session takes.
ALONE = {"practitioner": ["cleo"], "room": ["room-3"]}


@pytest.fixture
def asks(clinic: Clinic) -> Asker:
    """Half an hour lies between L, where room 1 is, and M; a group session is held at each."""
    admin = clinic.asker()
    assert admin.post("/v1/locations", [{"id": "L"}, {"id": "M"}]).status_code == 201
    change(admin, "/v1/resources/room-1", location="L")
    change(admin, "/v1/resources/room-2", location="M")
    more = [
        {"id": "cleo", "kind": "practitioner", "calendar": "office"},
        {"id": "room-3", "kind": "room", "calendar": "office", "location": "M"},
    ]
    assert admin.post("/v1/resources", more).status_code == 201
    tenant_policy(clinic, travel=[{"origin": "L", "destination": "M", "minutes": 30}])
    for name, start, resources in (("here", 9, HERE), ("there", 9.75, THERE)):
        group = {"id": name, "service": "physio", "least": 1, "most": 8}
        assert admin.post("/v1/sessions", group).status_code == 201
        place = {"start": at(start), "resources": resources}
        assert admin.post(f"/v1/sessions/{name}/place", place).status_code == 201
    return admin


def seat(session: str, hour: float, person: str = "P1") -> dict[str, Any]:
    return {"session": session, "start": at(hour), "attendees": [person]}


def elsewhere(hour: float, person: str = "P1") -> dict[str, Any]:
    """A visit at M with somebody who is free all day."""
    return physio(at(hour), person, resources=ALONE)


def forbidden(answer: Any) -> list[str]:
    """Return the rules that a refusal names."""
    assert answer.status_code == 409, answer.text
    return [violation["rule"] for violation in answer.json()["violations"]]


def test_a_seat_is_taken_wherever_the_session_is_held(asks: Asker) -> None:
    """Physio is held at L and at M: who joins is where their session is."""
    for session, hour, person in (("here", 9, "P1"), ("there", 9.75, "P2")):
        assert asks.post("/v1/holds", seat(session, hour, person)).status_code == 201


def test_a_visit_after_a_seat_leaves_time_to_travel(asks: Asker) -> None:
    """The session ends at 9:45 at L: at M from 10:15 on, booked or suggested."""
    assert asks.post("/v1/holds", seat("here", 9)).status_code == 201
    assert forbidden(asks.post("/v1/holds", elsewhere(10))) == ["travel"]
    body = {"service": "physio", "attendees": ["P1"], "windows": [window(9.75, 11)], "limit": 50}
    found = suggested(asks, **body, preferred={"room": ["room-3"]})["suggestions"]
    places = {(one["start"], *one["visits"][0]["resources"]["room"]) for one in found}
    assert min(start for start, room in places if room == "room-3") == utc(10.25)
    assert {start for start, room in places if room == "room-1"} >= {utc(9.75), utc(10)}
    assert asks.post("/v1/holds", elsewhere(10.25)).status_code == 201


def test_a_seat_beside_a_visit_leaves_time_to_travel(asks: Asker) -> None:
    """Who is at M until nine, or from ten on, is suggested no seat at L and gets none."""
    for hour, person in ((8.25, "P1"), (10, "P2")):
        assert asks.post("/v1/holds", elsewhere(hour, person)).status_code == 201
        assert forbidden(asks.post("/v1/holds", seat("here", 9, person))) == ["travel"]
        assert suggested(asks, session="here", attendees=[person])["suggestions"] == []


def test_a_seat_after_a_seat_leaves_time_to_travel(asks: Asker) -> None:
    """The one ends at 9:45 at L, the other begins then at M."""
    assert asks.post("/v1/holds", seat("here", 9)).status_code == 201
    assert forbidden(asks.post("/v1/holds", seat("there", 9.75))) == ["travel"]
    assert suggested(asks, session="there", attendees=["P1"])["suggestions"] == []


def test_who_leads_a_session_counts_it_once(asks: Asker) -> None:
    """Anna leads "here" and P1 is in it: their next visit at L is just another."""
    assert asks.post("/v1/holds", seat("here", 9)).status_code == 201
    assert asks.post("/v1/holds", physio(at(9.75), "P1")).status_code == 201


def test_a_race_for_a_seat_and_a_visit_elsewhere(clinic: Clinic, asks: Asker) -> None:
    """Each is fine alone: of the two one gets in, and the other hears of the way between."""
    for body in (seat("here", 9), elsewhere(10)):
        alone = asks.post("/v1/holds", body)
        assert alone.status_code == 201, alone.text
        assert asks("DELETE", f"/v1/holds/{alone.json()['id']}").status_code == 200
    answers = race([partial(asks.post, "/v1/holds", b) for b in (seat("here", 9), elsewhere(10))])
    assert statuses(answers) == {201: 1, 409: 1}
    (lost,) = [answer for answer in answers if answer.status_code == 409]
    assert forbidden(lost) == ["travel"]
    assert clinic.overlaps() == 0


def test_a_race_for_seats_in_two_sessions(asks: Asker) -> None:
    """One person, two places, no time between: one of them."""
    bodies = (seat("here", 9), seat("there", 9.75))
    answers = race([partial(asks.post, "/v1/holds", body) for body in bodies])
    assert statuses(answers) == {201: 1, 409: 1}


def test_limits_of_a_person_count_seats(asks: Asker) -> None:
    """One visit a day: neither a seat after a visit nor a visit after a seat, nor a suggestion."""
    for name in ("Q1", "Q2"):
        body = {"id": name, "name": "Q", "resource": {"limits": {"visits_per_day": 1}}}
        assert asks.post("/v1/people", body).status_code == 201
    assert asks.post("/v1/holds", elsewhere(14, "Q1")).status_code == 201
    assert forbidden(asks.post("/v1/holds", seat("here", 9, "Q1"))) == ["person_limits"]
    assert suggested(asks, session="here", attendees=["Q1"])["suggestions"] == []
    assert asks.post("/v1/holds", seat("here", 9, "Q2")).status_code == 201
    assert forbidden(asks.post("/v1/holds", elsewhere(15, "Q2"))) == ["person_limits"]
    body = {"service": "physio", "attendees": ["Q2"], "windows": [window(8, 18)]}
    assert suggested(asks, **body)["suggestions"] == []


def test_a_turnaround_of_people_counts_seats(clinic: Clinic, asks: Asker) -> None:
    """Whoever comes rests for an hour between any two visits, seats included."""
    tenant_policy(clinic, turnarounds=[{"kind": "patient", "minutes": 60}])
    assert asks.post("/v1/holds", seat("here", 9)).status_code == 201
    assert forbidden(asks.post("/v1/holds", physio(at(10), "P1"))) == ["turnaround"]
    assert forbidden(asks.post("/v1/holds", seat("there", 9.75))) == ["turnaround"]
    assert suggested(asks, session="there", attendees=["P1"])["suggestions"] == []


@pytest.fixture
def moving(clinic: Clinic, asks: Asker, settings: Settings) -> str:
    """A solve by which "here" is held at M instead, at the same time: Anna is ill, and P1 stays."""
    assert asks("DELETE", "/v1/sessions/there/place").status_code == 204
    change(asks, "/v1/resources/ben", location="M")
    for who in ("cleo", "room-3"):
        absence = {"resource": who, "start": at(0), "end": at(24)}
        assert asks.post("/v1/absences", absence).status_code == 202
    name = asks.post("/v1/holds", seat("here", 9)).json()["id"]
    assert asks.post(f"/v1/holds/{name}/confirm").status_code == 200
    ill = {"resource": "anna", "start": at(9), "end": at(24)}
    solve: str = asks.post("/v1/absences", ill).json()["solve"]
    result = solved(settings, asks, solve)["result"]
    assert {move["to"]["start"] for move in result["moved"]} == {utc(9)}
    return solve


def before(hour: float = 8.25) -> dict[str, Any]:
    """A visit of P1 at L that ends when the session begins."""
    return physio(at(hour), "P1")


def test_a_session_that_moves_leaves_its_participants_time_to_travel(
    asks: Asker, moving: str
) -> None:
    """P1 has a visit at L before it by now: it stays where it is."""
    assert asks.post("/v1/holds", before()).status_code == 201
    done = asks.post(f"/v1/solves/{moving}/publish").json()
    assert done["moved"] == []
    assert "travel" in {v["rule"] for one in done["lost"] for v in one["problem"]["violations"]}
    assert asks.get("/v1/sessions/here/place").json()["resources"] == HERE


def test_a_race_of_a_session_that_moves_and_a_visit_before_it(
    clinic: Clinic, asks: Asker, moving: str
) -> None:
    """Either it is held at M, or P1 is at L until then; never both."""
    held, done = race(
        [
            partial(asks.post, "/v1/holds", before()),
            partial(asks.post, f"/v1/solves/{moving}/publish"),
        ]
    )
    there = asks.get("/v1/sessions/here/place").json()["resources"]["room"]
    assert (held.status_code, done.json()["moved"], there) in (
        (201, [], ["room-1"]),
        (409, ["here"], ["room-2"]),
    )
    assert clinic.overlaps() == 0


def test_a_session_that_moves_waits_for_whoever_changes_a_participants_booking(
    clinic: Clinic, asks: Asker, moving: str
) -> None:
    """Their other visits are looked at where they have come, and not where they were."""
    with ThreadPoolExecutor(1) as beside:
        with clinic.owner.begin() as busy:
            scope(busy, clinic.tenant)
            busy.execute(text("SELECT 1 FROM booking WHERE state = 'booked' FOR UPDATE"))
            publishing = beside.submit(asks.post, f"/v1/solves/{moving}/publish")
            until(
                lambda: (
                    publishing.done()
                    or bool(clinic.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
                )
            )
            assert not publishing.done()
        assert publishing.result().json()["moved"] == ["here"]

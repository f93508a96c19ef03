"""People who were erased: nothing new is for them; what is booked can still be moved."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio
from service.indexing import Process, at
from service.processes import until
from service.solving import alone, solved
from service.test_absences import book, mark
from service.test_life import ANNA
from sqlalchemy import event

from api.settings import Settings

NINE, TEN = "2030-01-07T09:00:00+01:00", "2030-01-07T10:00:00+01:00"
DAYS = {"first": "2030-01-07", "days": 2, "time_limit_seconds": 5}


def request(name: str, *people: str) -> dict[str, object]:
    attendees = [{"resource": person} for person in people]
    return {"id": name, "steps": [{"service": "physio"}], "attendees": attendees}


@pytest.fixture
def admin(clinic: Clinic, settings: Settings) -> Asker:
    """P1 has a booking, asks for another alone and for one with P2, and is erased then."""
    alone(settings)
    asks = clinic.asker()
    book(asks, "09:00")
    assert asks.post("/v1/requests", [request("R1", "P1"), request("R2", "P2", "P1")]).is_success
    assert asks.post("/v1/requests", request("R3", "P2")).is_success
    assert asks.post("/v1/people/P1/erase").status_code == 204
    return asks


def test_an_index_that_knows_them_learns_of_it(clinic: Clinic, process: Process) -> None:
    """In whatever process, whether it is asked in one trip or not; a booking of theirs may move."""
    asks = clinic.asker()
    name = book(asks, "09:00")
    later = asks.post("/v1/holds", physio(at(9), "P1")).json()["id"]
    body = {"service": "physio", "attendees": ["P1"], "limit": 1}
    assert asks.post("/v1/suggestions", body).json()["suggestions"]
    known = process.index(clinic)
    assert ("P1" in known.people, known.erased) == (True, {})
    assert asks.post("/v1/people/P1/erase").status_code == 204
    said = asks.post("/v1/holds", physio(at(11), "P1"))
    for _ in range(2):
        answer = asks.post("/v1/suggestions", body)
        assert (answer.status_code, answer.json()) == (409, said.json())
    answer = asks.get("/v1/suggestions/days?service=physio&attendee=P1")
    assert (answer.status_code, answer.json()) == (409, said.json())
    assert process.index(clinic) is known  # it was not read anew
    assert list(known.erased) == ["P1"]
    assert asks.post("/v1/suggestions", {**body, "attendees": ["P2"]}).json()["suggestions"]
    (place,) = asks.post("/v1/suggestions", {"booking": later, "limit": 1}).json()["suggestions"]
    moved = asks.post(f"/v1/bookings/{later}/reschedule", {"token": place["token"]})
    assert moved.status_code == 200, moved.text
    assert asks.get(f"/v1/bookings/{name}").json()["state"] == "booked"


def test_nothing_new_is_asked_held_or_booked(admin: Asker) -> None:
    """A request, a hold, a place on the waitlist, a request of others that takes them in."""
    since = admin.get("/v1/people/P1").json()["erased_at"]
    other = admin.get("/v1/requests/R3")
    for answer in (
        admin.post("/v1/requests", request("R4", "P1")),
        admin.post("/v1/holds", physio(TEN)),
        admin.post("/v1/holds", {"request": "R2", "start": TEN, "resources": ANNA}),
        admin.post("/v1/waitlist", {"service": "physio", "attendees": ["P1"]}),
        admin.post("/v1/suggestions", {"service": "physio", "attendees": ["P1"]}),
        admin("PUT", "/v1/requests/R3", request("R3", "P2", "P1"), If_Match=other.headers["etag"]),
    ):
        assert answer.status_code == 409, answer.text
        said = answer.json()["detail"].replace("+00:00", "Z")
        assert said == f"The person 'P1' was erased at {since}."


def test_whoever_erases_waits_for_a_booking_under_way(clinic: Clinic) -> None:
    """It had read that they are there: it is there before they are not, and tells nothing more."""
    asks = clinic.asker()
    application: Any = clinic.http.app
    engine = application.state.service.database.engine
    with ThreadPoolExecutor(1) as beside:
        erasing: list[Future[Any]] = []

        def begin(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
            if "INSERT INTO booking" in statement and not erasing:
                erasing.append(beside.submit(asks.post, "/v1/people/P1/erase"))
                until(
                    lambda: (
                        erasing[0].done()
                        or bool(clinic.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
                    )
                )

        event.listen(engine, "before_cursor_execute", begin)
        held = asks.post("/v1/holds", physio(NINE))
        event.remove(engine, "before_cursor_execute", begin)
        assert (held.status_code, erasing[0].result().status_code) == (201, 204)
    order = clinic.sql(
        "SELECT action FROM audit WHERE tenant_id = :t AND action IN"
        " ('booking.held', 'person.erased') ORDER BY id",
        t=clinic.tenant,
    )
    assert [row.action for row in order] == ["booking.held", "person.erased"]
    assert asks.post("/v1/holds", physio(TEN)).status_code == 409


def test_what_they_asked_for_is_placed_no_more(admin: Asker, settings: Settings) -> None:
    """It is withdrawn; a request of somebody else with them is left out, with the reason."""
    assert admin.get("/v1/requests/R1").json()["state"] == "withdrawn"
    name = admin.post("/v1/solves", DAYS).json()["id"]
    result = solved(settings, admin, name)["result"]
    assert [visit["request"] for visit in result["visits"]] == ["R3"]
    left = {u["request"]: u["reason"] for u in result["unplaced"]}
    assert left == {"R2": "It is for P1, of whom nothing is known any more."}


def test_what_is_booked_for_them_is_moved(admin: Asker, settings: Settings) -> None:
    """By hand, and where somebody is ill."""
    (booking,) = admin.get("/v1/bookings").json()["items"]
    moved = admin.post(
        f"/v1/bookings/{booking['id']}/reschedule",
        {"visits": [{"start": TEN, "resources": ANNA}]},
    )
    assert moved.status_code == 200, moved.text
    absence = mark(admin)
    result = solved(settings, admin, absence["solve"])["result"]
    assert [move["booking"] for move in result["moved"]] == [booking["id"]]
    done = admin.post(f"/v1/solves/{absence['solve']}/publish").json()
    assert (done["moved"], done["lost"]) == ([booking["id"]], [])

"""How often a call goes to the database: each trip costs more than most of what it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio
from service.indexing import at
from sqlalchemy import event

#: What a trip is for, by words that no other has.
WORDS = {
    "changes_since(tenant_id": "who asks, and what has changed",
    "known_key": "who asks",
    "set_config": "begin",
    "INTO idempotency": "first call?",
    "UPDATE idempotency": "keep the answer",
    "held_world": "hold the world still",
    "people_named": "who comes",
    "open_holds": "count open holds",
    "claim.expires_at <= now()": "what has expired",
    "INSERT INTO booking": "write it all",
    "FOR UPDATE OF booking": "lock the booking",
    "SELECT world_version, xmin": "look at the world",
    "UPDATE booking SET state": "become",
    "changes_since": "what has changed",
    "as_changed": "what it is now",
    "INTO allowance": "lease an allowance",
    "pg_advisory_xact_lock(key)": "lock what it takes",
}


@pytest.fixture
def trips(clinic: Clinic) -> Iterator[Callable[[Callable[[], Any]], tuple[Any, list[str]]]]:
    """Do something; return what came of it, and the statements that it sent."""
    application: Any = clinic.http.app
    engine = application.state.service.database.engine
    told: list[str] = []

    def tell(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        told.append(next((what for words, what in WORDS.items() if words in statement), statement))

    def counted(work: Callable[[], Any]) -> tuple[Any, list[str]]:
        told.clear()
        return work(), list(told)

    event.listen(engine, "before_cursor_execute", tell)
    yield counted
    event.remove(engine, "before_cursor_execute", tell)


def suggested(asks: Asker, service: str = "physio") -> str:
    """Return the token of a place for P1."""
    answer = asks.post("/v1/suggestions", {"service": service, "attendees": ["P1"], "limit": 1})
    token: str = answer.json()["suggestions"][0]["token"]
    return token


def test_a_booking_is_written_in_one_trip(
    clinic: Clinic, trips: Callable[[Callable[[], Any]], tuple[Any, list[str]]]
) -> None:
    """Held and confirmed: booking, visit, claims, log and what is told of it, all together."""
    asks = clinic.asker("scheduler")
    first = asks.post("/v1/bookings", {"token": suggested(asks)})  # an allowance is leased by now
    assert first.status_code == 201
    token = {"token": suggested(asks)}
    made, told = trips(lambda: asks.post("/v1/bookings", token, Idempotency_Key="k"))
    assert (made.status_code, made.json()["state"], made.json()["version"]) == (201, "booked", 2)
    assert told == [
        "who asks",
        "begin",
        "first call?",
        "hold the world still",
        "who comes",
        "count open holds",
        "what has expired",
        "write it all",
        "keep the answer",
    ]


def test_a_hold_and_its_confirmation(
    clinic: Clinic, trips: Callable[[Callable[[], Any]], tuple[Any, list[str]]]
) -> None:
    """A hold takes as many as a booking, less the key; a confirmation five."""
    asks = clinic.asker("scheduler")
    first = asks.post("/v1/holds", physio(at(9))).json()["id"]
    assert asks.post(f"/v1/holds/{first}/confirm").status_code == 200
    held, told = trips(lambda: asks.post("/v1/holds", physio(at(10))))
    assert (held.status_code, held.json()["state"], held.json()["version"]) == (201, "held", 1)
    assert told == [
        "who asks",
        "begin",
        "hold the world still",
        "who comes",
        "count open holds",
        "what has expired",
        "write it all",
    ]
    path = f"/v1/holds/{held.json()['id']}/confirm"
    confirmed, told = trips(lambda: asks.post(path))
    assert (confirmed.json()["state"], confirmed.json()["version"]) == ("booked", 2)
    assert told == ["who asks", "begin", "lock the booking", "look at the world", "become"]


def test_suggestions(
    clinic: Clinic, trips: Callable[[Callable[[], Any]], tuple[Any, list[str]]]
) -> None:
    """One where nothing has changed; one more after a booking, and for somebody who is new."""
    asks = clinic.asker("scheduler")
    body = {"service": "physio", "attendees": ["P1"], "limit": 1}
    for _ in range(2):
        assert asks.post("/v1/suggestions", body).status_code == 200  # P1 is known by now
    found, told = trips(lambda: asks.post("/v1/suggestions", body))
    assert told == ["who asks, and what has changed"]
    assert asks.post("/v1/holds", physio(at(9), "P2")).status_code == 201
    after, told = trips(lambda: asks.post("/v1/suggestions", {**body, "attendees": ["P2"]}))
    assert told == ["who asks, and what has changed", "what it is now"]
    assert (found.status_code, after.status_code) == (200, 200)
    new = {"id": "P9", "name": "Ida"}
    assert clinic.asker().post("/v1/people", new).status_code == 201
    stranger, told = trips(lambda: asks.post("/v1/suggestions", {**body, "attendees": ["P9"]}))
    assert (stranger.status_code, told) == (200, ["who asks, and what has changed", "who comes"])


def test_open_holds_are_counted_before_anything_is_locked(
    clinic: Clinic, trips: Callable[[Callable[[], Any]], tuple[Any, list[str]]]
) -> None:
    """A group session is opened for the first who joins after it: nobody waits in a circle."""
    asks = clinic.asker("scheduler")
    group = {"id": "group", "service": "physio", "least": 1, "most": 8}
    assert clinic.asker().post("/v1/sessions", group).status_code == 201
    found = asks.post("/v1/suggestions", {"session": "group", "attendees": ["P1"], "limit": 1})
    token = {"token": found.json()["suggestions"][0]["token"]}
    made, told = trips(lambda: asks.post("/v1/bookings", token))
    assert made.status_code == 201, made.text
    locks = [what for what in told if what in ("count open holds", "lock what it takes")]
    assert locks == ["count open holds", *["lock what it takes"] * 3]


@pytest.mark.parametrize(
    ("service", "state"), [("physio", "booked"), ("surgery", "pending_approval")]
)
def test_one_call_leaves_what_two_leave(clinic: Clinic, service: str, state: str) -> None:
    """Booked at once, or held and then confirmed: the same rows, lines of the log and events."""
    asks = clinic.asker("scheduler")
    at_once = asks.post("/v1/bookings", {"token": suggested(asks, service)}).json()
    held = asks.post("/v1/holds", {"token": suggested(asks, service)}).json()
    in_two = asks.post(f"/v1/holds/{held['id']}/confirm").json()
    told = []
    for booking in (at_once, in_two):
        what = {"t": clinic.tenant, "o": booking["id"]}
        log = clinic.sql(
            "SELECT action, kind, before, after - 'expires_at' AS after FROM audit"
            " WHERE tenant_id = :t AND object = :o ORDER BY id",
            **what,
        )
        events = clinic.sql(
            "SELECT type, kind FROM event WHERE tenant_id = :t AND object = :o ORDER BY id", **what
        )
        rows = clinic.sql(
            "SELECT booking.state, booking.expires_at IS NOT NULL AS waits,"
            " booking.version, booking.created_by, booking.spec, visit.state AS visit,"
            " visit.occurrence, visit.step, visit.service, claim.role, claim.lane,"
            " claim.state AS claim, claim.expires_at = booking.expires_at AS alike FROM booking"
            " JOIN visit ON visit.booking_id = booking.id JOIN claim ON claim.visit_id = visit.id"
            " WHERE booking.tenant_id = :t AND booking.uid = :o ORDER BY claim.role",
            **what,
        )
        told.append([[tuple(row) for row in some] for some in (log, events, rows)])
    assert told[0] == told[1]
    assert told[0][:2] == [
        [
            ("booking.held", "booking", None, {"state": "held", "visits": 1}),
            (f"booking.{state}", "booking", {"state": "held"}, {"state": state}),
        ],
        [("booking.held", "booking"), (f"booking.{state}", "booking")],
    ]
    assert len(told[0][2]) == 3
    same = {"state", "person", "service", "location", "zone", "urgent", "saving", "version"}
    assert {k: at_once[k] for k in same} == {k: in_two[k] for k in same}
    assert at_once.keys() == in_two.keys()
    path = f"/v1/bookings/{at_once['id']}/cancel"
    assert asks.post(path, If_Match='"1"').status_code == 412
    assert asks.post(path, If_Match='"2"').status_code == 200

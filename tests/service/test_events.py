"""Events: every change once, in order, in the same transaction; listed, filtered and streamed."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from service.conftest import Asker, Clinic, furnish, physio, scope
from source import ROOT, place, tree
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from api.app import application
from api.routes import events as routes
from api.routes.paging import cursor_of
from api.settings import Settings
from api.store import events, solves
from api.store.database import Database
from api.usecases.events import HAPPENS, TYPES

NINE = "2030-01-07T09:00:00+01:00"


def fan_out(relay: Database) -> None:
    """Do what the relay does with what is new."""
    while True:
        with relay.transaction() as (connection, _):
            if not events.fan_out(connection):
                return


def listed(asker: Asker, relay: Database, query: str = "") -> list[Any]:
    """Return the events of a list, page after page."""
    fan_out(relay)
    found: list[Any] = []
    cursor = ""
    while True:
        page = asker.get(f"/v1/events?limit=3{query}{cursor}").json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def types(found: list[Any]) -> list[str]:
    return [event["type"] for event in found]


@contextmanager
def open_transaction(owner: Engine, clinic: Clinic) -> Iterator[Connection]:
    """A transaction that has begun, and been given its number."""
    with owner.connect() as connection:
        scope(connection, clinic.tenant)
        connection.execute(text("SELECT pg_current_xact_id()"))
        yield connection


def write(connection: Connection, clinic: Clinic, what: str, object: str) -> None:
    connection.execute(
        text(
            "INSERT INTO audit (tenant_id, actor, action, kind, object)"
            " VALUES (:tenant, 'test', :what, 'booking', CAST(:object AS uuid))"
        ),
        {"tenant": clinic.tenant, "what": what, "object": object},
    )


ONE, TWO = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"


def test_the_life_of_a_booking_is_told_in_order(clinic: Clinic, relay: Database) -> None:
    """Held, booked, moved, cancelled; of a family, of a type, of an object."""
    asks = clinic.asker("scheduler")
    booking = asks.post("/v1/holds", physio(NINE)).json()["id"]
    asks.post(f"/v1/holds/{booking}/confirm")
    other = asks.post("/v1/holds", physio("2030-01-07T11:00:00+01:00", "P2")).json()["id"]
    asks.post(f"/v1/bookings/{booking}/cancel", {"reason": "ill"})
    of_both = listed(asks, relay, "&type=booking.*")
    assert types(of_both) == ["booking.held", "booking.booked", "booking.held", "booking.cancelled"]
    of_one = listed(asks, relay, f"&object={booking}")
    assert types(of_one) == ["booking.held", "booking.booked", "booking.cancelled"]
    held = listed(asks, relay, "&type=booking.held")
    assert [event["data"]["object"] for event in held] == [booking, other]
    everything = listed(asks, relay)
    assert listed(asks, relay, "&type=*") == everything
    assert types(everything)[-4:] == types(of_both)
    assert {kind.split(".")[0] for kind in types(everything)} == {
        *("calendar", "resource", "service", "person", "booking")
    }


def test_an_event_says_what_changed_and_no_more(clinic: Clinic, relay: Database) -> None:
    """Ids alone: no name, no reason, no place."""
    asks = clinic.asker("scheduler")
    asks.post("/v1/holds", physio(NINE, "P1"))
    event = listed(asks, relay, "&type=booking.held")[0]
    assert {*event} == {"type", "timestamp", "data"}
    assert {*event["data"]} == {"id", "kind", "object"}
    assert event["data"]["kind"] == "booking"
    assert "Person" not in json.dumps(listed(asks, relay))


def test_what_is_rolled_back_never_appears(clinic: Clinic, relay: Database) -> None:
    """A hold that is refused has written nothing that anybody hears of."""
    asks = clinic.asker("scheduler")
    assert asks.post("/v1/holds", physio(NINE)).status_code == 201
    assert asks.post("/v1/holds", physio(NINE, "P2")).status_code == 409
    with clinic.owner.connect() as connection:
        scope(connection, clinic.tenant)
        write(connection, clinic, "booking.moved", ONE)
        fan_out(relay)
        connection.rollback()
    assert types(listed(asks, relay, "&type=booking.*")) == ["booking.held"]


def test_whoever_commits_late_is_not_skipped(clinic: Clinic, relay: Database) -> None:
    """The first to begin and to write ends last; a reader who is past the other still hears it."""
    asks = clinic.asker("scheduler")
    before = len(listed(asks, relay))
    with open_transaction(clinic.owner, clinic) as slow:
        write(slow, clinic, "booking.held", ONE)
        with open_transaction(clinic.owner, clinic) as quick:
            write(quick, clinic, "booking.held", TWO)
            quick.commit()
        seen = listed(asks, relay)[before:]
        assert [event["data"]["object"] for event in seen] == [TWO]
        slow.commit()
    seen = listed(asks, relay)[before:]
    assert [event["data"]["object"] for event in seen] == [TWO, ONE]


def test_order_holds_whoever_has_begun_first(clinic: Clinic, relay: Database) -> None:
    """What is written of one object second is placed second, though its transaction began first.

    A third transaction, begun between the two and still open, would let a reader who goes by
    transactions hear the second event before the first.
    """
    asks = clinic.asker("scheduler")
    before = len(listed(asks, relay))
    with (
        open_transaction(clinic.owner, clinic) as early,
        open_transaction(clinic.owner, clinic),
        open_transaction(clinic.owner, clinic) as late,
    ):
        write(late, clinic, "booking.held", ONE)
        late.commit()
        write(early, clinic, "booking.booked", ONE)
        early.commit()
        assert types(listed(asks, relay)[before:]) == ["booking.held", "booking.booked"]


def test_one_relay_at_a_time_places(clinic: Clinic, relay: Database) -> None:
    """Another finds nothing to do until the first has ended, and then nothing left."""
    clinic.asker().post("/v1/locations", {"id": "here"})
    with relay.transaction() as (first, _), relay.transaction() as (second, _):
        assert events.fan_out(first) > 0
        assert events.fan_out(second) == 0
    with relay.transaction() as (connection, _):
        assert events.fan_out(connection) == 0


def test_another_tenant_hears_nothing(
    clinic: Clinic, new_clinic: Callable[[], Clinic], relay: Database
) -> None:
    """Neither of ours by the list, nor by an object's id."""
    booking = clinic.asker().post("/v1/holds", physio(NINE)).json()["id"]
    stranger = new_clinic().asker()
    assert listed(stranger, relay) == []
    assert listed(stranger, relay, f"&object={booking}") == []


def test_what_is_asked_wrongly_is_told(clinic: Clinic) -> None:
    """A type that never comes, and an object that is none."""
    asks = clinic.asker()
    wrong = asks.get("/v1/events?type=booking.boked")
    assert wrong.status_code == 422
    assert wrong.json()["detail"].startswith(
        "There is no event 'booking.boked'; there are: booking.held,"
    )
    assert (
        asks.get("/v1/events?type=bookings.*")
        .json()["detail"]
        .startswith("There is no event 'bookings.*'; there are: booking.*, visit.*,")
    )
    odd = asks.get("/v1/events?object=P1")
    assert (odd.status_code, odd.json()["detail"]) == (422, "The object 'P1' is not a UUID.")


def test_how_a_solve_ends_is_told(clinic: Clinic, relay: Database) -> None:
    """Solved, or given up because its worker died each time."""
    asks = clinic.asker("scheduler")
    for state in ("solved", "failed"):
        asks.post("/v1/solves", {"days": 7})
        attempts = 0 if state == "solved" else solves.ATTEMPTS
        clinic.sql(
            "UPDATE solve SET created_at = '2000-01-01', attempt = :attempts"
            " WHERE state = 'queued'",
            attempts=attempts,
        )
        with relay.transaction() as (connection, _):
            row = solves.take(connection, "worker")
            assert row is not None and row.tenant_id == clinic.tenant
            if state == "solved":
                solves.end(connection, row.tenant_id, row.id, "worker", state, {})
        found = listed(asks, relay, f"&object={row.uid}")
        assert types(found) == ["solve.queued", f"solve.{state}"]


# Streams -------------------------------------------------------------------------------------


def heard(answer: Any) -> list[dict[str, str]]:
    """Return the events of a stream as a browser has them."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in answer.text.split("\n\n") if block and block[0] != ":"]
    found = [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]
    assert list(found.pop(0)) == ["id"]  # where it begins, which is no event
    return found


def test_a_stream_goes_on_where_the_last_one_ended(clinic: Clinic, relay: Database) -> None:
    """First what is new from now on, which is nothing; then what came after the last event."""
    asks = clinic.asker("scheduler")
    booking = asks.post("/v1/holds", physio(NINE)).json()["id"]
    fan_out(relay)
    assert heard(asks.get("/v1/events/stream")) == []
    everything = heard(asks.get("/v1/events/stream", Last_Event_ID=cursor_of(0)))
    held = everything[-1]
    assert held["event"] == "booking.held"
    assert json.loads(held["data"])["data"]["object"] == booking
    asks.post(f"/v1/holds/{booking}/confirm")
    fan_out(relay)
    after = heard(asks.get("/v1/events/stream", Last_Event_ID=held["id"]))
    assert [event["event"] for event in after] == ["booking.booked"]


def test_whoever_heard_nothing_goes_on_where_the_stream_began(
    clinic: Clinic, relay: Database
) -> None:
    """What comes between two streams is not lost where the first had no event."""
    asks = clinic.asker("scheduler")
    fan_out(relay)
    quiet = asks.get("/v1/events/stream?type=booking.*").text
    asks.post("/v1/holds", physio(NINE))
    fan_out(relay)
    began = quiet.partition("\n\n")[0].removeprefix("id: ")
    after = heard(asks.get("/v1/events/stream?type=booking.*", Last_Event_ID=began))
    assert [event["event"] for event in after] == ["booking.held"]


def test_a_stream_of_many_events_misses_none(clinic: Clinic, relay: Database) -> None:
    """More than are read at once."""
    asks = clinic.asker("scheduler")
    fan_out(relay)
    with clinic.owner.begin() as connection:
        scope(connection, clinic.tenant)
        connection.execute(
            text(
                "INSERT INTO audit (tenant_id, actor, action, kind, object)"
                " SELECT :tenant, 'test', 'booking.held', 'booking', gen_random_uuid()"
                " FROM generate_series(1, 450)"
            ),
            {"tenant": clinic.tenant},
        )
    fan_out(relay)
    found = heard(asks.get("/v1/events/stream?type=booking.held", Last_Event_ID=cursor_of(0)))
    assert len({event["id"] for event in found}) == len(found) == 450


def test_a_stream_hears_what_comes_meanwhile(
    settings: Settings, clinic: Clinic, relay: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks again until its time is over, and says that it is there while nothing comes."""
    monkeypatch.setattr(routes, "LOOK", 0.01)
    monkeypatch.setattr(routes, "ALIVE", 0.0)
    fan_out(relay)
    asks = clinic.asker("scheduler")
    looks: list[int] = []
    page = events.page

    def look(*args: Any, **how: Any) -> Any:
        looks.append(1)
        if len(looks) == 2:
            clinic.asker().post("/v1/locations", {"id": "there"})
            fan_out(relay)
        return page(*args, **how)

    monkeypatch.setattr(events, "page", look)
    app: FastAPI = application(settings.model_copy(update={"stream_seconds": 1.0}))
    with TestClient(app) as http:
        answer = Asker(http, asks.key).get("/v1/events/stream")
    assert [event["event"] for event in heard(answer)] == ["location.created"]
    assert ": still here\n\n" in answer.text


def test_a_stream_looks_through_nothing_twice(
    settings: Settings, clinic: Clinic, relay: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for what is rare is told how far it has come, and goes on from there."""
    monkeypatch.setattr(routes, "LOOK", 0.01)
    monkeypatch.setattr(routes, "ALIVE", 0.0)
    fan_out(relay)
    asks = clinic.asker("scheduler")
    looks: list[int] = []
    page = events.page

    def look(*args: Any, after: int, **how: Any) -> Any:
        looks.append(after)
        if len(looks) == 2:
            asks.post("/v1/holds", physio(NINE))
            fan_out(relay)
        return page(*args, after=after, **how)

    monkeypatch.setattr(events, "page", look)
    app: FastAPI = application(settings.model_copy(update={"stream_seconds": 1.0}))
    with TestClient(app) as http:
        answer = Asker(http, asks.key).get("/v1/events/stream?type=location.created")
    (last,) = clinic.sql("SELECT max(position) FROM event")[0]
    assert looks[0] < looks[-1] == last
    assert answer.text.count(f"id: {cursor_of(last)}\n\n") == 1


# Types ---------------------------------------------------------------------------------------


def audited() -> Iterator[tuple[str, ast.expr]]:
    """Yield the place of each line of the audit log that is written, and its action."""
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(func=ast.Attribute(attr="audit" | "audit_all"), args=[action, *_]):
                    yield place(path, node.lineno), action


def test_every_action_that_is_written_down_is_a_type() -> None:
    """Constants as they stand; of others, the family that they begin with."""
    known, families = set(TYPES), set(HAPPENS)
    wrong = []
    found = list(audited())
    for where, action in found:
        match action:
            case ast.Constant(value=str(name)):
                right = name in known
            case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_]):
                right = begin.removesuffix(".") in families
            case _:
                right = True  # a name or a kind: the life of bookings and things is tested above
        if not right:
            wrong.append(f"{where}: {ast.unparse(action)}")
    assert len(found) >= 20
    assert not wrong, "\n".join(wrong)


def test_everything_that_happens_to_things_is_a_type(
    new_clinic: Callable[[], Clinic], relay: Database
) -> None:
    """What a clinic's furnishing, changing and deleting writes is in the list."""
    clinic = new_clinic()
    admin = clinic.asker()
    furnish(admin)
    made = admin.post("/v1/locations", {"id": "here"})
    assert made.status_code == 201
    changed = admin("PUT", "/v1/locations/here", {"zone": "Europe/Paris"}, If_Match='"1"')
    assert changed.status_code == 200
    assert admin("DELETE", "/v1/locations/here", If_Match='"2"').status_code == 204
    found = types(listed(admin, relay))
    assert found[-3:] == ["location.created", "location.changed", "location.deleted"]
    assert set(found) <= set(TYPES)

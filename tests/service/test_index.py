"""The index of what is free: in step with the claims, whoever writes them."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import psycopg
import pytest
from service.booking import booked
from service.changing import change
from service.conftest import Clinic, need, physio, scope
from service.indexing import Process, at, in_database, in_index
from service.processes import PATIENCE
from service.racing import race
from sqlalchemy import Engine, text

from api.embedded import EmbeddedServer
from api.store import changes
from api.store.database import Database
from api.suggesting.index import TenantIndex
from api.sweeper import sweep


def test_an_index_that_is_read_anew_leaves_nothing_of_the_old(
    clinic: Clinic, process: Process
) -> None:
    """No search for cycles looks at an index; so the old one has to go without one."""
    asks = clinic.asker("administrator")
    booked(asks, physio(at(9)))
    found = process.index(clinic)
    old = [weakref.ref(part) for part in (found, found.index, found.index.prepared)]
    del found
    gc.disable()
    try:
        change(asks, "/v1/resources/room-1", lanes=2)
        assert process.index(clinic).world.resources["room-1"].lanes == 2
        assert [part() for part in old] == [None, None, None]
    finally:
        gc.enable()


def test_the_life_of_a_booking_is_followed(clinic: Clinic, process: Process) -> None:
    """Held, confirmed, moved, given another room, cancelled: the same index has it each time."""
    asks = clinic.asker("scheduler")
    first = process.index(clinic)
    assert in_index(first) == {}
    name = booked(asks, physio(at(9)))
    told = [len(in_index(process.index(clinic)))]
    move = {"start": at(10), "resources": {"practitioner": ["anna"], "room": ["room-1"]}}
    for path, body in (
        ("reschedule", {"visits": [move]}),
        ("reassign", {"resources": {"room": ["room-2"]}}),
        ("cancel", {"reason": ""}),
    ):
        assert asks.post(f"/v1/bookings/{name}/{path}", body).status_code == 200
        index = process.index(clinic)
        assert index is first
        assert in_index(index) == in_database(clinic, index)
        told.append(len(in_index(index)))
    assert told == [9, 9, 9, 0]  # 45 minutes of three resources, in ticks of 15


def test_whoever_ends_late_is_seen_and_holds_up_nobody(
    clinic: Clinic, process: Process, owner: Engine
) -> None:
    """A transaction that has begun first and ends last; meanwhile others are seen."""
    asks = clinic.asker("scheduler")
    slow = booked(asks, physio(at(9)))
    index = process.index(clinic)
    with owner.connect() as connection:
        scope(connection, clinic.tenant)
        connection.execute(
            text("UPDATE visit SET state = 'cancelled' WHERE tenant_id = :t"), {"t": clinic.tenant}
        )
        connection.execute(text("DELETE FROM claim WHERE tenant_id = :t"), {"t": clinic.tenant})
        connection.execute(
            text(
                "INSERT INTO audit (tenant_id, actor, action, kind, object)"
                " VALUES (:t, 'test', 'booking.cancelled', 'booking', CAST(:uid AS uuid))"
            ),
            {"t": clinic.tenant, "uid": slow},
        )
        quick = booked(asks, physio(at(11), None))
        assert process.index(clinic) is index
        assert len(in_index(index)) == 9 + 6  # the slow one's 3 resources, the quick one's 2
        connection.commit()
    assert process.index(clinic) is index
    assert in_index(index) == in_database(clinic, index)
    assert len(in_index(index)) == 6
    assert asks.post(f"/v1/bookings/{quick}/cancel").status_code == 200
    assert in_index(process.index(clinic)) == {}


def test_what_is_not_confirmed_is_free_again(
    clinic: Clinic, process: Process, relay: Database
) -> None:
    """From the moment at which its time is over, before anybody sweeps, and after."""
    sweep(relay)  # what other tests have left
    asks = clinic.asker("scheduler")
    assert asks.post("/v1/holds", physio(at(9))).status_code == 201
    for table in ("booking", "claim"):
        clinic.sql(
            f"UPDATE {table} SET expires_at = now() + interval '200 ms' WHERE tenant_id = :t",
            t=clinic.tenant,
        )
    index = process.index(clinic)
    assert len(in_index(index)) == 9
    while in_database(clinic, index):
        pass
    assert in_index(process.index(clinic)) == {}
    assert sweep(relay) == 1
    assert process.index(clinic) is index
    assert in_index(index) == {}


def test_a_world_that_changes_is_read_anew(clinic: Clinic, process: Process) -> None:
    """A resource more, an absence: what is offered then is of the new world."""
    admin = clinic.asker()
    before = process.index(clinic)
    assert admin.post("/v1/resources", {"id": "room-3", "kind": "room"}).status_code == 201
    after = process.index(clinic)
    assert after is not before
    assert (before.index.has("room-3"), after.index.has("room-3")) == (False, True)
    away = {"resource": "anna", "start": at(8), "end": at(18)}
    assert admin.post("/v1/absences", away).status_code == 202
    assert process.index(clinic) is not after


def test_a_service_that_has_changed_takes_what_it_took_when_it_was_booked(
    clinic: Clinic, process: Process
) -> None:
    """An hour with a quarter to clean the room, of which the service knows no more now."""
    asks = clinic.asker()
    longer = [need("practitioner"), {**need("room"), "after_minutes": 15}]
    change(asks, "/v1/services/physio", minutes=60, needs=longer)
    booked(asks, physio(at(9)))
    change(asks, "/v1/services/physio", minutes=45, needs=[need("practitioner")])
    index = process.index(clinic)
    taken = in_index(index)
    assert taken == in_database(clinic, index)
    assert sorted(name for name, _ in taken) == ["P1"] * 4 + ["anna"] * 4 + ["room-1"] * 5


def test_group_sessions_and_seats(clinic: Clinic, process: Process) -> None:
    """A place that is taken, a seat, a seat given back, the place taken back."""
    asks = clinic.asker()
    group = {"id": "S", "service": "training", "least": 1, "most": 2}
    assert asks.post("/v1/sessions", group).status_code == 201
    place = {"start": at(9), "resources": {"gym": ["gym"]}}
    process.index(clinic)
    assert asks.post("/v1/sessions/S/place", place).status_code == 201
    placed = process.index(clinic)
    assert len(in_index(placed)) == 4
    seat = {"session": "S", "start": at(9), "attendees": ["P1"]}
    name = booked(asks, seat)
    index = process.index(clinic)
    assert index is placed
    assert in_index(index) == in_database(clinic, index)
    assert len(in_index(index)) == 8
    assert asks.post(f"/v1/bookings/{name}/cancel").status_code == 200
    assert len(in_index(process.index(clinic))) == 4
    assert asks("DELETE", "/v1/sessions/S/place").status_code == 204
    assert in_index(process.index(clinic)) == {}


def test_people_who_come_later_and_people_with_work_of_their_own(
    clinic: Clinic, process: Process
) -> None:
    """Whoever has breaks has to be there from the first: the index is read anew with them."""
    asks = clinic.asker()
    first = process.index(clinic)
    assert asks.post("/v1/people", {"id": "P3", "name": "Eva"}).status_code == 201
    booked(asks, physio(at(9), "P3"))
    assert process.index(clinic) is first
    lunch = {"minutes": 30, "window": {"start_minute": 720, "end_minute": 840}}
    odd = {"id": "P4", "name": "Ada", "resource": {"breaks": [lunch]}}
    assert asks.post("/v1/people", odd).status_code == 201
    booked(asks, physio(at(10), "P4"))
    second = process.index(clinic)
    assert second is not first
    assert in_index(second) == in_database(clinic, second)
    assert len(in_index(second)) == 18
    assert process.index(clinic) is second


def test_too_many_changes_are_read_anew(
    clinic: Clinic, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once may be followed here; after three the index is another, and right."""
    monkeypatch.setattr(changes, "MOST", 2)
    asks = clinic.asker("scheduler")
    first = process.index(clinic)
    for hour in (9, 10):
        booked(asks, physio(at(hour), None))
    assert process.index(clinic) is first
    for hour in (11, 12, 13):
        booked(asks, physio(at(hour), None))
    second = process.index(clinic)
    assert second is not first
    assert in_index(second) == in_database(clinic, second)


def test_what_is_booked_is_known_without_a_transaction(clinic: Clinic, process: Process) -> None:
    """A booking, one more; after a change of the world, or a forecast, that takes a transaction."""
    asks, admin = clinic.asker("scheduler"), clinic.asker()

    def in_step() -> bool:
        found = process.indexes.in_step(process.database, clinic.tenant)
        return found is not None and found[0] is process.indexes.known(clinic.tenant)

    def forecast() -> None:
        clinic.sql(
            "INSERT INTO learnt_forecast (tenant_id, kind, spec) VALUES (:t, 'room', :spec)",
            t=clinic.tenant,
            spec='{"zone": "Europe/Berlin", "first": "2030-01-07", "days": 0, "loads": [],'
            ' "open": []}',
        )

    assert not in_step()  # nobody has asked yet
    process.index(clinic)
    assert in_step()
    index = process.indexes.known(clinic.tenant)
    assert index is not None
    for hour in (9, 10):
        booked(asks, physio(at(hour)))
        assert in_step()
        assert in_index(index) == in_database(clinic, index)
    assert len(in_index(index)) == 18
    for change_something in (
        lambda: admin.post("/v1/resources", {"id": "room-3", "kind": "room"}),
        forecast,
    ):
        change_something()
        assert not in_step()
        assert not in_step()  # nor is it taken for known
        process.index(clinic)
        assert in_step()


def test_what_has_ended_is_free_though_nothing_has_changed(
    clinic: Clinic, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold whose time is over is known to be, before anybody has written that down."""
    assert clinic.asker("scheduler").post("/v1/holds", physio(at(9))).status_code == 201
    index = process.index(clinic)
    assert len(in_index(index)) == 9
    now = changes.since(process.database.ask, clinic.tenant, index.seen).asked_at
    later = [now + timedelta(hours=1), now + timedelta(days=2)]

    def since(*given: Any) -> Any:
        return replace(real(*given), asked_at=later.pop(0))

    real = changes.since
    monkeypatch.setattr(changes, "since", since)
    assert process.indexes.in_step(process.database, clinic.tenant) is not None
    assert in_index(index) == {}
    assert process.indexes.in_step(process.database, clinic.tenant) is None


def test_a_server_that_has_started_anew_is_read_anew(clinic: Clinic, process: Process) -> None:
    """It may have forgotten what it told: nobody goes by that."""
    first = process.index(clinic)
    first.seen = replace(first.seen, started=first.seen.started - timedelta(seconds=1))
    assert process.indexes.in_step(process.database, clinic.tenant) is None
    assert process.index(clinic) is not first


def test_connections_that_are_killed_are_no_matter(
    clinic: Clinic, process: Process, server: EmbeddedServer
) -> None:
    """Those of the process are cut between two questions; nothing is missed."""
    asks = clinic.asker("scheduler")
    process.index(clinic)
    booked(asks, physio(at(9)))
    with process.database.engine.connect() as mine:
        (number,) = mine.execute(text("SELECT pg_backend_pid()")).one()
    with psycopg.connect(server.url("postgres"), autocommit=True) as superuser:
        assert superuser.execute("SELECT pg_terminate_backend(%s)", [number]).fetchone() == (True,)
    index = process.index(clinic)
    assert in_index(index) == in_database(clinic, index)
    assert len(in_index(index)) == 9


def test_while_it_is_read_anew_others_are_answered_from_the_old_one(
    clinic: Clinic, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds that the world has changed reads; the next, meanwhile, is not kept waiting."""
    admin = clinic.asker()
    old = process.index(clinic)
    assert admin.post("/v1/resources", {"id": "room-3", "kind": "room"}).status_code == 201
    reading, go_on = Event(), Event()
    read = TenantIndex.read

    def slow(tx: Any, odd: Any = ()) -> TenantIndex:
        reading.set()
        assert go_on.wait(PATIENCE)
        return read(tx, odd)

    monkeypatch.setattr(TenantIndex, "read", slow)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(process.index, clinic)
        assert reading.wait(PATIENCE)
        assert process.index(clinic) is old
        go_on.set()
        new = first.result()
    assert new is not old
    assert new.index.has("room-3")
    assert process.index(clinic) is new


def test_whoever_comes_first_waits_until_it_is_read(
    clinic: Clinic, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six at once, of whom nobody has asked before: it is read once."""
    times = []
    read = TenantIndex.read
    monkeypatch.setattr(TenantIndex, "read", lambda tx, odd=(): times.append(1) or read(tx, odd))
    process.database.close()
    process.database = Database(process.url, size=6)
    found = race([partial(process.index, clinic)] * 6)
    assert len({id(index) for index in found}) == 1
    assert len(times) == 1


def test_a_day_later_it_is_read_anew(clinic: Clinic, process: Process) -> None:
    """Its horizon begins with the day before the week in which it was read."""
    first = process.index(clinic)
    assert first.horizon.first.weekday() == 6
    first._until = first.horizon.asked_at
    assert process.index(clinic) is not first

"""What breaks in the middle: connections, the reply, the server. Nothing is half done or lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from service.conftest import Clinic, furnish, physio, vanishing
from service.processes import until
from service.racing import race
from service.whole import whole
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool
from starlette.testclient import TestClient

from api.app import application
from api.call import Service
from api.embedded import EmbeddedServer
from api.settings import Settings
from api.store import new_bookings
from api.store.database import engine_url
from api.store.migrate import migrate
from api.usecases import tenants

NINE, TEN, ELEVEN = (f"2030-01-07T{hour:02}:00:00+01:00" for hour in (9, 10, 11))
#: Ends every connection of the service but the one that asks.
KILL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE usename = 'allocator_api' AND pid <> pg_backend_pid()"
)
#: Errors are expected here.
pytestmark = pytest.mark.usefixtures("quiet")
TABLES = ("booking", "visit", "claim", "audit", "idempotency")


@pytest.fixture
def superuser(server: EmbeddedServer) -> Engine:
    """Whoever may end other people's connections."""
    return create_engine(engine_url(server.url("postgres")), poolclass=NullPool)


def kill(superuser: Engine) -> int:
    with superuser.connect() as connection:
        ended: int = connection.exec_driver_sql(KILL).scalar_one()
    return ended


def counts(clinic: Clinic) -> dict[str, int]:
    """How many rows a tenant has of what a booking writes."""
    found = {}
    for table in TABLES:
        rows = clinic.sql(f"SELECT count(*) FROM {table} WHERE tenant_id = :t", t=clinic.tenant)
        found[table] = rows[0][0]
    return found


def engine_of(clinic: Clinic) -> Engine:
    service: Service = clinic.http.app.state.service  # type: ignore[attr-defined]
    return service.database.engine


@pytest.fixture
def during(clinic: Clinic) -> Iterator[Callable[[str, Callable[[], Any]], None]]:
    """Has something happen once, just before a statement that has some words in it is sent."""
    engine, hooks = engine_of(clinic), []
    missed: list[list[Callable[[], Any]]] = []

    def arrange(words: str, happens: Callable[[], Any]) -> None:
        left = [happens]

        def look(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if words in statement and left:
                left.pop()()

        event.listen(engine, "before_cursor_execute", look)
        hooks.append(look)
        missed.append(left)

    yield arrange
    for hook in hooks:
        event.remove(engine, "before_cursor_execute", hook)
    assert not any(missed)


def test_connections_that_broke_while_idle_are_replaced(clinic: Clinic, superuser: Engine) -> None:
    """Nobody notices: the next call is made on a new connection."""
    asks = clinic.asker("scheduler")
    assert asks.get("/v1/bookings").status_code == 200
    assert kill(superuser) >= 1
    assert asks.post("/v1/holds", physio(NINE, None)).status_code == 201
    assert kill(superuser) >= 1
    assert asks.post("/v1/holds", physio(TEN, None)).status_code == 201
    whole(clinic)


@pytest.mark.parametrize(
    "words",
    [
        "known_key",
        "set_config",
        "held_world",
        "open_holds",
        "claim.expires_at <= now()",
        "INSERT INTO booking",
        "INSERT INTO idempotency",
        "UPDATE idempotency",
    ],
)
def test_a_connection_that_breaks_before_the_commit_is_replaced(
    clinic: Clinic, superuser: Engine, during: Callable[..., None], words: str
) -> None:
    """At whatever statement it breaks: the work is done again from the start, once."""
    asks = clinic.asker("client")  # whose holds are counted
    assert asks.get("/v1/tenant").status_code == 200
    during(words, partial(kill, superuser))
    held = asks.post("/v1/holds", physio(NINE, None), Idempotency_Key="k")
    assert held.status_code == 201, held.text
    assert counts(clinic) == {**counts_of_one(clinic), "booking": 1, "visit": 1, "claim": 2}
    whole(clinic)


@pytest.mark.parametrize("words", ["changes_since(tenant_id", "as_changed"])
def test_what_is_free_is_asked_again_on_another_connection(
    clinic: Clinic, superuser: Engine, during: Callable[..., None], words: str
) -> None:
    """Who asks, what has changed and what it is now: no answer is older than its question."""
    asks, body = clinic.asker("scheduler"), {"service": "physio", "limit": 1}
    for _ in range(2):
        (first,) = asks.post("/v1/suggestions", body).json()["suggestions"]
    assert asks.post("/v1/holds", {"token": first["token"]}).status_code == 201
    during(words, partial(kill, superuser))
    answer = asks.post("/v1/suggestions", body)
    assert answer.status_code == 200, answer.text
    (second,) = answer.json()["suggestions"]
    assert second["visits"][0]["resources"] != first["visits"][0]["resources"]
    assert asks.post("/v1/holds", {"token": second["token"]}).status_code == 201
    assert clinic.overlaps() == 0


def counts_of_one(clinic: Clinic) -> dict[str, int]:
    """The other tables after one hold: a line in the log beside those of the furniture."""
    furniture = clinic.sql(
        "SELECT count(*) FROM audit WHERE tenant_id = :t AND action NOT LIKE 'booking.%'",
        t=clinic.tenant,
    )
    return {"audit": furniture[0][0] + 1, "idempotency": 1}


def test_connections_are_ended_during_use(clinic: Clinic, superuser: Engine) -> None:
    """Every call succeeds or says 503; what is there is whole; then all goes on by itself."""
    asks = clinic.asker("scheduler")
    done = Event()

    def cut() -> None:
        while not done.wait(0.02):
            kill(superuser)

    def use(day: int) -> list[int]:
        found = []
        for hour in range(8, 17):
            body = physio(f"2030-01-{7 + day:02}T{hour:02}:00:00+01:00", None)
            held = asks.post("/v1/holds", body)
            found.append(held.status_code)
            if held.status_code == 201:
                confirmed = asks.post(f"/v1/holds/{held.json()['id']}/confirm")
                found.append(confirmed.status_code)
        return found

    cutter = Thread(target=cut)
    cutter.start()
    try:
        answers = [status for some in race([partial(use, n) for n in range(4)]) for status in some]
    finally:
        done.set()
        cutter.join()
    assert set(answers) <= {200, 201, 503}
    whole(clinic)
    asks.get("/v1/bookings")
    assert asks.post("/v1/holds", physio("2030-01-28T09:00:00+01:00", None)).status_code == 201


@pytest.fixture
def losing(clinic: Clinic) -> Iterator[Callable[[], None]]:
    """Arms the loss of a reply: the connection goes just after an answer was committed."""
    engine, armed = engine_of(clinic), []

    def look(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if "UPDATE idempotency" in statement and armed == ["call"]:
            armed[:] = ["commit"]

    def crash(connection: Connection) -> None:
        if armed == ["commit"]:
            armed.clear()
            driver: Any = connection.connection.dbapi_connection
            driver.commit()
            driver.close()

    event.listen(engine, "before_cursor_execute", look)
    event.listen(engine, "commit", crash)
    yield lambda: armed.append("call")
    event.remove(engine, "before_cursor_execute", look)
    event.remove(engine, "commit", crash)


def test_the_reply_is_lost_after_the_commit(clinic: Clinic, losing: Callable[[], None]) -> None:
    """Sent again with its key, the same booking is told once more, and nothing is made twice."""
    asks = clinic.asker("scheduler")

    def hold() -> Any:
        return asks.post("/v1/holds", physio(NINE), Idempotency_Key="k")

    losing()
    lost = hold()
    assert lost.status_code == 503, lost.text
    assert "Idempotency-Key" in lost.json()["detail"]
    assert counts(clinic)["booking"] == 1
    again = hold()
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    ((name,),) = clinic.sql("SELECT ref FROM booking WHERE tenant_id = :t", t=clinic.tenant)
    assert again.json()["id"] == name


def test_a_use_case_that_fails_leaves_nothing(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug after the claims: 500, no row of anything, and the same key works later."""
    asks = clinic.asker("scheduler")
    before = counts(clinic)
    add = new_bookings.add

    def broken(*given: Any, **named: Any) -> None:
        add(*given, **named)
        raise ZeroDivisionError

    monkeypatch.setattr(new_bookings, "add", broken)
    assert asks.post("/v1/holds", physio(NINE), Idempotency_Key="k").status_code == 500
    assert counts(clinic) == before
    monkeypatch.undo()
    assert asks.post("/v1/holds", physio(NINE), Idempotency_Key="k").status_code == 201


def test_a_refusal_leaves_nothing(clinic: Clinic) -> None:
    """A hold of what is taken: 409, no row of anything, and its key can be used again."""
    asks = clinic.asker("scheduler")
    first = asks.post("/v1/holds", physio(NINE)).json()["id"]
    before = counts(clinic)
    assert asks.post("/v1/holds", physio(NINE, "P2"), Idempotency_Key="k").status_code == 409
    assert counts(clinic) == before
    assert asks("DELETE", f"/v1/holds/{first}").status_code == 200
    assert asks.post("/v1/holds", physio(NINE, "P2"), Idempotency_Key="k").status_code == 201


def test_a_pool_that_is_used_up_says_503(settings: Settings, clinic: Clinic) -> None:
    """Whoever gets no connection in time is told to come again."""
    small = settings.model_copy(update={"pool_size": 1})
    with TestClient(application(small), raise_server_exceptions=False) as client:
        service: Service = client.app.state.service  # type: ignore[attr-defined]
        service.database.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
        mine = Clinic(tenant=clinic.tenant, http=client, owner=clinic.owner)
        asks = mine.asker("scheduler")
        assert asks.get("/v1/bookings").status_code == 200
        with service.database.engine.connect():
            refused = asks.get("/v1/bookings")
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:allocator:problem:store-unavailable"
        assert refused.headers["Retry-After"] == "1"
        assert asks.get("/v1/bookings").status_code == 200


def test_the_server_is_stopped_and_started(tmp_path: Path) -> None:
    """Meanwhile 503 and not ready; afterwards it works by itself, and what was held is there.

    Stopped in order, and killed.
    """
    with vanishing(tmp_path) as folder, EmbeddedServer(folder) as server:
        migrate(server.url("allocator_owner"))
        owner = create_engine(engine_url(server.url("allocator_owner")), poolclass=NullPool)
        settings = Settings(database_url=server.url("allocator_api"))
        with TestClient(application(settings), raise_server_exceptions=False) as client:
            with owner.begin() as connection:
                tenant = tenants.found(
                    connection, ref="t", name="T", zone="Europe/Berlin", grain_minutes=15
                )
            clinic = Clinic(tenant=tenant, http=client, owner=owner)
            furnish(clinic.asker())
            asks = clinic.asker("scheduler")
            held = asks.post("/v1/holds", physio(NINE))
            assert held.status_code == 201
            for how, later in ((signal.SIGINT, TEN), (signal.SIGKILL, ELEVEN)):
                os.kill(server.pid, how)
                until(lambda: server.pid == 0)
                stopped = [asks.post("/v1/holds", physio(later)) for _ in range(2)]
                assert [answer.status_code for answer in stopped] == [503, 503]
                assert client.get("/health/live").status_code == 200
                assert client.get("/health/ready").status_code == 503
                server.start()
                assert client.get("/health/ready").status_code == 200
                assert asks.post("/v1/holds", physio(later)).status_code == 201
                there = asks.get(f"/v1/bookings/{held.json()['id']}").json()
                assert there["state"] == "held"

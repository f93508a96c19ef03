"""Following a solve by server-sent events: in order, to its end, and freed when nobody listens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from service.conftest import Clinic
from service.living import living
from service.processes import until

from allocator.client import Client
from api.routes import solves as route
from api.settings import Settings
from api.store import solves
from api.store.database import Database


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, app: FastAPI) -> None:
    """Looks follow each other at once, and a stream lasts as long as anybody wants."""
    monkeypatch.setattr(route, "LOOK", 0.01)
    patient = replace(app.state.service, settings=Settings(stream_seconds=600))
    monkeypatch.setitem(app.state._state, "service", patient)


@pytest.fixture(scope="module")
def live(app: FastAPI) -> Iterator[str]:
    with living(app) as url:
        yield url


@pytest.fixture
def caller(clinic: Clinic, http: Any, live: str) -> Iterator[httpx2.Client]:
    """Somebody who calls through a socket."""
    headers = {"Authorization": f"Bearer {clinic.asker('scheduler').key}"}
    with httpx2.Client(base_url=live, headers=headers, timeout=30) as made:
        yield made


def events(answer: httpx2.Response) -> Iterator[tuple[str, Any]]:
    """Yield the name and the data of each event."""
    name = ""
    for line in answer.iter_lines():
        kind, _, text = line.partition(": ")
        if kind == "event":
            name = text
        elif kind == "data":
            yield name, json.loads(text)


def test_events_come_in_order_and_end(
    clinic: Clinic, caller: httpx2.Client, relay: Database
) -> None:
    """Queued, running, each piece of news, and solved; nothing comes after that."""
    name = caller.post("/v1/solves", json={}).json()["id"]
    with caller.stream("GET", f"/v1/solves/{name}/events") as answer:
        assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"  # nginx passes on what comes at once
        told = events(answer)
        assert next(told)[0] == "queued"
        with relay.transaction() as (connection, _):
            taken = iter(lambda: solves.take(connection, "test"), None)
            row = next(one for one in taken if str(one.uid) == name)
        assert next(data for kind, data in told if kind != "queued")["state"] == "running"
        key = (row.tenant_id, row.id, "test")
        for placed in (3, 5):
            with relay.transaction() as (connection, _):
                solves.tell(connection, *key, {"visits_placed": placed}, None)
            news = next(
                data for _, data in told if (data["progress"] or {}) == {"visits_placed": placed}
            )
            assert news["state"] == "running"
        with relay.transaction() as (connection, _):
            solves.end(connection, *key, "solved", {"status": "optimal"})
        rest = list(told)
    states = [kind for kind, _ in rest]
    assert states == [*["running"] * (len(rest) - 1), "solved"]
    assert all(kind == data["state"] and data["id"] == name for kind, data in rest)


def test_a_solve_that_has_ended_is_told_once(caller: httpx2.Client) -> None:
    """Whoever comes late hears how it ended, and that is all."""
    name = caller.post("/v1/solves", json={}).json()["id"]
    caller.post(f"/v1/solves/{name}/cancel")
    with caller.stream("GET", f"/v1/solves/{name}/events") as answer:
        assert [kind for kind, _ in events(answer)] == ["cancelled"]


def test_whoever_goes_away_frees_the_task(caller: httpx2.Client, lines: list[Any]) -> None:
    """The request ends at the next look, although the solve goes on waiting."""
    name = caller.post("/v1/solves", json={}).json()["id"]

    def ended() -> list[Any]:
        return [line for line in lines if line["request_id"] == answer.headers["x-request-id"]]

    with caller.stream("GET", f"/v1/solves/{name}/events") as answer:
        told = events(answer)  # while it lives, the connection does
        assert next(told)[0] == "queued"
        assert not ended()
    until(lambda: bool(ended()))
    assert [line["action"] for line in ended()] == ["http.request"]
    assert caller.post(f"/v1/solves/{name}/cancel").json()["state"] == "cancelled"


def test_what_is_not_there_is_told_before_any_event(
    caller: httpx2.Client, new_clinic: Callable[[], Clinic]
) -> None:
    """As a problem document; a solve of others is not there either."""
    other = new_clinic().asker().post("/v1/solves", {}).json()["id"]
    assert caller.get(f"/v1/solves/{other}/events").status_code == 404
    answer = caller.get("/v1/solves/nothing/events")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:allocator:problem:not-found")


def test_a_stream_ends_after_a_while(
    caller: httpx2.Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a key is shown again; the client goes on by itself until the solve has ended."""
    hasty = replace(app.state.service, settings=Settings(stream_seconds=0))
    monkeypatch.setitem(app.state._state, "service", hasty)
    name = caller.post("/v1/solves", json={}).json()["id"]
    with caller.stream("GET", f"/v1/solves/{name}/events") as answer:
        assert [kind for kind, _ in events(answer)] == ["queued"]
    key = caller.headers["Authorization"].removeprefix("Bearer ")
    with Client(str(caller.base_url), key) as client:
        told = client.solves.follow(name)
        assert [next(told).state, next(told).state] == ["queued", "queued"]
        client.solves.cancel(name)
        assert list(told)[-1].state == "cancelled"

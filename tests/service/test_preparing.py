"""A solve while its problem is prepared: it is told of, it can be stopped, and is not disturbed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from service.conftest import Clinic, scope
from service.processes import until
from service.solving import alone, work
from sqlalchemy import text

from api.problems import StoreUnavailable
from api.settings import Settings
from api.solving import job
from api.store import solves
from api.store.database import Database


def preparing(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Have something happen while a problem is prepared."""
    real = job.clinic

    def slow(*words: Any) -> Any:
        found = real(*words)
        meanwhile()
        return found

    monkeypatch.setattr(job, "clinic", slow)


def test_a_solve_is_cancelled_while_its_problem_is_prepared(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has ended at once, long before the problem is there; what it still comes to is nobody's.

    Nor does its process go on for nothing.
    """
    alone(settings)
    asks = clinic.asker()
    name = asks.post("/v1/solves", {"publish": True}).json()["id"]

    left = threading.Event()

    def cancel() -> None:
        assert asks.post(f"/v1/solves/{name}/cancel").json()["state"] == "cancelled"
        until(left.is_set)

    preparing(monkeypatch, cancel)
    worker = Database(settings.worker_database_url, size=2)
    relay = Database(settings.relay_database_url, size=1)
    with relay.transaction() as (connection, _):
        row: Any = solves.take(connection, "test")
    job.Job(worker, row.tenant_id, row.uid, "test", left.set).run()
    worker.close()
    relay.close()
    found = asks.get(f"/v1/solves/{name}").json()
    assert (found["state"], found["result"], found["published"]) == ("cancelled", None, None)
    assert found["ended_at"] is not None


def test_a_solve_that_does_not_stop_at_once_ends_with_what_it_has_told(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a schedule and still seeks reasons: the best so far is its result, and stays it."""
    alone(settings)
    asks = clinic.asker()
    past = {"start": "2028-01-10T03:00:00Z", "end": "2028-01-10T04:00:00Z"}  # nobody works then
    for request in ({"id": "R1"}, {"id": "R2", "windows": [past]}):
        made = asks.post("/v1/requests", {"steps": [{"service": "physio"}], **request})
        assert made.status_code == 201, made.text
    days = {"first": "2028-01-10", "days": 7, "publish": True}
    path = f"/v1/solves/{asks.post('/v1/solves', days).json()['id']}"
    real = job.solve

    def slow(*words: Any, **named: Any) -> Any:
        result = real(*words, **named)
        until(lambda: asks.get(path).json()["progress"] is not None)
        assert asks.post(f"{path}/cancel").json()["state"] == "running"
        until(lambda: asks.get(path).json()["state"] == "solved")
        return result

    monkeypatch.setattr(job, "solve", slow)
    assert work(settings) == 1
    found = asks.get(path).json()
    assert (found["state"], found["published"]) == ("solved", None)
    result = found["result"]
    assert result["status"] == "feasible"
    assert [visit["request"] for visit in result["visits"]] == ["R1"]
    assert [(left["request"], left["reason"]) for left in result["unplaced"]] == [
        ("R2", "The solve was stopped before it was known why.")
    ]
    assert [level["name"] for level in result["levels"]] == ["priority 3", "comfort"]
    why = asks.post("/v1/explanations", {"request": "R2", "start": past["start"]}).json()
    assert why["solve"] is None
    assert why["visits"][0]["reason"] == "No start is left after the rule opening_hours."
    assert asks.post(f"{path}/publish").json()["booked"] == ["R1"]


def test_a_solve_that_ends_at_that_moment_is_not_cancelled(clinic: Clinic) -> None:
    """Whoever cancels waits for its row, and hears what became of it; it may still be published."""
    asks = clinic.asker()
    name = asks.post("/v1/solves", {"publish": True}).json()["id"]
    with ThreadPoolExecutor(1) as beside:
        with clinic.owner.begin() as ending:
            scope(ending, clinic.tenant)
            ending.execute(text("UPDATE solve SET state = 'published', ended_at = now()"))
            cancelling = beside.submit(asks.post, f"/v1/solves/{name}/cancel")
            until(lambda: bool(clinic.sql("SELECT 1 FROM pg_locks WHERE NOT granted")))
        answer = cancelling.result()
    assert (answer.status_code, answer.json()["state"]) == (409, "published")
    assert clinic.sql("SELECT cancel FROM solve") == [(False,)]


def test_a_database_that_is_away_for_a_moment_does_not_silence_a_solve(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told of again as soon as that is possible: nobody else takes it up meanwhile."""
    alone(settings)
    asks = clinic.asker()
    name = asks.post("/v1/solves", {}).json()["id"]
    real, count, again = solves.tell, iter(range(10**6)), threading.Event()

    def tell(*words: Any) -> Any:
        if next(count) == 0:
            raise StoreUnavailable("It is away.")
        again.set()
        return real(*words)

    monkeypatch.setattr(solves, "tell", tell)
    told = []
    preparing(monkeypatch, lambda: told.append(again.wait(20)))
    assert work(settings) == 1
    assert told == [True]
    assert asks.get(f"/v1/solves/{name}").json()["state"] == "solved"

"""The queue of solves: each is one worker's at a time, and goes on where a dead worker left it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from service.conftest import Asker, Clinic
from service.processes import until
from service.racing import race
from service.solving import alone, work
from service.test_absences import book, mark

from api import sweeper
from api.settings import Settings
from api.solving import job
from api.solving.runner import Runner
from api.store import solves
from api.store.database import Database

SILENT = "UPDATE solve SET beat_at = now() - interval '1 minute'"


@pytest.fixture
def queue(settings: Settings) -> Iterator[Database]:
    """The relay's connections, a few at once; nothing else waits in its queue."""
    alone(settings)
    database = Database(settings.relay_database_url, size=8)
    yield database
    database.close()


def ask(asks: Asker) -> str:
    name: str = asks.post("/v1/solves", {"first": "2030-01-07", "days": 2}).json()["id"]
    return name


def take(queue: Database, worker: str) -> Any:
    with queue.transaction() as (connection, _):
        return solves.take(connection, worker)


def test_two_workers_never_run_one(clinic: Clinic, queue: Database) -> None:
    """Eight take at the same moment what waits, until nothing does: each solve is had once."""
    names = {ask(clinic.asker()) for _ in range(20)}

    def all_of(worker: str) -> list[Any]:
        return list(iter(lambda: take(queue, worker), None))

    taken = race([lambda worker=f"w{n}": all_of(worker) for n in range(8)])  # type: ignore[misc]
    rows = [row for some in taken for row in some]
    assert sorted(str(row.uid) for row in rows) == sorted(names)
    kept = {row.uid: row.worker for row in clinic.sql("SELECT uid, worker FROM solve")}
    assert kept == {row.uid: row.worker for row in rows}


def test_whoever_was_silent_has_lost_it(clinic: Clinic, queue: Database) -> None:
    """Another has taken it up: the first can neither tell of it nor end it."""
    ask(clinic.asker())
    first = take(queue, "first")
    assert take(queue, "second") is None
    clinic.sql(SILENT)
    second = take(queue, "second")
    assert (second.uid, second.attempt, second.worker) == (first.uid, 2, "second")
    key = (first.tenant_id, first.id)
    with queue.transaction() as (connection, _):
        assert solves.tell(connection, *key, "first", {"phase": "x"}, None) is None
        assert solves.end(connection, *key, "first", "solved", {}) is None
        assert solves.tell(connection, *key, "second", {"phase": "y"}, None) is not None
        assert solves.end(connection, *key, "second", "solved", {}) is not None
    assert clinic.sql("SELECT state, progress FROM solve") == [("solved", {"phase": "y"})]


def test_one_that_kills_each_of_its_workers_is_given_up(clinic: Clinic, queue: Database) -> None:
    """After three."""
    name = ask(clinic.asker())
    for attempt in (1, 2, 3):
        assert take(queue, "mortal").attempt == attempt
        clinic.sql(SILENT)
    assert take(queue, "wary").state == "failed"
    found = clinic.asker().get(f"/v1/solves/{name}").json()
    assert (found["state"], found["result"]) == ("failed", {"error": "Its worker died each time."})


def test_tenants_take_turns(
    clinic: Clinic, new_clinic: Callable[[], Clinic], queue: Database
) -> None:
    """Whoever asks for three holds up the one of another no longer than one of them lasts."""
    mine = [ask(clinic.asker()) for _ in range(3)]
    theirs = ask(new_clinic().asker())
    first = [str(take(queue, "worker").uid) for _ in range(2)]
    clinic.sql(SILENT)  # what a dead worker has left comes before all that has not begun
    rest = [str(take(queue, "worker").uid) for _ in range(3)]
    assert (first, rest) == ([mine[0], theirs], [mine[0], *mine[1:]])


def test_a_worker_that_stops_gives_its_solve_back(clinic: Clinic, queue: Database) -> None:
    """Another takes it up at once, and it counts as no try; one that was over stays as it is."""
    name = ask(clinic.asker())
    for _ in range(solves.ATTEMPTS + 1):
        runner = Runner(queue)
        runner.tend()
        assert clinic.sql("SELECT state, attempt FROM solve") == [("running", 1)]
        runner.stop()
    clinic.sql("UPDATE solve SET state = 'solved', ended_at = now()")
    runner.stop()
    assert take(queue, "next") is None
    clinic.sql("UPDATE solve SET state = 'running', ended_at = NULL")
    row = take(queue, "next")
    assert (str(row.uid), row.state, row.attempt) == (name, "running", 1)


def test_a_process_that_dies_is_told_with_its_solve(
    clinic: Clinic, queue: Database, monkeypatch: pytest.MonkeyPatch, lines: list[Any]
) -> None:
    """So that whoever looks for the reason knows for whom; the runner is free for the next."""
    name = ask(clinic.asker())
    monkeypatch.setenv("ALLOCATOR_LOG_LEVEL", "no level")  # it dies at once
    runner = Runner(queue)
    runner.tend()

    def died() -> list[tuple[Any, Any]]:
        runner.tend()
        return [(one["action"], one["solve"]) for one in lines if one["log_level"] == "warning"]

    until(lambda: bool(died()))
    assert died() == [("solve.died", name)]


def test_solves_that_ended_long_ago_are_forgotten(clinic: Clinic, queue: Database) -> None:
    """None that waits, or is published; what was asked for because of an absence ends as well."""
    asks = clinic.asker()
    booking = book(asks, "09:00")
    absence = mark(asks)
    old = [absence["solve"], *(ask(asks) for _ in range(4))]
    states = ("cancelled", "published", "publishing", "failed", "solved")
    ended = (
        "UPDATE solve SET state = :state, ended_at = now() - interval '29 days' WHERE uid = :uid"
    )
    for state, name in zip(states, old, strict=True):
        clinic.sql(ended, state=state, uid=name)
    new = ask(asks)

    def there() -> list[str]:
        sweeper.forget(queue)
        return [row.state for row in clinic.sql("SELECT state FROM solve ORDER BY id")]

    assert there() == [*states, "queued"]
    clinic.sql("UPDATE solve SET ended_at = ended_at - interval '2 days'")
    clinic.sql("UPDATE solve SET publish = true WHERE uid = :uid", uid=old[-1])  # to be published
    assert there() == ["publishing", "solved", "queued"]
    assert asks.get(f"/v1/solves/{new}").status_code == 200
    assert asks.get(f"/v1/solves/{absence['solve']}").status_code == 404
    assert asks("DELETE", f"/v1/absences/{absence['id']}").status_code == 204
    assert asks.get(f"/v1/bookings/{booking}").json()["state"] == "booked"


@pytest.fixture
def dead(clinic: Clinic, queue: Database) -> str:
    """A solve whose worker died when two visits had a place, of which one is asked for still."""
    asks = clinic.asker()
    for request in ("R1", "R2"):
        body = {"id": request, "steps": [{"service": "physio"}]}
        assert asks.post("/v1/requests", body).status_code == 201
    name = ask(asks)
    row = take(queue, "mortal")
    best = [
        {
            "visit": visit,
            "start": f"2030-01-0{day}T09:00:00Z",
            "end": f"2030-01-0{day}T09:45:00Z",
            "resources": [["practitioner", ["ben"]], ["room", ["room-2"]]],
        }
        for visit, day in (("R1", 7), ("R2", 8))
    ]
    news = {"phase": "improve", "level": "", "seconds": 4.2, "visits_placed": 2, "visits": 2}
    with queue.transaction() as (connection, _):
        news |= {"costs": [0, 7], "bounds": [0, None]}
        solves.tell(connection, row.tenant_id, row.id, "mortal", news, best)
    clinic.sql(SILENT)
    clinic.sql("UPDATE request SET state = 'withdrawn' WHERE ref = 'R2'")
    return name


def test_it_goes_on_from_where_it_stood(
    dead: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the best schedule that was written down; what is gone by now is not in it."""
    starts: list[Any] = []
    real = job.solve

    def listening(*words: Any, start: Any, **named: Any) -> Any:
        starts.append(start)
        return real(*words, start=start, **named)

    monkeypatch.setattr(job, "solve", listening)
    assert work(settings) == 1
    ((assignment,),) = (start.assignments for start in starts)
    assert (assignment.visit, assignment.start.isoformat()) == ("R1", "2030-01-07T09:00:00+00:00")
    assert assignment.filling("practitioner") == ("ben",)


def test_one_that_is_cancelled_before_it_has_more_ends_with_that(
    clinic: Clinic, dead: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the second worker prepares it."""
    asks, real = clinic.asker(), job.solve

    def preparing(*words: Any, **named: Any) -> Any:
        assert asks.post(f"/v1/solves/{dead}/cancel").json()["state"] == "running"
        until(lambda: asks.get(f"/v1/solves/{dead}").json()["state"] == "solved")
        return real(*words, **named)

    monkeypatch.setattr(job, "solve", preparing)
    assert work(settings) == 1
    result = asks.get(f"/v1/solves/{dead}").json()["result"]
    assert [(v["request"], v["start"]) for v in result["visits"]] == [
        ("R1", "2030-01-07T09:00:00Z")
    ]
    assert [(level["cost"], level["bound"]) for level in result["levels"]] == [(0, 0), (7, None)]


def test_what_a_dead_worker_has_left_is_not_thrown_away(
    dead: str, clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cancelled before anybody has taken it up: it ends with the best that was told."""
    asks = clinic.asker()
    assert asks.post(f"/v1/solves/{dead}/cancel").json()["state"] == "running"
    tried = threading.Event()
    give_up, read = job.Job._give_up, job.clinic

    def trying(self: job.Job, solve: int) -> Any:
        found = give_up(self, solve)
        tried.set()
        return found

    def slow(*words: Any) -> Any:
        until(tried.is_set)
        return read(*words)

    monkeypatch.setattr(job, "PATIENCE", 0.0)
    monkeypatch.setattr(job.Job, "_give_up", trying)
    monkeypatch.setattr(job, "clinic", slow)
    assert work(settings) == 1
    found = asks.get(f"/v1/solves/{dead}").json()
    assert found["state"] == "solved"
    assert [visit["request"] for visit in found["result"]["visits"]] == ["R1"]
    assert clinic.sql("SELECT incumbent FROM solve") == [(None,)]  # megabytes that nobody needs


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"publish": "false"}, "publish: It is 'false'; true or false is expected."),
        ({"dry_run": 0}, "dry_run: It is 0; true or false is expected."),
        ({"seed": -1}, "seed is -1; 0 to 1000000000 are possible."),
        ({"most_changes": -1}, "most_changes is -1; at least 0 visits may change."),
        ({"weights": [["soonest", -3]]}, "soonest has the weight -3; 0 to 1000000 are possible."),
        ({"weights": [["soonest", 1], ["soonest", 2]]}, "weights has 2 pairs of 1 goals."),
        ({"requests": ["R1", "R9"]}, "There is no request 'R9'."),
        ({"location": "nowhere"}, "There is no location 'nowhere'."),
        ({"unpinned": ["x"]}, "There is no booking or visit 'x'."),
        ({"unpinned": [str(UUID(int=7))]}, f"There is no booking or visit '{UUID(int=7)}'."),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_asked(
    clinic: Clinic, asked: dict[str, Any], told: str
) -> None:
    """By a dry run, and before anything is queued; "false" publishes nothing."""
    asks = clinic.asker()
    assert asks.post("/v1/requests", {"id": "R1", "steps": [{"service": "physio"}]}).is_success
    for body in ({"dry_run": True, **asked}, asked):
        answer = asks.post("/v1/solves", body)
        assert (answer.status_code, answer.json()["detail"]) == (422, told)
    assert asks.get("/v1/solves").json()["items"] == []


def test_a_goal_that_nobody_knows_is_refused_with_those_that_there_are(clinic: Clinic) -> None:
    """Those of comfort: what is served comes before them all."""
    for name in ("nonsense", "served:1"):
        answer = clinic.asker().post("/v1/solves", {"weights": [[name, 1]]})
        said = answer.json()["detail"]
        assert answer.status_code == 422
        assert said.startswith(f"There is no goal of comfort {name!r}; there are: compact_days, ")

"""Batches by policy, on a clock that the tests turn: when a solve is queued, and when not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest
from service.conftest import Clinic, furnish, scope
from service.processes import until
from service.solving import alone, work
from service.test_absences import book, lies, mark
from sqlalchemy import text

from api.settings import Settings
from api.solving import publishing
from api.solving.batching import batch
from api.solving.job import principal
from api.solving.publishing import Publisher
from api.solving.runner import Runner
from api.store.database import Database
from api.store.world import Worlds


@pytest.fixture
def practice(clinic: Clinic, settings: Settings) -> Iterator[Clinic]:
    """A practice whose policy ends with the test: others look at all tenants, as it does."""
    alone(settings)
    yield clinic
    clinic.settle()
    clinic.sql("DELETE FROM solve")


def ask(clinic: Clinic, *names: str, **more: Any) -> None:
    """Ask for visits that could be in a year: no solve of today places them."""
    start = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    start += timedelta(days=365)
    window = {"start": start.isoformat(), "end": (start + timedelta(hours=3)).isoformat()}
    wanted = {"windows": [window], **more}
    bodies = [{"id": n, "steps": [{"service": "physio"}], **wanted} for n in names]
    made = clinic.asker().post("/v1/requests", bodies)
    assert made.status_code == 201, made.text


def look(clinic: Clinic, relay: Database, minutes: float = 0) -> int:
    """Let the worker look, so many minutes from now; return how many solves there are."""
    batch(relay, datetime.now(UTC) + timedelta(minutes=minutes))
    return len(clinic.asker().get("/v1/solves").json()["items"])


def test_nothing_happens_without_a_policy(practice: Clinic, relay: Database) -> None:
    """However many wait, however long."""
    ask(practice, *(f"R{n}" for n in range(20)))
    assert look(practice, relay, 10**6) == 0


def test_enough_are_solved_at_once(practice: Clinic, relay: Database) -> None:
    """Two are not enough, three are; it looks as far ahead as the policy says."""
    practice.settle(batch_enough=3, batch_days=14, batch_seconds=5, batch_publish=True)
    ask(practice, "R1", "R2")
    assert look(practice, relay, 10**6) == 0
    ask(practice, "R3")
    assert look(practice, relay) == 1
    (solve,) = practice.asker().get("/v1/solves").json()["items"]
    assert solve["asked"] == {"days": 14, "time_limit_seconds": 5}
    assert (solve["state"], solve["publish"]) == ("queued", True)
    (line,) = practice.asker().get(f"/v1/audit?object={solve['id']}").json()["items"]
    assert (line["actor"], line["action"]) == ("batching", "solve.queued")


def test_the_oldest_waits_no_longer_than_the_policy_says(practice: Clinic, relay: Database) -> None:
    """Not after 29 minutes, but after 30."""
    practice.settle(batch_wait_minutes=30)
    ask(practice, "R1")
    assert look(practice, relay, 29) == 0
    assert look(practice, relay, 30.1) == 1


def test_one_at_a_time(practice: Clinic, relay: Database) -> None:
    """While one is queued, runs or is to be published, none is queued beside it."""
    practice.settle(batch_enough=1)
    ask(practice, "R1")
    assert look(practice, relay) == 1
    for state in ("queued", "running"):
        practice.sql("UPDATE solve SET state = :state", state=state)
        ask(practice, f"while {state}")
        assert look(practice, relay) == 1
    practice.sql("UPDATE solve SET state = 'solved', publish = true, ended_at = now()")
    assert look(practice, relay) == 1
    practice.sql("UPDATE solve SET state = 'published'")
    assert look(practice, relay) == 2


def test_what_was_left_out_is_not_solved_again_at_once(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """Not until its wait is over again."""
    practice.settle(batch_enough=1, batch_wait_minutes=30)
    ask(practice, "R1")
    assert look(practice, relay) == 1
    assert work(settings) == 1
    assert look(practice, relay) == 1
    assert look(practice, relay, 29) == 1
    assert look(practice, relay, 30.1) == 2


def test_once_something_has_changed_it_counts_again(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """A change of the world, a cancelled booking, another request; a new booking is none."""
    practice.settle(batch_enough=1)
    admin = practice.asker()
    ask(practice, "R1")
    assert look(practice, relay) == 1
    work(settings)
    hold = {
        "service": "physio",
        "start": "2030-01-07T09:00:00Z",
        "resources": {"practitioner": ["anna"], "room": ["room-1"]},
    }
    booking = admin.post("/v1/holds", hold).json()["id"]
    assert look(practice, relay) == 1
    admin.post(f"/v1/bookings/{booking}/cancel")
    assert look(practice, relay) == 2
    work(settings)
    assert look(practice, relay) == 2
    admin.post("/v1/resources", {"id": "eva", "kind": "practitioner", "calendar": "office"})
    assert look(practice, relay) == 3
    work(settings)
    assert look(practice, relay) == 3
    ask(practice, "R2")
    assert look(practice, relay) == 4


def test_nobody_is_missed_whose_transaction_lasts_over_a_batch(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """Asked for before the batch is read, committed after it has ended: it is new to the next."""
    practice.settle(batch_enough=1)
    ask(practice, "R1")
    assert look(practice, relay) == 1
    with practice.owner.begin() as holding:
        scope(holding, practice.tenant)
        holding.execute(
            text(
                "INSERT INTO request (tenant_id, uid, ref, spec) SELECT tenant_id,"
                " gen_random_uuid(), 'R2', spec FROM request WHERE ref = 'R1'"
            )
        )
        assert work(settings) == 1
    (times,) = practice.sql(
        "SELECT changed_at < started_at FROM request, solve WHERE request.ref = 'R2'"
    )
    assert times == (True,)  # clocks do not tell
    assert look(practice, relay) == 2
    assert work(settings) == 1
    assert look(practice, relay) == 2


def test_what_is_freed_over_a_batch_counts_as_well(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """A booking is cancelled before the batch is read, and that is committed after its end."""
    practice.settle(batch_enough=1)
    ask(practice, "R1")
    assert look(practice, relay) == 1
    with practice.owner.begin() as holding:
        scope(holding, practice.tenant)
        holding.execute(
            text(
                "INSERT INTO audit (tenant_id, actor, action, kind, object) VALUES"
                " (:tenant, 'test', 'booking.cancelled', 'booking', gen_random_uuid())"
            ),
            {"tenant": practice.tenant},
        )
        assert work(settings) == 1
        assert look(practice, relay) == 1
    assert look(practice, relay) == 2


def test_a_snapshot_of_another_server_knows_nothing_of_this(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """The data were brought here: what waits is solved once, and what was written there is old."""
    practice.settle(batch_enough=1)
    ask(practice, "R1")
    assert look(practice, relay) == 1
    work(settings)
    assert look(practice, relay) == 1
    practice.sql("UPDATE solve SET read_snapshot = '9000000000:9000000000:'")
    practice.sql("UPDATE request SET transaction_id = 8000000000")
    assert look(practice, relay) == 2
    work(settings)
    assert look(practice, relay) == 2


def test_whoever_lost_a_race_counts_at_once(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """A client was faster; one who could not be placed at all does not count."""
    practice.settle(batch_enough=1)
    admin = practice.asker()
    soon(practice, "R1")
    ask(practice, "R2")
    assert look(practice, relay) == 1
    work(settings)
    (solve,) = admin.get("/v1/solves").json()["items"]
    (place,) = admin.get(f"/v1/solves/{solve['id']}").json()["result"]["visits"]
    hold = {"service": "physio", "start": place["start"], "resources": dict(place["resources"])}
    assert admin.post("/v1/holds", hold).status_code == 201
    assert look(practice, relay) == 1
    lost = admin.post(f"/v1/solves/{solve['id']}/publish").json()["lost"]
    assert [(one["request"], one["problem"]["status"]) for one in lost] == [("R1", 409)]
    assert look(practice, relay) == 2


def test_the_trouble_of_one_tenant_is_no_others(
    practice: Clinic, new_clinic: Callable[[], Clinic], relay: Database, lines: list[Any]
) -> None:
    """Its terms cannot be read, as after a step back to an older version; the next is solved."""
    ask(practice, "R1")
    newer = {"terms": {"batch_enough": 1, "newer": 1}}
    terms = "UPDATE tenant SET policy = CAST(:policy AS jsonb) WHERE id = :tenant"
    practice.sql(terms, policy=json.dumps(newer), tenant=practice.tenant)
    other = new_clinic()
    furnish(other.asker())
    other.settle(batch_enough=1)
    ask(other, "R1")
    assert look(other, relay) == 1
    other.sql("DELETE FROM solve")
    other.settle()
    practice.sql(terms, policy="{}", tenant=practice.tenant)
    assert [line["action"] for line in lines if line["log_level"] == "error"] == ["batching.bug"]


def test_one_that_fails_is_not_begun_again_at_once(practice: Clinic, relay: Database) -> None:
    """It failed for a reason: whoever waits, waits anew."""
    practice.settle(batch_enough=1, batch_wait_minutes=30)
    ask(practice, "R1")
    assert look(practice, relay) == 1
    practice.sql(
        "UPDATE solve SET state = 'failed', ended_at = now(),"
        " read_snapshot = CAST(pg_current_snapshot() AS text),"
        " world_version = (SELECT world_version FROM tenant WHERE id = :t)",
        t=practice.tenant,
    )
    assert look(practice, relay) == 1
    assert look(practice, relay, 30.1) == 2


@pytest.mark.parametrize(
    ("term", "value", "possible"),
    [
        ("batch_days", 400, "1 to 366"),
        ("most_open_holds", -1, "0 to 1000000"),
        ("approval_minutes", 0, "1 to 527040"),
        ("cancel_notice_minutes", -1, "0 to 1000000000"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(
    clinic: Clinic, term: str, value: int, possible: str
) -> None:
    """When they are written, not when a solve is queued by nobody who hears of it."""
    admin = clinic.asker()
    now = admin.get("/v1/tenant")
    body = {"name": "x", "policy": {"terms": {term: value}}}
    answer = admin("PUT", "/v1/tenant", body, If_Match=now.headers["etag"])
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        f"{term} is {value}; {possible} are possible.",
    )


def soon(clinic: Clinic, *names: str) -> None:
    ask(clinic, *names, windows=[])


def states(clinic: Clinic) -> dict[str, str]:
    rows = clinic.asker().get("/v1/requests").json()["items"]
    return {row["id"]: row["state"] for row in rows}


def test_a_batch_is_published_by_its_job(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """As soon as it is solved, once, by the solve itself; nothing waits then."""
    practice.settle(batch_enough=2, batch_publish=True)
    soon(practice, "R1", "R2")
    assert look(practice, relay) == 1
    work(settings)
    (solve,) = practice.asker().get("/v1/solves").json()["items"]
    assert solve["state"] == "published"
    assert (solve["published"]["booked"], solve["published"]["lost"]) == (["R1", "R2"], [])
    assert states(practice) == {"R1": "scheduled", "R2": "scheduled"}
    log = practice.asker().get("/v1/audit?action=booking.booked").json()["items"]
    assert [line["actor"] for line in log] == [f"solve:{solve['id']}"] * 2
    assert look(practice, relay, 10**6) == 1


def test_a_publication_is_taken_up_where_its_worker_died(
    practice: Clinic, relay: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first half is booked: the other half follows, and nothing is booked twice."""
    practice.settle(batch_enough=2, batch_publish=True)
    soon(practice, "R1", "R2", "R3")
    look(practice, relay)
    with monkeypatch.context() as m:
        m.setattr(Publisher, "publish", lambda self, uid, **words: None)  # dies before it begins
        work(settings)
    (solve,) = practice.sql("SELECT uid, tenant_id FROM solve")
    worker = Database(settings.worker_database_url, size=1)
    publisher = Publisher(worker, Worlds(), principal(solve.tenant_id, solve.uid))
    with monkeypatch.context() as m:
        m.setattr(Publisher, "_end", lambda self, *words: None)  # dies before its end
        publisher.publish(solve.uid, only=["R1"])
    worker.close()
    assert sorted(states(practice).values()) == ["requested", "requested", "scheduled"]
    assert work(settings) == 0  # whoever it was may still be alive
    practice.sql("UPDATE solve SET beat_at = now() - interval '1 minute'")
    assert look(practice, relay, 10**6) == 1  # nothing beside it meanwhile
    assert work(settings) == 1
    (told,) = practice.asker().get("/v1/solves").json()["items"]
    assert told["state"] == "published"
    assert told["published"] == {"booked": ["R1", "R2", "R3"], "moved": [], "lost": []}
    assert practice.sql("SELECT count(*) FROM booking")[0][0] == 3
    log = practice.asker().get("/v1/audit?action=solve.published").json()["items"]
    assert len(log) == 1
    practice.sql("UPDATE solve SET beat_at = now() - interval '1 minute'")
    assert work(settings) == 0


def test_a_publication_that_is_cut_off_each_time_is_left_to_the_staff(
    practice: Clinic, relay: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays solved, is not taken up for ever, and can be published by hand."""
    practice.settle(batch_enough=1, batch_publish=True)
    soon(practice, "R1")
    look(practice, relay)
    with monkeypatch.context() as m:
        m.setattr(Publisher, "publish", lambda self, uid, **words: None)
        for _ in range(7):
            work(settings)
            practice.sql("UPDATE solve SET beat_at = now() - interval '1 minute'")
    (solve,) = practice.asker().get("/v1/solves").json()["items"]
    assert (solve["state"], solve["publish"]) == ("solved", False)
    assert work(settings) == 0
    published = practice.asker().post(f"/v1/solves/{solve['id']}/publish").json()
    assert published["booked"] == ["R1"]


def test_a_solve_that_is_cancelled_is_not_published_by_itself(
    practice: Clinic, relay: Database, settings: Settings
) -> None:
    """Whoever stops it wants to look at it."""
    practice.settle(batch_enough=1, batch_publish=True)
    soon(practice, "R1")
    look(practice, relay)
    practice.sql("UPDATE solve SET cancel = true")
    work(settings)
    (solve,) = practice.asker().get("/v1/solves").json()["items"]
    assert solve["state"] == "solved"
    assert states(practice) == {"R1": "requested"}


def test_a_solve_is_cancelled_while_its_publication_waits(
    practice: Clinic, relay: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker died before: no other takes it up, and the staff can publish it by hand."""
    practice.settle(batch_enough=1, batch_publish=True)
    soon(practice, "R1")
    look(practice, relay)
    with monkeypatch.context() as m:
        m.setattr(Publisher, "publish", lambda self, uid, **words: None)
        work(settings)
    (solve,) = practice.asker().get("/v1/solves").json()["items"]
    path = f"/v1/solves/{solve['id']}"
    cancelled = practice.asker().post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "solved")
    practice.sql("UPDATE solve SET beat_at = now() - interval '1 minute'")
    assert work(settings) == 0
    assert practice.asker().get(path).json()["result"]["visits"]
    assert practice.asker().post(f"{path}/publish").json()["booked"] == ["R1"]
    again = practice.asker().post(f"{path}/cancel")
    assert (again.status_code, again.json()["detail"]) == (
        409,
        f"Solve {solve['id']} is published; it cannot be cancelled.",
    )


def test_a_publication_ends_where_it_is_cancelled(
    practice: Clinic, relay: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is booked by then stays booked; the rest is left to the staff, who publish it later."""
    practice.settle(batch_enough=2, batch_publish=True)
    soon(practice, "R1", "R2")
    look(practice, relay)
    asks, real = practice.asker(), Publisher._book

    def book(self: Publisher, tx: Any, one: Any) -> None:
        (solve,) = asks.get("/v1/solves").json()["items"]
        assert solve["state"] == "publishing"
        assert asks.post(f"/v1/solves/{solve['id']}/cancel").json()["state"] == "publishing"
        real(self, tx, one)

    with monkeypatch.context() as m:
        m.setattr(publishing, "_alone", lambda unit: False)  # each has its own transaction
        m.setattr(Publisher, "_book", book)
        work(settings)
    (solve,) = asks.get("/v1/solves").json()["items"]
    assert (solve["state"], len(solve["published"]["booked"])) == ("solved", 1)
    assert sorted(states(practice).values()) == ["requested", "scheduled"]
    assert work(settings) == 0
    done = asks.post(f"/v1/solves/{solve['id']}/publish").json()
    assert (done["booked"], done["lost"]) == (["R1", "R2"], [])
    assert practice.sql("SELECT count(*) FROM booking")[0][0] == 2


def test_a_publication_killed_in_the_middle_is_ended_by_the_next_process(
    practice: Clinic, relay: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with -9 between two moves: the first is done, the second follows, once each.

    Moves that make room for nobody have a transaction each; the test holds the second's row until
    the process is dead.
    """
    monkeypatch.setenv("ALLOCATOR_WORKER_DATABASE_URL", settings.worker_database_url)
    asks = practice.asker()
    first, second = book(asks, "09:00"), book(asks, "11:00", attendees=["P2"])
    mark(asks)
    practice.sql("DELETE FROM solve")
    body = {"first": "2030-01-07", "days": 7, "unpinned": [first, second], "publish": True}
    assert asks.post("/v1/solves", {**body, "time_limit_seconds": 5}).status_code == 202

    def with_whom() -> list[str]:
        return [lies(asks, booking)[0][1] for booking in (first, second)]

    runner = Runner(relay)
    try:
        with practice.owner.begin() as holding:
            scope(holding, practice.tenant)
            locked = text("SELECT 1 FROM booking WHERE uid = :uid FOR UPDATE")
            holding.execute(locked, {"uid": second})
            runner.tend()
            until(lambda: with_whom()[0] == "ben")
            children = psutil.Process().children()
            (process,) = (c for c in children if "api.solving.job" in c.cmdline())
            process.kill()
            process.wait()
        assert with_whom() == ["ben", "anna"]
        assert practice.sql("SELECT state FROM solve") == [("publishing",)]
        practice.sql("UPDATE solve SET beat_at = now() - interval '1 minute'")
        runner.tend()
        until(lambda: practice.sql("SELECT state FROM solve") == [("published",)])
    finally:
        runner.stop()
    assert with_whom() == ["ben", "ben"]
    (solve,) = asks.get("/v1/solves").json()["items"]
    assert solve["published"] == {"booked": [], "moved": sorted([first, second]), "lost": []}
    log = asks.get("/v1/audit?action=booking.moved").json()["items"]
    assert len(log) == 2
    assert practice.overlaps() == 0

"""Limits: shared by all processes, apart for what is done, and for whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from service.conftest import Asker, Clinic, physio, scope
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import application
from api.auth.failures import REMEMBERED, Failures
from api.auth.limits import _TAKE, BLOCK, MINUTE, Limits
from api.auth.principal import Principal, Role
from api.call import COOKIE
from api.problems import TooMany
from api.settings import Settings
from api.usecases import tenants

#: The minute of these tests: their clock stands still.
NOW = 1_900_000_000.0
Start = Callable[..., list[TestClient]]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts processes with limits of their own, whose clock stands still."""

    @contextmanager
    def one(now: float, **limits: int) -> Iterator[TestClient]:
        app = application(settings.model_copy(update=limits))
        service, failed = app.state.service, app.state.service.settings.failed_per_minute
        app.state.service = replace(
            service,
            limits=Limits(service.database, lambda: now),
            failures=Failures(failed, lambda: now),
        )
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client

    with ExitStack() as stack:
        yield lambda number=1, now=NOW, **limits: [
            stack.enter_context(one(now, **limits)) for _ in range(number)
        ]


def until_refused(askers: list[Asker], path: str = "/v1/tenant") -> int:
    """Ask in turns until everybody is refused; return how often it went well."""
    well, refused = 0, 0
    while refused < len(askers):
        refused = 0
        for asks in askers:
            answer = asks.get(path)
            assert answer.status_code in (200, 429)
            well += answer.status_code == 200
            refused += answer.status_code == 429
    return well


def test_two_processes_share_a_limit(clinic: Clinic, start: Start) -> None:
    """At most one block a process is let through beyond it; here both together keep to it."""
    limit = 40
    askers = [Asker(web, clinic.asker().key) for web in start(2, search_per_minute=limit)]
    well = until_refused(askers)
    assert limit <= well <= limit + 2 * int(limit * BLOCK)
    assert well == 40


def test_what_is_refused_says_when_to_come_again(clinic: Clinic, start: Start) -> None:
    """429 with Retry-After; answers before it count down what is left."""
    (web,) = start(search_per_minute=3)
    asks = Asker(web, clinic.asker().key)
    answers = [asks.get("/v1/tenant") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert [a.headers["ratelimit-remaining"] for a in answers[:3]] == ["2", "1", "0"]
    assert answers[0].headers["ratelimit-limit"] == "3"
    wait = 60 - int(NOW % 60)
    assert answers[0].headers["ratelimit-reset"] == str(wait)
    assert answers[3].headers["retry-after"] == str(wait)
    assert answers[3].json()["type"] == "urn:allocator:problem:too-many"
    assert answers[3].json()["detail"].startswith("At most 3 requests a minute are possible")


def test_every_answer_says_what_is_left(clinic: Clinic, start: Start) -> None:
    """Refusals and mistakes, too; what is refused for the limit's sake has nothing left."""
    (web,) = start(search_per_minute=4, book_per_minute=1)
    asks = Asker(web, clinic.asker("scheduler").key)
    answers = [
        asks.get("/v1/resources/anna"),
        asks.get("/v1/resources/nobody"),
        asks.get("/v1/keys"),
        asks.get("/v1/people?limit=0"),
        asks.get("/v1/people"),
        asks.post("/v1/people", {"name": ""}),
    ]
    assert [a.status_code for a in answers] == [200, 404, 403, 422, 429, 422]
    left = [a.headers["ratelimit-remaining"] for a in answers]
    assert left == ["3", "2", "1", "0", "0", "0"]
    assert {a.headers["ratelimit-reset"] for a in answers} == {str(60 - int(NOW % 60))}
    assert answers[4].headers["ratelimit-limit"] == "4"


def told(answer: Any) -> tuple[int, str | None, str | None]:
    """The status of an answer, and what its headers say of the limit."""
    headers = answer.headers
    return (
        answer.status_code,
        headers.get("ratelimit-limit"),
        headers.get("ratelimit-remaining"),
    )


def test_failed_sign_ins_have_a_limit(clinic: Clinic, start: Start) -> None:
    """By address: unknown keys, bad tokens, old cookies and forged links count together."""
    (web,) = start(failed_per_minute=4)
    tried = [Asker(web, key).get("/v1/tenant") for key in ("ak_no", "no token", "ln_no")]
    web.cookies.set(COOKIE, "old")
    tried.append(web.get("/v1/tenant"))
    web.cookies.clear()
    assert [told(a) for a in tried] == [(401, "4", left) for left in ("3", "2", "1", "0")]
    refused = Asker(web, "pk_no").get("/v1/tenant")
    assert told(refused) == (429, "4", "0")
    assert refused.headers["retry-after"] == str(60 - int(NOW % 60))
    assert refused.json()["detail"].startswith("At most 4 failed sign-ins a minute are possible")
    assert Asker(web, clinic.asker().key).get("/v1/tenant").status_code == 429
    (later,) = start(now=NOW + 60, failed_per_minute=4)
    assert Asker(later, clinic.asker().key).get("/v1/tenant").status_code == 200


def test_a_failed_sign_in_is_a_line_of_the_log(start: Start, lines: list[Any]) -> None:
    """Without what was sent, and without the address: both may be somebody's."""
    (web,) = start(failed_per_minute=4)
    Asker(web, "ak_no").get("/v1/tenant")
    web.cookies.set(COOKIE, "old")
    web.get("/v1/tenant")
    found = [line for line in lines if line["action"] == "access.failed"]
    assert found == [
        {
            "event": "unknown",
            "log_level": "warning",
            "action": "access.failed",
            "cookie": cookie,
            "remaining": left,
        }
        for cookie, left in ((False, 3), (True, 2))
    ]


def test_whoever_was_let_in_is_not_locked_out_by_others(clinic: Clinic, start: Start) -> None:
    """One program with an old key does not stop its whole office; a key that is revoked counts."""
    (web,) = start(failed_per_minute=2)
    made = clinic.asker().post("/v1/keys", {"name": "k", "role": "scheduler"}).json()
    asks, admin = Asker(web, made["key"]), Asker(web, clinic.asker().key)
    assert [a.get("/v1/tenant").status_code for a in (asks, admin)] == [200, 200]
    assert [Asker(web, "ak_no").get("/v1/tenant").status_code for _ in range(3)] == [401, 401, 429]
    assert asks.get("/v1/tenant").status_code == 200
    assert admin("DELETE", f"/v1/keys/{made['id']}").status_code == 200
    assert [asks.get("/v1/tenant").status_code for _ in range(2)] == [401, 429]
    assert admin.get("/v1/tenant").status_code == 200


def test_who_sends_nothing_has_not_failed(start: Start) -> None:
    """401 says what may still be tried, and takes nothing of it."""
    (web,) = start(failed_per_minute=1)
    assert [told(web.get("/v1/tenant")) for _ in range(3)] == [(401, "1", "1")] * 3


def test_whoever_waits_for_a_lease_keeps_no_other_bucket_waiting(
    clinic: Clinic, app: FastAPI, owner: Engine
) -> None:
    """Somebody holds the row of one bucket: it is waited for, and the others go on meanwhile."""
    who = Principal(tenant=clinic.tenant, actor="test", role=Role.CLIENT)
    limits = Limits(app.state.service.database, lambda: NOW)
    row = {"tenant": clinic.tenant, "bucket": "slow", "period": NOW // MINUTE * MINUTE}
    with ThreadPoolExecutor(1) as threads:
        with owner.begin() as connection:
            scope(connection, clinic.tenant)
            connection.execute(_TAKE, {**row, "block": 1})
            slow = threads.submit(limits.take, who, "slow", 20)
            assert limits.take(who, "quick", 20).remaining == 19
            assert not slow.done()
        assert slow.result().remaining == 18


def test_so_many_good_credentials_are_remembered() -> None:
    """Beyond that all are forgotten, and are looked up anew."""
    failures = Failures(1, lambda: NOW)
    failures.good("here", "first")
    failures.failed("here", "bad")
    failures.demand("here", "first")
    with pytest.raises(TooMany):
        failures.demand("here", "second")
    failures.demand("there", "second")
    for number in range(REMEMBERED):
        failures.good("there", str(number))
    with pytest.raises(TooMany):
        failures.demand("here", "first")


def test_what_is_malformed_is_counted(clinic: Clinic, start: Start) -> None:
    """A body that is no JSON, and one that is too large; what strangers send is not even read."""
    (web,) = start(book_per_minute=3, failed_per_minute=5)
    asks = Asker(web, clinic.asker().key)
    key = {"Authorization": f"Bearer {asks.key}", "Content-Type": "application/json"}
    for path in ("/v1/people", "/v1/people/import"):
        stranger = web.post(path, content=b"{", headers={"Content-Type": "application/json"})
        assert told(stranger) == (401, "5", "5")
    malformed = [web.post("/v1/people", content=c, headers=key) for c in (b"{", b" " * 1_000_001)]
    assert [told(a) for a in malformed] == [(422, "3", "2"), (413, "3", "1")]
    form = web.post("/v1/people", content=b"a=1", headers={**key, "Content-Type": "text/plain"})
    assert told(form) == (415, "3", "0")
    assert told(web.post("/v1/people", content=b"{", headers=key)) == (429, "3", "0")


def test_a_bug_is_counted_and_has_a_name(
    clinic: Clinic, start: Start, monkeypatch: pytest.MonkeyPatch, lines: list[Any]
) -> None:
    """Its 500 has the headers of every other answer; the log's line has the same name."""
    (web,) = start(search_per_minute=9)
    monkeypatch.setattr(tenants, "read", lambda tx: 1 / 0)
    answer = Asker(web, clinic.asker().key).get("/v1/tenant")
    assert told(answer) == (500, "9", "8")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:allocator:problem:internal"
    (bug,) = [line for line in lines if line["action"] == "http.bug"]
    assert bug["request_id"] == answer.headers["x-request-id"]


def test_every_answer_has_a_name(clinic: Clinic, start: Start) -> None:
    """Whatever its status, a name of its own, by which it is found in the log."""
    (web,) = start(search_per_minute=1)
    asks = Asker(web, clinic.asker().key)
    answers = [
        web.get("/health/live"),
        web.get("/v1/tenant"),
        web.get("/nowhere"),
        web.patch("/v1/tenant"),
        asks.get("/v1/tenant"),
        asks.get("/v1/tenant"),
        asks.post("/v1/people", {}),
    ]
    assert [a.status_code for a in answers] == [200, 401, 404, 405, 200, 429, 422]
    assert len({a.headers["x-request-id"] for a in answers}) == 7
    assert {a.headers["x-content-type-options"] for a in answers} == {"nosniff"}


def test_the_next_minute_begins_anew(clinic: Clinic, start: Start) -> None:
    """What was used up is there again."""
    key = clinic.asker().key
    assert until_refused([Asker(web, key) for web in start(search_per_minute=2)]) == 2
    later = start(now=NOW + 60, search_per_minute=2)
    assert until_refused([Asker(web, key) for web in later]) == 2


def test_searching_holding_and_booking_are_counted_apart(clinic: Clinic, start: Start) -> None:
    """Whoever has searched too much may hold and book all the same, and the other way round."""
    (web,) = start(search_per_minute=1, hold_per_minute=2, book_per_minute=1)
    asks = Asker(web, clinic.asker("scheduler").key)
    held = [asks.post("/v1/holds", physio(f"2030-01-07T{h:02}:00:00+01:00")) for h in (9, 10, 11)]
    assert [h.status_code for h in held] == [201, 201, 429]
    name = held[0].json()["id"]
    assert [asks.post(f"/v1/holds/{name}/confirm").status_code for _ in range(2)] == [200, 429]
    assert [asks.get(f"/v1/bookings/{name}").status_code for _ in range(2)] == [200, 429]
    other = Asker(web, clinic.asker("administrator").key)
    assert other.get("/v1/tenant").status_code == 200


def test_an_address_has_a_limit_over_all_keys(clinic: Clinic, start: Start) -> None:
    """Two keys from one address share it."""
    (web,) = start(address_per_minute=3)
    askers = [Asker(web, clinic.asker(role).key) for role in ("scheduler", "administrator")]
    assert until_refused(askers) == 3


def test_visitors_of_a_page_use_up_nothing_of_the_staff(clinic: Clinic, start: Start) -> None:
    """A publishable key has a tenth, by key and by address, counted apart from the others."""
    made = clinic.asker().post("/v1/keys", {"name": "p", "role": "client", "publishable": True})
    public = made.json()["key"]
    (web,) = start(address_per_minute=40, search_per_minute=1000)
    staff = Asker(web, clinic.asker("scheduler").key)
    assert staff.get("/v1/tenant").status_code == 200
    assert until_refused([Asker(web, public)]) == 4
    assert until_refused([staff]) == 39


def test_tenants_are_counted_apart(new_clinic: Callable[[], Clinic], start: Start) -> None:
    """One clinic's rush is nothing to the other."""
    (web,) = start(address_per_minute=2)
    for clinic in (new_clinic(), new_clinic()):
        assert until_refused([Asker(web, clinic.asker().key)]) == 2


def test_a_person_has_so_many_open_holds(clinic: Clinic) -> None:
    """Three by default; confirmed, released and expired ones do not count, nor other people's."""
    asks = clinic.asker("scheduler")
    held = [
        asks.post("/v1/holds", physio(f"2030-01-07T{hour:02}:00:00+01:00"))
        for hour in (9, 10, 11, 12)
    ]
    assert [h.status_code for h in held] == [201, 201, 201, 429]
    assert held[3].json()["detail"] == "This person has 3 open holds; at most 3 are possible."
    twelve = "2030-01-07T12:00:00+01:00"
    assert asks.post("/v1/holds", physio(twelve, "P2")).status_code == 201
    thirteen, ends = physio("2030-01-07T13:00:00+01:00"), []
    for end in ("confirm", "release", "expire"):
        name = held[len(ends)].json()["id"]
        if end == "confirm":
            assert asks.post(f"/v1/holds/{name}/confirm").status_code == 200
        elif end == "release":
            assert asks("DELETE", f"/v1/holds/{name}").status_code == 200
        else:
            clinic.sql("UPDATE booking SET expires_at = now() WHERE uid = CAST(:u AS uuid)", u=name)
        ends.append(end)
        again = asks.post("/v1/holds", {**thirteen, "start": f"2030-01-08T{8 + len(ends):02}:00Z"})
        assert again.status_code == 201, end
    assert asks.post("/v1/holds", thirteen).status_code == 429


def test_the_cap_is_the_tenants(clinic: Clinic) -> None:
    """Its policy says how many."""
    clinic.settle(most_open_holds=1)
    asks = clinic.asker("scheduler")
    codes = [
        asks.post("/v1/holds", physio(f"2030-01-07T{hour:02}:00:00+01:00")).status_code
        for hour in (9, 10)
    ]
    assert codes == [201, 429]


def test_a_page_has_so_many_open_holds(clinic: Clinic) -> None:
    """All its visitors together; what they confirm counts no more, nor do the staff's holds."""
    clinic.settle(most_public_holds=2)
    made = clinic.asker().post("/v1/keys", {"name": "p", "role": "client", "publishable": True})
    public = Asker(clinic.http, made.json()["key"])
    hours = [physio(f"2030-01-07T{hour:02}:00:00+01:00", None) for hour in (9, 10, 11, 12)]
    assert clinic.asker("scheduler").post("/v1/holds", hours[0]).status_code == 201
    held = [public.post("/v1/holds", body) for body in hours[1:]]
    assert [h.status_code for h in held] == [201, 201, 429]
    assert held[2].json()["detail"] == "This page has 2 open holds; at most 2 are possible."
    assert public.post(f"/v1/holds/{held[0].json()['id']}/confirm").status_code == 200
    assert public.post("/v1/holds", hours[3]).status_code == 201


def test_what_waits_for_a_reviewer_is_open(clinic: Clinic) -> None:
    """Nobody blocks a day by confirming what is urgent; once reviewed, it counts no more."""
    client = clinic.asker("client")
    clinic.settle(most_public_holds=2)
    bodies = [
        physio(f"2030-01-07T{hour:02}:00:00+01:00", None, urgent=True) for hour in (9, 10, 11)
    ]
    names = [client.post("/v1/holds", body).json()["id"] for body in bodies[:2]]
    for name in names:
        assert client.post(f"/v1/holds/{name}/confirm").json()["state"] == "pending_approval"
    refused = client.post("/v1/holds", bodies[2])
    assert refused.status_code == 429
    assert refused.json()["detail"] == "You have 2 open holds; at most 2 are possible."
    for verdict, name in zip(("decline", "approve"), names, strict=True):
        assert clinic.asker("reviewer").post(f"/v1/bookings/{name}/{verdict}").status_code == 200
        assert client.post("/v1/holds", {**bodies[2], "hold_minutes": 1}).status_code == 201
        bodies[2] = bodies[0]


def test_the_clock_of_limits_is_the_clock(clinic: Clinic) -> None:
    """Where no test says otherwise, the minute is that of the day, by the database's clock."""
    before = int(time.time() // 60)
    clinic.asker().get("/v1/tenant")
    periods = {
        int(row[0]) // 60 for row in clinic.sql("SELECT extract(epoch FROM period) FROM allowance")
    }
    assert periods <= {before, before + 1} and periods

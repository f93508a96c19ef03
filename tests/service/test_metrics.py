"""Figures for Prometheus: what is counted, that processes count together, and who may read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from cli.running import ROOT
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from service.conftest import Clinic, physio
from service.test_events import fan_out
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import application
from api.settings import Settings
from api.store.database import Database
from api.store.figures import figures

NINE = "2030-01-07T09:00:00+01:00"
HERE = ("127.0.0.1", 1)


def read(app: FastAPI) -> dict[str, float]:
    """Return what is told on this machine: each sample by its name and labels."""
    answer = TestClient(app, client=HERE).get("/metrics")
    assert answer.status_code == 200, answer.text
    return samples(answer.text)


def samples(told: str) -> dict[str, float]:
    return {
        " ".join([sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]): value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        if (value := sample.value) is not None
    }


def rise(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return what has been counted in between, without times and their buckets."""
    return {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if value != before.get(name, 0)
        and name.partition(" ")[0].endswith(("_total", "_count"))
        and "route=/metrics" not in name
    }


def test_requests_holds_confirmations_and_conflicts_are_counted(
    clinic: Clinic, app: FastAPI
) -> None:
    """Each under its route's template; a repeat is a request more and a hold no more."""
    asker = clinic.asker()
    before = read(app)
    held = asker.post("/v1/holds", physio(NINE), Idempotency_Key="k")
    again = asker.post("/v1/holds", physio(NINE), Idempotency_Key="k")
    asker.post(f"/v1/holds/{held.json()['id']}/confirm")
    taken = asker.post("/v1/holds", physio(NINE, "P2"))
    asker.get(f"/nowhere/{clinic.keys['administrator']}")
    assert [held.status_code, again.status_code, taken.status_code] == [201, 201, 409]
    seconds = "allocator_http_request_seconds_count"
    assert rise(before, read(app)) == {
        f"{seconds} method=POST route=/v1/holds status=201": 2,
        f"{seconds} method=POST route=/v1/holds status=409": 1,
        f"{seconds} method=POST route=/v1/holds/{{name}}/confirm status=200": 1,
        f"{seconds} method=GET route=unknown status=404": 1,
        "allocator_holds_total": 1,
        "allocator_confirmations_total": 1,
        "allocator_conflicts_total type=taken": 1,
    }


def test_suggestions_and_what_is_booked_of_them_are_counted(clinic: Clinic, app: FastAPI) -> None:
    """A question; a booking by its token is a hold and a confirmation; a repeat is neither."""
    asker = clinic.asker()
    before = read(app)
    found = asker.post("/v1/suggestions", {"service": "physio", "limit": 1}).json()
    token = {"token": found["suggestions"][0]["token"]}
    made = [asker.post("/v1/bookings", token, Idempotency_Key="k") for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    seconds = "allocator_http_request_seconds_count"
    assert rise(before, read(app)) == {
        f"{seconds} method=POST route=/v1/suggestions status=200": 1,
        f"{seconds} method=POST route=/v1/bookings status=201": 2,
        "allocator_suggestions_total": 1,
        "allocator_holds_total": 1,
        "allocator_confirmations_total": 1,
    }


def test_nothing_that_is_told_names_anybody(clinic: Clinic, app: FastAPI) -> None:
    """Neither people, nor ids, nor tenants, nor keys stand in any label."""
    asker = clinic.asker()
    held = asker.post("/v1/holds", physio(NINE)).json()["id"]
    asker.get("/v1/people/P1")
    told = TestClient(app, client=HERE).get("/metrics").text
    assert "allocator_http_request_seconds" in told
    for word in (held, "P1", "anna", asker.key, "clinic-"):
        assert word not in told


def test_a_method_of_ones_own_makes_no_label(clinic: Clinic, app: FastAPI) -> None:
    """Whoever sends a thousand words as methods fills no memory."""
    before = read(app)
    clinic.asker()("BREW", "/v1/holds")
    (name,) = rise(before, read(app))
    assert "method=other" in name and "status=405" in name


def test_the_figures_of_solves(clinic: Clinic, relay: Database) -> None:
    """Worked out by hand from three solves that ended and one that waits.

    The first solve stops at cost 60 of 100 with a bound of 20: gap 40 of 80. The second is
    proved. Booked are 3 of its 4 requests; the first is not published.
    """
    levels = '[{"cost": %d, "bound": %s, "total": 100}]'
    first = '{"seconds": 2, "requests": 9, "levels": [{"cost": 1, "bound": null}, %s]}'
    rows = [
        ("solved", first % (levels % (60, "20"))[1:-1], None),
        ("published", '{"seconds": 4, "requests": 4, "levels": %s}' % (levels % (5, "5")), "abc"),
        ("failed", '{"error": "no"}', None),
        ("queued", None, None),
    ]
    with relay.transaction() as (connection, _):  # what other tests have left is long ago
        connection.execute(text("UPDATE solve SET ended_at = ended_at - interval '2 hours'"))
        before = figures(connection)
    for state, result, booked in rows:
        clinic.sql(
            "INSERT INTO solve (tenant_id, uid, state, asked, result, published, created_by,"
            " ended_at) VALUES (:tenant, :uid, :state, '{}', CAST(:result AS jsonb),"
            " CAST(:published AS jsonb), 'test', CASE WHEN :state <> 'queued' THEN now() END)",
            tenant=clinic.tenant,
            uid=uuid4(),
            state=state,
            result=result,
            published=None if booked is None else '{"booked": ["a", "b", "c"]}',
        )
    with relay.transaction() as (connection, _):
        found = figures(connection)
    clinic.sql("DELETE FROM solve")
    assert (found.queued, found.running) == (before.queued + 1, before.running)
    assert found.ended == {"failed": 1, "published": 1, "solved": 1}
    assert (found.solve_seconds, found.solve_gap, found.share) == (3.0, 0.25, 0.75)


@pytest.mark.usefixtures("no_webhooks")
def test_messages_that_wait_and_that_fail_are_told(
    clinic: Clinic, app: FastAPI, relay: Database
) -> None:
    """Those not sent yet, and those that have failed; what was delivered is neither."""
    admin = clinic.asker()
    admin.post("/v1/webhooks", {"url": "https://example.org/hook", "types": ["booking.*"]})
    for hour in range(9, 15):
        admin.post("/v1/holds", physio(f"2030-01-07T{hour:02}:00:00+01:00", None))
    fan_out(relay)
    first = "SELECT id FROM delivery ORDER BY id LIMIT :many"
    clinic.sql(f"UPDATE delivery SET attempts = 1 WHERE id IN ({first})", many=3)
    clinic.sql(f"UPDATE delivery SET state = 'delivered' WHERE id IN ({first})", many=1)
    told = read(app)
    name = "allocator_deliveries state="
    assert (told[f"{name}waiting"], told[f"{name}failing"]) == (3, 2)


def test_open_holds_and_the_oldest_event_are_told(
    clinic: Clinic, app: FastAPI, relay: Database
) -> None:
    """A hold more is one more, and its event waits as long as nobody relays it."""
    before = read(app)["allocator_open_holds"]
    clinic.asker().post("/v1/holds", physio(NINE))
    clinic.sql("UPDATE event SET at = now() - interval '1 hour'")
    with relay.transaction() as (connection, _):  # what other tests have left counts as told
        connection.execute(
            text("UPDATE event SET position = 0 WHERE tenant_id <> :tenant"),
            {"tenant": clinic.tenant},
        )
    after = read(app)
    assert after["allocator_open_holds"] == before + 1
    assert after["allocator_oldest_event_seconds"] >= 3600


COUNT = """
import sys
from api.metrics import Metrics
metrics = Metrics()
for _ in range(int(sys.argv[1])):
    metrics.answered("POST", "/v1/holds", 201, 0.1, replayed=False)
print(metrics.text().decode())
"""


def test_processes_count_together(tmp_path: Path) -> None:
    """Whichever process is asked, it tells what all have counted, the dead ones included."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    told = [
        subprocess.run(
            [sys.executable, "-c", COUNT, str(many)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for many in (2, 3, 0)
    ]
    assert [samples(one)["allocator_holds_total"] for one in told] == [2, 5, 5]


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Real-IP"])
def test_whoever_comes_through_a_proxy_is_not_here(app: FastAPI, header: str) -> None:
    """A proxy on this machine does not open the figures to the world."""
    answer = TestClient(app, client=HERE).get("/metrics", headers={header: "203.0.113.5"})
    assert answer.status_code == 401


def test_elsewhere_only_the_token_of_the_operator_opens(clinic: Clinic, settings: Settings) -> None:
    """Figures are of all tenants together, so no tenant's key opens them, whatever its role."""
    app = application(settings.model_copy(update={"metrics_token": "a-long-token"}))
    with TestClient(app, client=("203.0.113.5", 1)) as elsewhere:
        statuses = {
            key: elsewhere.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code
            for key in ("a-long-token", "another", "", clinic.asker().key)
        }
    assert statuses == {"a-long-token": 200, "another": 401, "": 401, clinic.asker().key: 401}


def test_without_a_token_nobody_comes_in_from_elsewhere(app: FastAPI) -> None:
    """An empty token is no token."""
    answer = TestClient(app, client=("203.0.113.5", 1)).get(
        "/metrics", headers={"Authorization": "Bearer "}
    )
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:allocator:problem:unauthenticated"


def test_the_page_lists_every_metric(clinic: Clinic, app: FastAPI) -> None:
    """With its labels, and none that is not told; those of the last hour need a solve."""
    asker = clinic.asker()
    clinic.sql(
        "INSERT INTO solve (tenant_id, uid, state, asked, result, published, created_by, ended_at)"
        " VALUES (:tenant, :uid, 'published', '{}',"
        ' \'{"seconds": 1, "requests": 1, "levels": [{"cost": 0, "bound": 0}]}\','
        " '{\"booked\": []}', 'test', now())",
        tenant=clinic.tenant,
        uid=uuid4(),
    )
    asker.post("/v1/holds", physio(NINE))
    asker.post("/v1/holds", physio(NINE, "P2"))
    told = TestClient(app, client=HERE).get("/metrics").text
    clinic.sql("DELETE FROM solve")
    found = {
        family.name: {label for s in family.samples for label in s.labels if label != "le"}
        for family in text_string_to_metric_families(told)
    }
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = {
        name.removesuffix("_total"): set(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(r"^\| `(allocator_\w+)` \|([^|]*)\|", page, re.MULTILINE)
    }
    assert listed == {name: labels for name, labels in found.items() if "_created" not in name}

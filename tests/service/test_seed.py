"""A problem of the library's becomes a tenant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cli.running import ROOT
from service.conftest import Clinic
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from allocator import read_problem
from allocator.domain.problem import Problem
from allocator.domain.request import Request
from api.problems import Duplicate
from api.usecases import importing

Bring = Callable[[Problem, str], tuple[Clinic, importing.Imported]]


@pytest.fixture(scope="module")
def problem() -> Problem:
    return read_problem(ROOT / "data" / "clinic-demo")


@pytest.fixture
def bring(http: TestClient, owner: Engine) -> Bring:
    def work(problem: Problem, ref: str) -> tuple[Clinic, importing.Imported]:
        with owner.begin() as connection:
            now = connection.execute(text("SELECT now()")).scalar_one()
            found = importing.bring_in(connection, now, problem, ref=ref, name=ref)
        return Clinic(tenant=found.tenant, http=http, owner=owner), found

    return work


def everything(clinic: Clinic, path: str) -> list[dict[str, Any]]:
    """Read a list to its end."""
    asker, found, cursor = clinic.asker(), [], ""
    while True:
        page = asker.get(f"/v1/{path}?limit=200{cursor}").json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_a_demonstration_clinic_comes_in_whole(problem: Problem, bring: Bring):
    """Each thing of the problem is one of the tenant's, and reads as it did."""
    clinic, found = bring(problem, "demo-whole")
    assert found.counts == {
        "locations": 1,
        "calendars": 20,
        "resources": 31,
        "services": 24,
        "sessions": 5,
        "people": 1336,
        "requests": 1505,
    }
    assert found.left["published"] == 1643
    read = {row["id"]: row for row in everything(clinic, "requests")}
    assert read.keys() == {request.id for request in problem.requests}
    tenant = clinic.asker().get("/v1/tenant").json()
    assert (tenant["zone"], tenant["grain_minutes"]) == ("Europe/Berlin", 15)
    assert len(tenant["policy"]["turnarounds"]) == len(problem.turnarounds)


def test_names_of_patients_are_kept_with_the_person_alone(problem: Problem, bring: Bring):
    """Resources of people have no name, so erasing a person erases it."""
    patient = next(one for one in problem.resources if one.kind == "patient")
    others = tuple(one for one in problem.resources if one is not patient)
    called = replace(problem, resources=(*others, replace(patient, name="Ada Lovelace")))
    clinic, _ = bring(called, "demo-names")
    kept = clinic.sql(
        "SELECT p.name, r.spec ->> 'name' FROM person p JOIN resource r"
        " ON (r.tenant_id, r.person_id) = (p.tenant_id, p.id) WHERE p.ref = :ref",
        ref=patient.id,
    )
    assert [tuple(row) for row in kept] == [("Ada Lovelace", None)]


def test_requests_belong_to_whoever_attends(problem: Problem, bring: Bring):
    """A request is its first patient's; one that colleagues alone attend is nobody's."""
    clinic, _ = bring(problem, "demo-whose")
    kept = clinic.sql(
        "SELECT q.ref, p.ref FROM request q LEFT JOIN person p"
        " ON (p.tenant_id, p.id) = (q.tenant_id, q.person_id)"
    )
    patients = {one.id for one in problem.resources if one.kind == "patient"}
    expected = {
        request.id: next((a.resource for a in request.attendees if a.resource in patients), None)
        for request in problem.requests
    }
    assert dict(map(tuple, kept)) == expected
    assert set(expected.values()) > {None}


def test_a_name_that_is_taken_leaves_nothing_behind(problem: Problem, bring: Bring, owner: Engine):
    """The second tenant of a name is refused, and only the first is there."""
    bring(problem, "demo-twice")
    with pytest.raises(Duplicate, match="There is a tenant 'demo-twice' already"):
        bring(problem, "demo-twice")
    with owner.begin() as connection:
        asked = "SELECT count(*) FROM tenant WHERE ref = 'demo-twice'"
        assert connection.execute(text(asked)).scalar_one() == 1


def test_the_import_is_in_the_audit_log(problem: Problem, bring: Bring):
    """One line with the counts, and nobody's name."""
    clinic, found = bring(problem, "demo-audit")
    (line,) = clinic.asker("auditor").get("/v1/audit").json()["items"]
    assert (line["action"], line["actor"]) == ("tenant.imported", "service")
    assert line["after"] == found.counts


def many(problem: Problem, count: int) -> Problem:
    """The clinic with so many requests, each a copy of one that it has."""
    copies: list[Request] = []
    single = [request for request in problem.requests if not request.options]
    while len(copies) < count:
        copies += [
            replace(request, id=f"{request.id}-{len(copies)}-{n}")
            for n, request in enumerate(single)
        ]
    named = {"relations": (), "precedences": (), "published": (), "pins": ()}
    return replace(problem, requests=tuple(copies[:count]), **named)


def test_ten_thousand_requests_come_in_at_once(problem: Problem, bring: Bring):
    """In one transaction, by few statements."""
    _, found = bring(many(problem, 10_000), "demo-many")
    assert found.counts["requests"] == 10_000

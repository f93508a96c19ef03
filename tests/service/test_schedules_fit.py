"""What the library schedules, the store takes: every claim finds its lane, whatever the order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from random_problems import random_problem
from service.conftest import Clinic
from sqlalchemy import Connection

from allocator.domain.problem import Problem
from allocator.domain.schedule import Assignment, Schedule
from allocator.prepare.prepared import Prepared
from allocator.solve.params import Params
from allocator.solve.solve import solve
from api.embedded import EmbeddedServer
from api.store import claims, lanes, new_bookings, things
from api.store.claims import ClaimRow
from api.store.database import Database
from api.store.ids import new_uid
from api.store.new_bookings import NewBooking, NewVisit
from api.store.tables import RESOURCE

NINE, QUARTER = datetime(2030, 1, 7, 8, tzinfo=UTC), timedelta(minutes=15)
PARAMS = Params(workers=1, deterministic_limit=5.0)


@pytest.fixture(scope="module")
def database(server: EmbeddedServer) -> Iterator[Database]:
    """The store, as the service has it."""
    found = Database(server.url("allocator_api"), size=1)
    yield found
    found.close()


def write_resources(connection: Connection, tenant: int, problem: Problem) -> dict[str, int]:
    """Write the resources of a problem; return their numbers by name."""
    rows = [{"ref": r.id, "kind": r.kind, "spec": {"lanes": r.lanes}} for r in problem.resources]
    return {row.ref: row.id for row in things.add(connection, RESOURCE, tenant, rows)}


def write_visits(connection: Connection, tenant: int, schedule: Schedule) -> dict[str, int]:
    """Write the visits of a schedule as those of one booking; return their numbers by name."""
    booking = NewBooking(
        tenant=tenant,
        uid=new_uid(),
        spec={},
        state="booked",
        claimed="booked",
        expires_at=None,
        request=None,
        person=None,
        location=None,
        service="any",
        starts_at=min(a.start for a in schedule.assignments),
        urgent=False,
        saving=None,
        actor="test",
        log=[("booking.booked", None, {"state": "booked"})],
    )
    visits = [
        NewVisit(occurrence=1, step=n, service="any", session=None, assignment=a)
        for n, a in enumerate(schedule.assignments, 1)
    ]
    _, numbers, _ = new_bookings.add(connection, booking, visits, [])
    return {a.visit: n for a, n in zip(schedule.assignments, numbers, strict=True)}


def insert_all(
    connection: Connection, tenant: int, prepared: Prepared, schedule: Schedule, rng: random.Random
) -> int:
    """Insert what a schedule claims, visit by visit in any order; return the rows refused."""
    numbers = write_resources(connection, tenant, prepared.problem)
    visits = write_visits(connection, tenant, schedule)
    capacity = {r.id: r.lanes for r in prepared.problem.resources}
    of_visits = [
        list(some)
        for _, some in groupby(
            sorted(prepared.claims(schedule), key=lambda c: (c.visit, c.resource)),
            key=lambda c: (c.visit, c.resource),
        )
    ]
    rng.shuffle(of_visits)
    refused = 0
    for some in of_visits:
        name = some[0].resource
        rows: list[ClaimRow] | None = [
            ClaimRow(
                resource=numbers[name],
                visit=visits[claim.visit],
                role=claim.role,
                lane=0,
                start=claim.start,
                end=claim.end,
            )
            for claim in some
            for _ in range(claim.uses)
        ]
        assert rows is not None
        if capacity[name] > 1:
            rows = lanes.deal(
                connection, tenant, numbers[name], lambda _, __, n=name: capacity[n], rows
            )
        if rows is None:
            refused += 1
        else:
            refused += len(claims.insert(connection, tenant, rows, "booked", None))
    return refused


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_every_schedule_of_the_solver_inserts_without_a_refusal(
    first: int, new_clinic: Callable[[], Clinic], database: Database
) -> None:
    """Twenty random problems: the solver's schedule, and the store refuses none of its claims."""
    claimed = shared = 0
    for seed in range(first, first + 20):
        problem = random_problem(seed, most_visits=6, published=0)
        schedule = solve(problem, PARAMS).schedule
        if schedule is None or not schedule.assignments:
            continue
        prepared, clinic = Prepared(problem), new_clinic()
        with database.transaction(clinic.tenant) as (connection, _):
            rng = random.Random(seed)
            assert insert_all(connection, clinic.tenant, prepared, schedule, rng) == 0
        wanted = sum(claim.uses for claim in prepared.claims(schedule))
        assert clinic.sql("SELECT count(*) FROM claim") == [(wanted,)]
        assert clinic.overlaps() == 0
        claimed += wanted
        many = {r.id for r in problem.resources if r.lanes > 1}
        shared += sum(claim.uses for claim in prepared.claims(schedule) if claim.resource in many)
    assert claimed > shared > 0


@pytest.mark.parametrize("seed", range(6))
def test_lanes_take_what_the_count_allows_and_nothing_more(
    seed: int, new_clinic: Callable[[], Clinic], database: Database
) -> None:
    """Spans at random in three lanes: one is refused exactly where three take part of it."""
    rng, clinic = random.Random(seed), new_clinic()
    kept: list[tuple[datetime, datetime]] = []
    with database.transaction(clinic.tenant) as (connection, _):
        (row,) = things.add(
            connection, RESOURCE, clinic.tenant, [{"ref": "gym", "kind": "gym", "spec": {}}]
        )
        visit = Assignment(visit="v", start=NINE, end=NINE + QUARTER)
        number = write_visits(connection, clinic.tenant, Schedule(assignments=(visit,)))["v"]
        refused = 0
        for _ in range(60):
            start = NINE + rng.randrange(24) * QUARTER
            end = start + rng.randrange(1, 9) * QUARTER
            most = max(
                sum(first <= at < last for first, last in kept)
                for at in (start + n * QUARTER for n in range((end - start) // QUARTER))
            )
            wanted = ClaimRow(resource=row.id, visit=number, role="x", lane=0, start=start, end=end)
            dealt = lanes.deal(connection, clinic.tenant, row.id, lambda _, __: 3, [wanted])
            assert (dealt is None) == (most == 3)
            if dealt is not None:
                assert claims.insert(connection, clinic.tenant, dealt, "booked", None) == []
                kept.append((start, end))
            refused += dealt is None
    there = clinic.sql("SELECT lower(span), upper(span), lane FROM claim")
    assert sorted((a, b) for a, b, _ in there) == sorted(kept)
    assert {lane for *_, lane in there} == {0, 1, 2}
    assert refused > 0 and clinic.overlaps() == 0

"""The store itself, on every version in the wheel: policies, keys, checks, migrations, claims."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from service.conftest import Clinic, furnish, physio, scope, vanishing
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from starlette.testclient import TestClient

from api.app import application
from api.embedded import VERSIONS, EmbeddedServer
from api.problems import Invalid, StoreUnavailable
from api.settings import Settings
from api.store import changes, claims, forecasts, many, taken
from api.store.claims import ClaimRow
from api.store.database import Database, engine_url
from api.store.migrate import CONSTRAINT, migrate
from api.store.tables import METADATA
from api.usecases import tenants

NINE = datetime(2030, 1, 7, 8, tzinfo=UTC)
NAMES = (f"copy_{n}" for n in itertools.count())


@pytest.fixture(scope="module", params=VERSIONS)
def postgres(
    request: pytest.FixtureRequest,
    server: EmbeddedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EmbeddedServer]:
    """A server of each version: that of the other tests, and others for these alone."""
    if request.param == server.version:
        yield server
        return
    with (
        vanishing(tmp_path_factory.mktemp("other")) as folder,
        EmbeddedServer(folder, version=request.param, durable=False) as other,
    ):
        migrate(other.url("allocator_owner"))
        yield other


def engine_of(url: str) -> Engine:
    """Return an engine that keeps no connection open."""
    return create_engine(engine_url(url), poolclass=NullPool)


@pytest.fixture(scope="module")
def owner(postgres: EmbeddedServer) -> Engine:
    return engine_of(postgres.url("allocator_owner"))


@pytest.fixture(scope="module")
def api(postgres: EmbeddedServer) -> Engine:
    """The role of the service."""
    return engine_of(postgres.url("allocator_api"))


def settings_of(postgres: EmbeddedServer, database: str = "allocator") -> Settings:
    return Settings(
        database_url=postgres.url("allocator_api", database),
        relay_database_url=postgres.url("allocator_relay", database),
    )


@pytest.fixture(scope="module")
def http(postgres: EmbeddedServer) -> Iterator[TestClient]:
    with TestClient(application(settings_of(postgres)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def copy(postgres: EmbeddedServer) -> Iterator[str]:
    """Another database on the same server, without any tables; its name."""
    name = next(NAMES)
    with psycopg.connect(postgres.url("postgres", "postgres"), autocommit=True) as connection:
        made = sql.SQL("CREATE DATABASE {} OWNER allocator_owner").format(sql.Identifier(name))
        connection.execute(made)
        yield name
        gone = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(gone)


def tenant_tables(connection: Connection) -> list[str]:
    """Every table that has a tenant's rows, as the catalogue knows them."""
    found = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1"
        )
    )
    return list(found.scalars())


def refused(connection: Connection, statement: str, **values: Any) -> str:
    """Return how the database refuses a statement; nothing of it stays."""
    step = connection.begin_nested()
    with pytest.raises(DBAPIError) as error:
        connection.execute(text(statement), values)
    step.rollback()
    state: str = getattr(error.value.orig, "sqlstate", "")
    return state


# Tenants -------------------------------------------------------------------------------------


def test_every_table_with_a_tenant_has_forced_policies(owner: Engine) -> None:
    """Row-level security is on, forced on the owner too, and has a policy for one's own rows."""
    with owner.connect() as connection:
        tables = tenant_tables(connection)
        rows = connection.execute(
            text(
                "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
                " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid"
                "  AND p.polcmd = '*' AND p.polroles = '{0}') AS own"
                " FROM pg_class c WHERE c.relname = ANY(:tables) ORDER BY 1"
            ),
            {"tables": [*tables, "tenant"]},
        ).all()
    assert {"booking", "claim", "person", "audit", "idempotency", "seat"} <= set(tables)
    assert [tuple(row[1:]) for row in rows] == [(True, True, 1)] * (len(tables) + 1)


def test_every_key_begins_with_the_tenant(owner: Engine) -> None:
    """Primary keys, unique constraints and foreign keys name the tenant first."""
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT r.relname, k.conname, k.contype, a.attname FROM pg_constraint k"
                " JOIN pg_class r ON r.oid = k.conrelid"
                " JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.conkey[1]"
                " WHERE k.contype IN ('p', 'u', 'f') AND r.relname = ANY(:tables)"
            ),
            {"tables": tenant_tables(connection)},
        ).all()
        unique = connection.execute(
            text(
                "SELECT i.indexrelid::regclass::text, a.attname FROM pg_index i"
                " JOIN pg_class r ON r.oid = i.indrelid"
                " JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = i.indkey[0]"
                " WHERE i.indisunique AND r.relname = ANY(:tables)"
            ),
            {"tables": tenant_tables(connection)},
        ).all()
    assert {row.contype for row in rows} == {"p", "u", "f"}
    assert {row for row in rows if row.attname != "tenant_id"} == set()
    assert {row for row in unique if row.attname != "tenant_id"} == set()


def test_no_role_of_the_service_slips_past_the_policies(owner: Engine) -> None:
    """Neither a superuser nor one who bypasses them; and none owns a table."""
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
                " EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = pg_roles.oid) AS owns"
                " FROM pg_roles WHERE rolname IN ('allocator_api', 'allocator_worker',"
                " 'allocator_relay') ORDER BY 1"
            )
        ).all()
    assert [row.rolname for row in rows] == ["allocator_api", "allocator_relay", "allocator_worker"]
    assert {tuple(row[1:]) for row in rows} == {(False,) * 5}


def test_a_tenant_sees_its_own_rows_alone(
    clinic: Clinic, api: Engine, postgres: EmbeddedServer
) -> None:
    """With another tenant's number, with none, or with an empty one, every table looks empty."""
    asks = clinic.asker("scheduler")
    assert asks.post("/v1/holds", physio(NINE.isoformat()), Idempotency_Key="k").status_code == 201
    with api.connect() as connection:
        tables = tenant_tables(connection)

        def counts(tenant: str | None) -> dict[str, int]:
            with connection.begin():
                if tenant is not None:
                    connection.execute(
                        text("SELECT set_config('allocator.tenant', :t, true)"), {"t": tenant}
                    )
                return {
                    table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                    for table in (*tables, "tenant")
                }

        connection.rollback()
        mine = counts(str(clinic.tenant))
        assert (mine["booking"], mine["claim"], mine["idempotency"], mine["tenant"]) == (1, 3, 1, 1)
        for other in (None, "", "999999999"):
            assert set(counts(other).values()) == {0}


def test_a_question_without_a_transaction_leaves_no_tenant_behind(
    clinic: Clinic, server: EmbeddedServer
) -> None:
    """On the same connection, be it answered or not, and in the transaction after it."""
    database = Database(server.url("allocator_api"), size=1)
    asked = "SELECT ref FROM people_named(:tenant, CAST(:names AS text[]))"
    what = {"tenant": clinic.tenant, "names": ["P1"]}
    there = text(
        "SELECT nullif(current_setting('allocator.tenant', true), '') AS tenant,"
        " (SELECT count(*) FROM person) AS seen, pg_backend_pid() AS pid"
    )
    try:
        (pid,) = {row.pid for row in database.ask(there, {})}
        for more, fails in (("", False), (" WHERE 1 / (length(ref) - 2) = 1", True)):
            if fails:
                with pytest.raises(Invalid):
                    database.ask(text(asked + more), what)
            else:
                assert database.ask(text(asked + more), what) == [("P1",)]
            assert database.ask(there, {}) == [(None, 0, pid)]
            with database.transaction() as (connection, _):
                assert connection.execute(there).all() == [(None, 0, pid)]
            with database.transaction(clinic.tenant) as (connection, _):
                assert connection.execute(there).all() == [(str(clinic.tenant), 2, pid)]
    finally:
        database.close()


def test_a_tenant_writes_its_own_rows_alone(clinic: Clinic, api: Engine, owner: Engine) -> None:
    """A row of another tenant's is refused, and another's rows are not changed."""
    with api.begin() as connection:
        scope(connection, 999_999_999)
        insert = (
            "INSERT INTO person (tenant_id, uid, ref, name) VALUES (:tenant, :uid, 'X', 'stranger')"
        )
        assert refused(connection, insert, tenant=clinic.tenant, uid=uuid4()) == "42501"
        changed = connection.execute(text("UPDATE person SET name = 'nobody'"))
        assert changed.rowcount == 0
        assert connection.execute(text("DELETE FROM resource")).rowcount == 0
    assert clinic.sql("SELECT count(*) FROM person WHERE name = 'nobody'") == [(0,)]


def test_the_audit_log_is_append_only(clinic: Clinic, api: Engine, owner: Engine) -> None:
    """The service may not change it, and not even the owner of the tables can."""
    statements = ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit")
    with api.begin() as connection:
        scope(connection, clinic.tenant)
        assert [refused(connection, s) for s in statements] == ["42501"] * 3
    with owner.begin() as connection:
        scope(connection, clinic.tenant)
        assert [refused(connection, s) for s in statements] == ["P0001"] * 3


# Claims --------------------------------------------------------------------------------------


@pytest.fixture
def visit(clinic: Clinic) -> tuple[int, int]:
    """Numbers of a resource that nobody has claimed, and of a visit."""
    asks = clinic.asker("scheduler")
    assert asks.post("/v1/holds", physio(NINE.isoformat())).status_code == 201
    (row,) = clinic.sql(
        "SELECT r.id AS resource, v.id AS visit FROM resource r, visit v"
        " WHERE r.tenant_id = :t AND v.tenant_id = :t AND r.ref = 'ben'",
        t=clinic.tenant,
    )
    return row.resource, row.visit


@pytest.mark.parametrize(
    "span",
    [
        "empty",
        "(,)",
        "[2030-01-07 08:00+00,)",
        "(,2030-01-07 08:00+00)",
        "[2030-01-07 08:00+00,infinity)",
        "[-infinity,2030-01-07 08:00+00)",
        "[2030-01-07 08:00+00,2030-01-07 09:00+00]",
        "(2030-01-07 08:00+00,2030-01-07 09:00+00)",
    ],
)
def test_a_span_that_would_slip_past_the_constraint_is_refused(
    clinic: Clinic, api: Engine, visit: tuple[int, int], span: str
) -> None:
    """Claims lie between two instants, the first belongs to them and the last does not."""
    insert = (
        "INSERT INTO claim (tenant_id, resource_id, visit_id, role, lane, span, state) VALUES"
        " (:tenant, :resource, :visit, 'x', :lane, CAST(:span AS tstzrange), 'booked')"
    )
    with api.begin() as connection:
        scope(connection, clinic.tenant)
        what = {"tenant": clinic.tenant, "resource": visit[0], "visit": visit[1]}
        assert refused(connection, insert, **what, lane=0, span=span) == "23514"
        good = "[2030-01-07 08:00+00,2030-01-07 09:00+00)"
        assert refused(connection, insert, **what, lane=-1, span=good) == "23514"
        connection.execute(text(insert), {**what, "lane": 0, "span": good})
        later = "[2030-01-07 08:59+00,2030-01-07 10:00+00)"
        assert refused(connection, insert, **what, lane=0, span=later) == "23P01"


LATER = (
    ("claim", claims._OVERLAPPING),
    ("claim", claims._NEIGHBOURS),
    ("visit", taken._WITHIN),
    ("visit", forecasts._TAKEN),
)


def conditions(
    clinic: Clinic, postgres: EmbeddedServer, table: str, column: str, statement: Any, what: Any
) -> list[str]:
    """Return how a plan compares a column, where only indexes that have it are left to choose."""
    engine = create_engine(engine_url(postgres.url("allocator_owner")))
    with engine.connect() as connection:
        scope(connection, clinic.tenant)
        others = connection.execute(
            text(
                "SELECT i.indexrelid::regclass::text AS name, c.conname FROM pg_index AS i"
                " LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype <> 'f'"
                " WHERE i.indrelid = CAST(:table AS regclass)"
                " AND pg_get_indexdef(i.indexrelid) NOT LIKE :column"
            ),
            {"table": table, "column": f"%{column}%"},
        ).all()
        for one in others:
            connection.execute(
                text(
                    f"ALTER TABLE {table} DROP CONSTRAINT {one.conname} CASCADE"
                    if one.conname
                    else f"DROP INDEX {one.name}"
                )
            )
        for way in ("seqscan", "bitmapscan"):
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        plan = list(connection.execute(text(f"EXPLAIN {statement.text}"), what).scalars())
        connection.rollback()
    engine.dispose()
    return [line.strip() for line in plan if f"{column} >" in line]


@pytest.mark.parametrize(("table", "statement"), LATER)
def test_what_lies_behind_is_not_read_again(
    clinic: Clinic, postgres: EmbeddedServer, table: str, statement: Any
) -> None:
    """An index leads to what is taken from some time on, under row-level security, too."""
    what = {"tenant": clinic.tenant, "resource": 1, "resources": [1], "freed": []}
    what |= {"start": NINE, "end": NINE}
    found = conditions(clinic, postgres, table, "ends_at", statement, what)
    assert [line.split(":")[0] for line in found] == ["Index Cond"]


def test_what_has_changed_is_found_by_its_transaction(
    clinic: Clinic, postgres: EmbeddedServer
) -> None:
    """Of all events of a tenant those are read that are new, or may be."""
    (row,) = clinic.sql("SELECT prosrc FROM pg_proc WHERE proname = 'changes_since'")
    since = row.prosrc.partition("RETURN QUERY")[2].partition(";")[0]
    for number, name in (("$1", "tenant"), ("$2", "seen"), ("$3", "most")):
        since = since.replace(number, f"(:{name})")
    what: dict[str, Any] = {"tenant": clinic.tenant, "seen": "100:100:", "most": 1}
    what |= {"started": NINE, "own": [7], "requests": []}
    since = since.replace("(:seen)", "CAST(:seen AS pg_snapshot)")
    for statement in (text(since), changes._OTHERS):
        found = conditions(clinic, postgres, "event", "transaction_id", statement, what)
        assert [line.split(":")[0] for line in found] == ["Index Cond"]


def test_claims_swap_places_in_one_transaction(
    clinic: Clinic, postgres: EmbeddedServer, visit: tuple[int, int]
) -> None:
    """Both are deleted, then both inserted: neither is in the other's way."""
    resource, number = visit
    hour = timedelta(hours=1)

    def row(role: str, start: datetime) -> ClaimRow:
        return ClaimRow(
            resource=resource, visit=number, role=role, lane=0, start=start, end=start + hour
        )

    database = Database(postgres.url("allocator_api"), size=1)
    with database.transaction(clinic.tenant) as (connection, _):
        rows = [row("a", NINE), row("b", NINE + hour)]
        assert claims.insert(connection, clinic.tenant, rows, "booked", None) == []
        taken = claims.insert(connection, clinic.tenant, [row("c", NINE)], "booked", None)
        assert [r.role for r in taken] == ["c"]
    with database.transaction(clinic.tenant) as (connection, _):
        claims.delete(connection, clinic.tenant, [number])
        rows = [row("a", NINE + hour), row("b", NINE)]
        assert claims.insert(connection, clinic.tenant, rows, "booked", None) == []
    with database.transaction(clinic.tenant) as (connection, _):
        twice = [row("c", NINE + 3 * hour), row("d", NINE + 3 * hour)]
        left = claims.insert(connection, clinic.tenant, twice, "booked", None)
        assert [r.role for r in left] == ["d"]  # no less than where another had it before
        connection.rollback()
    database.close()
    there = clinic.sql(
        "SELECT role FROM claim WHERE tenant_id = :t AND resource_id = :r ORDER BY span",
        t=clinic.tenant,
        r=resource,
    )
    assert [r.role for r in there] == ["b", "a"]


def test_a_booking_moves_onto_part_of_its_own_place(clinic: Clinic) -> None:
    """From 9:00 to 9:15 with the same staff and room: its own old claims are not in its way."""
    asks = clinic.asker("scheduler")
    name = asks.post("/v1/holds", physio(NINE.isoformat())).json()["id"]
    start = (NINE + timedelta(minutes=15)).isoformat()
    move = {"start": start, "resources": {"practitioner": ["anna"], "room": ["room-1"]}}
    moved = asks.post(f"/v1/bookings/{name}/reschedule", {"visits": [move]})
    assert moved.status_code == 200, moved.text
    assert moved.json()["starts_at"] == "2030-01-07T08:15:00Z"
    there = clinic.sql("SELECT DISTINCT lower(span), count(*) FROM claim WHERE tenant_id = :t"
                       " GROUP BY 1", t=clinic.tenant)  # fmt: skip
    assert [tuple(row) for row in there] == [(NINE + timedelta(minutes=15), 3)]


def test_an_expired_hold_is_free_for_the_next_without_the_sweeper(clinic: Clinic) -> None:
    """The next hold of the place frees it, and the log says that the service did."""
    asks = clinic.asker("scheduler")
    first = asks.post("/v1/holds", physio(NINE.isoformat())).json()["id"]
    assert asks.post("/v1/holds", physio(NINE.isoformat(), "P2")).status_code == 409
    for table in ("booking", "claim"):
        clinic.sql(f"UPDATE {table} SET expires_at = now() WHERE tenant_id = :t", t=clinic.tenant)
    assert asks.post("/v1/holds", physio(NINE.isoformat(), "P2")).status_code == 201
    assert asks.get(f"/v1/bookings/{first}").json()["state"] == "expired"
    assert clinic.sql(
        "SELECT actor FROM audit WHERE tenant_id = :t AND action = 'booking.expired'",
        t=clinic.tenant,
    ) == [("service",)]
    assert clinic.overlaps() == 0


# Migrations ----------------------------------------------------------------------------------


def test_migrations_go_up_down_and_up_on_data(postgres: EmbeddedServer, copy: str) -> None:
    """Nothing stays behind on the way down, and the service starts on what comes up again."""
    url = postgres.url("allocator_owner", copy)
    engine = engine_of(url)
    for _ in range(2):
        assert migrate(url) == "0003"
        with TestClient(application(settings_of(postgres, copy))) as client:
            with engine.begin() as connection:
                tenant = tenants.found(
                    connection, ref="t", name="T", zone="Europe/Berlin", grain_minutes=15
                )
            clinic = Clinic(tenant=tenant, http=client, owner=engine)
            furnish(clinic.asker())
            held = clinic.asker("scheduler").post("/v1/holds", physio(NINE.isoformat()))
            assert held.status_code == 201
        assert migrate(url, "base") == "none"
        with engine.connect() as connection:
            left = connection.execute(
                text(
                    "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " WHERE n.nspname = 'public' UNION SELECT proname FROM pg_proc p"
                    " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'"
                )
            )
            assert set(left.scalars()) == {"alembic_version", "alembic_version_pkc"}


def test_the_tables_for_queries_are_those_of_the_migrations(owner: Engine) -> None:
    """Alembic finds no difference but in indexes, which queries do not name."""
    with owner.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        found = compare_metadata(context, METADATA)
    assert [d for d in found if not (isinstance(d, tuple) and d[0] == "remove_index")] == []


def test_without_the_constraint_the_service_does_not_start(
    postgres: EmbeddedServer, copy: str
) -> None:
    """One that runs says that it is not ready; one that starts refuses, naming the constraint."""
    url = postgres.url("allocator_owner", copy)
    migrate(url)
    engine = engine_of(url)
    with TestClient(application(settings_of(postgres, copy))) as client:
        assert client.get("/health/ready").status_code == 200
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE claim DROP CONSTRAINT {CONSTRAINT}"))
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json() == {"status": "not ready", "constraint": False, "migrations": True}
    with (
        pytest.raises(StoreUnavailable, match=CONSTRAINT),
        TestClient(application(settings_of(postgres, copy))),
    ):
        pass


def test_the_service_starts_neither_as_a_superuser_nor_without_migrations(
    postgres: EmbeddedServer, copy: str
) -> None:
    """It names the role that slips past the policies, or the revision that it needs."""
    for role, told in (("postgres", "row-level security"), ("allocator_api", "needs 0003")):
        settings = Settings(database_url=postgres.url(role, copy))
        with pytest.raises(StoreUnavailable, match=told), TestClient(application(settings)):
            pass


def test_many_keys_are_checked_by_indexes(owner: Engine) -> None:
    """A plan that reads the whole of a table, since it was nearly empty, is made anew."""
    with owner.begin() as connection:
        for statement in (
            "CREATE TEMP TABLE few (id int PRIMARY KEY) ON COMMIT DROP",
            "INSERT INTO few VALUES (1)",
            "ANALYZE few",
            "SET LOCAL plan_cache_mode = force_generic_plan",
            "PREPARE known (int) AS SELECT FROM few WHERE id = $1",
        ):
            connection.execute(text(statement))
        ask = text("EXPLAIN (COSTS off) EXECUTE known (1)")
        before = connection.execute(ask).scalars().all()
        many.go_by_indexes(connection)
        after = connection.execute(ask).scalars().all()
        connection.execute(text("DEALLOCATE known"))
    assert before[0] == "Seq Scan on few"
    assert not any("Seq Scan" in line for line in after)
    with owner.begin() as connection:
        assert connection.execute(text("SHOW enable_seqscan")).scalar_one() == "on"

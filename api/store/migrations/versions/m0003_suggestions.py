"""Suggestions: what signs them, what was refused, what is expected, what was saved."""

from __future__ import annotations

from alembic import op

from api.store.migrations.versions.m0001_store import CURRENT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TENANTS = ("suggestion_key", "refused_demand", "learnt_forecast")
#: Tables that the worker reads and changes across tenants.
SWEPT = ("refused_demand", "learnt_forecast")

TABLES = (
    """
    CREATE TABLE suggestion_key (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        secret     bytea NOT NULL CHECK (length(secret) = 32),
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id)
    )
    """,
    """
    CREATE TABLE refused_demand (
        tenant_id bigint NOT NULL REFERENCES tenant (id),
        service   text NOT NULL,
        hour      timestamptz NOT NULL,
        asked_on  date NOT NULL,
        count     integer NOT NULL CHECK (count >= 1),
        PRIMARY KEY (tenant_id, service, hour, asked_on)
    )
    """,
    """
    CREATE TABLE learnt_forecast (
        tenant_id bigint NOT NULL REFERENCES tenant (id),
        kind      text NOT NULL,
        spec      jsonb NOT NULL,
        learnt_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, kind)
    )
    """,
    # What is ahead is found without all that is past.
    "CREATE INDEX visit_end ON visit (tenant_id, upper(span))",
    "ALTER TABLE booking ADD COLUMN saving jsonb",
)


def upgrade() -> None:
    """Make the tables, their policies, and what each role may do."""
    for statement in TABLES:
        op.execute(statement)
    for table in TENANTS:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} USING (tenant_id = {CURRENT})")
        op.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO allocator_api, allocator_worker"
        )
    for table in SWEPT:
        op.execute(f"CREATE POLICY swept ON {table} TO allocator_relay USING (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO allocator_relay")


def downgrade() -> None:
    """Drop them again."""
    op.execute("DROP INDEX visit_end")
    op.execute("ALTER TABLE booking DROP COLUMN saving")
    for table in reversed(TENANTS):
        op.execute(f"DROP TABLE {table} CASCADE")

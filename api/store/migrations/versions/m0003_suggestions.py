"""Suggestions: what signs them, what was refused, is expected, was saved; and who waits."""

from __future__ import annotations

from alembic import op

from api.store.migrations.versions.m0001_store import CURRENT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TENANTS = ("refused_demand", "learnt_forecast", "waitlist")
#: Tables that the worker reads and changes across tenants.
SWEPT = ("refused_demand", "learnt_forecast", "waitlist")

TABLES = (
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
    """
    CREATE TABLE waitlist (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        uid        uuid NOT NULL,
        state      text NOT NULL DEFAULT 'waiting' CHECK (
            state IN ('waiting', 'offered', 'booked', 'expired', 'withdrawn')),
        request_id bigint,
        booking_id bigint,
        person_id  bigint,
        service    text NOT NULL,
        location   text,
        own        boolean NOT NULL,
        outside    boolean NOT NULL,
        windows    jsonb NOT NULL DEFAULT '[]',
        looked     boolean NOT NULL DEFAULT false,
        offer_id   bigint,
        solve      uuid,
        offered    timestamptz[] NOT NULL DEFAULT '{}',
        reasons    jsonb NOT NULL DEFAULT '[]',
        ends_at    timestamptz,
        created_by text NOT NULL,
        version    integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        CHECK ((request_id IS NULL) <> (booking_id IS NULL)),
        CHECK (state <> 'offered' OR offer_id IS NOT NULL),
        CHECK (offer_id IS NULL OR state IN ('offered', 'booked')),
        FOREIGN KEY (tenant_id, request_id) REFERENCES request (tenant_id, id),
        FOREIGN KEY (tenant_id, booking_id) REFERENCES booking (tenant_id, id),
        FOREIGN KEY (tenant_id, offer_id) REFERENCES booking (tenant_id, id),
        FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id)
    )
    """,
    # Who waits, waits once; a place is offered to one alone.
    "CREATE UNIQUE INDEX waitlist_request ON waitlist (tenant_id, request_id)"
    " WHERE state IN ('waiting', 'offered')",
    "CREATE UNIQUE INDEX waitlist_booking ON waitlist (tenant_id, booking_id)"
    " WHERE state IN ('waiting', 'offered')",
    "CREATE UNIQUE INDEX waitlist_offer ON waitlist (tenant_id, offer_id)",
    "CREATE INDEX waitlist_live ON waitlist (tenant_id, id) WHERE state IN ('waiting', 'offered')",
    "CREATE INDEX waitlist_person ON waitlist (tenant_id, person_id, id)",
    "ALTER TABLE booking ADD COLUMN saving jsonb",
    # What has changed since a snapshot, and what it is to be read with: see api/store/changes.py.
    # It names the tenant itself, so that one trip does, without a transaction of several.
    """
    CREATE FUNCTION changes_since(bigint, pg_snapshot, integer)
    RETURNS TABLE (asked_at timestamptz, snapshot text, started timestamptz, world_version bigint,
                   learnt_at timestamptz, objects uuid[])
    LANGUAGE plpgsql AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM set_config('allocator.tenant', $1::text, true);
        RETURN QUERY
        SELECT now(), pg_current_snapshot()::text, pg_postmaster_start_time(), world_version,
               (SELECT max(learnt_at) FROM learnt_forecast WHERE tenant_id = $1),
               (SELECT array_agg(object) FROM (
                   SELECT DISTINCT object FROM event
                   WHERE tenant_id = $1
                     AND (kind IN ('booking', 'visit', 'request') OR type = 'person.erased')
                     AND transaction_id >= pg_snapshot_xmin($2)::text::bigint
                     AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, $2)
                   LIMIT $3) AS new)
        FROM tenant WHERE id = $1;
    END $$
    """,
    "REVOKE ALL ON FUNCTION changes_since FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION changes_since TO allocator_api, allocator_worker",
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
    op.execute("DROP FUNCTION changes_since")
    op.execute("ALTER TABLE booking DROP COLUMN saving")
    for table in reversed(TENANTS):
        op.execute(f"DROP TABLE {table} CASCADE")

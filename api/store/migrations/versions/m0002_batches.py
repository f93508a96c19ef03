"""Batches: solves, absences, events and the webhooks that hear of them."""

from __future__ import annotations

from alembic import op

from api.store.migrations.versions.m0001_store import CURRENT

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANTS = ("solve", "absence", "event", "webhook", "webhook_secret", "delivery")
#: Tables that the relay reads and changes across tenants.
SWEPT = ("solve", "event", "webhook", "webhook_secret", "delivery")

TABLES = (
    """
    CREATE TABLE solve (
        tenant_id     bigint NOT NULL REFERENCES tenant (id),
        id            bigint GENERATED ALWAYS AS IDENTITY,
        uid           uuid NOT NULL,
        state         text NOT NULL DEFAULT 'queued' CHECK (state IN (
            'queued', 'running', 'solved', 'publishing', 'published', 'cancelled', 'failed')),
        asked         jsonb NOT NULL,
        publish       boolean NOT NULL DEFAULT false,
        progress      jsonb,
        incumbent     jsonb,
        result        jsonb,
        published     jsonb,
        read_snapshot text,
        world_version bigint,
        cancel        boolean NOT NULL DEFAULT false,
        attempt       integer NOT NULL DEFAULT 0,
        worker        text,
        beat_at       timestamptz,
        started_at    timestamptz,
        ended_at      timestamptz,
        created_by    text NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid)
    )
    """,
    """
    CREATE TABLE absence (
        tenant_id   bigint NOT NULL REFERENCES tenant (id),
        id          bigint GENERATED ALWAYS AS IDENTITY,
        uid         uuid NOT NULL,
        resource_id bigint NOT NULL,
        span        tstzrange NOT NULL CHECK (NOT isempty(span) AND lower(span) IS NOT NULL
                                              AND upper(span) IS NOT NULL),
        reason      text NOT NULL DEFAULT '',
        solve       uuid,
        created_by  text NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        FOREIGN KEY (tenant_id, resource_id) REFERENCES resource (tenant_id, id)
    )
    """,
    """
    CREATE TABLE event (
        tenant_id   bigint NOT NULL REFERENCES tenant (id),
        id          bigint GENERATED ALWAYS AS IDENTITY,
        uid         uuid NOT NULL DEFAULT gen_random_uuid(),
        at          timestamptz NOT NULL DEFAULT now(),
        type        text NOT NULL,
        kind        text NOT NULL,
        object      uuid NOT NULL,
        position    bigint,
        transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE webhook (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        uid        uuid NOT NULL,
        url        text NOT NULL,
        types      text[] NOT NULL,
        disabled_at timestamptz,
        version    integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid)
    )
    """,
    """
    CREATE TABLE webhook_secret (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        webhook_id bigint NOT NULL,
        sealed     text NOT NULL,
        until      timestamptz,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE delivery (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        webhook_id bigint NOT NULL,
        event_id   bigint NOT NULL,
        object     uuid NOT NULL,
        state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered',
                                                                    'given_up')),
        attempts   integer NOT NULL DEFAULT 0,
        next_at    timestamptz NOT NULL DEFAULT now(),
        status     integer,
        error      text,
        ended_at   timestamptz,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (tenant_id, event_id) REFERENCES event (tenant_id, id)
    )
    """,
    "CREATE INDEX solve_queue ON solve (created_at) WHERE state IN ('queued', 'running')"
    " OR (publish AND NOT cancel AND state IN ('solved', 'publishing'))",
    "CREATE INDEX solve_ended ON solve (ended_at)",
    "CREATE INDEX solve_started ON solve (tenant_id, started_at)",
    "CREATE SEQUENCE event_position",
    "CREATE INDEX event_waiting ON event (id) WHERE position IS NULL",
    # Partial, so that the relay fills them, and no booking waits for it.
    "CREATE INDEX event_order ON event (tenant_id, position) WHERE position IS NOT NULL",
    "CREATE INDEX event_object ON event (tenant_id, object, position) WHERE position IS NOT NULL",
    # What the indexes of free time catch up by.
    "CREATE INDEX event_since ON event (tenant_id, transaction_id)"
    " WHERE kind IN ('booking', 'visit', 'request') OR type = 'person.erased'",
    "CREATE UNIQUE INDEX event_uid ON event (tenant_id, uid) WHERE position IS NOT NULL",
    "CREATE INDEX event_age ON event USING brin (at)",
    "CREATE INDEX secret_webhook ON webhook_secret (tenant_id, webhook_id, id)",
    "CREATE UNIQUE INDEX secret_current ON webhook_secret (tenant_id, webhook_id)"
    " WHERE until IS NULL",
    "CREATE INDEX delivery_webhook ON delivery (tenant_id, webhook_id, id)",
    "CREATE INDEX delivery_event ON delivery (tenant_id, event_id)",
    "CREATE INDEX delivery_age ON delivery (ended_at) WHERE state <> 'waiting'",
    "CREATE INDEX delivery_waiting ON delivery (tenant_id, webhook_id, next_at, id)"
    " WHERE state = 'waiting'",
    "CREATE INDEX delivery_order ON delivery (tenant_id, webhook_id, object, id)"
    " WHERE state = 'waiting'",
    "CREATE INDEX absence_resource ON absence (tenant_id, resource_id)",
)


def upgrade() -> None:
    """Make the tables; what the audit log is told, webhooks hear."""
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
    op.execute("GRANT USAGE ON SEQUENCE event_position TO allocator_relay")
    op.execute(
        """
        CREATE FUNCTION audit_is_an_event() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO event (tenant_id, type, kind, object)
            VALUES (NEW.tenant_id, NEW.action, NEW.kind, NEW.object);
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_is_an_event AFTER INSERT ON audit"
        " FOR EACH ROW EXECUTE FUNCTION audit_is_an_event()"
    )


def downgrade() -> None:
    """Drop them again."""
    op.execute("DROP TRIGGER audit_is_an_event ON audit")
    op.execute("DROP FUNCTION audit_is_an_event()")
    op.execute("DROP SEQUENCE event_position")
    for table in reversed(TENANTS):
        op.execute(f"DROP TABLE {table} CASCADE")

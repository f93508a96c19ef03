"""The store: tenants and their world, people, requests, bookings, claims, who may do what."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: Tables that hold a tenant's rows: each has the tenant in every key, and row-level security.
TENANTS = (
    "location",
    "calendar",
    "service",
    "person",
    "resource",
    "session",
    "request",
    "booking",
    "visit",
    "seat",
    "claim",
    "extra_lane",
    "api_key",
    "membership",
    "web_session",
    "link",
    "idempotency",
    "audit",
    "allowance",
)

#: Tables whose rows the relay and sweeper reads, and deletes or changes, across tenants.
SWEPT = (
    "request",
    "booking",
    "visit",
    "claim",
    "seat",
    "idempotency",
    "web_session",
    "allowance",
    "audit",
)

CATALOGUE = """
CREATE TABLE {name} (
    tenant_id  bigint NOT NULL REFERENCES tenant (id),
    id         bigint GENERATED ALWAYS AS IDENTITY,
    uid        uuid NOT NULL,
    ref        text NOT NULL CHECK (length(ref) BETWEEN 1 AND 200),
    spec       jsonb NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    {more}
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, uid),
    UNIQUE (tenant_id, ref)
)
"""

TABLES = [
    """
    CREATE TABLE tenant (
        id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        uid           uuid NOT NULL UNIQUE,
        ref           text NOT NULL UNIQUE CHECK (length(ref) BETWEEN 1 AND 200),
        name          text NOT NULL,
        zone          text NOT NULL,
        grain_minutes integer NOT NULL CHECK (grain_minutes BETWEEN 1 AND 1440),
        policy        jsonb NOT NULL DEFAULT '{}',
        world_version bigint NOT NULL DEFAULT 1,
        version       integer NOT NULL DEFAULT 1,
        created_at    timestamptz NOT NULL DEFAULT now()
    )
    """,
    CATALOGUE.format(name="location", more=""),
    CATALOGUE.format(name="calendar", more=""),
    CATALOGUE.format(name="service", more=""),
    """
    CREATE TABLE person (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        uid        uuid NOT NULL,
        ref        text NOT NULL CHECK (length(ref) BETWEEN 1 AND 200),
        name       text NOT NULL,
        email      text,
        phone      text,
        erased_at  timestamptz,
        version    integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        UNIQUE (tenant_id, ref)
    )
    """,
    CATALOGUE.format(
        name="resource",
        more="""
    kind       text NOT NULL,
    location   text,
    person_id  bigint,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id),
    """,
    ),
    CATALOGUE.format(name="session", more=""),
    CATALOGUE.format(
        name="request",
        more="""
    state      text NOT NULL DEFAULT 'requested'
        CHECK (state IN ('requested', 'scheduled', 'withdrawn')),
    person_id  bigint,
    transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id),
    """,
    ),
    CATALOGUE.format(
        name="booking",
        more="""
    state      text NOT NULL CHECK (state IN ('held', 'pending_approval', 'booked', 'rejected',
                                              'cancelled', 'expired')),
    request_id bigint,
    person_id  bigint,
    location   text,
    service    text NOT NULL,
    starts_at  timestamptz NOT NULL,
    expires_at timestamptz,
    urgent     boolean NOT NULL DEFAULT false,
    reason     text,
    created_by text NOT NULL,
    CHECK ((state IN ('held', 'pending_approval')) = (expires_at IS NOT NULL)),
    FOREIGN KEY (tenant_id, request_id) REFERENCES request (tenant_id, id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id),
    """,
    ),
    """
    CREATE TABLE visit (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        uid        uuid NOT NULL,
        booking_id bigint,
        session_id bigint,
        occurrence integer NOT NULL,
        step       integer NOT NULL,
        service    text NOT NULL,
        span       tstzrange NOT NULL CHECK (NOT isempty(span) AND lower(span) IS NOT NULL
                                             AND upper(span) IS NOT NULL),
        starts_at  timestamptz GENERATED ALWAYS AS (lower(span)) STORED,
        ends_at    timestamptz GENERATED ALWAYS AS (upper(span)) STORED,
        resources  jsonb NOT NULL,
        state      text NOT NULL CHECK (state IN ('booked', 'checked_in', 'fulfilled', 'no_show',
                                                  'cancelled')),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        CHECK (booking_id IS NOT NULL OR session_id IS NOT NULL),
        FOREIGN KEY (tenant_id, booking_id) REFERENCES booking (tenant_id, id),
        FOREIGN KEY (tenant_id, session_id) REFERENCES session (tenant_id, id)
    )
    """,
    """
    CREATE TABLE seat (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        session_id bigint NOT NULL,
        number     integer NOT NULL CHECK (number >= 1),
        visit_id   bigint NOT NULL,
        PRIMARY KEY (tenant_id, session_id, number),
        UNIQUE (tenant_id, visit_id),
        FOREIGN KEY (tenant_id, session_id) REFERENCES session (tenant_id, id),
        FOREIGN KEY (tenant_id, visit_id) REFERENCES visit (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE claim (
        tenant_id   bigint NOT NULL REFERENCES tenant (id),
        id          bigint GENERATED ALWAYS AS IDENTITY,
        resource_id bigint NOT NULL,
        visit_id    bigint NOT NULL,
        role        text NOT NULL,
        lane        integer NOT NULL CHECK (lane >= 0),
        span        tstzrange NOT NULL CHECK (
            NOT isempty(span) AND lower_inc(span) AND NOT upper_inc(span)
            AND NOT upper_inf(span) AND lower(span) > '-infinity' AND upper(span) < 'infinity'),
        ends_at     timestamptz GENERATED ALWAYS AS (upper(span)) STORED,
        over_a_day  boolean GENERATED ALWAYS AS (
            (upper(span) AT TIME ZONE 'UTC') > (lower(span) AT TIME ZONE 'UTC') + interval '1 day')
            STORED,
        state       text NOT NULL CHECK (state IN ('hold', 'pending_approval', 'booked')),
        expires_at  timestamptz,
        PRIMARY KEY (tenant_id, id),
        CHECK ((state = 'booked') = (expires_at IS NULL)),
        FOREIGN KEY (tenant_id, resource_id) REFERENCES resource (tenant_id, id),
        FOREIGN KEY (tenant_id, visit_id) REFERENCES visit (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT claim_once EXCLUDE USING gist (
            int8range(tenant_id, tenant_id, '[]') WITH &&,
            int8range(resource_id, resource_id, '[]') WITH &&,
            int4range(lane, lane, '[]') WITH &&,
            span WITH &&)
    )
    """,
    """
    CREATE TABLE extra_lane (
        tenant_id   bigint NOT NULL REFERENCES tenant (id),
        id          bigint GENERATED ALWAYS AS IDENTITY,
        resource_id bigint NOT NULL,
        span        tstzrange NOT NULL CHECK (NOT isempty(span) AND lower(span) IS NOT NULL
                                              AND upper(span) IS NOT NULL),
        lanes       integer NOT NULL CHECK (lanes >= 1),
        reason      text NOT NULL,
        created_by  text NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        uid         uuid NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        FOREIGN KEY (tenant_id, resource_id) REFERENCES resource (tenant_id, id)
    )
    """,
    """
    CREATE TABLE api_key (
        tenant_id   bigint NOT NULL REFERENCES tenant (id),
        id          bigint GENERATED ALWAYS AS IDENTITY,
        uid         uuid NOT NULL,
        hash        bytea NOT NULL,
        name        text NOT NULL,
        publishable boolean NOT NULL DEFAULT false,
        role        text NOT NULL CHECK (role IN ('client', 'scheduler', 'reviewer',
                                                  'administrator', 'auditor')),
        scopes      text[] NOT NULL,
        locations   text[] NOT NULL DEFAULT '{}',
        person_id   bigint,
        expires_at  timestamptz,
        revoked_at  timestamptz,
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        UNIQUE (tenant_id, hash),
        FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id)
    )
    """,
    """
    CREATE TABLE membership (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        uid        uuid NOT NULL,
        issuer     text NOT NULL,
        subject    text NOT NULL,
        role       text NOT NULL CHECK (role IN ('client', 'scheduler', 'reviewer',
                                                 'administrator', 'auditor')),
        locations  text[] NOT NULL DEFAULT '{}',
        person_id  bigint,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        UNIQUE (tenant_id, issuer, subject),
        FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, id)
    )
    """,
    """
    CREATE TABLE web_session (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        hash       bytea NOT NULL,
        csrf       bytea NOT NULL,
        api_key_id bigint NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, hash),
        FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, id)
    )
    """,
    """
    CREATE TABLE link (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        id         bigint GENERATED ALWAYS AS IDENTITY,
        uid        uuid NOT NULL,
        hash       bytea NOT NULL,
        purpose    text NOT NULL CHECK (purpose IN ('view', 'confirm', 'cancel', 'reschedule')),
        booking_id bigint NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, uid),
        UNIQUE (tenant_id, hash),
        FOREIGN KEY (tenant_id, booking_id) REFERENCES booking (tenant_id, id)
    )
    """,
    """
    CREATE TABLE idempotency (
        tenant_id  bigint NOT NULL REFERENCES tenant (id),
        principal  text NOT NULL,
        route      text NOT NULL,
        key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
        body       bytea NOT NULL,
        status     integer,
        answer     jsonb,
        headers    jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, principal, route, key)
    )
    """,
    """
    CREATE TABLE audit (
        tenant_id bigint NOT NULL REFERENCES tenant (id),
        id        bigint GENERATED ALWAYS AS IDENTITY,
        at        timestamptz NOT NULL DEFAULT now(),
        actor     text NOT NULL,
        action    text NOT NULL,
        kind      text NOT NULL,
        object    uuid NOT NULL,
        before    jsonb,
        after     jsonb,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE UNLOGGED TABLE allowance (
        tenant_id bigint NOT NULL REFERENCES tenant (id),
        bucket    text NOT NULL,
        period    timestamptz NOT NULL,
        used      integer NOT NULL,
        PRIMARY KEY (tenant_id, bucket, period)
    )
    """,
]

#: Row-level security lets no condition into an index that might tell of other rows, as far as
#: PostgreSQL knows: upper(span) is one, and a column that holds the same is none.
INDEXES = (
    "CREATE INDEX claim_visit ON claim (tenant_id, visit_id)",
    "CREATE INDEX claim_resource ON claim (tenant_id, resource_id, ends_at)",
    "CREATE INDEX claim_ends ON claim (tenant_id, ends_at)",
    # All others that lie at some time end within a day of it.
    "CREATE INDEX claim_long ON claim (tenant_id, ends_at) WHERE over_a_day",
    "CREATE INDEX claim_expiry ON claim (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX visit_booking ON visit (tenant_id, booking_id)",
    "CREATE INDEX visit_starts ON visit (tenant_id, starts_at, booking_id)",
    "CREATE INDEX visit_ends ON visit (tenant_id, ends_at)",
    "CREATE INDEX visit_session ON visit (tenant_id, session_id) WHERE session_id IS NOT NULL",
    "CREATE UNIQUE INDEX visit_place ON visit (tenant_id, session_id)"
    " WHERE booking_id IS NULL AND state <> 'cancelled'",
    "CREATE INDEX booking_person ON booking (tenant_id, person_id, id)",
    "CREATE INDEX booking_state ON booking (tenant_id, state, id)",
    "CREATE INDEX booking_location ON booking (tenant_id, location, id)",
    "CREATE INDEX booking_expiry ON booking (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX booking_request ON booking (tenant_id, request_id)",
    "CREATE INDEX request_state ON request (tenant_id, state, id)",
    "CREATE INDEX request_person ON request (tenant_id, person_id, id)",
    "CREATE INDEX resource_kind ON resource (tenant_id, kind, id)",
    "CREATE INDEX resource_person ON resource (tenant_id, person_id)",
    "CREATE INDEX audit_object ON audit (tenant_id, object, id)",
    "CREATE INDEX link_booking ON link (tenant_id, booking_id)",
    "CREATE INDEX extra_lane_resource ON extra_lane (tenant_id, resource_id)",
    "CREATE INDEX api_key_hash ON api_key (hash)",
    "CREATE INDEX membership_subject ON membership (issuer, subject)",
    "CREATE INDEX web_session_hash ON web_session (hash)",
    "CREATE INDEX link_hash ON link (hash)",
    "CREATE INDEX idempotency_age ON idempotency (created_at)",
)

CURRENT = "nullif(current_setting('allocator.tenant', true), '')::bigint"
CREDENTIAL = "decode(nullif(current_setting('allocator.credential', true), ''), 'hex')"

#: Who is asking is found before it is known of which tenant: by what was sent alone. Keys are
#: found by a function, in one trip: they are what nearly everybody sends.
BY_CREDENTIAL = {
    "web_session": f"hash = {CREDENTIAL}",
    "link": f"hash = {CREDENTIAL}",
    "membership": ("sha256(convert_to(issuer || E'\\n' || subject, 'UTF8')) = " + CREDENTIAL),
}


#: Functions that take one trip for what would take several. Two wait for a lock and look only then:
#: each of their statements has a snapshot of its own. The third names the tenant itself, so that no
#: transaction has to begin for it.
FUNCTIONS = {
    "held_world(bigint)": """
        CREATE FUNCTION held_world(bigint) RETURNS TABLE (world_version bigint, own boolean)
        LANGUAGE plpgsql AS $$
        #variable_conflict use_column
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(1, $1::integer);
            RETURN QUERY SELECT world_version, xmin = pg_current_xact_id_if_assigned()::xid
                         FROM tenant WHERE id = $1;
        END $$
    """,
    "people_named(bigint, text[])": """
        CREATE FUNCTION people_named(bigint, text[])
        RETURNS TABLE (id bigint, ref text, spec jsonb, person_id bigint, erased_at timestamptz)
        LANGUAGE plpgsql AS $$
        #variable_conflict use_column
        BEGIN
            PERFORM set_config('allocator.tenant', $1::text, true);
            RETURN QUERY
            SELECT resource.id, resource.ref, resource.spec, person_id, person.erased_at
            FROM resource
            JOIN person ON person.tenant_id = $1 AND person.id = resource.person_id
            WHERE resource.tenant_id = $1 AND resource.ref = ANY($2);
        END $$
    """,
    "open_holds(bigint, bigint, bigint, text)": """
        CREATE FUNCTION open_holds(bigint, bigint, bigint, text) RETURNS bigint
        LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock($1);
            IF $3 IS NULL THEN
                RETURN (SELECT count(*) FROM booking WHERE tenant_id = $2 AND created_by = $4
                        AND state IN ('held', 'pending_approval') AND expires_at > now());
            END IF;
            RETURN (SELECT count(*) FROM booking WHERE tenant_id = $2 AND person_id = $3
                    AND state IN ('held', 'pending_approval') AND expires_at > now());
        END $$
    """,
}


def upgrade() -> None:
    """Make the tables, their policies, and what each role may do."""
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    op.execute("ALTER TABLE tenant ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tenant FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON tenant USING (id = {CURRENT})")
    op.execute("CREATE POLICY founding ON tenant TO allocator_owner USING (true)")
    for table in TENANTS:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} USING (tenant_id = {CURRENT})")
        more = "" if table == "audit" else ", UPDATE, DELETE"
        op.execute(f"GRANT SELECT, INSERT{more} ON {table} TO allocator_api, allocator_worker")
    for table, condition in BY_CREDENTIAL.items():
        op.execute(f"CREATE POLICY known ON {table} FOR SELECT USING ({condition})")
    for table in SWEPT:
        op.execute(f"CREATE POLICY swept ON {table} TO allocator_relay USING (true)")
        more = "" if table == "audit" else ", UPDATE, DELETE"
        op.execute(f"GRANT SELECT, INSERT{more} ON {table} TO allocator_relay")
    op.execute("GRANT SELECT ON tenant TO allocator_api, allocator_worker, allocator_relay")
    op.execute("CREATE POLICY swept ON tenant FOR SELECT TO allocator_relay USING (true)")
    op.execute(
        "GRANT UPDATE (name, zone, grain_minutes, policy, world_version, version) ON tenant"
        " TO allocator_api, allocator_worker"
    )
    op.execute("CREATE POLICY founding ON api_key TO allocator_owner USING (true)")
    op.execute(
        """
        CREATE FUNCTION known_key(bytea) RETURNS SETOF api_key LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = pg_catalog, public
        AS 'SELECT * FROM api_key WHERE hash = $1'
        """
    )
    op.execute("REVOKE ALL ON FUNCTION known_key(bytea) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION known_key(bytea) TO allocator_api")
    for name, made in FUNCTIONS.items():
        op.execute(made)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO allocator_api, allocator_worker")
    op.execute(
        """
        CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'The audit log is append-only.'; END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()"
    )
    op.execute(
        "GRANT SELECT ON alembic_version TO allocator_api, allocator_worker, allocator_relay"
    )


def downgrade() -> None:
    """Drop them again."""
    for name in ("known_key(bytea)", *FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
    for table in reversed(TENANTS):
        op.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
    op.execute("DROP TABLE tenant CASCADE")
    op.execute("DROP FUNCTION audit_stays()")
    op.execute(
        "REVOKE SELECT ON alembic_version FROM allocator_api, allocator_worker, allocator_relay"
    )

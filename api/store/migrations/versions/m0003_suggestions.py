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

FUNCTIONS = ("changes_since", "as_changed")

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
    # A visit as it lies, with its claims: resource, role, start and end of each, one for each lane.
    """
    CREATE VIEW lying_visit WITH (security_invoker = true) AS
    SELECT visit.tenant_id, visit.id, visit.starts_at, visit.ends_at, visit.uid, visit.service,
           visit.occurrence, visit.step, visit.state, lower(visit.span) AS start,
           upper(visit.span) AS finish, visit.resources, session.ref AS session,
           booking.uid AS booking, booking.expires_at,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(
                resource.ref, claim.role, lower(claim.span), upper(claim.span)) ORDER BY claim.id),
                '[]')
            FROM claim JOIN resource ON resource.tenant_id = claim.tenant_id
                                    AND resource.id = claim.resource_id
            WHERE claim.tenant_id = visit.tenant_id AND claim.visit_id = visit.id) AS claims
    FROM visit
    LEFT JOIN booking ON booking.tenant_id = visit.tenant_id AND booking.id = visit.booking_id
    LEFT JOIN session ON session.tenant_id = visit.tenant_id AND session.id = visit.session_id
    WHERE visit.state <> 'cancelled'
    """,
    # A request, and whether it waits: neither booked nor withdrawn.
    """
    CREATE VIEW asked_request WITH (security_invoker = true) AS
    SELECT request.tenant_id, request.id, request.uid, request.ref, request.spec, request.state,
           request.state = 'requested' AND NOT EXISTS (
               SELECT 1 FROM booking
               WHERE booking.tenant_id = request.tenant_id AND booking.request_id = request.id
                 AND booking.state IN ('held', 'pending_approval', 'booked')) AS waits
    FROM request
    """,
    "GRANT SELECT ON lying_visit, asked_request TO allocator_api, allocator_worker",
    # What has changed, as it is by now: visits, requests, who comes to them, and who was erased.
    """
    CREATE FUNCTION as_changed(bigint, timestamptz, timestamptz, uuid[])
    RETURNS TABLE (what text, found jsonb)
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM set_config('allocator.tenant', $1::text, true);
        RETURN QUERY
        WITH visits AS MATERIALIZED (
            SELECT * FROM lying_visit AS v
            WHERE v.tenant_id = $1 AND v.ends_at > $2 AND v.starts_at < $3 AND v.id IN (
                SELECT visit.id FROM visit WHERE visit.tenant_id = $1 AND visit.uid = ANY($4)
                UNION
                SELECT visit.id FROM booking
                JOIN visit ON visit.tenant_id = booking.tenant_id AND visit.booking_id = booking.id
                WHERE booking.tenant_id = $1 AND booking.uid = ANY($4))
            ORDER BY v.id
        ), requests AS MATERIALIZED (
            SELECT * FROM asked_request AS r
            WHERE r.tenant_id = $1 AND r.id IN (
                SELECT request.id FROM request
                WHERE request.tenant_id = $1 AND request.uid = ANY($4)
                UNION
                SELECT booking.request_id FROM booking
                WHERE booking.tenant_id = $1 AND booking.uid = ANY($4))
        ), names AS (
            SELECT name FROM visits, jsonb_each(visits.resources) AS filled,
                             jsonb_array_elements_text(filled.value) AS name
            UNION
            SELECT claim ->> 0 FROM visits, jsonb_array_elements(visits.claims) AS claim
            UNION
            SELECT attendee ->> 'resource' FROM requests,
                   jsonb_array_elements(coalesce(requests.spec -> 'attendees', '[]')) AS attendee
            WHERE requests.waits
        )
        SELECT 'visits', to_jsonb(visits) FROM visits
        UNION ALL
        SELECT 'requests', to_jsonb(requests) FROM requests
        UNION ALL
        SELECT 'people', jsonb_build_object(
                   'ref', resource.ref, 'spec', resource.spec, 'person_id', resource.person_id,
                   'erased_at', person.erased_at)
        FROM resource JOIN person ON person.tenant_id = $1 AND person.id = resource.person_id
        WHERE resource.tenant_id = $1 AND resource.ref = ANY(ARRAY(SELECT name FROM names))
        UNION ALL
        SELECT 'erased', jsonb_build_object('ref', resource.ref, 'erased_at', person.erased_at)
        FROM person
        JOIN resource ON resource.tenant_id = $1 AND resource.person_id = person.id
        WHERE person.tenant_id = $1 AND person.uid = ANY($4) AND person.erased_at IS NOT NULL;
    END $$
    """,
    *(
        f"{said} ON FUNCTION {name} {who}"
        for name in FUNCTIONS
        for said, who in (
            ("REVOKE ALL", "FROM PUBLIC"),
            ("GRANT EXECUTE", "TO allocator_api, allocator_worker"),
        )
    ),
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
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    op.execute("DROP VIEW lying_visit, asked_request")
    op.execute("ALTER TABLE booking DROP COLUMN saving")
    for table in reversed(TENANTS):
        op.execute(f"DROP TABLE {table} CASCADE")

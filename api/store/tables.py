"""The tables, for queries. What makes them is in the migrations; a test holds both together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, UUID

METADATA = MetaData()
_WRITER = text("pg_current_xact_id()::text::bigint")
_OVER_A_DAY = (
    "((upper(span) AT TIME ZONE 'UTC'::text)"
    " > ((lower(span) AT TIME ZONE 'UTC'::text) + '1 day'::interval))"
)


def _tenant() -> Column[Any]:
    return Column("tenant_id", BigInteger, ForeignKey("tenant.id"), nullable=False)


def _number() -> Column[Any]:
    return Column("id", BigInteger, Identity(always=True), nullable=False)


def _instant(name: str, *, given: bool = False, needed: bool = True) -> Column[Any]:
    default = func.now() if given else None
    return Column(name, DateTime(timezone=True), nullable=not needed, server_default=default)


def _bound(name: str, bound: str) -> Column[Any]:
    """Return the column that holds a bound of the span, for indexes."""
    return Column(name, DateTime(timezone=True), Computed(f"{bound}(span)", persisted=True))


def _version() -> Column[Any]:
    return Column("version", Integer, nullable=False, server_default=text("1"))


def _same_tenant(column: str, table: str, **how: Any) -> ForeignKeyConstraint:
    """A reference that stays within the tenant."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], **how)


def _numbered(name: str, *columns: Any) -> Table:
    """A table of one tenant's rows, each with a number that is unique in the tenant."""
    return Table(
        name, METADATA, _tenant(), _number(), *columns, PrimaryKeyConstraint("tenant_id", "id")
    )


def _catalogue(name: str, *columns: Any) -> Table:
    """A table of things that have a name of the tenant's own, and a specification."""
    return _numbered(
        name,
        Column("uid", UUID(as_uuid=True), nullable=False),
        Column("ref", Text, nullable=False),
        Column("spec", JSONB, nullable=False),
        _version(),
        _instant("created_at", given=True),
        _instant("changed_at", given=True),
        UniqueConstraint("tenant_id", "uid"),
        UniqueConstraint("tenant_id", "ref"),
        *columns,
    )


TENANT = Table(
    "tenant",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("uid", UUID(as_uuid=True), nullable=False, unique=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("grain_minutes", Integer, nullable=False),
    Column("policy", JSONB, nullable=False, server_default=text("'{}'")),
    Column("world_version", BigInteger, nullable=False, server_default=text("1")),
    _version(),
    _instant("created_at", given=True),
)
LOCATION = _catalogue("location")
CALENDAR = _catalogue("calendar")
SERVICE = _catalogue("service")
PERSON = _numbered(
    "person",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("ref", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    _instant("erased_at", needed=False),
    _version(),
    _instant("created_at", given=True),
    _instant("changed_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
    UniqueConstraint("tenant_id", "ref"),
)
RESOURCE = _catalogue(
    "resource",
    Column("kind", Text, nullable=False),
    Column("location", Text),
    Column("person_id", BigInteger),
    _same_tenant("person_id", "person"),
)
SESSION = _catalogue("session")
REQUEST = _catalogue(
    "request",
    Column("state", Text, nullable=False, server_default=text("'requested'")),
    Column("person_id", BigInteger),
    # Which wrote it last: a solve that has read before that was committed does not know it.
    Column("transaction_id", BigInteger, nullable=False, server_default=_WRITER, onupdate=_WRITER),
    _same_tenant("person_id", "person"),
)
BOOKING = _catalogue(
    "booking",
    Column("state", Text, nullable=False),
    Column("request_id", BigInteger),
    Column("person_id", BigInteger),
    Column("location", Text),
    Column("service", Text, nullable=False),
    _instant("starts_at"),
    _instant("expires_at", needed=False),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column("reason", Text),
    Column("created_by", Text, nullable=False),
    Column("saving", JSONB(none_as_null=True)),
    _same_tenant("request_id", "request"),
    _same_tenant("person_id", "person"),
)
VISIT = _numbered(
    "visit",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("booking_id", BigInteger),
    Column("session_id", BigInteger),
    Column("occurrence", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("service", Text, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    _bound("starts_at", "lower"),
    _bound("ends_at", "upper"),
    Column("resources", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    UniqueConstraint("tenant_id", "uid"),
    _same_tenant("booking_id", "booking"),
    _same_tenant("session_id", "session"),
)
SEAT = Table(
    "seat",
    METADATA,
    _tenant(),
    Column("session_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("visit_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "session_id", "number"),
    UniqueConstraint("tenant_id", "visit_id"),
    _same_tenant("session_id", "session"),
    _same_tenant("visit_id", "visit", ondelete="CASCADE"),
)
CLAIM = _numbered(
    "claim",
    Column("resource_id", BigInteger, nullable=False),
    Column("visit_id", BigInteger, nullable=False),
    Column("role", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    _bound("ends_at", "upper"),
    Column("over_a_day", Boolean, Computed(_OVER_A_DAY, persisted=True)),
    Column("state", Text, nullable=False),
    _instant("expires_at", needed=False),
    _same_tenant("resource_id", "resource"),
    _same_tenant("visit_id", "visit", ondelete="CASCADE"),
)
EXTRA_LANE = _numbered(
    "extra_lane",
    Column("resource_id", BigInteger, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    Column("lanes", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    _instant("created_at", given=True),
    Column("uid", UUID(as_uuid=True), nullable=False),
    UniqueConstraint("tenant_id", "uid"),
    _same_tenant("resource_id", "resource"),
)
API_KEY = _numbered(
    "api_key",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("publishable", Boolean, nullable=False, server_default=text("false")),
    Column("role", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("locations", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("person_id", BigInteger),
    _instant("expires_at", needed=False),
    _instant("revoked_at", needed=False),
    _instant("created_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
    UniqueConstraint("tenant_id", "hash"),
    _same_tenant("person_id", "person"),
)
MEMBERSHIP = _numbered(
    "membership",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("locations", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("person_id", BigInteger),
    _instant("created_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
    UniqueConstraint("tenant_id", "issuer", "subject"),
    _same_tenant("person_id", "person"),
)
WEB_SESSION = _numbered(
    "web_session",
    Column("hash", LargeBinary, nullable=False),
    Column("csrf", LargeBinary, nullable=False),
    Column("api_key_id", BigInteger, nullable=False),
    _instant("expires_at"),
    UniqueConstraint("tenant_id", "hash"),
    _same_tenant("api_key_id", "api_key"),
)
LINK = _numbered(
    "link",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("booking_id", BigInteger, nullable=False),
    _instant("expires_at"),
    _instant("revoked_at", needed=False),
    _instant("created_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
    UniqueConstraint("tenant_id", "hash"),
    _same_tenant("booking_id", "booking"),
)
IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    _tenant(),
    Column("principal", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("answer", JSONB),
    Column("headers", JSONB),
    _instant("created_at", given=True),
    PrimaryKeyConstraint("tenant_id", "principal", "route", "key"),
)
AUDIT = _numbered(
    "audit",
    _instant("at", given=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("object", UUID(as_uuid=True), nullable=False),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
)
ALLOWANCE = Table(
    "allowance",
    METADATA,
    _tenant(),
    Column("bucket", Text, nullable=False),
    _instant("period"),
    Column("used", Integer, nullable=False),
    PrimaryKeyConstraint("tenant_id", "bucket", "period"),
    prefixes=["UNLOGGED"],
)
SOLVE = _numbered(
    "solve",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("asked", JSONB, nullable=False),
    Column("publish", Boolean, nullable=False, server_default=text("false")),
    Column("progress", JSONB),
    Column("incumbent", JSONB),
    Column("result", JSONB),
    Column("published", JSONB),
    Column("read_snapshot", Text),
    Column("world_version", BigInteger),
    Column("cancel", Boolean, nullable=False, server_default=text("false")),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("worker", Text),
    _instant("beat_at", needed=False),
    _instant("started_at", needed=False),
    _instant("ended_at", needed=False),
    Column("created_by", Text, nullable=False),
    _instant("created_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
)
ABSENCE = _numbered(
    "absence",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("resource_id", BigInteger, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("solve", UUID(as_uuid=True)),
    Column("created_by", Text, nullable=False),
    _instant("created_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
    _same_tenant("resource_id", "resource"),
)
EVENT = _numbered(
    "event",
    Column("uid", UUID(as_uuid=True), nullable=False, server_default=text("gen_random_uuid()")),
    _instant("at", given=True),
    Column("type", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("object", UUID(as_uuid=True), nullable=False),
    Column("position", BigInteger),
    Column("transaction_id", BigInteger, nullable=False, server_default=_WRITER),
)
WEBHOOK = _numbered(
    "webhook",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    _instant("disabled_at", needed=False),
    _version(),
    _instant("created_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
)
WEBHOOK_SECRET = _numbered(
    "webhook_secret",
    Column("webhook_id", BigInteger, nullable=False),
    Column("sealed", Text, nullable=False),
    _instant("until", needed=False),
    _same_tenant("webhook_id", "webhook", ondelete="CASCADE"),
)
DELIVERY = _numbered(
    "delivery",
    Column("webhook_id", BigInteger, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("object", UUID(as_uuid=True), nullable=False),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _instant("next_at", given=True),
    Column("status", Integer),
    Column("error", Text),
    _instant("ended_at", needed=False),
    _same_tenant("webhook_id", "webhook", ondelete="CASCADE"),
    _same_tenant("event_id", "event"),
)
REFUSED_DEMAND = Table(
    "refused_demand",
    METADATA,
    _tenant(),
    Column("service", Text, nullable=False),
    _instant("hour"),
    Column("asked_on", Date, nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("tenant_id", "service", "hour", "asked_on"),
)
LEARNT_FORECAST = Table(
    "learnt_forecast",
    METADATA,
    _tenant(),
    Column("kind", Text, nullable=False),
    Column("spec", JSONB, nullable=False),
    _instant("learnt_at", given=True),
    PrimaryKeyConstraint("tenant_id", "kind"),
)
WAITLIST = _numbered(
    "waitlist",
    Column("uid", UUID(as_uuid=True), nullable=False),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("request_id", BigInteger),
    Column("booking_id", BigInteger),
    Column("person_id", BigInteger),
    Column("service", Text, nullable=False),
    Column("location", Text),
    Column("own", Boolean, nullable=False),
    Column("outside", Boolean, nullable=False),
    Column("windows", JSONB, nullable=False, server_default=text("'[]'")),
    Column("looked", Boolean, nullable=False, server_default=text("false")),
    Column("offer_id", BigInteger),
    Column("solve", UUID(as_uuid=True)),
    Column("offered", ARRAY(DateTime(timezone=True)), nullable=False, server_default=text("'{}'")),
    Column("reasons", JSONB, nullable=False, server_default=text("'[]'")),
    _instant("ends_at", needed=False),
    Column("created_by", Text, nullable=False),
    _version(),
    _instant("created_at", given=True),
    _instant("changed_at", given=True),
    UniqueConstraint("tenant_id", "uid"),
    _same_tenant("request_id", "request"),
    _same_tenant("booking_id", "booking"),
    _same_tenant("offer_id", "booking"),
    _same_tenant("person_id", "person"),
)

"""Keys, tokens, cookies and links: who is asking is found from what was sent."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from api.auth.principal import Principal, Role
from api.auth.tokens import TokenRules, Tokens
from api.problems import Forbidden, Unauthenticated
from api.store import changes
from api.store.changes import Looked, Seen
from api.store.database import Database
from api.store.ids import as_uid

#: Keys of which it is kept in mind whose they are.
MOST = 10_000
SECRET, PUBLISHABLE, SESSION, LINK = "ak_", "pk_", "ws_", "ln_"
#: Actions that a link of each purpose allows, beside looking at the booking.
PURPOSES = {
    "view": (),
    "confirm": ("bookings.confirm",),
    "cancel": ("bookings.cancel",),
    "reschedule": ("bookings.reschedule", "suggestions.read"),
}


def new_secret(prefix: str) -> tuple[str, bytes]:
    """Return a new secret, and what is kept of it."""
    secret = prefix + secrets.token_urlsafe(32)
    return secret, digest(secret)


def digest(secret: str) -> bytes:
    """Return what is kept of a secret: secrets are long and random, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


def is_key(credential: str) -> bool:
    """Say whether what was sent looks like a key."""
    return credential.startswith((SECRET, PUBLISHABLE))


class Credentials:
    """Finds who is asking.

    Parameters
    ----------
    database
        Where keys are kept.
    tokens
        Which bearer tokens are believed.
    """

    def __init__(self, database: Database, tokens: TokenRules) -> None:
        self._database = database
        self._tokens = Tokens(tokens)
        self._tenants: dict[bytes, int] = {}

    def of_key_and_changes(
        self, credential: str, seen_of: Callable[[int], Seen | None]
    ) -> tuple[Principal, Looked | None]:
        """Return who sends a key, and what has changed of the tenant's, in a single trip.

        The latter is None where it is not known yet whose key it is, or nobody has looked.

        Parameters
        ----------
        seen_of
            Says with what somebody last looked at a tenant.
        """
        hashed = digest(credential)
        tenant = self._tenants.get(hashed)
        seen = None if tenant is None else seen_of(tenant)
        if seen is None:
            return self._of_key(credential), None
        what = {"hash": hashed, "tenant": tenant, **changes.asked(seen)}
        found = self._database.ask(_KNOWN_KEY_AND_CHANGES, what)
        if not found:
            raise Unauthenticated("This key is not known.")
        (row,) = found
        looked = None if row.asked_at is None else Looked(seen, changes.found(row, seen))
        return _of_row(row, row.now), looked

    def of_bearer(self, credential: str, tenant: str | None) -> Principal:
        """Return who sends a key, a link's secret or a token in ``Authorization: Bearer``."""
        if is_key(credential):
            return self._of_key(credential)
        if credential.startswith(LINK):
            return self._of_link(credential)
        return self._of_token(credential, tenant)

    def of_cookie(self, cookie: str, csrf: str | None, *, writes: bool) -> Principal:
        """Return who sends a browser's cookie; whoever writes has to send the CSRF token, too."""
        with self._database.transaction(credential=digest(cookie)) as (connection, now):
            row = connection.execute(
                text(
                    "SELECT tenant_id, api_key_id, csrf FROM web_session"
                    " WHERE hash = :hash AND expires_at > :now"
                ),
                {"hash": digest(cookie), "now": now},
            ).first()
            if row is None:
                raise Unauthenticated("This session is over; sign in again.")
            if writes and not secrets.compare_digest(digest(csrf or ""), bytes(row.csrf)):
                raise Forbidden("The header X-CSRF-Token is missing or is not this session's.")
            _scope(connection, row.tenant_id)
            key = connection.execute(
                text("SELECT * FROM api_key WHERE tenant_id = :tenant AND id = :id"),
                {"tenant": row.tenant_id, "id": row.api_key_id},
            ).one()
        return _of_row(key, now)

    def _of_key(self, credential: str) -> Principal:
        hashed = digest(credential)
        found = self._database.ask(_KNOWN_KEY, {"hash": hashed})
        if not found:
            raise Unauthenticated("This key is not known.")
        if len(self._tenants) >= MOST:
            self._tenants.clear()
        self._tenants[hashed] = found[0].tenant_id
        return _of_row(found[0], found[0].now)

    def _of_link(self, credential: str) -> Principal:
        hashed = digest(credential)
        with self._database.transaction(credential=hashed) as (connection, now):
            row = connection.execute(
                text("SELECT * FROM link WHERE hash = :hash"), {"hash": hashed}
            ).first()
        if row is None:
            raise Unauthenticated("This link is not known.")
        if row.revoked_at is not None or row.expires_at <= now:
            raise Unauthenticated("This link is no longer valid.")
        return Principal(
            tenant=row.tenant_id,
            actor=f"link:{row.uid}",
            role=Role.CLIENT,
            scopes=frozenset({"bookings.read", "catalogue.read", *PURPOSES[row.purpose]}),
            booking=row.booking_id,
        )

    def _of_token(self, token: str, tenant: str | None) -> Principal:
        if not self._tokens.known:
            raise Unauthenticated("This is no key of ours, and bearer tokens are not set up here.")
        subject = self._tokens.subject(token)
        known = hashlib.sha256(f"{subject.issuer}\n{subject.name}".encode()).digest()
        with self._database.transaction(credential=known) as (connection, _):
            rows = connection.execute(
                text(
                    "SELECT membership.* FROM membership"
                    " WHERE issuer = :issuer AND subject = :subject ORDER BY tenant_id"
                ),
                {"issuer": subject.issuer, "subject": subject.name},
            ).all()
        if not rows:
            raise Forbidden("The token is valid, but whoever it names is no member of a tenant.")
        if tenant is not None:
            rows = [row for row in rows if row.uid == as_uid(tenant)]
            if not rows:
                raise Forbidden(f"The membership {tenant!r} is none of yours.")
        if len(rows) > 1:
            known_as = ", ".join(str(row.uid) for row in rows)
            raise Forbidden(
                f"You are a member of {len(rows)} tenants; name one membership in the header"
                f" Allocator-Membership: {known_as}."
            )
        (row,) = rows
        return Principal(
            tenant=row.tenant_id,
            actor=f"user:{row.uid}",
            role=Role(row.role),
            locations=frozenset(row.locations),
            person=row.person_id,
        )


_KEY = (
    "SELECT now() AS now, tenant_id, uid, role, scopes, locations, person_id, publishable,"
    " revoked_at, expires_at"
)
_KNOWN_KEY = text(f"{_KEY} FROM known_key(:hash)")
#: What has changed is asked of the tenant whose the key is, whose ever it was thought to be.
_KNOWN_KEY_AND_CHANGES = text(
    f"{_KEY}, changed.* FROM known_key(:hash)"
    " LEFT JOIN LATERAL changes_since(tenant_id, CAST(:seen AS pg_snapshot), :most) AS changed"
    " ON tenant_id = :tenant"
)


def _scope(connection: Connection, tenant: int) -> None:
    connection.execute(
        text("SELECT set_config('allocator.tenant', :tenant, true)"), {"tenant": str(tenant)}
    )


def _of_row(row: Any, now: datetime) -> Principal:
    if row.revoked_at is not None:
        raise Unauthenticated("This key was revoked.")
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthenticated(f"This key expired at {row.expires_at.isoformat()}.")
    return Principal(
        tenant=row.tenant_id,
        actor=f"key:{row.uid}",
        role=Role(row.role),
        scopes=frozenset(row.scopes),
        locations=frozenset(row.locations),
        person=row.person_id,
        publishable=row.publishable,
    )

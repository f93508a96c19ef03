"""Keys, memberships, sessions of browsers and links: who may come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from api.auth import credentials
from api.auth.permissions import ACTIONS, demand_location
from api.auth.principal import Role
from api.problems import Duplicate, Forbidden, Invalid, NotFound
from api.store import things
from api.store.ids import as_uid, new_uid
from api.store.tables import API_KEY, LINK, MEMBERSHIP, PERSON, WEB_SESSION
from api.usecases import bookings
from api.usecases.tx import Tx

#: How long a browser stays signed in.
SIGNED_IN = timedelta(hours=12)
#: Links of a booking that are listed.
MOST_LINKS = 1000


def create_key(
    tx: Tx,
    *,
    name: str,
    role: Role,
    scopes: Sequence[str],
    locations: Sequence[str],
    person: str | None,
    publishable: bool,
    expires_at: datetime | None,
) -> tuple[Any, str]:
    """Make a key; its secret is told this once, and only its hash is kept."""
    tx.demand("keys.write")
    known = {"*", *ACTIONS, *(f"{action.split('.')[0]}.*" for action in ACTIONS)}
    for scope in scopes:
        if scope not in known:
            raise Invalid(f"The scope {scope!r} is unknown; known are: {', '.join(sorted(known))}.")
    _demand_within(tx, scopes, locations)
    if expires_at is not None and expires_at <= tx.now:
        raise Invalid(
            f"The key would expire at {expires_at.isoformat()}; it is {tx.now.isoformat()}."
        )
    secret, hashed = credentials.new_secret(
        credentials.PUBLISHABLE if publishable else credentials.SECRET
    )
    row = tx.connection.execute(
        insert(API_KEY)
        .values(
            tenant_id=tx.tenant,
            uid=new_uid(),
            hash=hashed,
            name=name,
            publishable=publishable,
            role=role.value,
            scopes=list(scopes),
            locations=list(locations),
            person_id=_person(tx, person),
            expires_at=expires_at,
        )
        .returning(API_KEY)
    ).one()
    tx.audit("key.created", "key", row.uid, None, {"role": role.value, "scopes": list(scopes)})
    return row, secret


def keys(tx: Tx, *, after: int, limit: int) -> Sequence[Any]:
    """Return keys, without their secrets."""
    tx.demand("keys.read")
    return things.page(tx.connection, API_KEY, tx.tenant, after=after, limit=limit)


def revoke_key(tx: Tx, name: str) -> Any:
    """Make a key worthless from now on, and end the sessions that it began."""
    tx.demand("keys.write")
    row = tx.connection.execute(
        update(API_KEY)
        .where(API_KEY.c.tenant_id == tx.tenant, API_KEY.c.uid == as_uid(name))
        .values(revoked_at=text("coalesce(revoked_at, now())"))
        .returning(API_KEY)
    ).first()
    if row is None:
        raise NotFound(f"There is no key {name!r}.")
    tx.connection.execute(
        text("DELETE FROM web_session WHERE tenant_id = :tenant AND api_key_id = :key"),
        {"tenant": tx.tenant, "key": row.id},
    )
    after = {"revoked_at": row.revoked_at.isoformat()}
    tx.audit("key.revoked", "key", row.uid, {"revoked_at": None}, after)
    return row


def create_membership(
    tx: Tx,
    *,
    issuer: str,
    subject: str,
    role: Role,
    locations: Sequence[str],
    person: str | None,
) -> Any:
    """Say what somebody who signs in elsewhere is to this tenant."""
    tx.demand("keys.write")
    _demand_within(tx, ["*"], locations)
    row = tx.connection.execute(
        upsert(MEMBERSHIP)
        .values(
            tenant_id=tx.tenant,
            uid=new_uid(),
            issuer=issuer,
            subject=subject,
            role=role.value,
            locations=list(locations),
            person_id=_person(tx, person),
        )
        .on_conflict_do_nothing()
        .returning(MEMBERSHIP)
    ).first()
    if row is None:
        raise Duplicate(f"{subject!r} of {issuer!r} is a member already.")
    tx.audit("membership.created", "membership", row.uid, None, {"role": role.value})
    return row


def memberships(tx: Tx, *, after: int, limit: int) -> Sequence[Any]:
    """Return memberships."""
    tx.demand("keys.read")
    return things.page(tx.connection, MEMBERSHIP, tx.tenant, after=after, limit=limit)


def remove_membership(tx: Tx, name: str) -> None:
    """End a membership."""
    tx.demand("keys.write")
    row = tx.connection.execute(
        select(MEMBERSHIP).where(
            MEMBERSHIP.c.tenant_id == tx.tenant, MEMBERSHIP.c.uid == as_uid(name)
        )
    ).first()
    if row is None:
        raise NotFound(f"There is no membership {name!r}.")
    things.remove(tx.connection, MEMBERSHIP, tx.tenant, row.id)
    tx.audit("membership.removed", "membership", row.uid, {"role": row.role}, None)


def sign_in(tx: Tx) -> tuple[str, str, datetime]:
    """Exchange a key for a browser's session; return its cookie, CSRF token and end."""
    if not tx.principal.actor.startswith("key:"):
        raise Forbidden("Only a key can be exchanged for a session.")
    uid = as_uid(tx.principal.actor.removeprefix("key:"))
    key = tx.connection.execute(
        select(API_KEY.c.id, API_KEY.c.uid, API_KEY.c.expires_at).where(
            API_KEY.c.tenant_id == tx.tenant, API_KEY.c.uid == uid
        )
    ).one()
    ends = tx.now + SIGNED_IN
    if key.expires_at is not None:
        ends = min(ends, key.expires_at)
    cookie, hashed = credentials.new_secret(credentials.SESSION)
    csrf, csrf_hashed = credentials.new_secret("")
    tx.connection.execute(
        insert(WEB_SESSION).values(
            tenant_id=tx.tenant, hash=hashed, csrf=csrf_hashed, api_key_id=key.id, expires_at=ends
        )
    )
    tx.audit("key.signed_in", "key", key.uid, None, {"until": ends.isoformat()})
    return cookie, csrf, ends


def sign_out(tx: Tx, cookie: str) -> None:
    """End a browser's session; there may be none."""
    ended = tx.connection.execute(
        _SIGN_OUT, {"tenant": tx.tenant, "hash": credentials.digest(cookie)}
    ).first()
    if ended is not None:
        tx.audit("key.signed_out", "key", ended.uid, {"until": ended.expires_at.isoformat()}, None)


_SIGN_OUT = text(
    "DELETE FROM web_session USING api_key WHERE web_session.tenant_id = :tenant"
    " AND web_session.hash = :hash AND api_key.tenant_id = :tenant"
    " AND api_key.id = web_session.api_key_id RETURNING api_key.uid, web_session.expires_at"
)


def create_link(tx: Tx, booking: str, purpose: str, expires_at: datetime) -> tuple[Any, str]:
    """Make a link for one booking and one purpose; its secret is told this once."""
    tx.demand("links.write")
    row = bookings.read(tx, booking)
    if expires_at <= tx.now:
        raise Invalid(
            f"The link would expire at {expires_at.isoformat()}; it is {tx.now.isoformat()}."
        )
    secret, hashed = credentials.new_secret(credentials.LINK)
    link = tx.connection.execute(
        insert(LINK)
        .values(
            tenant_id=tx.tenant,
            uid=new_uid(),
            hash=hashed,
            purpose=purpose,
            booking_id=row.id,
            expires_at=expires_at,
        )
        .returning(LINK)
    ).one()
    tx.audit("link.created", "link", link.uid, None, {"purpose": purpose, "booking": str(row.uid)})
    return link, secret


def links(tx: Tx, booking: str) -> Sequence[Any]:
    """Return the links to a booking, without their secrets."""
    tx.demand("links.write")
    row = bookings.read(tx, booking)
    return tx.connection.execute(
        select(LINK)
        .where(LINK.c.tenant_id == tx.tenant, LINK.c.booking_id == row.id)
        .order_by(LINK.c.id)
        .limit(MOST_LINKS)
    ).all()


def revoke_link(tx: Tx, booking: str, name: str) -> None:
    """Make a link worthless from now on."""
    tx.demand("links.write")
    row = bookings.read(tx, booking)
    changed = tx.connection.execute(
        update(LINK)
        .where(
            LINK.c.tenant_id == tx.tenant, LINK.c.booking_id == row.id, LINK.c.uid == as_uid(name)
        )
        .values(revoked_at=text("coalesce(revoked_at, now())"))
        .returning(LINK.c.uid, LINK.c.revoked_at)
    ).first()
    if changed is None:
        raise NotFound(f"Booking {booking} has no link {name!r}.")
    after = {"revoked_at": changed.revoked_at.isoformat()}
    tx.audit("link.revoked", "link", changed.uid, {"revoked_at": None}, after)


def _demand_within(tx: Tx, scopes: Sequence[str], locations: Sequence[str]) -> None:
    """Refuse to let anybody in further than whoever lets them in."""
    mine = tx.principal.scopes
    for scope in scopes:
        if not mine & {"*", scope, f"{scope.split('.')[0]}.*"}:
            raise Forbidden(
                f"The scope {scope} is outside your own: {', '.join(sorted(mine))}.", scope=scope
            )
    if tx.principal.locations and not locations:
        raise Forbidden(f"Name locations; yours are: {', '.join(sorted(tx.principal.locations))}.")
    for location in locations:
        demand_location(tx.principal, location)


def _person(tx: Tx, name: str | None) -> int | None:
    if name is None:
        return None
    row = things.find(tx.connection, PERSON, tx.tenant, name)
    if row is None:
        raise Invalid(f"There is no person {name!r}.")
    number: int = row.id
    return number

"""A call: who asks, what for, and how its answer is kept for whoever asks again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from sqlalchemy import Connection, text

from api.auth.credentials import Credentials
from api.auth.limits import Limits
from api.auth.principal import Principal
from api.problems import Invalid, KeyReused, Unauthenticated, UnsupportedMedia
from api.settings import Settings
from api.store.database import Database
from api.store.world import Worlds
from api.usecases.tx import Tx

T = TypeVar("T")
#: Name of the browser's cookie.
COOKIE = "allocator_session"
READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that calls share; put together in ``api.app``."""

    settings: Settings
    database: Database
    worlds: Worlds
    credentials: Credentials
    limits: Limits


class Answer(Response):
    """JSON, written by the fastest way that the standard library has."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write it."""
        return json.dumps(content, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of somebody known.

    Attributes
    ----------
    principal
        Who asks.
    key
        Their idempotency key, or None.
    version
        What ``If-Match`` says, or None.
    """

    service: Service
    request: Request
    principal: Principal
    key: str | None
    version: int | None

    def read(self, work: Callable[[Tx], T]) -> T:
        """Do some reading in a transaction."""
        return self.service.database.run(
            self.principal.tenant, lambda connection, now: work(self._tx(connection, now))
        )

    def once(
        self,
        body: bytes,
        work: Callable[[Tx], tuple[int, Any, Mapping[str, str]]],
        keeps: Container[int] = range(600),
    ) -> Response:
        """Do a change; with an idempotency key, once, however often it is asked for.

        What a change answered is kept in its own transaction: where the first call's reply was
        lost, the second gets it, and nothing is done twice.

        Parameters
        ----------
        body, work
            What was sent, and what is to be done: it returns status, content and headers.
        keeps
            Statuses that are kept; others have changed nothing, and the key is as good as new.
        """

        def run(connection: Connection, now: datetime) -> Response:
            tx = self._tx(connection, now)
            if self.key is None:
                status, content, headers = work(tx)
                return Answer(content, status, dict(headers))
            kept = self._kept(connection, body)
            if kept is not None:
                return kept
            status, content, headers = work(tx)
            answer = Answer(content, status, dict(headers))
            if status not in keeps:
                connection.execute(_FORGET, self._key())
                return answer
            connection.execute(
                _KEEP,
                {
                    **self._key(),
                    "status": status,
                    "answer": bytes(answer.body).decode(),
                    "headers": json.dumps(dict(headers)),
                },
            )
            return answer

        return self.service.database.run(self.principal.tenant, run)

    def _tx(self, connection: Connection, now: datetime) -> Tx:
        return Tx(
            connection=connection,
            now=now,
            principal=self.principal,
            worlds=self.service.worlds,
        )

    def _key(self) -> dict[str, Any]:
        return {
            "tenant": self.principal.tenant,
            "principal": self.principal.actor,
            "route": f"{self.request.method} {self.request.url.path}",
            "key": self.key,
        }

    def _kept(self, connection: Connection, body: bytes) -> Response | None:
        """Return the answer that was given before; None where this is the first call.

        Whoever comes while the first is under way waits for it.
        """
        hashed = hashlib.sha256(body).digest()
        new = connection.execute(_BEGIN, {**self._key(), "body": hashed}).first()
        if new is not None:
            return None
        row = connection.execute(_FIND, self._key()).one()
        if bytes(row.body) != hashed:
            raise KeyReused(f"The idempotency key {self.key!r} was sent with another body before.")
        return Answer(row.answer, row.status, {**row.headers, "Idempotency-Replayed": "true"})


_BEGIN = text(
    "INSERT INTO idempotency (tenant_id, principal, route, key, body)"
    " VALUES (:tenant, :principal, :route, :key, :body) ON CONFLICT DO NOTHING RETURNING true"
)
_FORGET = text(
    "DELETE FROM idempotency WHERE tenant_id = :tenant"
    " AND principal = :principal AND route = :route AND key = :key"
)
_FIND = text(
    "SELECT body, status, answer, headers FROM idempotency WHERE tenant_id = :tenant"
    " AND principal = :principal AND route = :route AND key = :key"
)
_KEEP = text(
    "UPDATE idempotency SET status = :status, answer = CAST(:answer AS jsonb),"
    " headers = CAST(:headers AS jsonb) WHERE tenant_id = :tenant"
    " AND principal = :principal AND route = :route AND key = :key"
)


def service_of(request: Request) -> Service:
    """Return what calls share."""
    found: Service = request.app.state.service
    return found


def call(
    request: Request,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=255, description="Makes a repeat harmless.")
    ] = None,
    if_match: Annotated[
        str | None, Header(max_length=50, description="The version that is changed.")
    ] = None,
    allocator_membership: Annotated[str | None, Header(max_length=50)] = None,
    x_csrf_token: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Call:
    """Find out who asks, and count the request."""
    service = service_of(request)
    reads = request.method in READS
    cookie = request.cookies.get(COOKIE)
    if authorization:
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer" or not credential.strip():
            raise Unauthenticated("Send your key as 'Authorization: Bearer KEY'.")
        principal = service.credentials.of_bearer(credential.strip(), allocator_membership)
    elif cookie:
        principal = service.credentials.of_cookie(cookie, x_csrf_token, writes=not reads)
    else:
        raise Unauthenticated("Send your key as 'Authorization: Bearer KEY'.")
    _count(service, request, principal, reads=reads)
    _readable(request)
    return Call(
        service=service,
        request=request,
        principal=principal,
        key=None if reads else idempotency_key,
        version=_version(if_match),
    )


def _count(service: Service, request: Request, principal: Principal, *, reads: bool) -> None:
    settings = service.settings
    holds = request.url.path.endswith("/holds")
    bucket, limit = (
        ("search", settings.search_per_minute)
        if reads
        else ("hold", settings.hold_per_minute)
        if holds
        else ("book", settings.book_per_minute)
    )
    place, per_address = "address", settings.address_per_minute
    if principal.publishable:
        limit, per_address = max(1, limit // 10), max(1, per_address // 10)
        place = "public"  # counted apart: visitors of a page use up nothing of the staff's
    address = request.client.host if request.client else "unknown"
    service.limits.take(principal, f"{place}:{address}", per_address)
    allowed = service.limits.take(principal, f"{bucket}:{principal.actor}", limit)
    request.state.headers = allowed.headers


def _readable(request: Request) -> None:
    """Refuse a body that is not said to be JSON; an import may be of other types."""
    if request.method in READS or request.url.path.endswith("/import"):
        return
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    said = headers.get("content-type", "")
    if media_type(said) != "application/json":
        raise UnsupportedMedia(
            f"The Content-Type is {said!r}; application/json is read here."
            if said
            else "The body has no Content-Type; application/json is read here."
        )


def media_type(header: str) -> str:
    """Return the type that a header names, without its parameters."""
    return header.partition(";")[0].strip().lower()


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    plain = if_match.strip().removeprefix("W/").strip('"')
    if not plain.isascii() or not plain.isdigit() or len(plain) > 9:
        raise Invalid(f"If-Match is {if_match!r}; the version of what is changed is expected.")
    return int(plain)


async def raw(request: Request) -> bytes:
    """Return what was sent, as it was sent."""
    return await request.body()


Calling = Annotated[Call, Depends(call)]
Raw = Annotated[bytes, Depends(raw)]

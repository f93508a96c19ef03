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
from api.auth.failures import Failures
from api.auth.limits import Limits
from api.auth.principal import Principal
from api.metrics import Metrics
from api.problems import Invalid, KeyReused
from api.sealing import Seal
from api.settings import Settings
from api.store.changes import Looked
from api.store.database import Database, fetched
from api.store.world import Worlds
from api.suggesting.suggester import Suggester
from api.usecases.tx import Tx

T = TypeVar("T")
#: Name of the browser's cookie.
COOKIE = "allocator_session"
READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that calls share; put together in ``api.app``."""

    settings: Settings
    seal: Seal
    database: Database
    worlds: Worlds
    suggester: Suggester
    credentials: Credentials
    failures: Failures
    limits: Limits
    metrics: Metrics


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
    looked
        What has changed of the tenant's by now, where that was asked.
    """

    service: Service
    request: Request
    principal: Principal
    key: str | None
    version: int | None
    looked: Looked | None

    def read(self, work: Callable[[Tx], T], *, now: datetime | None = None) -> T:
        """Do some reading in a transaction.

        Parameters
        ----------
        now
            The database's time, where it is known: then the transaction begins only if something
            is asked in it.
        """
        return self.service.database.run(
            self.principal.tenant, lambda connection, now: work(self._tx(connection, now)), now=now
        )

    def once(
        self,
        body: bytes,
        work: Callable[[Tx], tuple[int, Any, Mapping[str, str]]],
        keeps: Container[int] = range(600),
        *,
        secret: bool = False,
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
        secret
            Whether the answer tells a secret: it is kept sealed.
        """

        def run(connection: Connection, now: datetime) -> Response:
            tx = self._tx(connection, now)
            if self.key is None:
                status, content, headers = work(tx)
                return Answer(content, status, dict(headers))
            before = self._kept(connection, body, secret)
            if before is not None:
                return before
            status, content, headers = work(tx)
            answer = Answer(content, status, dict(headers))
            if status not in keeps:
                fetched(connection, _FORGET, self._key())
                return answer
            told = bytes(answer.body).decode()
            kept = {
                **self._key(),
                "status": status,
                "answer": json.dumps(self.service.seal.close(told)) if secret else told,
                "headers": json.dumps(dict(headers)),
            }
            fetched(connection, _KEEP, kept)
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

    def _kept(self, connection: Connection, body: bytes, secret: bool) -> Response | None:
        """Return the answer that was given before; None where this is the first call.

        Whoever comes while the first is under way waits for it.
        """
        hashed = hashlib.sha256(body).digest()
        if fetched(connection, _BEGIN, {**self._key(), "body": hashed}):
            return None
        (row,) = fetched(connection, _FIND, self._key())
        if bytes(row.body) != hashed:
            raise KeyReused(f"The idempotency key {self.key!r} was sent with another body before.")
        answer = json.loads(self.service.seal.open(row.answer)) if secret else row.answer
        return Answer(answer, row.status, {**row.headers, "Idempotency-Replayed": "true"})


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


async def call(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=255, description="Makes a repeat harmless.")
    ] = None,
    if_match: Annotated[
        str | None, Header(max_length=50, description="The version that is changed.")
    ] = None,
    allocator_membership: Annotated[
        str | None, Header(max_length=50, description="As whom a token's owner asks.")
    ] = None,
) -> Call:
    """Return the call of somebody whom ``api.sign_in`` has found."""
    return Call(
        service=service_of(request),
        request=request,
        principal=request.state.principal,
        key=None if request.method in READS else idempotency_key,
        version=_version(if_match),
        looked=request.state.looked,
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

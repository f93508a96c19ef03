"""Who asks, how often, and whether it can be read: found out before a body is."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from api.auth.credentials import is_key
from api.auth.principal import Principal
from api.call import COOKIE, READS, Service, media_type, service_of
from api.problems import Unauthenticated, UnsupportedMedia
from api.store.changes import Looked

LOG = structlog.get_logger("allocator.sign_in")
#: What answers a request.
Answering = Callable[[Request], Coroutine[Any, Any, Response]]


class KnownRoute(APIRoute):
    """A path for those who are known: strangers' bodies are not read, and every answer is counted.

    FastAPI reads a body before it asks what a path depends on, so what is malformed or too large
    would be answered whoever sent it, and would count for nobody.
    """

    #: Whether what has changed is asked as well.
    looks = False

    def get_route_handler(self) -> Answering:
        """Return what answers."""
        answer = self.answering()

        async def sign_in_first(request: Request) -> Response:
            await run_in_threadpool(_sign_in, request, self.looks)
            return await answer(request)

        return sign_in_first

    def answering(self) -> Answering:
        """Return what answers those who are known."""
        return super().get_route_handler()


def _sign_in(request: Request, looks: bool) -> None:
    """Find out who asks, and count the request.

    Parameters
    ----------
    looks
        Whether what has changed is asked as well.
    """
    service, address = service_of(request), _address(request)
    request.state.headers = service.failures.left(address).headers
    credential, cookie = _sent(request)
    service.failures.demand(address, credential)
    try:
        principal, request.state.looked = _known(service, request, credential, cookie, looks)
    except Unauthenticated:
        left = service.failures.failed(address, credential)
        request.state.headers = left.headers
        LOG.warning("unknown", action="access.failed", cookie=cookie, remaining=left.remaining)
        raise
    service.failures.good(address, credential)
    _count(service, request, principal, address)
    _readable(request)
    request.state.principal = principal


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _sent(request: Request) -> tuple[str, bool]:
    """Return the key, link, token or cookie that was sent, and whether it is a cookie."""
    header, cookie = request.headers.get("authorization"), request.cookies.get(COOKIE)
    if cookie and not header:
        return cookie, True
    scheme, _, credential = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Unauthenticated("Send your key as 'Authorization: Bearer KEY'.")
    return credential.strip(), False


def _known(
    service: Service, request: Request, credential: str, cookie: bool, looks: bool
) -> tuple[Principal, Looked | None]:
    """Return who asks, and what has changed where that was asked as well."""
    if cookie:
        return _of_cookie(service, request, credential), None
    if looks and is_key(credential):
        return service.credentials.of_key_and_changes(credential, service.suggester.indexes.seen)
    membership = request.headers.get("allocator-membership")
    return service.credentials.of_bearer(credential, membership), None


def _of_cookie(service: Service, request: Request, cookie: str) -> Principal:
    csrf, writes = request.headers.get("x-csrf-token"), request.method not in READS
    return service.credentials.of_cookie(cookie, csrf, writes=writes)


def _count(service: Service, request: Request, principal: Principal, address: str) -> None:
    settings = service.settings
    holds = request.url.path.endswith("/holds")
    reads = request.method in READS or request.url.path.endswith("/suggestions")
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

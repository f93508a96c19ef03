"""Round every request: its size is limited, it has a name, a line is logged, a bug is told."""

from __future__ import annotations

import time
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import traces
from api.problems import TooLarge
from api.store.ids import new_uid

LOG = structlog.get_logger("allocator.http")


class Answered(Protocol):
    """Is told of every answer."""

    def __call__(
        self, method: str, route: str, status: int, seconds: float, *, replayed: bool
    ) -> None:
        """Hear of one: route template, status, seconds until it began, whether it is an old one."""


class Envelope:
    """ASGI middleware.

    Parameters
    ----------
    app
        What answers.
    most_bytes, import_bytes
        Largest body, and largest body of an import.
    bug
        What is answered where the service itself fails. The framework would answer that outside
        of all middleware, without a name to find it by in the log.
    answered
        Is told of every answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int,
        import_bytes: int,
        bug: ASGIApp,
        answered: Answered,
    ) -> None:
        self._app = app
        self._bug = bug
        self._answered = answered
        self._most = most_bytes
        self._import = import_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, name = time.perf_counter(), str(new_uid())
        scope.setdefault("state", {})
        most = self._import if scope["path"].endswith("/import") else self._most
        size, status, started, until, replayed = 0, 500, False, began, False

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise TooLarge(f"At most {most} bytes are taken at once; more were sent.")
            return message

        async def named(message: Message) -> None:
            nonlocal status, started, until, replayed
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                more = {
                    "x-request-id": name,
                    "x-content-type-options": "nosniff",
                    **scope["state"].get("headers", {}),
                }
                given = message.get("headers", [])
                own = {key.lower() for key, _ in given}
                until, replayed = time.perf_counter(), b"idempotency-replayed" in own
                told = [(key.lower().encode(), value.encode()) for key, value in more.items()]
                headers = [*given, *((key, value) for key, value in told if key not in own)]
                message = {**message, "headers": headers}
            await send(message)

        with traces.span("request", _header(scope, b"traceparent"), request_id=name) as span:
            try:
                await self._app(scope, limited, named)
            except Exception as error:
                LOG.error("bug", action="http.bug", request_id=name, exc_info=error)
                if started:  # only a connection that is cut says that the answer is not whole
                    raise
                await self._bug(scope, limited, named)
            finally:
                route: str = getattr(scope.get("route"), "path", "unknown")
                if span is not None:
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.response.status_code", status)
                self._answered(scope["method"], route, status, until - began, replayed=replayed)
                LOG.info(
                    "request",
                    action="http.request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    milliseconds=round(1000 * (time.perf_counter() - began), 2),
                    request_id=name,
                )


def _header(scope: Scope, name: bytes) -> str:
    """Return what a header says; "" where there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")

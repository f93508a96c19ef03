"""Round every request: its size is limited, it has a name, and a line is logged of it."""

from __future__ import annotations

import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import TooLarge
from api.store.ids import new_uid

LOG = structlog.get_logger("allocator.http")


class Envelope:
    """ASGI middleware.

    Parameters
    ----------
    app
        What answers.
    most_bytes, import_bytes
        Largest body, and largest body of an import.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int, import_bytes: int) -> None:
        self._app = app
        self._most = most_bytes
        self._import = import_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, name = time.perf_counter(), str(new_uid())
        scope.setdefault("state", {})
        most = self._import if scope["path"].endswith("/import") else self._most
        size, status = 0, 500

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise TooLarge(f"At most {most} bytes are taken at once; more were sent.")
            return message

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                more: dict[str, str] = scope["state"].get("headers", {})
                headers = [*message.get("headers", ()), (b"x-request-id", name.encode())]
                headers += [(k.lower().encode(), v.encode()) for k, v in more.items()]
                headers += [(b"x-content-type-options", b"nosniff")]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, limited, named)
        finally:
            route: Any = scope.get("route")
            LOG.info(
                "request",
                action="http.request",
                method=scope["method"],
                route=getattr(route, "path", "unknown"),
                status=status,
                milliseconds=round(1000 * (time.perf_counter() - began), 2),
                request_id=name,
            )

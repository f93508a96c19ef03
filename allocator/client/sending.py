"""Sends requests, and again where that is harmless: a change has one key, however often it goes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2

from allocator.client.problems import NotThere, ServiceProblem, Unavailable, problem_of

READS = ("GET", "HEAD")
#: Statuses after which the same is sent again.
AGAIN = (429, 503)
#: Seconds before the second try, and at most before any; each is twice the one before.
FIRST, LONGEST = 0.1, 5.0
#: Things on a page of a list.
PAGE = 200
#: What no second try would change.
_HOPELESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
#: After these the service has not heard of it at all.
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class Sender:
    """A connection to the service. See ``Client`` for the parameters."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_seconds: float,
        patience_seconds: float,
        transport: httpx2.BaseTransport | None,
        pause: Callable[[float], None],
    ) -> None:
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=timeout_seconds,
            transport=transport,
        )
        self._patience = patience_seconds
        self._pause = pause

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        version: int | None = None,
    ) -> Any:
        """Send a request, and return what the answer holds; None where it holds nothing.

        Raises
        ------
        ServiceProblem
        """
        return self.answer(method, path, body, params=params, version=version)[1]

    def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        version: int | None = None,
    ) -> tuple[int, Any]:
        """Send a request, and return the status and what the answer holds."""
        headers = {}
        if method not in READS:
            headers["Idempotency-Key"] = str(uuid4())
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        waiting = Waiting(self._patience, self._pause)
        lost = False
        while True:
            try:
                found = self._http.request(
                    method, path, content=content, headers=headers, params=_told(params)
                )
            except _HOPELESS:
                raise
            except httpx2.TransportError as error:
                lost = lost or not isinstance(error, _UNSENT)
                waiting.wait(unreachable(error))
                continue
            if found.is_success:
                return found.status_code, found.json() if found.content else None
            problem = problem_of(found)
            if isinstance(problem, NotThere) and lost and method == "DELETE":
                return 204, None  # the answer that was lost said that it is gone
            if problem.status not in AGAIN:
                raise problem
            waiting.wait(problem)

    def pages(self, path: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield everything that a list has, page by page."""
        params = {**filters, "limit": PAGE}
        while True:
            page = self.send("GET", path, params=params)
            yield from page["items"]
            if page["next"] is None:
                return
            params["cursor"] = page["next"]

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield what server-sent events say, until they end; reconnect where they break off."""
        waiting = Waiting(self._patience, self._pause)
        while True:
            try:
                with self._http.stream("GET", path) as found:
                    if found.is_success:
                        for news in _news(found.iter_lines()):
                            waiting = Waiting(self._patience, self._pause)
                            yield news
                        return
                    found.read()
                    problem = problem_of(found)
            except _HOPELESS:
                raise
            except httpx2.TransportError as error:
                problem = unreachable(error)
            if problem.status not in (0, *AGAIN):
                raise problem
            waiting.wait(problem)


class Waiting:
    """Waits before each further try, for so many seconds in all."""

    def __init__(self, patience: float, pause: Callable[[float], None]) -> None:
        self._until = time.monotonic() + patience
        self._pause = pause
        self._next = FIRST

    def wait(self, problem: ServiceProblem) -> None:
        """Wait as long as the service says, or else ever longer; raise where that is too long."""
        seconds = problem.retry_after_seconds
        if seconds is None:
            seconds = self._next * random.uniform(0.5, 1)
            self._next = min(2 * self._next, LONGEST)
        if time.monotonic() + seconds > self._until:
            raise problem
        self._pause(seconds)


def unreachable(error: httpx2.TransportError) -> Unavailable:
    """Return a broken connection as a problem."""
    said = str(error) or type(error).__name__
    problem = Unavailable(f"The service did not answer: {said}.", type="unreachable")
    problem.__cause__ = error
    return problem


def named(collection: str, name: str, *more: str) -> str:
    """Return a path with a name in it."""
    return "/".join([f"/v1/{collection}", quote(name, safe=""), *more])


def _told(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (params or {}).items() if value is not None}


def _news(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield the data of each event."""
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").strip())
        elif not line and data:
            yield json.loads("\n".join(data))
            data = []

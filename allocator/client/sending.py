"""Sends requests, and again where that is harmless: a change has one key, however often it goes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2

from allocator.client.problems import NotThere, ServiceProblem, Unavailable, problem_of

READS = ("GET", "HEAD")
JSON = "application/json"
#: Statuses after which the same is sent again: those of proxies while a service starts as well.
AGAIN = (429, 502, 503, 504)
#: After these, too, nobody knows what became of it.
LOST = (502, 504)
#: Seconds before the second try, and at most before any; each is twice the one before.
FIRST, LONGEST = 0.1, 5.0
#: Things on a page of a list.
PAGE = 200
#: What no second try would change.
_HOPELESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
#: After these the service has not heard of it at all.
_UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class News:
    """A server-sent event: where the stream stands, and what it says; None where nothing."""

    id: str
    data: Any


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

    def delete(self, path: str, *, version: int | None = None) -> None:
        """Delete something; where the answer was lost, that it is gone by then is the answer."""
        self.answer("DELETE", path, version=version, gone=True)

    def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        version: int | None = None,
        gone: bool = False,
    ) -> tuple[int, Any]:
        """Send a request, and return the status and what the answer holds."""
        content, headers = None, {}
        if body is not None:
            headers["Content-Type"] = JSON
            content = json.dumps(body).encode()
        found = self._answer(
            method, path, content, headers=headers, params=params, version=version, gone=gone
        )
        if found is None or not found.content:
            return 204, None
        return found.status_code, found.json()

    def bring_in(self, path: str, content: bytes, media: str) -> Any:
        """Send what a file holds, and return what the answer holds."""
        found = self._answer("POST", path, content, headers={"Content-Type": media})
        assert found is not None
        return found.json()

    def take_out(self, path: str, media: str) -> bytes:
        """Return what a file is to hold."""
        found = self._answer("GET", path, headers={"Accept": media})
        assert found is not None
        return found.content

    def _answer(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        version: int | None = None,
        gone: bool = False,
    ) -> httpx2.Response | None:
        """Send a request until it is answered; None where what was to go is gone already.

        Parameters
        ----------
        gone
            Whether a 404 after an answer that was lost says that all is as it should be.
        """
        headers = dict(headers or {})
        if method not in READS:
            headers["Idempotency-Key"] = str(uuid4())
        if version is not None:
            headers["If-Match"] = f'"{version}"'
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
                return found
            problem = problem_of(found)
            if isinstance(problem, NotThere) and lost and gone:
                return None
            if problem.status not in AGAIN:
                raise problem
            lost = lost or problem.status in LOST
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

    def pause(self) -> None:
        """Wait a little, between two streams."""
        self._pause(FIRST)

    def events(
        self, path: str, params: Mapping[str, Any] | None = None, after: str = ""
    ) -> Iterator[News]:
        """Yield what server-sent events say, until they end; go on where they break off.

        Parameters
        ----------
        after
            Where the last stream ended; "" where this is the first.
        """
        waiting = Waiting(self._patience, self._pause)
        while True:
            headers = {"Last-Event-ID": after} if after else {}
            try:
                with self._http.stream("GET", path, params=_told(params), headers=headers) as found:
                    if found.is_success:
                        for news in _news(found.iter_lines(), after):
                            waiting = Waiting(self._patience, self._pause)
                            after = news.id
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


def named(collection: str, *parts: str) -> str:
    """Return a path with names in it."""
    return "/".join([f"/v1/{collection}", *(quote(part, safe="") for part in parts)])


def _told(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (params or {}).items() if value is not None}


def _news(lines: Iterator[str], last: str) -> Iterator[News]:
    """Yield each event; one without data only says where the stream stands."""
    data: list[str] = []
    told = last
    for line in lines:
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").strip())
        elif line.startswith("id:"):
            last = line.removeprefix("id:").strip()
        elif not line and (data or told != last):
            yield News(last, json.loads("\n".join(data)) if data else None)
            data, told = [], last

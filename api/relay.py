"""The relay: sends events to webhooks, signed, in order for each object, until they arrive."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any, TypeVar

import aiohttp
import structlog

from api import traces
from api.problems import StoreUnavailable
from api.sealing import Seal
from api.signing import signed
from api.store import events
from api.store.database import Again, Database
from api.store.events import Outcome
from api.targets import public_socket

T = TypeVar("T")
LOG = structlog.get_logger("allocator.relay")
#: Seconds between two looks.
EVERY = 0.05
#: The same where there may be more to do than was taken.
SOON = 0.01
#: Seconds after which a delivery that failed is tried again, the first time, the second, ...
MINUTE, HOUR = 60.0, 3600.0
AFTER = (
    5.0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
#: Share by which such a time is longer or shorter, by chance.
JITTER = 0.1
#: Seconds that a target has to answer.
TIMEOUT = 10.0
#: Deliveries of one webhook under way at once.
EACH = 200
#: Names of targets that are looked up at once; one may take many seconds.
NAMES = 64
#: Bytes of an answer that are read, so that its connection can be used again.
MOST_BYTES = 65_536
#: Seconds that those under way have to end when the relay stops; others send them again.
GRACE = 3.0
GONE = 410


class Relay:
    """Sends what is due; several relays share the work.

    Parameters
    ----------
    database
        The relay's: it sees the webhooks of all tenants.
    seal
        What opens the secrets by which messages are signed.
    private
        Whether targets may lie in the own network.
    random
        Where jitter comes from.
    """

    def __init__(
        self,
        database: Database,
        seal: Seal,
        *,
        private: bool = False,
        random: Random | None = None,
    ) -> None:
        self._database = database
        self._seal = seal
        self._private = private
        self._random = random or Random()
        self._under_way: dict[asyncio.Task[None], tuple[int, int]] = {}
        self._told: list[Outcome] = []
        self._gone: set[tuple[int, int]] = set()
        self._sealed = ""
        self._store = ThreadPoolExecutor(1, "relay-store")

    def session(self) -> aiohttp.ClientSession:
        """Return what messages are sent through: no redirects' cookies, no proxies."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, socket_factory=None if self._private else public_socket
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            headers={"User-Agent": "Allocator", "Content-Type": "application/json"},
            auto_decompress=False,
        )

    async def run(self, stopping: threading.Event) -> None:
        """Send until asked to stop; a database that is gone is waited for."""
        names = ThreadPoolExecutor(NAMES, "relay-names")
        asyncio.get_running_loop().set_default_executor(names)
        async with self.session() as session:
            while not stopping.is_set():
                try:
                    more = await self.turn(session)
                except (StoreUnavailable, Again):
                    more = False
                except Exception as error:  # what cannot be sent once is sent later
                    LOG.error("bug", action="relay.bug", exc_info=error)
                    more = False
                await asyncio.sleep(SOON if more else EVERY)
            await self.end()

    async def turn(self, session: aiohttp.ClientSession) -> bool:
        """Write what came of what was sent, and begin to send what is due.

        Returns
        -------
        bool
            Whether there may be more to do already.
        """
        told, gone = self._told, self._gone
        self._told, self._gone = [], set()
        busy = [(*key, count) for key, count in Counter(self._under_way.values()).items()]
        try:
            found, due = await self._stored(lambda: self._look(told, gone, busy))
        except BaseException:
            self._told += told
            self._gone |= gone
            raise
        for row in due:
            task = asyncio.create_task(self._send(session, row))
            self._under_way[task] = (row.tenant_id, row.webhook_id)
            task.add_done_callback(self._under_way.pop)
        return found == events.MOST or len(due) >= EACH

    def _look(
        self, told: list[Outcome], gone: set[tuple[int, int]], busy: list[tuple[int, int, int]]
    ) -> tuple[int, Any]:
        with self._database.transaction() as (connection, _):
            events.mark(connection, told)
            for tenant, webhook in sorted(gone):
                events.disable(connection, tenant, webhook)
            found = events.fan_out(connection)
            return found, events.take(connection, busy=busy, each=EACH)

    async def settle(self) -> None:
        """Wait until everything that is under way has ended."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def end(self) -> None:
        """Let what is under way end, for a while, and write what came of it."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE)
        for task in list(self._under_way):
            task.cancel()
        try:
            await self._stored(self._write)
        except (StoreUnavailable, Again):
            LOG.warning("lost", action="relay.lost", deliveries=len(self._told))
        self._store.shutdown()

    async def _stored(self, work: Callable[[], T]) -> T:
        """Do something with the store, in a thread of its own.

        Names are looked up in those of the loop: one that nobody answers for holds up no other.
        """
        return await asyncio.get_running_loop().run_in_executor(self._store, work)

    def _write(self) -> None:
        with self._database.transaction() as (connection, _):
            events.mark(connection, self._told)
            for tenant, webhook in sorted(self._gone):
                events.disable(connection, tenant, webhook)

    async def _send(self, session: aiohttp.ClientSession, row: Any) -> None:
        """Send a delivery, and remember what came of it."""
        with traces.span("delivery", event=str(row.uid), attempt=row.attempts) as span:
            outcome = await self._sent(session, row)
            if span is not None and outcome.status is not None:
                span.set_attribute("http.response.status_code", outcome.status)
        self._told.append(outcome)

    async def _sent(self, session: aiohttp.ClientSession, row: Any) -> Outcome:
        """Send a delivery, and return what came of it."""
        body = json.dumps(events.document(row), separators=(",", ":")).encode()
        status, error = None, None
        try:
            secrets = [self._seal.open(sealed) for sealed in row.sealed]
            headers = signed(secrets, str(row.uid), int(time.time()), body)
            async with session.post(
                row.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
                await answer.content.read(MOST_BYTES)
        except StoreUnavailable as problem:  # its secret cannot be opened: a matter of settings
            error = _kept(f"{type(problem).__name__}: {problem}")
            if self._sealed != problem.detail:
                LOG.error("sealed", action="relay.sealed", reason=problem.detail)
            self._sealed = problem.detail
        except Exception as problem:  # whatever goes wrong, the target could not be told
            error = _kept(f"{type(problem).__name__}: {problem}")
        if status is not None and not 200 <= status < 300:
            error = f"answered {status}"
        elif status is not None:
            error = None  # whatever became of the rest of the answer
        if status == GONE:
            self._gone.add((row.tenant_id, row.webhook_id))
        return Outcome(
            tenant=row.tenant_id,
            delivery=row.id,
            attempt=row.attempts,
            status=status,
            error=error,
            after=None if error is None else self._after(row.attempts),
        )

    def _after(self, attempt: int) -> float | None:
        """Return the seconds until a delivery is tried again; None where it is given up."""
        if attempt > len(AFTER):
            return None
        return AFTER[attempt - 1] * self._random.uniform(1 - JITTER, 1 + JITTER)


def _kept(said: str) -> str:
    """Return what a target said in a form that can be kept."""
    return "".join(c if c.isprintable() else "?" for c in said[:200])


@contextmanager
def relaying(database: Database, seal: Seal, *, private: bool) -> Iterator[None]:
    """Let a relay run beside, in a thread of its own."""
    stopping = threading.Event()
    relay = Relay(database, seal, private=private)
    thread = threading.Thread(target=lambda: asyncio.run(relay.run(stopping)), name="relay")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()

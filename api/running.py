"""The whole service on one machine: database, API and worker under one supervisor."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from api import logs
from api.demo import Keys, furnish, read_keys
from api.embedded import EmbeddedServer
from api.embedded.private import write_private
from api.lifetime import Stopping
from api.metrics import SHARED
from api.problems import StoreUnavailable
from api.sealing import new_key
from api.settings import Settings
from api.store.database import Database
from api.store.migrate import migrate
from api.store.promise import demand_promise
from api.supervisor import EVERY, Module, Supervisor

HOST = "127.0.0.1"
#: Calls that wait for an API process while one is replaced.
BACKLOG = 2048
#: Seconds to wait for a port that somebody else has.
FREED = 3.0
#: File in the data folder with the key that seals secrets.
SEALING = "sealing.json"
#: Connections to the database that are nobody's pool.
SPARE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told once the service is ready; keys where there is a demonstration clinic."""

    url: str
    keys: Keys | None

    def document(self) -> dict[str, str | None]:
        """Return it for another program."""
        keys = self.keys
        return {
            "url": self.url,
            "docs": f"{self.url}/docs",
            "key": keys.key if keys else None,
            "publishable_key": keys.publishable_key if keys else None,
            "tenant": keys.tenant if keys else None,
        }

    def prose(self) -> str:
        """Return it for people."""
        lines = [f"Allocator serves at {self.url}", f"Documentation: {self.url}/docs"]
        if self.keys is not None:
            lines += [
                f"Key to try: {self.keys.key}",
                "For example:",
                f'  curl -H "Authorization: Bearer {self.keys.key}" {self.url}/v1/resources',
            ]
        return "\n".join([*lines, "Ctrl-C stops it."])


def run(
    *,
    port: int,
    data: Path,
    demo: bool,
    processes: int,
    doing: Callable[[str], None],
    ready: Callable[[Told], None],
) -> None:
    """Run the service until asked to stop.

    Parameters
    ----------
    port, data, demo, processes
        See ``allocator serve``.
    doing, ready
        Are told what is being done, and that all is.

    Raises
    ------
    StoreUnavailable
        Where it cannot start.
    """
    settings = Settings()
    _demand_addresses(settings, demo=demo)
    stopping = Stopping()
    logs.configure(settings.log_level)
    with ExitStack() as stack:
        stack.enter_context(_alone(data))
        listening = stack.enter_context(_listen(port))
        first: dict[str, EmbeddedServer] = {}
        if not settings.database_url:
            connections = processes * settings.pool_size + SPARE
            server = EmbeddedServer(data.resolve(), connections=max(100, connections))
            stack.callback(server.stop)
            doing("Starting the database")
            server.start()
            first["database"] = server
            settings = _embedded(settings, server, data)
        doing("Looking after its tables" + (" and the demonstration clinic" if demo else ""))
        keys = _prepare(settings, data, demo=demo)
        counts = stack.enter_context(TemporaryDirectory(prefix="allocator-metrics-"))
        supervisor = Supervisor(first, _modules(settings, listening, processes, counts))
        stack.callback(supervisor.stop)
        doing("Starting the API and the worker")
        supervisor.start()
        url = f"http://{HOST}:{listening.getsockname()[1]}"
        if _became_ready(url, supervisor, stopping):
            ready(Told(url=url, keys=keys))
            supervisor.watch(stopping)


def _embedded(settings: Settings, server: EmbeddedServer, data: Path) -> Settings:
    """Return the settings with the embedded server's addresses, and a key to seal secrets with."""
    return settings.model_copy(
        update={
            "sealing_keys": settings.sealing_keys or _sealing_key(data),
            "database_url": server.url("allocator_api"),
            "worker_database_url": server.url("allocator_worker"),
            "relay_database_url": server.url("allocator_relay"),
            "admin_database_url": server.url("allocator_owner"),
        }
    )


def _sealing_key(data: Path) -> str:
    """Return the key that is kept beside the embedded server's data; make one where there is none.

    Whoever has the database alone, such as a backup, has no secret.
    """
    path = data / SEALING
    if not path.exists():
        write_private(path, {"keys": new_key()})
    return str(json.loads(path.read_text())["keys"])


def _demand_addresses(settings: Settings, *, demo: bool) -> None:
    """Refuse a database of one's own whose addresses are not all named."""
    if not settings.database_url:
        return
    if not settings.relay_database_url:
        raise StoreUnavailable(
            "ALLOCATOR_RELAY_DATABASE_URL is not set: nothing would free what has expired."
        )
    if not settings.worker_database_url:
        raise StoreUnavailable("ALLOCATOR_WORKER_DATABASE_URL is not set: no solve would run.")
    if demo and not settings.admin_database_url:
        raise StoreUnavailable(
            "ALLOCATOR_ADMIN_DATABASE_URL is not set: only the owner of the tables founds the"
            " demonstration clinic."
        )
    if not settings.sealing_keys:
        raise StoreUnavailable("ALLOCATOR_SEALING_KEYS is not set: no secret could be kept.")


def _prepare(settings: Settings, data: Path, *, demo: bool) -> Keys | None:
    """Bring the database into shape and the clinic in; refuse what would not work later."""
    if settings.admin_database_url:
        migrate(settings.admin_database_url)
    with closing(Database(settings.database_url, size=1)) as database:
        demand_promise(database)
    if not demo:
        return read_keys(data)
    with closing(Database(settings.admin_database_url, size=1, seconds=600)) as owner:
        return furnish(owner, data, datetime.now().date())


def _modules(
    settings: Settings, listening: socket.socket, processes: int, counts: str
) -> dict[str, Module]:
    """Return the processes of the API, which count in one folder, and the worker."""
    environment = {
        f"ALLOCATOR_{name.upper()}": value
        for name in ("database_url", "worker_database_url", "relay_database_url", "sealing_keys")
        if (value := getattr(settings, name))
    }
    # The owner may do everything; no process that serves has its password.
    environment["ALLOCATOR_ADMIN_DATABASE_URL"] = ""
    handed = listening.fileno()
    modules = {
        f"api-{number}": Module(
            "api.serving",
            [str(handed)],
            environment={**environment, SHARED: counts},
            descriptors=[handed],
        )
        for number in range(1, processes + 1)
    }
    return {**modules, "worker": Module("api.worker", environment=environment)}


def _became_ready(url: str, supervisor: Supervisor, stopping: Stopping) -> bool:
    """Wait until the API says that it is ready; False where asked to stop before."""
    while not stopping.wait(EVERY):
        if supervisor.dead:
            raise StoreUnavailable(
                f"The service did not start: {', '.join(supervisor.dead)} ended at once; its last"
                " lines are above."
            )
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=10):
                return True
        except (urllib.error.URLError, OSError):
            continue
    return False


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Refuse to serve from a folder from which another process does."""
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (data / "serving").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreUnavailable(f"Another process serves from {data}; stop it first.") from error
        yield


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    """Listen at a port, for all processes of the API."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + FREED
        while True:
            try:
                listening.bind((HOST, port))
                listening.listen(BACKLOG)
                break
            except OSError as error:
                # Where a supervisor was killed, its API is about to give the port back.
                if time.monotonic() >= deadline:
                    raise StoreUnavailable(
                        f"Port {port} of {HOST} cannot be had: {os.strerror(error.errno or 0)}."
                    ) from error
                time.sleep(EVERY)
        yield listening

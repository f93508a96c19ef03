"""The embedded server: initialised, started, watched, stopped with the process that started it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from api.embedded.folder import PROGRAMS, data_folder, owner, programs
from api.embedded.private import write_private
from api.lifetime import with_parent
from api.problems import StoreUnavailable

#: Major versions in the wheel, the newest first.
VERSIONS = tuple(sorted(PROGRAMS, reverse=True))
#: How the names of folders with a socket begin.
SOCKETS = "allocator-"
#: Seconds to wait for a server that has much to recover, and for one that has to stop.
RECOVERY, STOP = 600.0, 60.0
#: The roles that log in, beside the superuser of the server.
LOGINS = ("postgres", "allocator_owner", "allocator_api", "allocator_worker", "allocator_relay")
DATABASE = "allocator"
#: Its log tells what happened and not to whom: statements, their parameters and the details of an
#: error, such as the row that was refused, hold what people are called.
DISCREET = (
    *("-c", "log_error_verbosity=terse"),
    *("-c", "log_min_error_statement=panic"),
    *("-c", "log_parameter_max_length=0"),
    *("-c", "log_parameter_max_length_on_error=0"),
)


class EmbeddedServer:
    """PostgreSQL as a child of this process, reached by a socket alone, with passwords.

    Parameters
    ----------
    folder
        Where data is kept; made where absent.
    version
        Major version; that of the data where there is some.
    connections
        How many there may be at once.
    durable
        Whether commits wait for the disk. Tests that crash nothing go faster without.
    """

    def __init__(
        self,
        folder: Path,
        *,
        version: int = VERSIONS[0],
        connections: int = 100,
        durable: bool = True,
    ) -> None:
        self.folder = folder
        self.connections = connections
        self.durable = durable
        self._who = owner()
        self._data = data_folder(folder, self._who)
        marker = self._data / "PG_VERSION"
        self.version = int(marker.read_text()) if marker.exists() else version
        self._bin = programs(self.version, self._who)
        self._socket: Path | None = None
        self._foreign = False
        self._log_from = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._passwords: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process number of the server; 0 while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self) -> None:
        """Start the server, initialising its data first; return once it answers."""
        if self.pid:
            return
        self._passwords = self._secrets()
        begun = self.folder / "initialising"
        if begun.exists() or not (self._data / "PG_VERSION").exists():
            begun.touch()
            self._initialise()
            begun.unlink()
        self._await_other()
        if self._socket is None:
            self._socket = self._new_socket()
        deadline = time.monotonic() + STOP
        while not self._launched():
            # The server was killed before, and its last workers still hold the memory they share.
            if time.monotonic() > deadline or "shared memory block" not in self._log():
                raise StoreUnavailable(
                    f"The database server did not start. Its log ends:\n{self._log()}"
                )
            time.sleep(0.2)
        self._make_database()

    def _new_socket(self) -> Path:
        """Make a folder for the socket; that of a start whose process was killed goes.

        It cannot lie beside the data: the path of a socket has 107 bytes at most.
        """
        note = self.folder / "socket"
        if note.exists():
            old = Path(note.read_text())
            if old.name.startswith(SOCKETS):
                shutil.rmtree(old, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=SOCKETS))
        note.write_text(str(made))
        made.chmod(0o711)
        self._who.own(made)
        return made

    def reach(self) -> None:
        """Use the server that another process runs on this data, or else start one.

        The other's is the other's to stop.
        """
        lock = self._data / "postmaster.pid"
        if not lock.exists() or not _runs_here(lock, self._data):
            self.start()
            return
        self._passwords = self._secrets()
        self._socket, self._foreign = Path(lock.read_text().splitlines()[4]), True

    def _launched(self) -> bool:
        """Start the program; say whether it came to answer."""
        log = (self.folder / "postgres.log").open("ab")
        os.fchmod(log.fileno(), 0o600)
        self._log_from = log.tell()
        with log:
            self._process = subprocess.Popen(
                [
                    str(self._bin / "postgres"),
                    *("-D", str(self._data)),
                    *("-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._socket}"),
                    *("-c", f"max_connections={self.connections}"),
                    *("-c", "shared_buffers=256MB"),
                    *("-c", f"fsync={'on' if self.durable else 'off'}"),
                    *("-c", f"synchronous_commit={'on' if self.durable else 'off'}"),
                    *DISCREET,
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                user=self._who.user and self._who.uid,
                group=self._who.user and self._who.gid,
                extra_groups=[] if self._who.user else None,
                preexec_fn=with_parent(signal.SIGINT),
                start_new_session=True,
                cwd="/",
            )
        return self._became_ready()

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, what was committed stays."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._socket is not None and not self._foreign:
            shutil.rmtree(self._socket, ignore_errors=True)
            (self.folder / "socket").unlink(missing_ok=True)
        self._socket, self._foreign = None, False

    @property
    def programs(self) -> Path:
        """Folder with the programs of the server's version: psql, pg_dump, pg_restore."""
        return self._bin

    def url(self, role: str = "allocator_api", database: str = DATABASE) -> str:
        """Return the address at which a role reaches a database."""
        return f"postgresql://{role}:{self._passwords[role]}@/{database}?host={self._socket}"

    def environment(self) -> dict[str, str]:
        """Return what PostgreSQL's own programs find the database by, as its superuser."""
        return {
            "PGHOST": str(self._socket),
            "PGUSER": LOGINS[0],
            "PGPASSWORD": self._passwords[LOGINS[0]],
            "PGDATABASE": DATABASE,
        }

    def _secrets(self) -> dict[str, str]:
        path = self.folder / "passwords.json"
        if not path.exists():
            write_private(path, {role: secrets.token_urlsafe(24) for role in LOGINS})
        found: dict[str, str] = json.loads(path.read_text())
        return found

    def _initialise(self) -> None:
        """Make empty data; what a start that was cut off had made of it goes."""
        for path in self._data.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        with tempfile.NamedTemporaryFile("w", prefix="allocator-") as file:
            file.write(self._passwords["postgres"])
            file.flush()
            self._who.own(Path(file.name))
            subprocess.run(
                [
                    str(self._bin / "initdb"),
                    *("-D", str(self._data), "-U", "postgres"),
                    *("--auth=scram-sha-256", f"--pwfile={file.name}"),
                    *("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"),
                    *(() if self.durable else ("--no-sync",)),
                ],
                check=True,
                capture_output=True,
                user=self._who.user and self._who.uid,
                group=self._who.user and self._who.gid,
                extra_groups=[] if self._who.user else None,
                start_new_session=True,
                cwd="/",
            )

    def _await_other(self) -> None:
        """Wait for a server of a killed parent to stop: it has heard that it is alone."""
        lock = self._data / "postmaster.pid"
        deadline = time.monotonic() + STOP
        while lock.exists() and _runs_here(lock, self._data):
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"Another process runs a database server on the data in {self.folder};"
                    " stop it first."
                )
            time.sleep(0.05)

    def _became_ready(self) -> bool:
        """Wait until the server answers; False where it ends before."""
        deadline = time.monotonic() + RECOVERY
        while time.monotonic() < deadline:
            if not self.pid:
                return False
            try:
                with psycopg.connect(self.url("postgres", "postgres"), connect_timeout=5):
                    return True
            except psycopg.OperationalError as error:
                if "authentication failed" in str(error):
                    self.stop()
                    raise StoreUnavailable(
                        f"The passwords in {self.folder / 'passwords.json'} are not those of the"
                        " data beside it."
                    ) from error
                time.sleep(0.05)
        self.stop()
        raise StoreUnavailable(f"The database server was not ready after {RECOVERY:.0f} s.")

    def _log(self) -> str:
        """Return the end of what the server has logged since it was started."""
        with (self.folder / "postgres.log").open("rb") as log:
            log.seek(self._log_from)
            return log.read().decode(errors="replace")[-1000:]

    def _make_database(self) -> None:
        """Make the roles and the database where they are not there yet."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            for role in LOGINS[1:]:
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if not known.fetchone():
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                            sql.Identifier(role),
                            sql.Literal(self._passwords[role]),
                        )
                    )
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not found.fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER allocator_owner")


def _runs_here(lock: Path, data: Path) -> bool:
    """Say whether the process named in a lock file is a server on this data."""
    try:
        pid = int(lock.read_text().splitlines()[0])
        return str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return False

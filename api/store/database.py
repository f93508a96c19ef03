"""Connections, and transactions that see one tenant alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, text
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, TimeoutError

from api import traces
from api.problems import Invalid, StoreUnavailable

T = TypeVar("T")
#: Errors of a transaction that another try may spare: deadlock, serialisation, lock timeout, and
#: a lane that was dealt anew while somebody else took it.
AGAIN = {"40P01", "40001", "55P03", "23P01"}
TRIES = 5
#: Seconds that a statement may wait for a lock, and that a transaction may idle.
LOCK_TIMEOUT, IDLE = 10, 30


def engine_url(url: str) -> str:
    """Return an address as SQLAlchemy wants it, with psycopg as the driver."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


class Database:
    """A pool of connections as one role.

    Parameters
    ----------
    url
        The role's address.
    size
        Connections, at most.
    """

    def __init__(self, url: str, *, size: int = 20) -> None:
        self.engine: Engine = create_engine(
            engine_url(url),
            pool_size=size,
            max_overflow=0,
            pool_timeout=10,
            hide_parameters=True,  # errors tell statements, and nobody's name
            connect_args={
                "connect_timeout": 5,
                "options": (
                    f"-c lock_timeout={LOCK_TIMEOUT}s"
                    f" -c idle_in_transaction_session_timeout={IDLE}s -c timezone=UTC"
                ),
            },
        )

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def transaction(
        self, tenant: int | None = None, credential: bytes | None = None
    ) -> Iterator[tuple[Connection, datetime]]:
        """Open a transaction that sees one tenant, or one credential, and nothing else.

        Yields
        ------
        Connection, datetime
            Committed at the end; rolled back when anything is raised. The instant is the
            database's, at which the transaction began.
        """
        with _told(), self.engine.begin() as connection:
            now: datetime = connection.execute(
                _SCOPE,
                {
                    "tenant": "" if tenant is None else str(tenant),
                    "credential": "" if credential is None else credential.hex(),
                },
            ).scalar_one()
            yield connection, now

    def ask(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        """Ask one question that needs no tenant, in a single trip; again where that broke."""
        try:
            return self._asked(statement, values)
        except Broken:
            return self._asked(statement, values)

    def _asked(self, statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        with _told(), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            return connection.execute(statement, values).all()

    def run(self, tenant: int, work: Callable[[Connection, datetime], T]) -> T:
        """Do some work in a transaction, again where it only came off badly beside another.

        Work that is done again starts from nothing: whatever it had written is rolled back. A
        connection that broke is replaced once; where it broke while committing, nobody knows
        what became of it, and the caller is told that the store is unavailable.
        """
        for attempt in range(TRIES):
            committing = False
            try:
                with (
                    traces.span("transaction", attempt=attempt + 1),
                    self.transaction(tenant) as (connection, now),
                ):
                    found = work(connection, now)
                    committing = True
                return found
            except Broken as broken:
                if committing:
                    raise StoreUnavailable(
                        "The connection broke while this was being written: nobody knows whether"
                        " it was. Send it again with the same Idempotency-Key."
                    ) from broken
                if attempt:
                    raise
            except Again as again:
                if attempt + 1 == TRIES:
                    raise StoreUnavailable(
                        f"Others were faster {TRIES} times; nothing was changed."
                    ) from again
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise AssertionError("unreachable")


class Broken(StoreUnavailable):
    """The connection broke in the middle of a transaction."""


class Again(Exception):
    """The transaction came off badly beside another, and may be tried again."""


_SCOPE = text(
    "SELECT now() FROM (SELECT set_config('allocator.tenant', :tenant, true),"
    " set_config('allocator.credential', :credential, true)) AS scope"
)


@contextmanager
def _told() -> Iterator[None]:
    """Tell what the driver says in our words."""
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None)
        if code in AGAIN:
            raise Again from error
        if error.connection_invalidated:
            raise Broken from error
        if isinstance(error, OperationalError | InterfaceError):
            raise StoreUnavailable from error
        if isinstance(error, DataError):
            said = str(error.orig).partition("\n")[0]
            raise Invalid(f"The database cannot keep what was sent: {said}.") from error
        raise
    except TimeoutError as error:
        raise StoreUnavailable(
            "All connections to the database are busy; nothing was changed."
        ) from error

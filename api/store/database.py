"""Connections, and transactions that see one tenant alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache, cached_property, partial
from typing import Any, TypeVar, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, TextClause, create_engine, event, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, TimeoutError

from api import traces
from api.problems import Invalid, StoreUnavailable

T = TypeVar("T")
#: What asks a question, with its values, and returns the rows.
Ask = Callable[[TextClause, Mapping[str, Any]], Sequence[Any]]
#: Errors of a transaction that another try may spare: deadlock, serialisation, and a lane that was
#: dealt anew while somebody else took it.
AGAIN = {"40P01", "40001", "23P01"}
#: Errors of a statement that has waited too long for a lock, or has taken too long.
SLOW = {"55P03", "57014"}
TRIES = 5
#: Seconds that a transaction may idle, that a connection may take to come about, and that one of
#: the pool is waited for.
IDLE, CONNECT, POOL = 30, 5, 10
#: Seconds until TCP gives up a connection on which nothing that is sent arrives.
UNHEARD = 20.0
#: Seconds that a statement may take, where nobody says otherwise; half of it waiting for a lock.
SECONDS = 20.0
#: How much longer than that an answer is waited for, where the server itself has fallen silent.
SILENCE = 1.25


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
    seconds
        How long one statement may take.
    """

    def __init__(self, url: str, *, size: int = 20, seconds: float = SECONDS) -> None:
        limit = int(1000 * seconds)
        self.engine: Engine = create_engine(
            engine_url(url),
            pool_size=size,
            max_overflow=0,
            pool_use_lifo=True,  # few connections do most of the work, and have their plans ready
            pool_timeout=min(POOL, seconds),
            hide_parameters=True,  # errors tell statements, and nobody's name
            connect_args={
                "connect_timeout": max(1, int(min(CONNECT, seconds))),
                "tcp_user_timeout": int(1000 * min(UNHEARD, seconds)),
                "options": (
                    f"-c statement_timeout={limit} -c lock_timeout={limit // 2}"
                    f" -c idle_in_transaction_session_timeout={IDLE}s -c timezone=UTC"
                ),
            },
        )

        @event.listens_for(self.engine, "do_connect")
        def connect(dialect: Any, record: Any, words: Any, named: Any) -> Impatient:
            connection = Impatient.connect(*words, **named)
            connection.seconds = SILENCE * seconds
            return connection

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
            scope = {
                "tenant": "" if tenant is None else str(tenant),
                "credential": "" if credential is None else credential.hex(),
            }
            ((now,),) = fetched(connection, _SCOPE, scope)
            yield connection, now

    def ask(self, statement: TextClause, values: Mapping[str, Any]) -> Sequence[Any]:
        """Ask one question that needs no tenant, in a single trip; again where that broke."""
        try:
            return self._asked(statement, values)
        except Broken:
            return self._asked(statement, values)

    def _asked(self, statement: TextClause, values: Mapping[str, Any]) -> Sequence[Any]:
        with _told(), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            try:
                driver.autocommit = True
                return fetched(connection, statement, values)
            except psycopg.Error as error:
                connection._handle_dbapi_exception(error, None, None, None, None)
            finally:
                if not driver.closed:
                    driver.autocommit = False

    def run(
        self,
        tenant: int | None,
        work: Callable[[Connection, datetime], T],
        *,
        now: datetime | None = None,
    ) -> T:
        """Do some work in a transaction, again where it only came off badly beside another.

        Work that is done again starts from nothing: whatever it had written is rolled back. A
        connection that broke is replaced once; where it broke while committing, nobody knows
        what became of it, and the caller is told that the store is unavailable.

        Parameters
        ----------
        now
            The database's time, where it is known and most such work asks nothing: the transaction
            begins once something is asked.
        """
        for attempt in range(TRIES):
            committing = False
            try:
                with (
                    traces.span("transaction", attempt=attempt + 1),
                    self._begun(tenant, now) as (connection, began),
                ):
                    found = work(connection, began)
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

    @contextmanager
    def _begun(
        self, tenant: int | None, now: datetime | None
    ) -> Iterator[tuple[Connection, datetime]]:
        """Open a transaction; where it is known when it is, once something is asked in it."""
        with ExitStack() as opened:

            def begin() -> tuple[Connection, datetime]:
                return opened.enter_context(self.transaction(tenant))

            yield begin() if now is None else (cast(Connection, _Late(begin, self.ask)), now)


def asking(connection: Connection) -> Ask:
    """Return what asks in a transaction.

    Where that has not begun, it does not begin for a question that names its tenant itself.
    """
    late: object = connection
    if isinstance(late, _Late) and "_connection" not in late.__dict__:
        return late.ask
    return partial(fetched, connection)


def fetched(
    connection: Connection, statement: TextClause, values: Mapping[str, Any]
) -> Sequence[Any]:
    """Execute a statement, and return its rows as the driver has them.

    Of what is asked again and again that takes less than half the time: no result is described
    anew. Whoever listens to statements hears of it as of any other.
    """
    written = _written(statement)
    for hear in connection.dispatch.before_cursor_execute:
        hear(connection, None, written, values, None, False)
    driver: Any = connection.connection.driver_connection
    try:
        cursor = driver.cursor(row_factory=namedtuple_row).execute(written, values)
        return cursor.fetchall() if cursor.description else ()
    except psycopg.Error as error:
        # Told as SQLAlchemy tells: where a connection broke, the others of its age go as well.
        connection._handle_dbapi_exception(error, written, dict(values), None, None)


@cache
def _written(statement: TextClause) -> str:
    """Return a statement as the driver reads it."""
    return str(statement.compile(dialect=PGDialect_psycopg()))


class _Late:
    """A connection that is opened once something is asked of it."""

    def __init__(self, begin: Callable[[], tuple[Connection, datetime]], ask: Ask) -> None:
        self._begin = begin
        self.ask = ask

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    @cached_property
    def _connection(self) -> Connection:
        return self._begin()[0]


class Impatient(psycopg.Connection[Any]):
    """A connection that is given up where the server falls silent in the middle of something.

    The server's own limits help nobody whose connection leads nowhere any more, and those of TCP
    help nobody behind a proxy, which goes on receiving.
    """

    seconds = SILENCE * SECONDS

    def wait(self, gen: Generator[Any, Any, T], *words: Any, **named: Any) -> T:
        """Wait for the server's answer, so long at most."""
        try:
            return super().wait(_until(time.monotonic() + self.seconds, gen), *words, **named)
        except Silent:
            self.close()
            raise


class Silent(psycopg.OperationalError):
    """The server did not answer."""


def _until(deadline: float, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """Take the steps of the driver's waiting, which comes by several times a second."""
    ready: Any = None
    while True:
        try:
            wanted = steps.send(ready)
        except StopIteration as done:
            found: T = done.value
            return found
        ready = yield wanted
        if not ready and time.monotonic() > deadline:
            raise Silent("The database has fallen silent.")


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
        if code in SLOW:
            raise StoreUnavailable(
                "The database has taken too long over this; nothing was changed."
            ) from error
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

"""Commands of the service: ``allocator serve``, ``worker``, ``migrate`` and ``seed``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.text import Text

from allocator.cli.common import (
    NO_VALUE,
    ProblemPath,
    Refused,
    clear_errors,
    to_stderr,
    to_stdout,
)

if TYPE_CHECKING:
    from api.settings import Settings

F = TypeVar("F", bound=Callable[..., None])

Json = Annotated[
    bool, typer.Option("--json", metavar=NO_VALUE, help="Print one JSON object, and nothing else.")
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder with the data of an embedded server, in place of an address.",
        show_default=False,
    ),
]


def epilog(text: str) -> Callable[[F], F]:
    """Give a command examples, which stand at the end of its help."""

    def told(command: F) -> F:
        vars(command)["epilog"] = text
        return command

    return told


@epilog("""[bold]Examples[/bold]
  Try it, with a clinic to try it on:
    [cyan]allocator serve --demo[/cyan]
  At another port, with the data elsewhere:
    [cyan]allocator serve --port 9000 --data clinic-data[/cyan]
  From another program, at any free port:
    [cyan]allocator serve --port 0 --demo --json[/cyan]

[bold]Exit codes[/bold]
  0  stopped by SIGTERM or Ctrl-C, cleanly
  2  it cannot start: the reason is told
""")
def serve(
    port: Annotated[
        int,
        typer.Option("--port", metavar="P", min=0, max=65535, help="Port; 0 is any free one."),
    ] = 8000,
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIR", help="Folder for the data; made where absent."),
    ] = Path("allocator-data"),
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", metavar=NO_VALUE, help="Bring in the demonstration clinic, with keys."
        ),
    ] = False,
    processes: Annotated[
        int,
        typer.Option("--processes", metavar="N", min=1, max=64, help="Processes of the API."),
    ] = 1,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", metavar=NO_VALUE, help="Print one line of JSON when ready, and nothing else."
        ),
    ] = False,
) -> None:
    """Run the service on this machine: database, API and worker.

    The database is an embedded PostgreSQL whose data lie in DIR, or any PostgreSQL 16 or newer
    that ALLOCATOR_DATABASE_URL names (docs/service.md). What dies is replaced; what was
    acknowledged stays.
    """
    with told_clearly(as_json=as_json):
        from api.running import Told, run

        def ready(told: Told) -> None:
            if as_json:
                print(json.dumps(told.document()), flush=True)
            else:
                to_stdout().print(Text(told.prose()), soft_wrap=True)

        def doing(what: str) -> None:
            if not as_json:
                to_stderr().print(Text(f"{what} ...", style="dim"))

        run(port=port, data=data, demo=demo, processes=processes, doing=doing, ready=ready)


@epilog("""[bold]Examples[/bold]
  Beside an API that runs elsewhere:
    [cyan]allocator worker[/cyan]

[bold]Exit codes[/bold]
  0  stopped by SIGTERM or Ctrl-C, cleanly
  2  no database is named, or no sealing key
""")
def worker() -> None:
    """Run solves and free what has expired, as long as it runs; "serve" has a worker already.

    The database is the one that ALLOCATOR_RELAY_DATABASE_URL and ALLOCATOR_WORKER_DATABASE_URL
    name; ALLOCATOR_SEALING_KEYS opens the secrets of webhooks.
    """
    with told_clearly():
        from api import worker as process
        from api.settings import Settings

        settings = Settings()
        for name in ("relay_database_url", "worker_database_url", "sealing_keys"):
            _demand(settings, name)
        process.main(settings)


@epilog("""[bold]Examples[/bold]
  After an update:
    [cyan]allocator migrate[/cyan]
  The embedded server, while it stands or while "serve" runs:
    [cyan]allocator migrate --data allocator-data[/cyan]

[bold]Exit codes[/bold]
  0  the database has the revision
  2  it cannot be migrated: the reason is told
""")
def migrate(
    revision: Annotated[
        str,
        typer.Option("--revision", metavar="R", help="A revision, up or down; base is none."),
    ] = "head",
    data: Data = None,
) -> None:
    """Bring the database to the shape that this version needs.

    The database is the one that ALLOCATOR_ADMIN_DATABASE_URL names, as the owner of its tables.
    "serve" does it by itself at its start.
    """
    with told_clearly():
        from api.store.migrate import migrate as run

        with owner_url(data) as url:
            found = run(url, revision)
    to_stdout().print(Text(f"The database has revision {found}."))


@epilog("""[bold]Examples[/bold]
  A clinic of your own, while "serve" runs:
    [cyan]allocator seed my-clinic --tenant my-clinic --data allocator-data[/cyan]
  The database that ALLOCATOR_ADMIN_DATABASE_URL names:
    [cyan]allocator seed my-clinic --tenant my-clinic[/cyan]

[bold]Exit codes[/bold]
  0  the tenant is there, with a key
  2  bad input: each fault is told, nothing is written
""")
def seed(
    problem: ProblemPath,
    tenant: Annotated[
        str,
        typer.Option(
            "--tenant", metavar="NAME", help="What the tenant is called.", show_default=False
        ),
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Bring PROBLEM in as a new tenant, and print a key.

    Locations, calendars, resources, services, sessions, requests, travel and turnarounds come in;
    patients become people. What is published or pinned, and rules among single visits, stay
    outside.
    """
    with told_clearly(as_json=as_json):
        from allocator.frames import read_problem
        from api.auth.principal import Role
        from api.store.database import Database
        from api.usecases.importing import bring_in
        from api.usecases.tenants import first_key

        asked = read_problem(problem)
        with (
            owner_url(data) as url,
            closing(Database(url, size=1, seconds=600)) as database,
            database.transaction() as (connection, now),
        ):
            found = bring_in(connection, now, asked, ref=tenant, name=tenant)
            key = first_key(connection, found.tenant, "first", Role.ADMINISTRATOR)
    if as_json:
        document = {"tenant": str(found.uid), "key": key, "in": found.counts, "out": found.left}
        print(json.dumps(document))
        return
    lines = [f"Tenant {tenant}, {found.uid}"]
    lines += [f"  {count:>7,} {plural}" for plural, count in found.counts.items()]
    outside = ", ".join(f"{count:,} {part}" for part, count in found.left.items() if count)
    if outside:
        lines.append(f"Not brought in: {outside}.")
    lines.append(f"Key of an administrator, told this once: {key}")
    to_stdout().print(Text("\n".join(lines)), soft_wrap=True)


@contextmanager
def told_clearly(*, as_json: bool = False) -> Iterator[None]:
    """Tell what goes wrong in one line, as the other commands do."""
    with clear_errors(as_json=as_json):
        from alembic.util import CommandError
        from pydantic import ValidationError
        from sqlalchemy.exc import SQLAlchemyError

        from api.problems import Problem

        try:
            yield
        except Problem as problem:
            raise Refused(problem.detail) from problem
        except ValidationError as error:
            faults = [
                f"ALLOCATOR_{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}."
                for one in error.errors()
            ]
            raise Refused("\n".join(faults)) from error
        except CommandError as error:
            raise Refused(f"{error}.") from error
        except SQLAlchemyError as error:
            first = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise Refused(f"The database says: {first}") from error


@contextmanager
def owner_url(data: Path | None) -> Iterator[str]:
    """Yield where the owner of the tables logs in."""
    from api.embedded import EmbeddedServer
    from api.settings import Settings

    if data is None:
        settings = Settings()
        _demand(settings, "admin_database_url")
        yield settings.admin_database_url
        return
    if not (data / "passwords.json").exists():
        raise Refused(f"{data} holds no data of an embedded server; `allocator serve` makes some.")
    server = EmbeddedServer(data)
    server.reach()
    try:
        yield server.url("allocator_owner")
    finally:
        server.stop()


def _demand(settings: Settings, name: str) -> None:
    """Refuse to go on without a setting."""
    if not getattr(settings, name):
        raise Refused(f"ALLOCATOR_{name.upper()} is not set; docs/service.md says what it is.")

"""Bring a database to the shape that this version needs, and say whether it has it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from api.problems import Invalid
from api.store.database import engine_url

ROLES = ("allocator_api", "allocator_worker", "allocator_relay")
#: The constraint that keeps resources from being taken twice.
CONSTRAINT = "claim_once"


def migrate(url: str, revision: str = "head") -> str:
    """Migrate the database at an owner's address; return the revision it has then.

    The roles that the service works as are made where they are not there, without a password;
    whoever runs a server of their own gives them one, or makes them beforehand.
    """
    engine = create_engine(engine_url(url))
    try:
        with engine.begin() as connection:
            _make_roles(connection)
        with engine.begin() as connection:
            return _moved(connection, revision)
    finally:
        engine.dispose()


def _make_roles(connection: Connection) -> None:
    for role in (*ROLES, "allocator_owner"):
        known = connection.execute(
            text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
        )
        if known.first() is None:
            connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))


def _moved(connection: Connection, revision: str) -> str:
    """Move a database to a revision, up or down; return the one that it has then."""
    config = _config(connection)
    known = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    if revision not in ("head", "base", *known):
        raise Invalid(f"There is no revision {revision!r}; there are: {', '.join(known[::-1])}.")
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None or _steps_up(config, current, revision):
        command.upgrade(config, revision)
    else:
        command.downgrade(config, revision)
    return MigrationContext.configure(connection).get_current_revision() or "none"


@cache
def newest() -> str:
    """Return the revision that this version needs."""
    revision = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert revision is not None
    return revision


def current(connection: Connection) -> str | None:
    """Return the revision that a database has; None where there is none."""
    found = connection.execute(text("SELECT to_regclass('alembic_version')")).scalar()
    if found is None:
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


def constraint_stands(connection: Connection) -> bool:
    """Say whether the constraint is there, excludes, and has been validated."""
    found = connection.execute(
        text(
            "SELECT 1 FROM pg_constraint WHERE conname = :name AND contype = 'x'"
            " AND conrelid = to_regclass('claim') AND convalidated"
        ),
        {"name": CONSTRAINT},
    )
    return found.first() is not None


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _steps_up(config: Config, current: str, revision: str) -> bool:
    """Say whether a revision lies at or above the current one."""
    if revision == "head":
        return True
    if revision == "base":
        return False
    script = ScriptDirectory.from_config(config)
    return current in {step.revision for step in script.iterate_revisions(revision, "base")}

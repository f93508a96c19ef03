"""What a database has to be like for the service to keep its promise."""

from __future__ import annotations

from api.problems import StoreUnavailable
from api.store import migrate
from api.store.database import Database


def demand_promise(database: Database) -> None:
    """Refuse to start on a database that cannot keep what the service promises."""
    with database.transaction() as (connection, _):
        role = connection.exec_driver_sql(
            "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).one()
        if role[1]:
            raise StoreUnavailable(
                f"The service would run as {role[0]}, whom row-level security does not bind;"
                " give it the role allocator_api."
            )
        found, needed = migrate.current(connection), migrate.newest()
        if found != needed:
            raise StoreUnavailable(
                f"The database has revision {found}; this version needs {needed}."
                " Run `allocator migrate`."
            )
        if not migrate.constraint_stands(connection):
            raise StoreUnavailable(
                f"The constraint {migrate.CONSTRAINT} on claims is missing: nothing would keep"
                " resources from being taken twice."
            )

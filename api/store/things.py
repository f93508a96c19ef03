"""What has a name of the tenant's own and a specification: one way to keep it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    Uuid,
    any_,
    bindparam,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from api.store.ids import as_uid, new_uid


def find(
    connection: Connection, table: Table, tenant: int, name: str, *, for_update: bool = False
) -> Any | None:
    """Return a thing by its UUID or the tenant's name for it; None where there is none."""
    uid = as_uid(name)
    same = table.c.ref == name if uid is None else (table.c.uid == uid) | (table.c.ref == name)
    asked = select(table).where(table.c.tenant_id == tenant, same)
    if for_update:
        asked = asked.with_for_update()
    return connection.execute(asked).first()


def add(
    connection: Connection, table: Table, tenant: int, rows: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Write things; return the rows, in order. Those whose name is taken are not written.

    The UUID of another is taken, too: things are found by either.
    """
    if not rows:
        return []
    values = [{"tenant_id": tenant, "uid": new_uid(), **row} for row in rows]
    for value in values:
        value.setdefault("ref", str(value["uid"]))
    uids = [uid for value in values if (uid := as_uid(value["ref"])) is not None]
    if uids:
        among = any_(bindparam("uids", uids, type_=ARRAY(Uuid)))
        asked = select(table.c.uid).where(table.c.tenant_id == tenant, table.c.uid == among)
        others = set(connection.execute(asked).scalars())
        values = [value for value in values if as_uid(value["ref"]) not in others]
    if not values:
        return []
    written = connection.execute(
        upsert(table).on_conflict_do_nothing().returning(table, sort_by_parameter_order=False),
        values,
    ).all()
    place = {value["ref"]: n for n, value in enumerate(values)}
    return sorted(written, key=lambda row: place[row.ref])


def change(connection: Connection, table: Table, tenant: int, number: int, **values: Any) -> Any:
    """Change a thing; its version goes up by one. Return its row."""
    return connection.execute(
        update(table)
        .where(table.c.tenant_id == tenant, table.c.id == number)
        .values(version=table.c.version + 1, changed_at=text("now()"), **values)
        .returning(table)
    ).one()


def remove(connection: Connection, table: Table, tenant: int, number: int) -> None:
    """Delete a thing; the database refuses where something else needs it."""
    connection.execute(delete(table).where(table.c.tenant_id == tenant, table.c.id == number))


def page(
    connection: Connection,
    table: Table,
    tenant: int,
    *,
    after: int,
    limit: int,
    where: Sequence[Any] = (),
) -> Sequence[Any]:
    """Return things by number, from after one number on."""
    return connection.execute(
        select(table)
        .where(table.c.tenant_id == tenant, table.c.id > after, *where)
        .order_by(table.c.id)
        .limit(limit)
    ).all()

"""From a problem to rows of values, table by table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

import pandas as pd

from allocator.domain.problem import Problem
from allocator.domain.time import zone_of
from allocator.frames.columns import (
    REQUIRED,
    Column,
    Table,
    default_of,
    variant_name,
)
from allocator.frames.tables import BY_NAME, PROBLEM, TABLES

Row = dict[str, Any]


def rows_of(table: Table, problem: Problem) -> Iterator[Row]:
    """Yield the rows of a table: a value by the name of each column that has one."""
    if table is PROBLEM:
        yield _fields(table, problem)
    elif not table.parent:
        for item in _items(table, problem):
            yield from _rows(table, item, {})
    else:
        parent = BY_NAME[table.parent]
        column = next(c for c in table.columns if c.role == "parent")
        for owner in getattr(problem, parent.field):
            short = {f.field for f in parent.inline if f.write(getattr(owner, f.field)) is not None}
            for number, item in enumerate(_items(table, owner), 1):
                where = table.field if table.put is None else table.put(item)[0]
                if where not in short:
                    yield from _rows(table, item, {column.name: owner.id}, number)


def own_rows(table: Table, item: Any) -> Iterator[Row]:
    """Yield the rows of one object in its own table."""
    yield from _rows(table, item, {})


def _items(table: Table, owner: Any) -> Any:
    return getattr(owner, table.field) if table.take is None else table.take(owner)


def _rows(table: Table, item: Any, start: Row, number: int = 0) -> Iterator[Row]:
    row = start | _fields(table, item)
    for form in table.inline:
        row |= form.write(getattr(item, form.field)) or {}
    if table.gathers is None:
        yield row
        return
    row |= {column.name: number for column in table.columns if column.role == "group"}
    gathered = (
        getattr(item, table.gathers[0]) if table.take_items is None else table.take_items(item)
    )
    columns = [column for column in table.columns if column.role == "item"]
    for one in gathered:
        yield row | {column.name: getattr(one, column.target) for column in columns}
    if not gathered:
        yield row


def _fields(table: Table, item: Any) -> Row:
    row: Row = {}
    for column in table.columns:
        if column.role == "field":
            head, _, tail = column.target.partition(".")
            value = getattr(item, head)
            if tail == "type":
                value = None if value is None else variant_name(type(value))
            elif tail:
                value = getattr(value, tail, None)
            row[column.name] = value
    return row


def cell_text(table: Table, column: Column, value: Any, zone: tzinfo) -> str:
    """Write one value; empty where that is what an empty cell means."""
    if value is None:
        return ""
    if isinstance(value, str | tuple | frozenset) and not value:
        default = default_of(table, column)
        if default is not REQUIRED and not default:
            return ""
        return '""' if isinstance(value, str) else "none"
    return column.type.write(value, zone)


def csv_cells(table: Table, problem: Problem) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of a table's CSV file, without the columns that say nothing."""
    zone = zone_of(problem.horizon.zone)
    texts = [
        [cell_text(table, column, row.get(column.name), zone) for column in table.columns]
        for row in rows_of(table, problem)
    ]
    if table is PROBLEM:
        return ["key", "value"], [
            [column.name, text]
            for column, text in zip(table.columns, texts[0], strict=True)
            if text
        ]
    kept = [
        at
        for at, column in enumerate(table.columns)
        if at == 0
        or (column.role != "item" and default_of(table, column) is REQUIRED)
        or any(row[at] for row in texts)
    ]
    header = [table.columns[at].name for at in kept]
    return header, [[row[at] for at in kept] for row in texts]


def frame_of(table: Table, problem: Problem) -> pd.DataFrame:
    """Return a table as a DataFrame with a fitting type for each column."""
    if table is PROBLEM:
        header, cells = csv_cells(table, problem)
        return pd.DataFrame(cells, columns=header, dtype="str")
    zone = zone_of(problem.horizon.zone)
    rows = list(rows_of(table, problem))
    return pd.DataFrame(
        {column.name: _series(table, column, rows, zone) for column in table.columns}
    )


def _series(table: Table, column: Column, rows: list[Row], zone: tzinfo) -> pd.Series:
    dtype = column.type.dtype
    values = [row.get(column.name) for row in rows]
    if dtype == "str":
        texts = [cell_text(table, column, value, zone) or None for value in values]
        return pd.Series(texts, dtype="str")
    return pd.Series(values, dtype=dtype)


def all_frames(problem: Problem) -> dict[str, pd.DataFrame]:
    """Return every table of a problem."""
    return {table.name: frame_of(table, problem) for table in TABLES}

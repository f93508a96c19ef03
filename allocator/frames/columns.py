"""What a table is: the description from which reading, writing and documentation come."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from allocator.frames.cells import CellType


class _Required:
    """Marks a column that has no default."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name, type, meaning
        Its header, how its cells are written, and what it says.
    path
        The field that it fills, with dots into nested objects; its name where empty.
    role
        ``"field"`` of the row's object; ``"parent"``: id of the object that the row belongs to;
        ``"group"``: a number or name that joins rows, and no field; ``"item"``: a field of
        what a joined row gathers; ``"inline"``: short form of a table of its own.
    """

    name: str
    type: CellType
    meaning: str
    path: str = ""
    role: str = "field"

    @property
    def target(self) -> str:
        """The field that it fills."""
        return self.path or self.name


@dataclass(frozen=True, slots=True)
class Inline:
    """A short form: columns of a row that stand for rows of another table.

    ``read`` turns the values of its columns into items; ``write`` turns items into values, or
    None where they need the other table. ``alone`` says that the two forms exclude each other.
    """

    field: str
    read: Callable[[dict[str, Any]], tuple[Any, ...]]
    write: Callable[[tuple[Any, ...]], dict[str, Any] | None]
    alone: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table: one CSV file, or one DataFrame.

    Attributes
    ----------
    name, meaning
        Stem of its file, and what a row is.
    makes
        The class that a row (or a group of rows) fills.
    columns
        Its columns, in order.
    field
        Where its objects go in their parent, or in the problem.
    parent
        The table whose rows it belongs to; ``""`` is the problem.
    kind, name_of
        The kind of its objects in faults, and how they are named there.
    gathers
        ``(field, class)``: rows of one group gather items of this class in that field.
    group
        Columns that say which rows are one group.
    inline
        Short forms.
    put, take
        From an object of ``makes`` to the parent's field and value, and from a parent to such
        objects, where they are not simply the items of ``field``.
    put_item, take_items
        The same for what is gathered.
    """

    name: str
    meaning: str
    makes: type
    columns: tuple[Column, ...]
    field: str
    parent: str = ""
    kind: str = ""
    name_of: Callable[[Any], str] | None = None
    gathers: tuple[str, type] | None = None
    group: tuple[str, ...] = ()
    inline: tuple[Inline, ...] = ()
    put: Callable[[Any], tuple[str, Any]] | None = None
    take: Callable[[Any], Iterable[Any]] | None = None
    put_item: Callable[[Any], Any] | None = None
    take_items: Callable[[Any], Iterable[Any]] | None = None

    @property
    def file(self) -> str:
        """Name of its CSV file."""
        return f"{self.name}.csv"

    @property
    def parent_column(self) -> Column | None:
        """The column that names the parent, if it has one."""
        return next((c for c in self.columns if c.role == "parent"), None)


@lru_cache(maxsize=256)
def hints(cls: type) -> dict[str, Any]:
    """Return the types of the fields that a dataclass is made from."""
    found = get_type_hints(cls)
    return {f.name: found[f.name] for f in dataclasses.fields(cls) if f.init}


@lru_cache(maxsize=256)
def defaults(cls: type) -> dict[str, Any]:
    """Return the defaults of a dataclass, ``REQUIRED`` where there is none."""
    found: dict[str, Any] = {}
    for f in dataclasses.fields(cls):
        if f.init and f.default is not dataclasses.MISSING:
            found[f.name] = f.default
        elif f.init and f.default_factory is not dataclasses.MISSING:
            found[f.name] = f.default_factory()
        elif f.init:
            found[f.name] = REQUIRED
    return found


def variants(hint: Any) -> tuple[type, ...]:
    """Return the dataclasses that a type allows."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(o for o in options if isinstance(o, type) and dataclasses.is_dataclass(o))


def variant_name(cls: type) -> str:
    """Name a variant in tables and JSON: ``FixedSeries`` is ``fixed``."""
    return cls.__name__.removesuffix("Series").lower()


@lru_cache(maxsize=1024)
def default_of(table: Table, column: Column) -> Any:
    """Return what an empty cell of a column means."""
    if column.role == "inline":
        return None
    if column.role in ("parent", "group"):
        return REQUIRED
    made = table.makes
    if column.role == "item":
        assert table.gathers is not None
        made = table.gathers[1]
    head, _, tail = column.target.partition(".")
    if not tail:
        return defaults(made)[head]
    whole = defaults(made)[head]
    if tail == "type":
        return None
    for cls in variants(hints(made)[head]):
        if tail in defaults(cls):
            inner = defaults(cls)[tail]
            if inner is REQUIRED and whole is None:
                return None
            return getattr(whole, tail) if isinstance(whole, cls) else inner
    raise KeyError(column.target)

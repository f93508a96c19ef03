"""The parts of a row: its columns, and the objects inside the object that it stands for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from allocator.domain.faults import FaultCode
from allocator.frames.cells import CellType
from allocator.frames.columns import REQUIRED, Table, defaults, hints, variant_name, variants

#: A column's type, where its value goes, and what it is called.
Slot = tuple[CellType, str, str, str, str]

#: What is wrong in a row: the column, what is said of it, and the code.
Bad = tuple[str, str, FaultCode]


@lru_cache(maxsize=64)
def slots_of(table: Table) -> dict[str, Slot]:
    """Prepare each column: type, role, field, field inside it, name."""
    found = {}
    for column in table.columns:
        head, _, tail = column.target.partition(".")
        role = column.role
        if role == "inline":
            tail = column.name
        elif role == "field" and tail:
            role = "nested"
        found[column.name] = (column.type, role, head, tail, column.name)
    return found


def nest(
    table: Table, values: dict[str, Any], nested: dict[str, dict[str, Any]], bad: list[Bad]
) -> None:
    """Build the objects inside a row's object."""
    for head in _nested_fields(table):
        given = nested.get(head)
        default = defaults(table.makes)[head]
        if given is None and default is not REQUIRED:
            continue
        values[head] = _nested(table, head, given or {}, bad)


def put_inline(
    table: Table, values: dict[str, Any], inline: dict[str, dict[str, Any]], bad: list[Bad]
) -> None:
    """Build the objects that several columns of a row make together."""
    for form in table.inline:
        if form.field in inline:
            try:
                values[form.field] = form.read(inline[form.field])
            except ValueError as error:
                first = next(iter(inline[form.field]))
                bad.append((first, f"{error}.", FaultCode.MISSING))


def gather(table: Table, values: dict[str, Any], item: dict[str, Any], bad: list[Bad]) -> None:
    """Build the member that a row adds to the object that its rows make together."""
    assert table.gathers is not None
    known = defaults(table.gathers[1])
    missing = [name for name, default in known.items() if default is REQUIRED]
    if missing and not item:
        values["@item"] = None
        return
    for name in missing:
        if name not in item:
            bad.append((name, f"{name} is empty; it is required.", FaultCode.MISSING))
            item[name] = slots_of(table)[name][0].stand_in
    values["@item"] = table.gathers[1](**item)


def _nested(table: Table, head: str, given: dict[str, Any], bad: list[Bad]) -> Any:
    """Build one object inside a row's object; None where nobody knows which kind it is."""
    names = {slot[3]: slot[4] for slot in slots_of(table).values() if slot[1:3] == ("nested", head)}
    options = variants(hints(table.makes)[head])
    cls = options[0]
    if len(options) > 1:
        chosen = given.pop("type", None)
        if chosen is None:
            first = names[next(iter(given))]
            words = " or ".join(variant_name(option) for option in options)
            said = f"{first} is given and {names['type']} is empty; {words} is expected."
            bad.append((first, said, FaultCode.MISSING))
            return None
        cls = next(option for option in options if variant_name(option) == chosen)
    known = defaults(cls)
    # Where the type itself cannot be read, what it would have is not known.
    unread = any(name == names.get("type") for name, _, _ in bad)
    for tail in [tail for tail in given if tail not in known]:
        if not unread:
            said = f"{names[tail]} is given; a {variant_name(cls)} {head} has none."
            bad.append((names[tail], said, FaultCode.CONTRADICTION))
        del given[tail]
    for tail, default in known.items():
        if default is REQUIRED and tail not in given:
            said = f"{names[tail]} is empty; it is required."
            bad.append((names[tail], said, FaultCode.MISSING))
            given[tail] = slots_of(table)[names[tail]][0].stand_in
    return cls(**given)


@lru_cache(maxsize=64)
def _nested_fields(table: Table) -> tuple[str, ...]:
    return tuple(dict.fromkeys(slot[2] for slot in slots_of(table).values() if slot[1] == "nested"))

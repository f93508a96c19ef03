"""From sheets to a problem, with every fault on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from allocator.domain.faults import Fault, FaultCode
from allocator.domain.problem import Problem
from allocator.domain.validate import STAND_IN
from allocator.frames.as_published import as_published
from allocator.frames.columns import (
    REQUIRED,
    Table,
    default_of,
    defaults,
)
from allocator.frames.notation import CellError
from allocator.frames.places import Known, Place, Places, settle
from allocator.frames.row_parts import Bad, Slot, gather, nest, put_inline, slots_of
from allocator.frames.sheets import Sheet, broken, close
from allocator.frames.tables import BY_NAME, PROBLEM, TABLES
from allocator.frames.turned import turned


class Assembly:
    """Builds the objects of a problem out of sheets, and gathers the faults.

    Parameters
    ----------
    source
        What messages call the table of the problem itself.
    known
        The rules and goals that there are.
    """

    def __init__(self, source: str, known: Known) -> None:
        self._source = source
        self._known = known
        self.faults: list[Fault] = []
        self.places = Places()
        self.spoilt: set[tuple[str, str]] = set()
        self.lost = False
        self._children: dict[str, dict[str, list[tuple[str, Any]]]] = {}

    def problem(self, sheets: Mapping[str, Sheet]) -> Problem:
        """Build the problem, or raise ``InvalidProblem`` with all faults."""
        fields: dict[str, Any] = {}
        top = sheets.get(PROBLEM.name)
        before = len(self.faults)
        if top is None:
            if not self.lost:
                message = f"{self._source} is missing; it is required."
                self.faults.append(broken("", message, FaultCode.MISSING))
        else:
            sheet = turned(top, self.faults)
            self.places.top = sheet.source
            self.places.keys = {key: sheet.where(0, key) for key in sheet.row_of}
            for values in self._rows(PROBLEM, sheet):
                fields.update(values)
        # A key too many says nothing against the others.
        new = self.faults[before:]
        whole = top is not None and all(f.code is FaultCode.UNKNOWN_NAME for f in new)
        horizon = fields.setdefault("horizon", STAND_IN)
        if not horizon.zone:
            fields["horizon"] = replace(horizon, zone=STAND_IN.zone)
        for table in sorted(TABLES[1:], key=lambda t: not t.parent):
            if table.name in sheets:
                sheet = sheets[table.name]
                if table.name == "published":
                    sheet = as_published(sheet, _roles(fields), self.faults)
                self._table(table, sheet, fields)
        self._report_orphans()
        return settle(fields, self.faults, self.places, self.spoilt, self.lost, whole, self._known)

    def alone(self, table: Table, sheet: Sheet) -> list[Any]:
        """Build the objects of one table by itself."""
        return [item for _, item in self._objects(table, sheet)]

    def _table(self, table: Table, sheet: Sheet, fields: dict[str, Any]) -> None:
        made: list[Any] = []
        if table.parent:
            home = self._children.setdefault(table.parent, {})
            for parent, item in self._objects(table, sheet):
                entry = (table.field, item) if table.put is None else table.put(item)
                home.setdefault(parent, []).append(entry)
        else:
            made = [item for _, item in self._objects(table, sheet)]
            fields[table.field] = tuple(made)

    def _objects(self, table: Table, sheet: Sheet) -> Iterator[tuple[str, Any]]:
        if table.gathers is None:
            for values in self._rows(table, sheet):
                parent = values.pop("", "")
                yield parent, table.makes(**values)
            return
        field = table.gathers[0]
        groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        for values in self._rows(table, sheet):
            where = values.pop("@where")
            item = values.pop("@item")
            key = (values.get("", ""), *(_group(table, name, values) for name in table.group))
            group = groups.setdefault(key, {"@items": [], "@where": where})
            for name, value in values.items():
                if name in group and group[name] != value:
                    self._contradiction(table, sheet, key, name, group, value, where)
                group.setdefault(name, value)
            if item is not None:
                group["@items"].append(item)
        for key, group in groups.items():
            del group["@where"]
            items = group.pop("@items")
            if table.put_item is not None:
                items = [table.put_item(item) for item in items]
            group.pop("", None)
            yield key[0], table.makes(**group, **{field: tuple(items)})

    def _contradiction(
        self,
        table: Table,
        sheet: Sheet,
        key: tuple[Any, ...],
        name: str,
        group: dict[str, Any],
        value: Any,
        where: str,
    ) -> None:
        kind, id = self._owner(table, key[0], str(key[1]))
        self.faults.append(
            Fault(
                FaultCode.CONTRADICTION,
                kind,
                id,
                f"{kind.capitalize()} {id}: {name} of {table.group[0]} {key[1]} is"
                f" {_plain(value)}; {group['@where']} says {_plain(group[name])}.",
                where,
            )
        )
        self.spoilt.add((kind, id))

    def _owner(self, table: Table, parent: str, own: str) -> tuple[str, str]:
        if table.parent:
            return BY_NAME[table.parent].kind, parent
        return table.kind, own

    def _rows(self, table: Table, sheet: Sheet) -> Iterator[dict[str, Any]]:
        """Yield the values of each row by field; what cannot be read has a stand-in."""
        slots = self._header(table, sheet)
        if slots is None:
            return
        required = [
            (column.name, slot)
            for column in table.columns
            if (slot := slots_of(table)[column.name])[1] in ("parent", "group", "field")
            and default_of(table, column) is REQUIRED
        ]
        key = table.columns[0].name
        is_key = key == "id" or (table.columns[0].role == "parent")
        for index, row in enumerate(sheet.rows):
            bad: list[Bad] = []
            values: dict[str, Any] = {}
            nested: dict[str, dict[str, Any]] = {}
            inline: dict[str, dict[str, Any]] = {}
            item: dict[str, Any] = {}
            for at, (type, role, head, tail, name) in slots:
                cell = row[at]
                if cell.__class__ is str and not cell:
                    continue
                try:
                    value = type.read(cell)
                except CellError as error:
                    bad.append((name, f"{name} {error.said}.", error.code))
                    value = type.stand_in
                if role == "field":
                    values[head] = value
                elif role == "nested":
                    nested.setdefault(head, {})[tail] = value
                elif role == "inline":
                    inline.setdefault(head, {})[tail] = value
                elif role == "item":
                    item[head] = value
                elif role == "parent":
                    values[""] = value
                else:
                    values["@" + name] = value
            for name, slot in required:
                _, role, head, _, _ = slot
                into = "" if role == "parent" else "@" + name if role == "group" else head
                if into not in values:
                    bad.append((name, f"{name} is empty; it is required.", FaultCode.MISSING))
                    values[into] = slot[0].stand_in
            nest(table, values, nested, bad)
            if inline:
                put_inline(table, values, inline, bad)
            if table.gathers is not None:
                gather(table, values, item, bad)
                values["@where"] = sheet.where(index)
            parent = values.get("", "")
            own = values.get("id", "")
            if table.kind and table is not PROBLEM:
                own = self._name(table, values)
                self.places.add(table.kind, own, Place(sheet, index))
            if bad:
                kind, id = self._owner(table, parent, own)
                self._spoil(table, sheet, index, bad, kind, id)
                bad_names = {name for name, _, _ in bad}
                dropped = not is_key or key in bad_names
                self.lost |= dropped or any(name in bad_names for name in table.group)
                if dropped and table is not PROBLEM:
                    continue
            if table.parent:
                kind = BY_NAME[table.parent].kind
                self.places.add(kind, parent, Place(sheet, index), own=False)
            elif table is not PROBLEM:
                self._attach(table, own, values, sheet, index)
            yield values

    def _name(self, table: Table, values: dict[str, Any]) -> str:
        if table.name_of is None:
            return str(values["id"])
        return table.name_of(_Lookup(values))

    def _spoil(
        self,
        table: Table,
        sheet: Sheet,
        index: int,
        bad: list[Bad],
        kind: str,
        id: str,
    ) -> None:
        subject = "The problem" if table is PROBLEM else f"{kind.capitalize()} {id}"
        if not id and table is not PROBLEM:
            subject = f"A {kind}"
        for name, said, code in bad:
            self.faults.append(
                Fault(code, kind, id, f"{subject}: {said}", sheet.where(index, name))
            )
        self.spoilt.add((kind, id))

    def _header(self, table: Table, sheet: Sheet) -> list[tuple[int, Slot]] | None:
        """Match the header with the columns of the table."""
        slots = slots_of(table)
        found: list[tuple[int, Slot]] = []
        for at, name in enumerate(sheet.header):
            if name in slots:
                found.append((at, slots[name]))
            elif name:
                what = "key" if table is PROBLEM else "column"
                where = sheet.where(0, name) if table is PROBLEM else sheet.source
                self.faults.append(
                    broken(
                        where,
                        f"The {what} {name!r} is unknown{close(name, list(slots))}",
                        FaultCode.UNKNOWN_NAME,
                    )
                )
        if table is PROBLEM:
            return found
        missing = [
            column.name
            for column in table.columns
            if column.name not in sheet.header and self._demanded(table, column)
        ]
        for name in missing:
            self.faults.append(
                broken(sheet.source, f"The column {name} is missing.", FaultCode.MISSING)
            )
        if missing:
            self.lost = True
            return None
        return found

    @staticmethod
    def _demanded(table: Table, column: Any) -> bool:
        return column.role != "item" and default_of(table, column) is REQUIRED

    def _attach(
        self, table: Table, id: str, values: dict[str, Any], sheet: Sheet, index: int
    ) -> None:
        """Hand the rows of other tables to the object that they name."""
        rows = self._children.get(table.name, {}).get(id, ())
        by_field: dict[str, list[Any]] = {}
        for field, item in rows:
            by_field.setdefault(field, []).append(item)
        for form in table.inline:
            if form.alone and form.field in by_field and form.field in values:
                self.faults.append(
                    Fault(
                        FaultCode.CONTRADICTION,
                        table.kind,
                        id,
                        f"{table.kind.capitalize()} {id}: it has {form.field} here and in"
                        f" {form.field}.csv; one of the two is possible.",
                        sheet.where(index),
                    )
                )
                self.spoilt.add((table.kind, id))
        for field, items in by_field.items():
            values[field] = (*values.get(field, ()), *items)
        for form in table.inline:
            if defaults(table.makes)[form.field] is REQUIRED:
                values.setdefault(form.field, ())

    def _report_orphans(self) -> None:
        for kind, id, where in () if self.lost else self.places.orphans():
            file = next(table.file for table in TABLES if table.kind == kind)
            message = f"The {kind} {id} does not exist in {file}{close(id, self.places.ids(kind))}"
            self.faults.append(Fault(FaultCode.UNKNOWN_NAME, kind, id, message, where))


def _roles(fields: Mapping[str, Any]) -> set[str]:
    """Return the roles of all services."""
    return {need.role for service in fields.get("services", ()) for need in service.needs}


class _Lookup:
    """Reads values by name, as an object's fields; what is absent is None."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__["_values"]
        return values.get(name)


def _group(table: Table, name: str, values: dict[str, Any]) -> Any:
    """Take the value of a column that joins rows."""
    if "@" + name in values:
        return values.pop("@" + name)
    return values[slots_of(table)[name][2]]


def _plain(value: object) -> str:
    return "empty" if value in (None, "") else str(value)

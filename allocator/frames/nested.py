"""Nested documents: dataclasses as JSON and back, by their type hints alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from types import NoneType
from typing import Any, get_args, get_origin

from allocator.domain.faults import Fault, FaultCode
from allocator.frames.cell_times import read_date, read_instant
from allocator.frames.cells import LARGEST
from allocator.frames.columns import REQUIRED, defaults, hints, variant_name, variants
from allocator.frames.notation import CellError, shown
from allocator.frames.sheets import broken, close

_BAD = object()


def encode(value: Any, hint: Any = None) -> Any:
    """Turn a value into what JSON can hold; fields that are empty by default are left out."""
    if isinstance(value, bool | int | float | str | NoneType):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return [encode(item) for item in sorted(value)]
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    cls: Any = type(value)
    kinds = hints(cls)
    out: dict[str, Any] = {}
    if hint is not None and len(variants(hint)) > 1:
        out["type"] = variant_name(cls)
    for name, default in defaults(cls).items():
        one = getattr(value, name)
        coded = encode(one, kinds[name])
        if not (one == default and coded in (None, "", [], {})):
            out[name] = coded
    return out


def dump(document: Mapping[str, Any]) -> str:
    """Write a document: two levels indented, each object of a list on a line of its own."""
    parts = []
    for name, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines = ",\n".join("    " + _compact(item) for item in value)
            parts.append(f"  {_compact(name)}: [\n{lines}\n  ]")
        else:
            parts.append(f"  {_compact(name)}: {_compact(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _compact(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if re.search(r"[\ud800-\udfff]", text) else text


@lru_cache(maxsize=1024)
def _shape(hint: Any) -> tuple[Any, tuple[Any, ...], tuple[type, ...]]:
    """Return what a type is made of: a service decodes the same few types all day."""
    return get_origin(hint), get_args(hint), variants(hint)


class Decoder:
    """Turns parsed JSON into dataclasses, and gathers the faults by path."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults

    def value(self, hint: Any, given: Any, path: str) -> Any:
        """Decode one value; ``Decoder.bad`` where it cannot be done."""
        origin, args, options = _shape(hint)
        if origin is tuple:
            return self._tuple(args, given, path)
        if origin is frozenset:
            items = self._items(args[0], given, path)
            return items if items is _BAD else frozenset(items)
        if options or NoneType in args:
            if given is None and NoneType in args:
                return None
            if len(options) > 1:
                return self._variant(options, given, path)
            if options:
                return self.object(options[0], given, path)
            return self.value(next(a for a in args if a is not NoneType), given, path)
        return self._plain(hint, given, path)

    def object(self, cls: type, given: Any, path: str, besides: tuple[str, ...] = ()) -> Any:
        """Decode one object; keys in ``besides`` are passed over."""
        if not isinstance(given, dict):
            return self._bad(path, given, "an object")
        fields = self.fields(cls, given, path, besides)
        return fields if fields is _BAD else cls(**fields)

    def fields(self, cls: type, given: dict[str, Any], path: str, besides: tuple[str, ...]) -> Any:
        """Decode the fields of an object; bad ones have their defaults."""
        kinds, known = hints(cls), defaults(cls)
        fields: dict[str, Any] = {}
        lost = False
        for key in given:
            if key not in known and key not in besides:
                self._fault(
                    path,
                    FaultCode.UNKNOWN_NAME,
                    f"The key {key!r} is unknown{close(key, [*known, *besides])}",
                )
        for name, default in known.items():
            inner = f"{path}.{name}" if path else name
            if name in given:
                value = self.value(kinds[name], given[name], inner)
                if value is not _BAD:
                    fields[name] = value
                else:
                    lost |= default is REQUIRED
            elif default is REQUIRED:
                self._fault(path, FaultCode.MISSING, f"The key {name!r} is missing.")
                lost = True
        return _BAD if lost else fields

    def _variant(self, options: tuple[type, ...], given: Any, path: str) -> Any:
        words = {variant_name(option): option for option in options}
        if not isinstance(given, dict):
            return self._bad(path, given, "an object")
        chosen = given.get("type")
        if not isinstance(chosen, str) or chosen not in words:
            return self._bad(f"{path}.type", chosen, " or ".join(words))
        return self.object(words[chosen], given, path, ("type",))

    def _items(self, hint: Any, given: Any, path: str) -> Any:
        if not isinstance(given, list):
            return self._bad(path, given, "a list")
        items = [self.value(hint, item, f"{path}[{at}]") for at, item in enumerate(given)]
        return [item for item in items if item is not _BAD]

    def _tuple(self, args: tuple[Any, ...], given: Any, path: str) -> Any:
        if args[-1] is Ellipsis:
            items = self._items(args[0], given, path)
            return items if items is _BAD else tuple(items)
        if not isinstance(given, list) or len(given) != len(args):
            return self._bad(path, given, f"a list of {len(args)}")
        found = [
            self.value(hint, item, f"{path}[{at}]")
            for at, (hint, item) in enumerate(zip(args, given, strict=True))
        ]
        return _BAD if any(item is _BAD for item in found) else tuple(found)

    def _plain(self, hint: Any, given: Any, path: str) -> Any:
        if hint is str:
            return given if isinstance(given, str) else self._bad(path, given, "text")
        if hint is bool:
            return given if isinstance(given, bool) else self._bad(path, given, "true or false")
        if hint is int:
            if isinstance(given, int) and not isinstance(given, bool):
                if abs(given) <= LARGEST:
                    return given
                said = f"It is {shown(given)}; at most {LARGEST} is possible."
                self._fault(path, FaultCode.WRONG_NUMBER, said)
                return _BAD
            return self._bad(path, given, "a whole number")
        if hint is float:
            if isinstance(given, int | float) and not isinstance(given, bool):
                return float(given)
            return self._bad(path, given, "a number")
        if hint in (datetime, date):
            what, read = ("a time", read_instant) if hint is datetime else ("a date", read_date)
            if not isinstance(given, str):
                return self._bad(path, given, what)
            try:
                return read(given)
            except CellError as error:
                self._fault(path, error.code, f"It {error.said}.")
                return _BAD
        values = {str(member.value): member for member in hint}
        if isinstance(given, str) and given in values:
            return values[given]
        return self._bad(path, given, " or ".join(values))

    def _bad(self, path: str, given: Any, what: str) -> Any:
        text = shown(given) if isinstance(given, str) else json.dumps(given, default=str)
        text = text if len(text) <= 60 else text[:57] + "..."
        self._fault(path, FaultCode.WRONG_TYPE, f"It is {text}; {what} is expected.")
        return _BAD

    def _fault(self, path: str, code: FaultCode, message: str) -> None:
        self.faults.append(broken(path, message, code))


def bad(value: object) -> bool:
    """Say whether a decoded value is none."""
    return value is _BAD


def parse(text: str, format: str, faults: list[Fault]) -> dict[str, Any] | None:
    """Parse a document and check its format and version; None where it is none of ours."""
    found = parse_any(text, faults)
    return None if faults else checked(found, format, faults)


def parse_any(text: str, faults: list[Fault]) -> Any:
    """Parse a document of any format; None, with the fault, where it cannot be read."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            names = [name for name, _ in found]
            for name in sorted({name for name in names if names.count(name) > 1}):
                message = f"The key {name!r} stands {names.count(name)} times in one object."
                faults.append(broken("", message, FaultCode.DUPLICATE))
        return made

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is no number")

    try:
        found = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        message = f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        faults.append(broken("", message))
        return None
    except (ValueError, RecursionError) as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        faults.append(broken("", f"This cannot be read as JSON: {said}."))
        return None
    return found


def checked(found: Any, format: str, faults: list[Fault]) -> dict[str, Any] | None:
    """Check the format and version of a parsed document."""
    if not isinstance(found, dict):
        faults.append(broken("", "The document is no object.", FaultCode.WRONG_TYPE))
        return None
    for key, wanted in (("format", format), ("version", 1)):
        if found.get(key) != wanted or isinstance(found.get(key), bool):
            said = json.dumps(found[key], default=str) if key in found else "missing"
            message = f"It is {said}; {json.dumps(wanted)} is expected."
            faults.append(broken(key, message, FaultCode.WRONG_TYPE))
    return None if faults else found
